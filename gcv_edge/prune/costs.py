"""What a pruned network costs: multiply-accumulates, or time on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gcv_edge.prune.counting import layer_macs, live_layers
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.spaces import Spaces
from gcv_edge.prune.trace import Layer

Cost = Callable[[Mask], float]
"""Takes what is kept, by label."""

Table = dict[str, dict[str, float]]
"""Seconds of each kind of layer, by ``"inputs outputs"``."""


@dataclass(frozen=True)
class MacCost:
    """Multiply-accumulates per picture."""

    spaces: Spaces

    def __call__(self, kept: Mask) -> float:
        """Count what is left."""
        alive = live_layers(self.spaces, kept)
        return float(sum(layer_macs(layer, kept) for layer in self.spaces.layers if layer.node in alive))


@dataclass
class LatencyCost:
    """Seconds per picture, from a table of layers and the time of the whole network.

    Attributes:
        spaces: of the network.
        kinds: kind of each layer, by name; layers of a kind take the same time at the same widths.
        table: measured times.
        rest: seconds of all that is no layer, shared out among the layers by the size of their results.
    """

    spaces: Spaces
    kinds: Mapping[str, str]
    table: Table
    rest: float = 0.0
    grids: dict[str, Grid] = field(default_factory=dict)

    def __call__(self, kept: Mask) -> float:
        """Add up the time of what is left."""
        alive = live_layers(self.spaces, kept)
        sizes = [layer.positions * len(layer.outputs) for layer in self.spaces.layers]
        share = self.rest / max(1, sum(sizes))
        return sum(
            self.layer_seconds(layer, kept) + share * layer.positions * int(kept[layer.outputs].sum())
            for layer in self.spaces.layers
            if layer.node in alive
        )

    def layer_seconds(self, layer: Layer, kept: Mask) -> float:
        """Read the time of a layer from the table."""
        kind = self.kinds[layer.name]
        if kind not in self.grids:
            self.grids[kind] = Grid.of(self.table[kind])
        return self.grids[kind].read(int(kept[layer.inputs].sum()), int(kept[layer.outputs].sum()))

    def set_rest(self, seconds: float) -> None:
        """Say how long the whole network takes; what is not the layers' is the rest's."""
        self.rest = 0.0
        everything = np.ones(len(self.spaces.units), bool)
        self.rest = max(0.0, seconds - self(everything))


@dataclass(frozen=True)
class Grid:
    """Times of one kind of layer at some widths."""

    inputs: list[int]
    outputs: list[int]
    seconds: np.ndarray  # type: ignore[type-arg]

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
        rows = [float(np.interp(outputs, self.outputs, row)) for row in self.seconds]
        return float(np.interp(inputs, self.inputs, rows))
