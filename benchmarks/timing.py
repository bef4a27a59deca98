"""Calls timed in turn, and what is kept and printed of their times."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gcv_edge import _core

SECONDS, LONGEST = 2.0, 20.0
FEWEST, SPREAD = 2, 0.05
"""A busy neighbour: there are further rounds until two calls of each are within this of the fastest, or until
the time of the longest measurement is over."""

Functions = Mapping[str, Callable[[], object]]
Seconds = dict[str, list[float]]
"""Of every call, by name."""


def interleaved(functions: Functions, rounds: int) -> Seconds:
    """Time functions in turn, so that a busy neighbour slows all of them alike.

    One call of each comes first and is not counted.
    """
    seconds = warm_up(functions)
    for _ in range(rounds):
        add_round(functions, seconds)
    return seconds


def until_quiet(functions: Functions) -> Seconds:
    """Time functions in turn until the fastest calls are no chance."""
    seconds = warm_up(functions)
    started, rounds, is_settled = time.perf_counter(), 0, False
    while rounds < FEWEST or not is_settled:
        add_round(functions, seconds)
        rounds, taken = rounds + 1, time.perf_counter() - started
        is_settled = taken > LONGEST or (taken > SECONDS and all(map(is_quiet, seconds.values())))
    return seconds


def on_every_isa(title: str, function: Callable[[], object]) -> dict[str, Callable[[], object]]:
    """Return a call of the native core for each of its instruction sets, the best last."""

    def run(isa: str) -> object:
        _core.set_isa(isa)
        return function()

    return {f"{title} ({isa})": partial(run, isa) for isa in _core.available_isas()}


def warm_up(functions: Functions) -> Seconds:
    """Call each once."""
    for function in functions.values():
        function()
    return {name: [] for name in functions}


def add_round(functions: Functions, seconds: Seconds) -> None:
    """Time one call of each."""
    for name, function in functions.items():
        start = time.perf_counter()
        function()
        seconds[name].append(time.perf_counter() - start)


def is_quiet(seconds: Sequence[float]) -> bool:
    """Tell whether the two fastest calls took the same time."""
    return len(seconds) > 1 and sorted(seconds)[1] <= (1 + SPREAD) * min(seconds)


def best(seconds: Sequence[float]) -> float:
    """Fastest call, in milliseconds."""
    return 1e3 * min(seconds)


def median(seconds: Sequence[float]) -> float:
    """Middle call, in milliseconds."""
    return 1e3 * sorted(seconds)[len(seconds) // 2]


def print_table(title: str, seconds: Mapping[str, Sequence[float]], baseline: str) -> None:
    """Print best and median milliseconds, and how many times the baseline each takes (best to best)."""
    print(title)
    print(f"  {'':44} {'best ms':>10} {'median ms':>10} {'ratio':>8}")
    for name, values in seconds.items():
        ratio = best(values) / best(seconds[baseline])
        print(f"  {name:44} {best(values):10.3f} {median(values):10.3f} {ratio:7.2f}x")


def summarize(seconds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Best and median milliseconds and the number of calls, by name."""
    return {
        name: {"best_ms": round(best(values), 4), "median_ms": round(median(values), 4), "calls": len(values)}
        for name, values in seconds.items()
    }
