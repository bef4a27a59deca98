"""What a foreign file computes itself, as the numbers that its adopted form is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.engines import import_onnxruntime
from gcv_edge.exporters.builder import GraphBuilder, Shape
from gcv_edge.exporters.onnx.inputs import ForeignInputs
from gcv_edge.exporters.source import Batch
from gcv_edge.graph.probing import onnxruntime_session

Tail = Callable[[GraphBuilder, Sequence[ir.Value]], dict[str, ir.Value]]
"""Emits canonical outputs behind tensors of the original."""


@dataclass(frozen=True)
class Tap:
    """A tensor of the original that canonical outputs are made from."""

    name: str
    shape: Shape
    dtype: ir.DataType


class OnnxReference:
    """Runs the original, as it is in its file, in ONNX Runtime; what this package emits behind it runs apart.

    Attributes:
        name: ``original in onnxruntime`` and its version.
    """

    def __init__(self, path: Path, entries: ForeignInputs, taps: Sequence[Tap], tail: Tail) -> None:
        self.name = f"original in onnxruntime {import_onnxruntime().__version__}"
        self._entries = entries
        self._taps = tuple(taps)
        self._original = open_original(path, [tap.name for tap in taps])
        self._tail = onnxruntime_session(build_tail(taps, tail))

    def run(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Compute the canonical outputs, as many pictures at a time as the original takes."""
        return run_in_rows(self._entries, batch, self._run_once)

    def _run_once(self, batch: Batch) -> dict[str, NDArray[Any]]:
        values = self._original.run([tap.name for tap in self._taps], self._entries.feeds(batch))
        return run_tail(self._tail, values)


def run_in_rows(
    entries: ForeignInputs, batch: Batch, run: Callable[[Batch], dict[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """Run pictures one by one where the network's batch is fixed to another number than theirs."""
    rows = entries.fed[0].shape[0]
    if not entries.is_picture or not isinstance(rows, int):
        return run(batch)
    pictures = next(iter(batch.values())) if isinstance(batch, Mapping) else batch
    if len(pictures) == rows:
        return run(pictures)
    parts = [run(np.repeat(picture[None], rows, axis=0)) for picture in pictures]
    return {name: np.concatenate([part[name][:1] for part in parts]) for name in parts[0]}


def run_tail(tail: Any, values: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Compute canonical outputs from an original's tensors."""
    feeds = {value.name: array for value, array in zip(tail.get_inputs(), values, strict=True)}
    return dict(zip((value.name for value in tail.get_outputs()), tail.run(None, feeds), strict=True))


def open_original(path: Path, names: Sequence[str]) -> Any:
    """Open a file with tensors inside its graph as outputs."""
    proto = onnx.load(path)
    outputs = {value.name for value in proto.graph.output}
    for name in names:
        if name not in outputs:
            proto.graph.output.append(onnx.ValueInfoProto(name=name))
    return onnxruntime_session(proto.SerializeToString())


def build_tail(taps: Sequence[Tap], tail: Tail) -> bytes:
    """Make a model of what is emitted behind an original's tensors."""
    graph = GraphBuilder("tail")
    inputs = [graph.input("tap", tap.shape, tap.dtype) for tap in taps]
    data: bytes = ir.to_proto(graph.model(tail(graph, inputs))).SerializeToString()
    return data
