"""What calibration learns from the pictures, read once and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.histograms import Histogram
from gcv_edge.calibration.placement import Placement
from gcv_edge.calibration.thresholds import choose_range
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Distributions of a float network's values.

    Attributes:
        histograms: of each group of values that share a scale.
        groups: group of each value, by its name; copies are among them.
        means: mean of each channel of each layer's input, by the layer's name.
        batches: how many were read.
    """

    histograms: Mapping[str, Histogram]
    groups: Mapping[str, str]
    means: Mapping[str, Floats]
    batches: int

    def ranges(self, mode: str) -> dict[str, tuple[float, float]]:
        """Choose the range of each value; those of a group share one."""
        found = {group: choose_range(histogram, mode) for group, histogram in self.histograms.items()}
        return {name: found[group] for name, group in self.groups.items()}


def collect(
    model: ir.Model, placement: Placement, batches: Iterable[Mapping[str, NDArray[np.float32]]]
) -> Statistics:
    """Run a float network on batches, keeping only counts and sums.

    Args:
        model: prepared, float.
        placement: of all that may be quantised.
        batches: inputs by name.
    """
    inputs = {layer.name or "": name_of(layer.inputs[0]) for layer in placement.layers}
    members = {group: list(map(name_of, values)) for group, values in placement.groups.items()}
    probe = Probe(model, sorted({*inputs.values(), *(name for names in members.values() for name in names)}))
    histograms = {group: Histogram() for group in members}
    sums: dict[str, Floats] = {}
    count = 0
    for batch in batches:
        found = probe.run(batch)
        count += 1
        for group, names in members.items():
            for name in names:
                histograms[group].add(found[name])
        for name in set(inputs.values()):
            sums[name] = sums.get(name, 0.0) + channel_means(found[name])
    means = {layer: sums[name] / count for layer, name in inputs.items()} if count else {}
    groups = {name_of(value): group for value, group in (placement.values | placement.copies).items()}
    return Statistics(histograms, groups, means, count)


def channel_means(value: NDArray[np.float32]) -> Floats:
    """Mean over all axes but the channel's."""
    axes = tuple(axis for axis in range(value.ndim) if axis != 1)
    return np.asarray(value.mean(axis=axes, dtype=np.float64))
