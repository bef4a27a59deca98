"""Returning the worst layers to floating point until a score is close enough to the float network's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

Scored = Callable[[Sequence[str]], float]
"""Score of the network with these layers kept float."""


@dataclass(frozen=True)
class Verdict:
    """Where the search ended.

    Attributes:
        kept_float: layers returned to floating point.
        score: of the network.
        passed: the drop is within the limit.
        complete: the search ended by itself and not at the deadline.
    """

    kept_float: tuple[str, ...]
    score: float
    passed: bool
    complete: bool = True


def search(worst_first: Sequence[str], score: Scored, least: float, deadline: float | None = None) -> Verdict:
    """Find the fewest of the worst layers that must be float: doubling, then bisection.

    Args:
        worst_first: quantised layers, ranked.
        score: higher is better.
        least: score that passes.
        deadline: ``time.monotonic`` at which to stop with the best found so far.
    """

    def attempt(count: int) -> Verdict:
        kept = tuple(worst_first[:count])
        found = score(kept)
        return Verdict(kept, found, found >= least)

    best, failed = attempt(0), 0
    while not best.passed:
        if is_over(deadline):
            return replace(best, complete=False)
        if failed == len(worst_first):
            return best
        count = min(max(1, 2 * failed), len(worst_first))
        found = attempt(count)
        if found.passed or found.score > best.score:
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
