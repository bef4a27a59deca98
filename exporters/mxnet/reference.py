"""What MXNet itself computes for a network, as the numbers an export is held against. Needs [mxnet]."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.defined_regions import zero_skipped_regions
from gcv_edge.exporters.mxnet.inference import LOSS_HEADS, Weights
from gcv_edge.exporters.mxnet.known_faults import faulty_layers
from gcv_edge.exporters.mxnet.params import release_pages
from gcv_edge.exporters.mxnet.refusals import explain_refusal
from gcv_edge.exporters.mxnet.symbol import VARIABLE, Node, NodeEntry, Symbol
from gcv_edge.exporters.source import Reference

Array = NDArray[Any]

LABEL = "_unread_label"
"""End of the names of labels that stand in for those of training."""


def as_it_is(array: Array) -> Array:
    """Return an array."""
    return array


@dataclass(frozen=True)
class Computation:
    """What MXNet computes, so that an exported file can be held against it.

    Attributes:
        name: of the network, for messages.
        symbol: the network, with operators that give the file's outputs where it lacks them.
        weights: its parameters.
        outputs: entries by the file's names; a detector's final lists under ``final_*``.
        inputs: the symbol's names of the file's inputs, by the file's.
        repeats: how often a picture is repeated along the batch, where it stands for a whole clip.
        one_by_one: the network takes one picture at a time.
        batch: how often a picture is repeated where the network takes one at a time: what it is made for.
        restore: makes the symbol's input of the file's.
        finish: makes the file's output of an only entry's numbers.
    """

    name: str
    symbol: Symbol
    weights: Weights
    outputs: Mapping[str, NodeEntry]
    inputs: Mapping[str, str]
    repeats: int = 1
    one_by_one: bool = False
    batch: int = 1
    restore: Callable[[Array], Array] = as_it_is
    finish: Callable[[Array], Array] = as_it_is


def open_reference(computation: Computation) -> Reference | None:
    """Return MXNet, where it is installed and computes the network rightly."""
    if importlib.util.find_spec("mxnet") is None or faulty_layers(computation.symbol):
        return None
    return MxnetReference(computation)


class MxnetReference:
    """Runs a network in MXNet, unfused float32 on the CPU.

    Attributes:
        name: ``mxnet`` and its version.
    """

    def __init__(self, computation: Computation) -> None:
        """Load nothing yet: MXNet and what it is asked for are loaded at the first run."""
        self.name = f"mxnet {importlib.metadata.version('mxnet')}"
        self._computation = computation
        release_pages(computation.weights.values())  # the export has read them all
        wanted = replace(computation.symbol, heads=tuple(computation.outputs.values()))
        self._symbol = with_own_labels(zero_skipped_regions(wanted))
        self._operator: tuple[Any, Any] | None = None
        self._parameters: dict[str, Any] = {}

    def run(self, batch: Array | Mapping[str, Array]) -> dict[str, Array]:
        """Compute the outputs of ``batch [N, C, H, W]``, or of several inputs by the file's names.

        Returns:
            The file's outputs by name; of a detector also its final ``ids``, ``scores``, ``boxes`` and, where
            it has them, ``masks`` under ``final_*``.
        """
        plan = self._computation
        given = batch if isinstance(batch, Mapping) else {next(iter(plan.inputs)): batch}
        inputs = {
            plan.inputs[name]: np.repeat(plan.restore(array), plan.repeats, axis=0)
            for name, array in given.items()
        }
        if not plan.one_by_one:
            return self._compute(inputs)
        ((name, pictures),) = inputs.items()
        runs = [self._compute({name: np.stack([picture] * plan.batch)}) for picture in pictures]
        return {
            name: np.concatenate([run[name][: len(run[name]) // plan.batch] for run in runs])
            for name in plan.outputs
        }

    def _compute(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        mxnet = import_mxnet()
        if self._operator is None:
            symbol = mxnet.sym.load_json(write_symbol(self._symbol, self._symbol.heads))
            self._operator = mxnet.nd.CachedOp(symbol), symbol
        operator, symbol = self._operator
        inputs = {**inputs, **empty_labels(symbol, inputs, self._computation.weights)}
        arrays = [
            as_nd(mxnet, inputs[name]) if name in inputs else self._parameter(mxnet, name)
            for name in symbol.list_inputs()
        ]
        release_pages(self._computation.weights.values())
        try:
            found = operator(*arrays)
            values = [value.asnumpy() for value in (found if isinstance(found, list) else [found])]
        except mxnet.MXNetError as error:
            shapes = [array.shape for array in inputs.values()]
            shown = " and ".join(map(str, shapes))
            reason = explain_refusal(error, self._computation.name, shapes)
            raise UnsupportedError(
                f"{self._computation.name}: MXNet cannot run it at {shown}: {reason}"
            ) from error
        return {
            name: with_columns(name, self._computation.finish(value))
            for name, value in zip(self._computation.outputs, values, strict=True)
        }

    def _parameter(self, mxnet: ModuleType, name: str) -> Any:
        if name not in self._parameters:
            self._parameters[name] = as_nd(mxnet, self._computation.weights[name])
        return self._parameters[name]


def with_own_labels(symbol: Symbol) -> Symbol:
    """Give each loss a label of its own, which at inference is not looked at, whatever training has there."""
    nodes, labels = list(symbol.nodes), []
    for index, node in enumerate(symbol.nodes):
        if node.op in LOSS_HEADS and len(node.inputs) > 1:
            labels.append(Node(f"{node.name}{LABEL}", VARIABLE, {}, ()))
            place = NodeEntry(len(symbol.nodes) + len(labels) - 1, 0)
            nodes[index] = replace(node, inputs=(node.inputs[0], place))
    return replace(symbol, nodes=(*nodes, *labels))


def empty_labels(symbol: Any, inputs: Mapping[str, Array], weights: Weights) -> dict[str, Array]:
    """Make labels of zeros in the shapes that MXNet finds for them."""
    names = symbol.list_arguments()
    if not any(name.endswith(LABEL) for name in names):
        return {}
    shapes = {name: inputs[name].shape if name in inputs else weights[name].shape
              for name in names if not name.endswith(LABEL)}  # fmt: skip
    found = dict(zip(names, symbol.infer_shape(**shapes)[0], strict=True))
    return {name: np.zeros(found[name], np.float32) for name in names if name.endswith(LABEL)}


def with_columns(name: str, value: Array) -> Array:
    """Give the final ids and scores a last axis of length 1, which CenterNet leaves out."""
    return value[..., None] if name in ("final_ids", "final_scores") and value.ndim == 2 else value


def as_nd(mxnet: ModuleType, array: Array) -> Any:
    """Make an NDArray, of 8-bit numbers too where a quantised network holds such."""
    return mxnet.nd.array(array, dtype=np.int8 if array.dtype == np.int8 else np.float32)


def write_symbol(symbol: Symbol, heads: Sequence[NodeEntry]) -> str:
    """Spell a symbol as MXNet's JSON, with heads of one's own choice."""
    nodes = [
        {
            "op": node.op,
            "name": node.name,
            "attrs": dict(node.attrs),
            "inputs": [[entry.node, entry.output, 0] for entry in node.inputs],
            **(
                {"subgraphs": [json.loads(write_symbol(sub, sub.heads)) for sub in node.subgraphs]}
                if node.subgraphs
                else {}
            ),
        }
        for node in symbol.nodes
    ]
    variables = [index for index, node in enumerate(symbol.nodes) if node.is_variable]
    return json.dumps(
        {
            "nodes": nodes,
            "arg_nodes": variables,
            "node_row_ptr": list(range(len(nodes) + 1)),
            "heads": [[head.node, head.output, 0] for head in heads],
            "attrs": {"mxnet_version": ["int", 10901]},
        }
    )
