"""Returning the worst layers to floating point until little enough of a score is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gcv_edge.evaluation.drop import Drop

DropOf = Callable[[Sequence[str]], Drop]
"""What the network loses with these layers kept float."""

MOST_FLOAT = 0.5
"""Part of the layers that may be returned to float to be sure: beyond it the network is no 8-bit one."""


@dataclass(frozen=True)
class Verdict:
    """Where the search ended.

    Attributes:
        kept_float: layers returned to floating point.
        drop: what is lost then.
        passed: no more than the limit is lost, at ``drop.CONFIDENCE``.
        complete: the search ended by itself and not at the deadline.
    """

    kept_float: tuple[str, ...]
    drop: Drop
    passed: bool
    complete: bool = True


def search(
    worst_first: Sequence[str], measure: DropOf, limit: float, deadline: float | None = None
) -> Verdict:
    """Find the fewest of the worst layers that must be float.

    Where half of them are not enough to be sure, it is the fewest with which no more than the limit is lost
    on the pictures measured on; that verdict has not passed.

    Args:
        worst_first: quantised layers, ranked.
        measure: measures the network with some of them float.
        limit: points that may be lost.
        deadline: ``time.monotonic`` at which to stop with the best found so far.
    """
    few = worst_first[: max(1, int(MOST_FLOAT * len(worst_first)))]
    sure = find_fewest(few, measure, lambda drop: drop.upper - limit, deadline)
    if sure.passed:
        return sure
    likely = find_fewest(worst_first, measure, lambda drop: drop.points - limit, deadline)
    return replace(likely, passed=likely.drop.is_within(limit), complete=sure.complete and likely.complete)


def find_fewest(
    worst_first: Sequence[str], measure: DropOf, excess: Callable[[Drop], float], deadline: float | None
) -> Verdict:
    """Find the fewest layers with which nothing is in excess: doubling, then bisection."""

    def attempt(count: int) -> Verdict:
        kept = tuple(worst_first[:count])
        found = measure(kept)
        return Verdict(kept, found, excess(found) <= 0)

    best, failed = attempt(0), 0
    while not best.passed:
        if is_over(deadline):
            return replace(best, complete=False)
        if failed == len(worst_first):
            return best
        count = min(max(1, 2 * failed), len(worst_first))
        found = attempt(count)
        if found.passed or excess(found.drop) < excess(best.drop):
            best = found
        failed = failed if found.passed else count
    while len(best.kept_float) - failed > 1:
        if is_over(deadline):
            return replace(best, complete=False)
        count = (len(best.kept_float) + failed) // 2
        found = attempt(count)
        best, failed = (found, failed) if found.passed else (best, count)
    return best


def is_over(deadline: float | None) -> bool:
    """Whether a deadline has passed."""
    return deadline is not None and time.monotonic() > deadline
