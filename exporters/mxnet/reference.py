"""What MXNet itself computes for a network, as the numbers an export is held against. Needs [mxnet]."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.clips import count_segments
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.convert import find_inputs
from gcv_edge.exporters.mxnet.defined_regions import zero_skipped_regions
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.export import canonical_entries
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.params import release_pages
from gcv_edge.exporters.mxnet.parts import is_for_tensors, name_heads
from gcv_edge.exporters.mxnet.refusals import explain_refusal
from gcv_edge.exporters.mxnet.symbol import Entry, Symbol
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import INSTANCES

Array = NDArray[Any]


class MxnetReference:
    """Runs a network in MXNet, unfused float32 on the CPU.

    Attributes:
        name: ``mxnet`` and its version.
    """

    def __init__(self, network: Network, options: ExportOptions | None = None) -> None:
        """Load nothing yet: MXNet and what it is asked for are loaded at the first run."""
        self.name = f"mxnet {importlib.metadata.version('mxnet')}"
        self._network = network
        self._operators: dict[tuple[Entry, ...], tuple[Any, list[str]]] = {}
        self._parameters: dict[str, Any] = {}
        release_pages(network.weights.values())  # the export has read them all
        self._symbol = zero_skipped_regions(network.symbol)
        self._is_for_tensors = is_for_tensors(network, options or ExportOptions())
        self._head = None if self._is_for_tensors else find_detection_head(self._symbol)
        self._entries: Sequence[Entry] = self._symbol.heads
        if not self._is_for_tensors:
            self._symbol, entries = canonical_entries(self._symbol, self._head)
            self._entries = entries
        self._inputs = find_inputs(
            self._symbol, network.weights, self._entries, network.name, network.input_shapes
        )

    def run(self, batch: Array | Mapping[str, Array]) -> dict[str, Array]:
        """Compute the canonical outputs of ``batch [N, 3, H, W]``, or of several inputs by their names.

        A network that averages over clips sees each picture as a clip of its own.

        Returns:
            A detector's ``boxes [N, A, 4]`` and ``scores [N, A, C]`` (before suppression) and its final
            ``ids``, ``scores``, ``boxes`` and, where it has them, ``masks`` under ``final_*``; any other
            network's output under ``output``; all outputs of a network that is exported as it is.
        """
        inputs = dict(batch) if isinstance(batch, Mapping) else {self._inputs[0]: batch}
        if self._is_for_tensors:
            values = self._forward(self._entries, inputs)
            return dict(zip(name_heads(self._network), values, strict=True))
        ((name, pictures),) = inputs.items()
        pictures = np.repeat(pictures, count_segments(self._symbol), axis=0)
        if self._head is None:
            return {"output": self._forward(self._entries, {name: pictures})[0]}
        names = ("boxes", "scores", *(f"final_{name}" for name in INSTANCES.outputs))
        chunks = np.split(pictures, len(pictures)) if self._head.one_by_one else [pictures]
        entries = [*self._entries[:2], *self._symbol.heads]
        runs = [self._forward(entries, {name: chunk}) for chunk in chunks]
        outputs = [np.concatenate(parts) for parts in zip(*runs, strict=True)]
        return {name: with_columns(name, value) for name, value in zip(names, outputs, strict=False)}

    def _forward(self, entries: Sequence[Entry], inputs: Mapping[str, Array]) -> list[Array]:
        mxnet = import_mxnet()
        operator, names = self._bind(mxnet, tuple(entries))
        arrays = [
            as_nd(mxnet, inputs[name]) if name in inputs else self._parameter(mxnet, name) for name in names
        ]
        release_pages(self._network.weights.values())
        try:
            outputs = operator(*arrays)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            return [output.asnumpy() for output in outputs]
        except mxnet.MXNetError as error:
            shapes = [array.shape for array in inputs.values()]
            shown = " and ".join(map(str, shapes))
            raise UnsupportedError(
                f"{self._network.name}: MXNet cannot run it at {shown}: {explain_refusal(error, shapes)}"
            ) from error

    def _bind(self, mxnet: ModuleType, entries: tuple[Entry, ...]) -> tuple[Any, list[str]]:
        if entries not in self._operators:
            symbol = mxnet.sym.load_json(write_symbol(self._symbol, entries))
            self._operators[entries] = mxnet.nd.CachedOp(symbol), symbol.list_inputs()
        return self._operators[entries]

    def _parameter(self, mxnet: ModuleType, name: str) -> Any:
        if name not in self._parameters:
            self._parameters[name] = as_nd(mxnet, self._network.weights[name])
        return self._parameters[name]


def with_columns(name: str, value: Array) -> Array:
    """Give the final ids and scores a last axis of length 1, which CenterNet leaves out."""
    return value[..., None] if name in ("final_ids", "final_scores") and value.ndim == 2 else value


def as_nd(mxnet: ModuleType, array: Array) -> Any:
    """Make an NDArray, of 8-bit numbers too where a quantised network holds such."""
    return mxnet.nd.array(array, dtype=np.int8 if array.dtype == np.int8 else np.float32)


def write_symbol(symbol: Symbol, heads: Sequence[Entry]) -> str:
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
