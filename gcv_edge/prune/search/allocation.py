"""Allocating widths to spaces: greedily, by what is lost per cost saved, and then by exchanges.

What each space loses alone says little once others are narrow too. So there are two ways to be greedy: by
what spaces lose alone (``allocate``), and by what they lose together (``descend``).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gcv_edge.prune.fitting.sequential import Report
from gcv_edge.prune.search.sensitivity import Tradeoff, omit_unpruned_spaces, widths_on_curve
from gcv_edge.prune.search.side_by_side import AT_ONCE

LEAST_LOSS = 1e-9
LEAST_SAVING = 1e-6
"""Part of the cost that a step must save."""

ROUNDS = 4
TRIES = 8
"""Spaces that are made wider, and narrower, in a round of exchanges: those that promise most."""
CHECKED = 5
"""Exchanges that are measured in a round before it is given up."""
LEAST_GAIN = 0.003
"""Part of the loss that an exchange must win."""

Widths = dict[str, int]
Change = tuple[str, int]
"""A space and its new width."""
Effects = dict[Change, tuple[float, float]]
"""What each change loses, and what it costs, both more than before."""


class Loss(Protocol):
    """Divergence at widths, of all spaces together."""

    def __call__(self, widths: Mapping[str, int], /) -> float:
        """Measure it."""

    def measure(self, choices: Sequence[Mapping[str, int]], /) -> list[float]:
        """Measure it at each of some widths."""

    def after_changes(self, widths: Mapping[str, int], changes: Sequence[Change], /) -> list[float]:
        """Estimate, in less time, what it will be after each of some changes of one space."""


@dataclass(order=True)
class Narrowing:
    """A space made narrower: what is lost for the cost saved, measured or as its curve says."""

    rate: float
    name: str
    width: int
    saved: float
    is_measured: bool = False


def allocate(tradeoff: Tradeoff, target: float) -> dict[str, int]:
    """Choose widths whose cost is a target at most, by what spaces lose alone.

    Returns:
        Units kept, of each space that becomes narrower; those of the lowest cost where the target is out of
        reach.
    """
    widths = {name: tradeoff.whole[name] for name in tradeoff.losses}
    while tradeoff.price(widths) > target:
        losses = {
            (name, width): curve[width] - curve[widths[name]]
            for name, curve in tradeoff.losses.items()
            for width in take_some(sorted(width for width in curve if width < widths[name]))
        }
        steps = find_steps(tradeoff, widths, losses)
        if not steps:
            break
        best = min(steps, key=lambda step: step.rate)
        widths[best.name] = best.width
    return omit_unpruned_spaces(tradeoff.network, widths)


def take_some(widths: list[int]) -> list[int]:
    """Take the next widths, and some further away."""
    return sorted({*widths[-2:], *widths[:: max(1, len(widths) // 4)]})


def find_steps(
    tradeoff: Tradeoff, widths: Mapping[str, int], losses: Mapping[tuple[str, int], float]
) -> list[Narrowing]:
    """Return the steps that save anything.

    Args:
        tradeoff: what spaces lose alone, and what they save.
        widths: of now.
        losses: what narrower spaces lose, by name and width.
    """
    now, steps = tradeoff.price(widths), []
    for (name, width), loss in losses.items():
        if width < widths.get(name, tradeoff.whole[name]):
            then = tradeoff.price({**widths, name: width})
            if then < now * (1 - LEAST_SAVING):
                steps.append(Narrowing(rate_loss(loss, now - then), name, width, now - then))
    return steps


def rate_loss(loss: float, saved: float) -> float:
    """Return what is lost for what is saved; of steps that lose nothing, the one that saves most is best."""
    return max(loss, LEAST_LOSS) / saved


def descend(tradeoff: Tradeoff, joint: Loss) -> Iterator[dict[str, int]]:
    """Give widths that cost less and less, each time by the space that loses least for what it saves.

    What a space loses is read from its curve until it has been measured together with what is narrow already,
    and only those that promise most are measured (lazy greedy: M. Minoux, Accelerated greedy algorithms,
    1978).

    Args:
        tradeoff: what spaces lose alone, and what they save.
        joint: divergence at widths.
    """
    alone = tradeoff.losses
    losses = {(name, width): loss for name, curve in alone.items() for width, loss in curve.items()}
    widths: dict[str, int] = {}
    while True:
        best = find_best(find_steps(tradeoff, widths, losses), widths, joint, losses)
        if best is None:
            return
        widths = {**widths, best.name: best.width}
        for width, loss in alone[best.name].items():
            losses[best.name, width] = loss - alone[best.name][best.width]
        yield widths


def find_best(
    steps: list[Narrowing], widths: Mapping[str, int], joint: Loss, losses: dict[tuple[str, int], float]
) -> Narrowing | None:
    """Measure the steps that promise most until one that was measured is best; note what those lose."""
    heapq.heapify(steps)
    while steps and not steps[0].is_measured:
        best = pop_unmeasured(steps, AT_ONCE)
        after = joint.after_changes(widths, [(step.name, step.width) for step in best])
        for step, lost in zip(best, after, strict=True):
            loss = lost - joint(widths)
            losses[step.name, step.width] = loss
            heapq.heappush(steps, replace(step, rate=rate_loss(loss, step.saved), is_measured=True))
    return steps[0] if steps else None


def pop_unmeasured(steps: list[Narrowing], count: int) -> list[Narrowing]:
    """Take the best steps off a heap: some, or those before one that is measured."""
    best: list[Narrowing] = []
    while steps and len(best) < count and not steps[0].is_measured:
        best.append(heapq.heappop(steps))
    return best


def exchange(tradeoff: Tradeoff, widths: Widths, limit: float, joint: Loss, report: Report) -> Widths:
    """Make some spaces wider and others narrower, at no more cost, while that loses less.

    Args:
        tradeoff: what spaces lose alone, which says what to try first, and what they save.
        widths: to begin with; they may cost more than the limit, and lose less.
        limit: of the cost.
        joint: divergence at widths.
        report: called with the number of rounds done and of all.
    """
    for number in range(ROUNDS):
        found = improve(tradeoff, widths, limit, joint)
        report(number + 1 if found else ROUNDS, ROUNDS)
        if found is None:
            break
        widths = found
    return widths


def improve(tradeoff: Tradeoff, widths: Widths, limit: float, joint: Loss) -> Widths | None:
    """Find one exchange after which less is lost, or the limit is kept; None where a few do not help."""
    price, network = tradeoff.price, tradeoff.network
    now, lost = price(widths), joint(widths)
    changes = choose_changes(tradeoff, widths)
    after = joint.after_changes(widths, changes)
    effects: Effects = {
        (name, width): (loss - lost, price({**widths, name: width}) - now)
        for (name, width), loss in zip(changes, after, strict=True)
    }
    sets = sorted(combine(tradeoff, widths, effects, limit), key=lambda offer: offer[0])[:CHECKED]
    offers = [omit_unpruned_spaces(network, changed) for _, changed in sets]
    if now > limit:
        return choose_best(offers, joint)[1] if offers else None
    for start in range(0, len(offers), AT_ONCE):  # estimates promise less than is won: fits behind add to it
        least, best = choose_best(offers[start : start + AT_ONCE], joint)
        if least < lost * (1 - LEAST_GAIN):
            return best
    return None


def choose_best(offers: Sequence[Widths], joint: Loss) -> tuple[float, Widths]:
    """Return the widths that lose least, and what they lose."""
    return min(zip(joint.measure(offers), offers, strict=True), key=lambda pair: pair[0])


def choose_changes(tradeoff: Tradeoff, widths: Widths) -> list[Change]:
    """Return the changes of one space that promise most: to the next widths, or all the way."""
    now = tradeoff.price(widths)
    wider: list[tuple[float, str, int]] = []
    narrower: list[tuple[float, str, int]] = []
    for space in tradeoff.network.free:
        if not tradeoff.curves.get(space.name):
            continue
        name, width = space.name, widths.get(space.name, space.units)
        steps = sorted({*widths_on_curve(space, tradeoff.curves[name]), space.units})
        above, below = [s for s in steps if s > width], [s for s in steps if s < width]
        for step in {*above[:2], *above[-1:], *below[-2:], *below[:1]}:
            cost = tradeoff.price({**widths, name: step}) - now
            lost = loss_of_one_space(tradeoff, name, step) - loss_of_one_space(tradeoff, name, width)
            if cost * (step - width) > 0:
                (wider if step > width else narrower).append((lost / cost, name, step))
    return [
        *[(name, step) for _, name, step in sorted(wider)[:TRIES]],
        *[(name, step) for _, name, step in sorted(narrower, reverse=True)[:TRIES]],
    ]


def loss_of_one_space(tradeoff: Tradeoff, name: str, width: int) -> float:
    """Return what a space loses alone at a width."""
    return tradeoff.expected_loss({name: width})[name]


def combine(
    tradeoff: Tradeoff, widths: Widths, effects: Effects, limit: float
) -> Iterator[tuple[float, Mapping[str, int]]]:
    """Offer sets of changes within the limit, with what they should lose if their effects add up.

    Each begins with one change; then spaces become narrower, the least harmful first, until the cost is
    within the limit, and others wider, the most useful first, while it is.
    """
    price = tradeoff.price
    wider = sorted((e[0] / e[1], change) for change, e in effects.items() if e[1] > 0 and e[0] < 0)
    narrower = sorted((e[0] / -e[1], change) for change, e in effects.items() if e[1] < 0)
    for (name, width), (lost, _) in effects.items():
        changed, touched = {**widths, name: width}, {name}
        for _, change in narrower:
            if price(changed) <= limit:
                break
            if change[0] not in touched:
                changed[change[0]], lost = change[1], lost + effects[change][0]
                touched.add(change[0])
        if price(changed) > limit:
            continue
        for _, change in wider:
            if change[0] not in touched and price({**changed, change[0]: change[1]}) <= limit:
                changed[change[0]], lost = change[1], lost + effects[change][0]
                touched.add(change[0])
        yield lost, changed
