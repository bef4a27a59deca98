"""Measuring in turn: A B A B ..., so that whatever else the machine does slows none more than others.

rounds = Rounds(12, seconds=2.5)
seconds = interleave({"old": timed(old), "new": timed(new)}, rounds)
best = min(seconds["new"])
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

Result = TypeVar("Result")
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Rounds:
    """When there are rounds enough, and when there is no time for more.

    Attributes:
        enough: rounds that suffice.
        seconds: that they take at least; there are further ones until then.
        limit: seconds after which there is no further round, nor one that would end later if it took as long
            as the longest.
        fewest: rounds that there are whatever the limit.
    """

    enough: int
    seconds: float = 0.0
    limit: float = math.inf
    fewest: int = 1

    def count(self, is_settled: Callable[[], bool] = lambda: True) -> Iterator[int]:
        """Give the number of each round from 0, at the moment in which it begins.

        Args:
            is_settled: asked after each round: whether enough rounds are really enough.
        """
        begin, longest = perf_counter(), 0.0
        for number in itertools.count():
            start = perf_counter()
            if number >= self.fewest and start - begin + longest > self.limit:
                return
            if number >= self.enough and start - begin >= self.seconds and is_settled():
                return
            yield number
            longest = max(longest, perf_counter() - start)


def interleave(
    functions: Mapping[Name, Callable[[], Result]],
    rounds: Rounds,
    is_settled: Callable[[Mapping[Name, Sequence[Result]]], bool] = lambda results: True,  # noqa: ARG005
) -> dict[Name, list[Result]]:
    """Call functions in turn.

    Args:
        functions: by name; each gives what it measured.
        rounds: how often each is called.
        is_settled: told what there is so far: whether enough rounds are really enough.

    Returns:
        What they gave by name, in order.
    """
    results: dict[Name, list[Result]] = {name: [] for name in functions}
    for _ in rounds.count(lambda: is_settled(results)):
        for name, function in functions.items():
            results[name].append(function())
    return results


def timed(function: Callable[[], Any]) -> Callable[[], float]:
    """Make a function that calls another and gives the seconds that took."""

    def run() -> float:
        start = perf_counter()
        function()
        return perf_counter() - start

    return run
