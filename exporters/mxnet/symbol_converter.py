"""From an MXNet symbol and its parameters to values of an ONNX graph, by the converters registered so far."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.boundary import refusing
from gcv_edge.exporters.budget import TooLargeError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.inference import Weights, inference_inputs, needed_nodes
from gcv_edge.exporters.mxnet.registry import CONVERTERS, Converter, find_converter
from gcv_edge.exporters.mxnet.row_limits import with_row_limits
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

BOOKKEEPING = frozenset({"num_args", "workspace", "cudnn_tune", "cudnn_off", "momentum", "num_weights"})
"""Attributes that cannot change what an operator computes at inference."""


class SymbolConverter:
    """Converts the parts of a symbol that are asked for, each node once."""

    def __init__(self, graph: GraphBuilder, symbol: Symbol, weights: Weights, inputs: Mapping[str, ir.Value]):
        self.graph = graph
        self.symbol = symbol
        self.weights = weights
        self.inputs = inputs
        self._outputs: dict[int, Sequence[ir.Value]] = {}

    def values(self, entries: Sequence[NodeEntry]) -> list[ir.Value]:
        """Emit all that the entries need and return their values.

        Raises:
            UnsupportedError: an operator or the value of an attribute is not supported.
            ParamsMismatchError: parameters are missing or of another shape.
        """
        needed = sorted(needed_nodes(self.symbol, entries, self._outputs))
        nodes = with_row_limits(self.symbol.nodes, needed, entries)
        for index in needed:
            self._outputs[index] = self._convert(nodes[index])
        return [self._output(entry) for entry in entries]

    def give(self, entry: NodeEntry, value: ir.Value) -> None:
        """Use a value of one's own where a node's only output is asked for."""
        self._outputs[entry.node] = [value]

    def _convert(self, node: Node) -> Sequence[ir.Value]:
        if node.is_variable:
            return [self._variable(node.name)]
        attrs = Attributes(node)
        convert = find_converter(node.op, node.name)
        check_inputs(node, convert)
        arguments = [self._output(entry) for entry in inference_inputs(node)]
        shapes = ", ".join(str(value.shape) for value in arguments)
        try:
            with refusing(f"{attrs.where}: inputs {shapes}"):
                result = convert(self.graph, attrs, *arguments)
        except TooLargeError as error:
            raise TooLargeError(f"{attrs.where}: {error} ({attrs.shown()})") from error
        except UnsupportedError as error:
            if str(error).startswith(attrs.where):
                raise
            raise type(error)(f"{attrs.where}: {error}") from error
        unknown = [key for key in attrs.unused() if key not in BOOKKEEPING]
        if unknown:
            raise attrs.unsupported(unknown[0])
        return [result] if isinstance(result, ir.Value) else result

    def _output(self, entry: NodeEntry) -> ir.Value:
        values = self._outputs[entry.node]
        if entry.output >= len(values):
            where = Attributes(self.symbol.nodes[entry.node]).where
            raise UnsupportedError(f"{where}: output {entry.output} is used, but it has {len(values)}")
        return values[entry.output]

    def _variable(self, name: str) -> ir.Value:
        if name in self.inputs:
            return self.inputs[name]
        array = self.weights[name]
        if array.dtype.kind == "f" and array.dtype != np.float32:
            array = array.astype(np.float32)
        return self.graph.constant(array, name)


def check_symbol(symbol: Symbol) -> None:
    """Refuse a symbol with an operator of too few or too many inputs.

    Raises:
        UnsupportedError: there is one.
    """
    for node in symbol.nodes:
        if node.op in CONVERTERS:
            check_inputs(node, CONVERTERS[node.op])


def check_inputs(node: Node, convert: Converter) -> None:
    """Refuse another number of inputs than a converter takes, beside the graph and the attributes."""
    found, parameters = len(inference_inputs(node)), list(inspect.signature(convert).parameters.values())[2:]
    named = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    least = sum(each.default is each.empty for each in named)
    is_open = len(named) < len(parameters)
    if found < least or (found > len(named) and not is_open):
        expected = f"{least} or more" if is_open else " or ".join(map(str, range(least, len(named) + 1)))
        raise UnsupportedError(f"{Attributes(node).where}: {found} inputs, expected {expected}")
