"""Which kernels a network's time goes to, as the engines' own counters tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gcv_edge.benchmarking.kinds import find_kind
from gcv_edge.measure.layers import LayerTime, open_counting, read_layers
from gcv_edge.measure.timer import Rounds
from gcv_edge.runtime.sessions import SessionOptions

RUNS = Rounds(5, seconds=1.0, limit=10.0)
"""The fastest counts in OpenVINO, the mean in MXNet. Small networks run on for a second: a few runs in a row
may all meet a busy core. Large batches are profiled once or twice."""

Totals = Mapping[tuple[str, str], tuple[float, float]]
"""Number of layers and their milliseconds, by type and kernel."""


@dataclass(frozen=True)
class Kernel:
    """Layers of one type that one kernel computes.

    Attributes:
        layer: type of the layers, as the engine calls it: ``Convolution``.
        kind: what such layers do, in words that engines share: one of ``kinds.KINDS``.
        kernel: as OpenVINO calls it: ``brgconv_avx512_I8``; MXNet does not tell.
        count: layers.
        milliseconds: of one inference.
        share: of the whole inference, 0 to 1.
    """

    layer: str
    kind: str
    kernel: str
    count: int
    milliseconds: float
    share: float


def profile(path: Path, options: SessionOptions, batch: int = 1) -> list[Kernel]:
    """Run a file on noise and add up the time of its layers by type and kernel, most time first."""
    request = open_counting(path, options, batch)
    request.infer()
    answers: list[Totals] = []
    for _ in RUNS.count():
        request.infer()
        answers.append(add_up(read_layers(request)))
    counted = list(filter(None, answers))  # the counters leave out what takes under a microsecond
    return rank(min(counted or answers, key=lambda totals: sum(time for _, time in totals.values())))


def add_up(layers: Iterable[LayerTime]) -> Totals:
    """Count layers and add up their milliseconds by type and kernel."""
    totals: dict[tuple[str, str], tuple[float, float]] = defaultdict(lambda: (0, 0.0))
    for layer in layers:
        count, milliseconds = totals[layer.layer, layer.kernel]
        totals[layer.layer, layer.kernel] = count + 1, milliseconds + layer.microseconds / 1e3
    return dict(totals)


def rank(totals: Totals) -> list[Kernel]:
    """Order kernels by their time and give each its share."""
    whole = sum(time for _, time in totals.values()) or 1.0
    kernels = [
        Kernel(layer, find_kind(layer), kernel, round(count), round(time, 4), round(time / whole, 4))
        for (layer, kernel), (count, time) in totals.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.milliseconds)
