"""MXNet over labelled pictures with the network that a file was exported from, in float32 and in 8 bits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.benchmarking import mxnet_network, mxnet_runner
from gcv_edge.calibration.batches import FrameBatcher
from gcv_edge.data import Dataset, Sample
from gcv_edge.runtime.loading import load
from gcv_edge.runtime.preprocessing import place
from gcv_edge.runtime.results import Classification, Detections

BATCH = 20

Array = NDArray[Any]
Outcomes = Iterator[tuple[Sample, Any]]
Run = Callable[[Dataset], Outcomes]
"""Runs a network over labelled pictures."""


class MxnetEvaluator:
    """MXNet with the network that a file was exported from.

    Args:
        symbol: its symbol file.
        floating: the exported file, whose preprocessing is used.
    """

    def __init__(self, symbol: Path, floating: Path) -> None:
        from gcv_edge.exporters.mxnet.reference import as_nd

        self._mx = mxnet_runner.import_quietly()
        self._model = load(floating)
        self._shape = tuple(int(size) for size in self._model.session.input_shape[1:])
        job = {"model": str(floating), "source": str(symbol), "params": None, "seed": None}
        network = mxnet_network.load_network({**job, "shape": self._shape}, self._model.metadata)
        heads = network.symbol.heads
        self._name = mxnet_network.only_input(network, heads)
        self._weights = {key: as_nd(self._mx, value) for key, value in network.weights.items()}
        batch = self._mx.nd.zeros((BATCH, *self._shape))
        arrays = {**self._weights, self._name: batch}
        self._symbol = mxnet_network.with_shapes(self._mx, network.symbol, heads, arrays)
        make = mxnet_network.prepare(self._mx, network, heads, self._name, batch, "unfused")
        self._floating = make(mxnet_network.STATIC)

    def floating(self) -> Run:
        """Return MXNet's float32 form."""
        return self._running(self._floating)

    def quantized(self, mode: str, granularity: str, calibrating: Dataset) -> Run:
        """Return MXNet's 8-bit form, calibrated on pictures: whole batches of them."""
        chunks = list(chunked(sample.frame for sample in calibrating))
        batches = [self._tensor(chunk) for chunk in chunks if len(chunk) == BATCH]
        given = (self._mx, self._symbol, self._weights, self._name, batches)
        return self._running(
            mxnet_network.make_synchronous(mxnet_network.quantize(*given, mode, granularity))
        )

    def _running(self, forward: Callable[[Any], Any]) -> Run:
        def run(dataset: Dataset) -> Outcomes:
            for samples in chunked(dataset):
                outputs = forward(self._tensor([sample.frame for sample in samples]))
                arrays = [output.asnumpy() for output in outputs]
                for index, sample in enumerate(samples):
                    yield sample, self._result([array[index] for array in arrays], sample)

        return run

    def _result(self, arrays: Sequence[Array], sample: Sample) -> Any:
        if len(arrays) == 1:
            return Classification(arrays[0])
        ids, scores, boxes = arrays
        kept = ids[:, 0] >= 0
        placed = self._to_frame(boxes[kept], sample.frame)
        return Detections(placed, scores[kept, 0], ids[kept, 0].astype(np.int32), self._model.labels)

    def _to_frame(self, boxes: Array, frame: Array) -> Array:
        """Map boxes of the input to pixels of the frame, as our runtime does."""
        (height, width), (_, rows, columns) = frame.shape[:2], self._shape
        size = (width, height)
        placement = place(self._model.metadata.preprocessing, size, (columns, rows))
        return _core.to_frame(np.ascontiguousarray(boxes, np.float32), placement, size)

    def _tensor(self, frames: Sequence[Any]) -> Any:
        """Preprocess pictures as for our runtime; the last is repeated until the batch is full."""
        batcher = FrameBatcher({self._name: (1, *self._shape)}, self._model.metadata)
        rows = [batch[self._name][0] for batch in batcher.batches(frames)]
        return self._mx.nd.array(np.stack(rows + rows[-1:] * (BATCH - len(rows))))


def chunked(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Give up to BATCH items at a time."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, BATCH)):
        yield chunk
