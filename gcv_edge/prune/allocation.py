"""How many channels each space keeps, by what each loses alone: the least per unit of cost goes first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gcv_edge.prune.costs import Cost
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.sensitivity import Curves, interpolate
from gcv_edge.prune.spaces import ChannelSpace
from gcv_edge.prune.study import Study, aligned_widths

LEAST_LOSS = 1e-9
LEAST_SAVING = 1e-6
"""Part of the cost that a step must save."""


def allocate(study: Study, curves: Curves, cost: Cost, target: float) -> dict[str, int]:
    """Choose widths whose cost is a target at most.

    Args:
        study: the network, its spaces ordered.
        curves: divergence by width, of each space alone.
        cost: of what is kept.
        target: cost to come down to.

    Returns:
        Units kept, of each space that becomes narrower; those of the lowest cost where the target is out of
        reach.
    """
    losses = read_losses(study, curves)
    widths = {space.name: space.units for space in study.free if space.name in losses}
    now = cost(mask_of(study, widths))
    while now > target:
        found = best_step(study, losses, widths, cost, now)
        if found is None:
            break
        name, width, now = found
        widths[name] = width
    return trimmed(study, widths)


def trimmed(study: Study, widths: Mapping[str, int]) -> dict[str, int]:
    """Leave out spaces that are whole."""
    whole = {space.name: space.units for space in study.free}
    return {name: width for name, width in widths.items() if width < whole[name]}


def read_losses(study: Study, curves: Curves) -> dict[str, dict[int, float]]:
    """Read from the curves what each space loses alone, at every width that it may have."""
    return {
        space.name: interpolate(curves[space.name], space.units, steps_of(space, curves[space.name]))
        for space in study.free
        if curves.get(space.name)
    }


def steps_of(space: ChannelSpace, curve: Mapping[int, float]) -> list[int]:
    """Return multiples of 16 channels down to the narrowest measured, and none where that was measured."""
    lowest = min((width for width in curve if width), default=space.units)
    aligned = [width // space.step for width in aligned_widths(space)]
    return [w for w in aligned if w >= lowest] + ([0] if 0 in curve else []) + [space.units]


def best_step(
    study: Study, losses: Mapping[str, Mapping[int, float]], widths: Mapping[str, int], cost: Cost, now: float
) -> tuple[str, int, float] | None:
    """Return the space, its new width and the new cost for which least is lost per cost saved."""
    best: tuple[float, str, int, float] | None = None
    for name, curve in losses.items():
        for width in few(sorted(w for w in curve if w < widths[name])):
            then = cost(mask_of(study, {**widths, name: width}))
            if then < now * (1 - LEAST_SAVING):
                ratio = rate(curve[width] - curve[widths[name]], now - then)
                if best is None or ratio < best[0]:
                    best = (ratio, name, width, then)
    return best[1:] if best is not None else None


def rate(loss: float, saved: float) -> float:
    """Return what is lost for what is saved; of steps that lose nothing, the one that saves most is best."""
    return max(loss, LEAST_LOSS) / saved


def expected_loss(study: Study, curves: Curves, widths: Mapping[str, int]) -> dict[str, float]:
    """Read from the curves what each space loses at its width."""
    units = {space.name: space.units for space in study.free}
    return {name: interpolate(curves[name], units[name], [width])[width] for name, width in widths.items()}


def few(widths: list[int]) -> list[int]:
    """Take the next widths, and some further away."""
    return sorted({*widths[-2:], *widths[:: max(1, len(widths) // 4)]})


def mask_of(study: Study, widths: Mapping[str, int]) -> Mask:
    """Tell of each label whether it stays; which units go does not matter to the cost."""
    kept = np.ones(len(study.spaces.units), bool)
    for name, width in widths.items():
        members = study.spaces.members[study.spaces.find(name)]
        kept[members[study.orders[name][width:]]] = False
    return kept[study.spaces.units]
