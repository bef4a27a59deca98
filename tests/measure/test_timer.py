"""Rounds: how many, and in which order."""

from __future__ import annotations

import itertools
import math

import pytest

from gcv_edge.measure import timer
from gcv_edge.measure.timer import Rounds, interleave, timed


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timer, "perf_counter", clock)
    return clock


def take(rounds: Rounds, clock: Clock, lengths: list[float]) -> int:
    """Count rounds that take some seconds each, the last length again and again."""
    count = 0
    endless = itertools.chain(lengths, itertools.repeat(lengths[-1]))
    for _, length in zip(rounds.count(), endless, strict=False):
        clock.seconds += length
        count += 1
    return count


@pytest.mark.parametrize(
    ("rounds", "lengths", "expected", "why"),
    [
        (Rounds(5), [1.0], 5, "enough are enough"),
        (Rounds(5, seconds=10.0), [1.0], 10, "they take too little time"),
        (Rounds(5, seconds=2.0), [1.0], 5, "there are too few after that time"),
        (Rounds(40, limit=6.0), [1.0], 6, "the seventh would end after the limit"),
        (Rounds(40, limit=6.0), [1.0, 3.0, 1.0], 2, "the third may take as long as the longest"),
        (Rounds(40, limit=6.0, fewest=2), [60.0], 2, "two are made whatever they take"),
        (Rounds(1, limit=0.5, fewest=3), [1.0], 1, "enough are enough before there are the fewest"),
        (Rounds(5, seconds=1.0, limit=10.0), [6.0], 1, "a limit ends what is not enough"),
    ],
)
def test_rounds(clock: Clock, rounds: Rounds, lengths: list[float], expected: int, why: str) -> None:
    assert take(rounds, clock, lengths) == expected, why


def test_functions_take_turns() -> None:
    called: list[str] = []

    def calling(name: str) -> int:
        called.append(name)
        return len(called)

    found = interleave({"a": lambda: calling("a"), "b": lambda: calling("b")}, Rounds(3))
    assert "".join(called) == "ababab"
    assert found == {"a": [1, 3, 5], "b": [2, 4, 6]}


def test_rounds_go_on_until_the_results_are_settled() -> None:
    values = iter([3.0, 2.0, 2.0, 1.0])
    found = interleave(
        {"a": lambda: next(values)}, Rounds(2), lambda results: results["a"][-1] == results["a"][-2]
    )
    assert found == {"a": [3.0, 2.0, 2.0]}


def test_results_that_never_settle_end_at_the_limit(clock: Clock) -> None:
    def work() -> float:
        clock.seconds += 1.0
        return clock.seconds

    assert interleave({"a": work}, Rounds(2, limit=4.0), lambda results: False) == {"a": [1.0, 2.0, 3.0, 4.0]}


def test_seconds_are_those_of_the_call(clock: Clock) -> None:
    def work() -> None:
        clock.seconds += 2.5

    assert timed(work)() == 2.5


def test_there_is_no_limit_unless_one_is_given() -> None:
    assert Rounds(1).limit == math.inf
