"""A network under study: its spaces, what its layers read, and pruned copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import constant_of
from gcv_edge.prune.absorbing import absorb_biases
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.fitting import Fit, add_biases, fit_heir, fit_layer, read_weights, write_all
from gcv_edge.prune.heirs import find_heirs, hand_over
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.matrices import Heir, Matrix, Reader
from gcv_edge.prune.moments import Moments, find_readers, gather_moments
from gcv_edge.prune.selection import Operand, order_units
from gcv_edge.prune.spaces import ChannelSpace, Spaces, channel_spaces
from gcv_edge.prune.surgery import apply_keep

ALIGNMENT, NARROW = 16, 32
"""Widths are multiples of this many channels, the vectors of AVX-512 and the blocks of all engines; of half
as many in spaces that are narrow."""

Widths = Mapping[str, int]
"""Units kept, by space; spaces that are not named stay whole."""


@dataclass
class Study:
    """A network, and what is known of it.

    Attributes:
        model: the whole network.
        spaces: its channel spaces.
        readers: layers that read channels which may go.
        weights: their matrices and biases.
        moments: sums over what they read.
        orders: units of each space, the most important first.
        heirs: who can take over when a space goes as a whole, by the space's name.
    """

    model: ir.Model
    spaces: Spaces
    readers: dict[str, Reader]
    weights: dict[str, tuple[Matrix, Matrix]]
    moments: dict[str, Moments] = field(default_factory=dict)
    orders: dict[str, Labels] = field(default_factory=dict)
    heirs: dict[str, Heir] = field(default_factory=dict)

    @classmethod
    def of(cls, model: ir.Model) -> Study:
        """Look at a network."""
        spaces = channel_spaces(model)
        heirs = find_heirs(model, spaces)
        readers = find_readers(model, spaces, {heir.layer for heir in heirs.values()})
        nodes = list(model.graph)
        weights = {name: read_weights(nodes[r.layer.node], r) for name, r in readers.items()}
        return cls(model, spaces, readers, weights, heirs=heirs)

    def gather(self, pictures: Pictures, seed: int) -> Iterator[None]:
        """Sum over what layers read, in one pass; stops after each batch."""
        heirs = {heir.layer: heir for heir in self.heirs.values()}
        for sums in gather_moments(self.model, self.readers, pictures, seed, heirs):
            self.moments = sums
            yield

    @property
    def free(self) -> list[ChannelSpace]:
        """Spaces of which channels may go."""
        return [space for space in self.spaces if not space.frozen]

    def operands(self, space: ChannelSpace) -> list[Operand]:
        """Return what the readers of a space lose with its units."""
        members = self.spaces.members[self.spaces.find(space.name)]
        place = np.full(len(self.spaces.units), -1, np.int64)
        place[members] = np.arange(len(members))
        found = [
            Operand(self.weights[name][0], self.moments[name].covariance(), places)
            for name, reader in self.readers.items()
            if ((places := place[self.spaces.units[reader.columns]]) >= 0).any()
        ]
        return found or self.grouped_operands(place)

    def grouped_operands(self, place: Labels) -> list[Operand]:
        """Return operands for units that only grouped layers read, by their weights alone."""
        nodes, found = list(self.model.graph), []
        for layer in self.spaces.layers:
            places = place[self.spaces.units[layer.inputs]]
            weight = constant_of(nodes[layer.node].inputs[1])
            if layer.group > 1 and (places >= 0).any() and weight is not None and layer.op_type == "Conv":
                matrix = weight.astype(np.float64).reshape(len(weight), -1)
                columns = np.repeat(places[: weight.shape[1]], layer.kernel)
                found.append(Operand(matrix, np.eye(len(columns)), columns))
        return found

    def order(self, kind: str, report: Callable[[int, int], None]) -> None:
        """Order the units of every space that has no order yet."""
        for number, space in enumerate(self.free):
            if space.name not in self.orders:
                self.orders[space.name] = order_units(self.operands(space), space.units, kind)
            report(number + 1, len(self.free))

    def keep(self, widths: Widths) -> dict[str, NDArray[np.int64]]:
        """Return the most important units of each space; of a part of one that is cut out, at least one."""
        kept = np.ones(len(self.spaces.units), bool)
        for name, width in widths.items():
            kept[self.members(name)[self.orders[name][width:]]] = False
        while empty := self.spaces.empty_tensors(kept[self.spaces.units]):
            part = set(self.spaces.units[next(iter(empty.values()))].tolist())
            name = next(name for name in widths if part & set(self.members(name).tolist()))
            ranked = self.members(name)[self.orders[name]].tolist()
            kept[next(unit for unit in ranked if unit in part)] = True
        return {name: np.flatnonzero(kept[self.members(name)]) for name in widths}

    def members(self, name: str) -> Labels:
        """Return a space's units, numbered over all spaces."""
        return self.spaces.members[self.spaces.find(name)]

    def fit(self, name: str, kept: Mask) -> Fit:
        """Fit a layer to what is left of its columns, on the whole network's numbers."""
        reader = self.readers[name]
        fit = fit_layer(reader, *self.weights[name], self.moments[name], kept[reader.columns])
        return crop(fit, kept[reader.layer.outputs])

    def fits(self, kept: Mask, heirs: Mapping[str, Heir]) -> dict[str, Fit]:
        """Fit every layer that reads less than before or takes over."""
        found = {name: self.fit(name, kept) for name, r in self.readers.items() if not kept[r.columns].all()}
        return found | {name: self.fit_heir(heir, kept) for name, heir in heirs.items()}

    def fit_heir(self, heir: Heir, kept: Mask) -> Fit:
        """Fit a layer that takes over."""
        reader, moments = self.readers[heir.layer], self.moments[heir.layer]
        fit = fit_heir(self.weights[heir.layer][0], moments, kept[reader.columns])
        return crop(fit, kept[reader.layer.outputs])

    def prune(self, widths: Widths, *, fit: bool = True) -> ir.Model:
        """Return a pruned copy, its layers fitted on the whole network's numbers or just sliced."""
        keep = self.keep(widths)
        pruned = apply_keep(self.model, self.spaces, keep)
        if fit:
            heirs = self.hand_over(pruned)
            write_all(pruned, self.readers, self.fits(self.spaces.mask(keep), heirs))
        return pruned

    def hand_over(self, pruned: ir.Model) -> dict[str, Heir]:
        """Let layers of a pruned copy take over for branches that are gone."""
        return hand_over(pruned, {name for name, r in self.readers.items() if r.by_patch})

    def shape(self, widths: Widths) -> tuple[ir.Model, dict[str, Heir]]:
        """Return a pruned copy, as a fitted one but for its numbers, and the layers that take over."""
        pruned = apply_keep(self.model, self.spaces, self.keep(widths))
        heirs = self.hand_over(pruned)
        add_biases(pruned, self.readers)
        absorb_biases(pruned)
        return pruned, heirs


def crop(fit: Fit, outputs: NDArray[np.bool_]) -> Fit:
    """Drop results that the pruned layer does not give."""
    rows = np.repeat(outputs, len(fit.matrix) // len(outputs))
    return Fit(fit.matrix[rows], fit.bias[outputs])


def aligned_widths(space: ChannelSpace) -> list[int]:
    """Return the channels a space may keep: multiples of 16, or of 8 where it has no more than 32."""
    step = ALIGNMENT if space.channels > NARROW else ALIGNMENT // 2
    return [width for width in range(step, space.channels, step) if width % space.step == 0]


def candidate_widths(space: ChannelSpace, choices: int = 4) -> list[int]:
    """Return the numbers of units that a space may be left with, the largest first.

    1. About ``choices`` of ``aligned_widths``; all channels stay where that is none.
    2. A space that may go as a whole may also have none.
    """
    aligned = aligned_widths(space)
    wanted = [space.channels * (index + 1) / (choices + 1) for index in range(choices)]
    chosen = {min(aligned, key=lambda width: abs(width - goal)) for goal in wanted} if aligned else set()
    widths = sorted((width // space.step for width in chosen), reverse=True)
    return widths + ([0] if space.removable else [])
