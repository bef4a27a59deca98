"""What the outputs lose when one space becomes narrower (sensitivity curves), and what it saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gcv_edge.prune.channels.spaces import ChannelSpace, width_step
from gcv_edge.prune.fitting.network import PrunableNetwork, RankedNetwork
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit, Report
from gcv_edge.prune.search.cost import Cost
from gcv_edge.prune.search.side_by_side import side_by_side

Curves = dict[str, dict[int, float]]
"""Of each space, the divergence of the outputs by the number of units kept."""

CHOICES = 4
"""Widths of each space that are measured, about."""

NEARBY = 4
"""Layers behind a narrower space that are fitted anew for its curve."""


def aligned_widths(space: ChannelSpace) -> list[int]:
    """Return the channels a space may keep: multiples of 16, or of 8 where it has no more than 32."""
    step = width_step(space.channels)
    return [width for width in range(step, space.channels, step) if width % space.step == 0]


def candidate_widths(space: ChannelSpace) -> list[int]:
    """Return the numbers of units at which a space is measured, the largest first.

    1. About ``CHOICES`` of ``aligned_widths``; all channels stay where that is none.
    2. A space that may go as a whole may also have none.
    """
    aligned = aligned_widths(space)
    wanted = [space.channels * (index + 1) / (CHOICES + 1) for index in range(CHOICES)]
    chosen = {min(aligned, key=lambda width: abs(width - goal)) for goal in wanted} if aligned else set()
    widths = sorted((width // space.step for width in chosen), reverse=True)
    return widths + ([0] if space.removable else [])


def measure_curves(
    network: RankedNetwork,
    divergence: Divergence,
    curves: Curves,
    report: Report,
    quick: QuickFit | None = None,
) -> None:
    """Prune one space at a time to each candidate width, and compare.

    Args:
        network: the network.
        divergence: what to compare by.
        curves: what an interrupted run found out; takes the rest.
        report: called with the number done and the number of all after each.
        quick: fits a few layers behind to what they really read: without that, branches look more important
            than they are, since it is the layers behind them that make up for them.
    """
    begin = first_places(network)
    wanted = [(space.name, width) for space in network.free for width in candidate_widths(space)]
    wanted.sort(key=lambda pair: begin[pair[0]])
    missing = [(name, width) for name, width in wanted if width not in curves.setdefault(name, {})]
    if not missing:
        report(len(wanted), len(wanted))
        return
    whole = divergence.cache(network.model, network.places())
    whole.hold_before(begin.values())

    def measure(change: tuple[str, int]) -> float:
        name, width = change
        pruned = network.prune({name: width})
        if quick is not None:
            quick.fit_behind(pruned, {name: width}, begin[name], NEARBY)
        return divergence.measure_from(whole.cache_for_pruned(pruned, begin[name])).divergence

    with side_by_side() as pool:
        found = zip(missing, pool.map(measure, missing), strict=True)
        for number, ((name, width), loss) in enumerate(found, len(wanted) - len(missing)):
            curves[name][width] = loss
            report(number + 1, len(wanted))


def first_places(network: RankedNetwork) -> dict[str, int]:
    """Return the place of the first layer that changes when a space becomes narrower, by the space's name.

    Where a space may go as a whole, that is the layer which may stand for it.
    """
    narrowest = {space.name: 0 if space.removable else space.units - 1 for space in network.free}
    return {
        name: min(layer.node for layer in network.changed_layers({}, {name: width}))
        for name, width in narrowest.items()
    }


@dataclass(frozen=True)
class Tradeoff:
    """What narrower spaces lose, each alone, and what they save.

    Attributes:
        network: the network.
        curves: divergence by width, of each space alone.
        cost: of the channels that are kept.
    """

    network: RankedNetwork
    curves: Curves
    cost: Cost

    @cached_property
    def whole(self) -> dict[str, int]:
        """Units of the spaces of which channels may go."""
        return {space.name: space.units for space in self.network.free}

    @cached_property
    def losses(self) -> Curves:
        """What each space loses alone, at every width that it may have."""
        measured = [(space, self.curves.get(space.name)) for space in self.network.free]
        return {
            space.name: interpolate(curve, space.units, widths_on_curve(space, curve))
            for space, curve in measured
            if curve
        }

    def price(self, widths: Mapping[str, int]) -> float:
        """Return the cost of widths."""
        return self.cost(self.network.mask(widths))

    def expected_loss(self, widths: Mapping[str, int]) -> dict[str, float]:
        """Read from the curves what each space loses alone at its width."""
        return {
            name: interpolate(self.curves[name], self.whole[name], [width])[width]
            for name, width in widths.items()
        }


def omit_unpruned_spaces(network: PrunableNetwork, widths: Mapping[str, int]) -> dict[str, int]:
    """Leave out spaces that are whole."""
    whole = {space.name: space.units for space in network.free}
    return {name: width for name, width in widths.items() if width < whole[name]}


def widths_on_curve(space: ChannelSpace, curve: Mapping[int, float]) -> list[int]:
    """Return the units a space may keep: from the narrowest measured on, and none where that was measured."""
    lowest = min((width for width in curve if width), default=space.units)
    aligned = [width // space.step for width in aligned_widths(space)]
    return [w for w in aligned if w >= lowest] + ([0] if 0 in curve else []) + [space.units]


def interpolate(curve: Mapping[int, float], units: int, widths: Sequence[int]) -> dict[int, float]:
    """Read a curve at more widths; it never falls towards narrower ones."""
    known = sorted({**curve, units: 0.0}.items())
    measured, losses = [width for width, _ in known], [loss for _, loss in known]
    raised = np.maximum.accumulate(np.array(losses)[::-1])[::-1]
    return {width: float(np.interp(width, measured, raised)) for width in widths}
