"""Widths that are better together: what each space loses alone says little once others are narrow too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import onnx_ir as ir

from gcv_edge.prune.allocation import expected_loss, mask_of, steps_of, trimmed
from gcv_edge.prune.costs import Cost
from gcv_edge.prune.refinement import QuickFit
from gcv_edge.prune.sensitivity import Curves
from gcv_edge.prune.study import Study

Widths = dict[str, int]

ROUNDS = 4
TRIES = 8
"""Spaces that are made wider, and narrower, in a round: those that promise most."""
CHECKED = 3
"""Exchanges that are tried in a round before it is given up."""
LEAST_GAIN = 0.01


class Joint:
    """Divergence of networks whose layers have all been fitted, quickly, to what they really read.

    Args:
        study: the network.
        divergence: what to compare by, on other pictures than those that are fitted on.
        quick: fits.
    """

    def __init__(self, study: Study, divergence: Callable[[ir.Model], float], quick: QuickFit) -> None:
        self._study, self._divergence, self._quick = study, divergence, quick
        self._known: dict[frozenset[tuple[str, int]], float] = {}

    def __call__(self, widths: Mapping[str, int]) -> float:
        """Return the divergence at some widths."""
        narrow = trimmed(self._study, widths)
        key = frozenset(narrow.items())
        if key not in self._known:
            pruned = self._study.prune(narrow)
            self._quick.behind(pruned, narrow, 0, len(self._study.readers))
            self._known[key] = self._divergence(pruned)
        return self._known[key]

    def below(self, loss: float) -> Iterator[Widths]:
        """Give all widths looked at so far that lose less, the best first."""
        for key, found in sorted(self._known.items(), key=lambda item: (item[1], sorted(item[0]))):
            if found < loss:
                yield dict(key)


def exchange(
    study: Study,
    curves: Curves,
    cost: Cost,
    widths: Widths,
    limit: float,
    joint: Callable[[Mapping[str, int]], float],
    report: Callable[[int, int], None],
) -> Widths:
    """Make some spaces wider and others narrower, at no more cost, while that loses less.

    Args:
        study: the network.
        curves: what each space loses alone; says what to try first.
        cost: of what is kept.
        widths: to begin with; they may cost more than the limit, and lose less.
        limit: of the cost.
        joint: divergence at widths.
        report: called with the number of rounds done and of all.
    """
    for number in range(ROUNDS):
        found = improve(study, curves, cost, widths, limit, joint)
        report(number + 1 if found else ROUNDS, ROUNDS)
        if found is None:
            break
        widths = found
    return widths


def improve(
    study: Study,
    curves: Curves,
    cost: Cost,
    widths: Widths,
    limit: float,
    joint: Callable[[Mapping[str, int]], float],
) -> Widths | None:
    """Find one exchange after which less is lost, or the limit is kept; None where a few do not help."""

    def price(changed: Mapping[str, int]) -> float:
        return cost(mask_of(study, changed))

    now, lost = price(widths), joint(widths)
    moves = choose_moves(study, curves, widths, price)
    effects = {
        (name, width): (joint({**widths, name: width}) - lost, price({**widths, name: width}) - now)
        for name, width in moves
    }
    offers = sorted(combine(widths, effects, price, limit), key=lambda offer: offer[0])[:CHECKED]
    if now > limit:
        return min((trimmed(study, changed) for _, changed in offers), key=joint, default=None)
    for gain, changed in offers:
        if gain > -LEAST_GAIN * lost:
            break
        if joint(changed) < lost * (1 - LEAST_GAIN):
            return trimmed(study, changed)
    return None


def choose_moves(
    study: Study, curves: Curves, widths: Widths, price: Callable[[Mapping[str, int]], float]
) -> list[tuple[str, int]]:
    """Return the changes of one space that promise most: to the next widths, or all the way."""
    now = price(widths)
    wider: list[tuple[float, str, int]] = []
    narrower: list[tuple[float, str, int]] = []
    for space in study.free:
        if not curves.get(space.name):
            continue
        width = widths.get(space.name, space.units)
        steps = sorted({*steps_of(space, curves[space.name]), space.units})
        above, below = [s for s in steps if s > width], [s for s in steps if s < width]
        for step in {*above[:2], *above[-1:], *below[-2:], *below[:1]}:
            change = price({**widths, space.name: step}) - now
            lost = solo(study, curves, space.name, step) - solo(study, curves, space.name, width)
            if change * (step - width) > 0:
                (wider if step > width else narrower).append((lost / change, space.name, step))
    return [
        *[(name, step) for _, name, step in sorted(wider)[:TRIES]],
        *[(name, step) for _, name, step in sorted(narrower, reverse=True)[:TRIES]],
    ]


def solo(study: Study, curves: Curves, name: str, width: int) -> float:
    """Read what a space loses alone."""
    return expected_loss(study, curves, {name: width})[name]


def combine(
    widths: Widths,
    effects: Mapping[tuple[str, int], tuple[float, float]],
    price: Callable[[Mapping[str, int]], float],
    limit: float,
) -> Iterator[tuple[float, Widths]]:
    """Offer sets of changes within the limit, with what they should lose if their effects add up.

    Each begins with one change; then spaces become narrower, the least harmful first, until the cost is
    within the limit, and others wider, the most useful first, while it is.
    """
    wider = sorted((e[0] / e[1], move) for move, e in effects.items() if e[1] > 0 and e[0] < 0)
    narrower = sorted((e[0] / -e[1], move) for move, e in effects.items() if e[1] < 0)
    for first, effect in effects.items():
        changed, lost = {**widths, first[0]: first[1]}, effect[0]
        touched = {first[0]}
        for _, move in narrower:
            if price(changed) <= limit:
                break
            if move[0] not in touched:
                changed[move[0]], lost = move[1], lost + effects[move][0]
                touched.add(move[0])
        if price(changed) > limit:
            continue
        for _, move in wider:
            if move[0] not in touched and price({**changed, move[0]: move[1]}) <= limit:
                changed[move[0]], lost = move[1], lost + effects[move][0]
                touched.add(move[0])
        yield lost, changed
