"""What a pruned network costs: multiply-accumulates, or time on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gcv_edge.prune.counting import Census, layer_macs
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.spaces import Spaces

Cost = Callable[[Mask], float]
"""Takes what is kept, by label."""

Table = dict[str, dict[str, float]]
"""Seconds of each kind of layer, by ``"inputs outputs"``."""


class MacCost:
    """Multiply-accumulates per picture.

    Args:
        spaces: of the network.
    """

    def __init__(self, spaces: Spaces) -> None:
        self._census = Census(spaces)

    def __call__(self, kept: Mask) -> float:
        """Count what is left."""
        return float(sum(layer_macs(*left) for left in self._census(kept)))


class LatencyCost:
    """Seconds per picture, from a table of layers and the time of the whole network.

    Args:
        spaces: of the network.
        kinds: kind of each layer, by name; layers of a kind take the same time at the same widths.
        table: measured times.
    """

    def __init__(self, spaces: Spaces, kinds: Mapping[str, str], table: Table) -> None:
        self._spaces, self._kinds = spaces, kinds
        self._census = Census(spaces)
        self._grids = {kind: Grid.of(times) for kind, times in table.items()}
        self._share = 0.0

    def __call__(self, kept: Mask) -> float:
        """Add up the time of what is left."""
        return sum(
            self._grids[self._kinds[layer.name]].read(inputs, outputs)
            + self._share * layer.positions * outputs
            for layer, inputs, outputs in self._census(kept)
        )

    def set_rest(self, seconds: float) -> None:
        """Say how long the whole network takes.

        What is not the layers' is shared out among them by the size of their results.
        """
        self._share = 0.0
        everything = np.ones(len(self._spaces.units), bool)
        sizes = sum(layer.positions * len(layer.outputs) for layer in self._spaces.layers)
        self._share = max(0.0, seconds - self(everything)) / max(1, sizes)


@dataclass(frozen=True)
class Grid:
    """Times of one kind of layer at some widths."""

    inputs: list[int]
    outputs: list[int]
    seconds: np.ndarray  # type: ignore[type-arg]
    known: dict[tuple[int, int], float] = field(default_factory=dict)

    @classmethod
    def of(cls, times: Mapping[str, float]) -> Grid:
        """Arrange a table; what is missing (a grouped layer has both widths alike) is filled up by rows."""
        pairs = {(int(key.split()[0]), int(key.split()[1])): value for key, value in times.items()}
        inputs, outputs = sorted({i for i, _ in pairs}), sorted({o for _, o in pairs})
        table = np.full((len(inputs), len(outputs)), np.nan)
        for (i, o), value in pairs.items():
            table[inputs.index(i), outputs.index(o)] = value
        filled = np.where(np.isnan(table), np.nanmax(table, axis=1, keepdims=True), table)
        return cls(inputs, outputs, filled)

    def read(self, inputs: int, outputs: int) -> float:
        """Interpolate; below the smallest width, time falls no further."""
        found = self.known.get((inputs, outputs))
        if found is None:
            rows = [float(np.interp(outputs, self.outputs, row)) for row in self.seconds]
            found = self.known[inputs, outputs] = float(np.interp(inputs, self.inputs, rows))
        return found
