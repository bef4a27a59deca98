"""A network of a file, computed by torch up to some of its tensors, with weights that can be trained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from numpy.typing import NDArray

from gcv_edge.graph.nodes import nodes_before
from gcv_edge.graph.values import constant_of
from gcv_edge.prune.distillation import operators_layers, operators_shapes  # noqa: F401  (they register)
from gcv_edge.prune.distillation.operators import OPERATORS, Tensor, refuse

Arrays = dict[str, NDArray[np.float32]]


class Student:
    """A graph that torch computes.

    Args:
        model: the graph; it is not changed, and nothing in it is run as code.
        heads: names of the tensors that are wanted; nothing behind them is computed.
        trained: names of the constants that are trained.

    Raises:
        UnsupportedError: an operator has no counterpart.
    """

    def __init__(self, model: ir.Model, heads: Sequence[str], trained: Collection[str] = ()) -> None:
        self.heads = list(heads)
        self.input = model.graph.inputs[0].name or ""
        self.nodes = nodes_before(model, self.heads)
        for node in self.nodes:
            if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx"):
                raise refuse(node, "this operator")
        self.constants = read_constants(self.nodes)
        self.parameters = {name: self.constants[name] for name in trained if name in self.constants}
        for parameter in self.parameters.values():
            parameter.requires_grad_()

    def __call__(self, images: Tensor, names: Collection[str] | None = None) -> dict[str, Tensor]:
        """Compute the heads, or other tensors on the way, for a batch ``[n, C, H, W]``."""
        tensors = {**self.constants, self.input: images}
        for node in self.nodes:
            inputs = [tensors[value.name or ""] if value is not None else None for value in node.inputs]
            found = OPERATORS[node.op_type](node, *inputs)
            outputs = found if isinstance(found, tuple) else (found,)
            tensors |= {value.name or "": each for value, each in zip(node.outputs, outputs, strict=False)}
        return {name: tensors[name] for name in (self.heads if names is None else names)}

    def read(self) -> Arrays:
        """Copy the trained constants."""
        return {name: parameter.detach().numpy().copy() for name, parameter in self.parameters.items()}

    def write(self, arrays: Arrays) -> None:
        """Set the trained constants."""
        with torch.no_grad():
            for name, array in arrays.items():
                self.parameters[name].copy_(torch.from_numpy(array))


def read_constants(nodes: Sequence[ir.Node]) -> dict[str, Any]:
    """Copy the constants that nodes read."""
    values = {value.name or "": value for node in nodes for value in node.inputs if value is not None}
    arrays = {name: array for name, value in values.items() if (array := constant_of(value)) is not None}
    return {name: torch.from_numpy(np.array(array, order="C")) for name, array in arrays.items()}
