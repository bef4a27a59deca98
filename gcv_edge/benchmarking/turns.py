"""Calling something again and again for a while, from one thread or several."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple


class Lap(NamedTuple):
    """Where one call's time went, milliseconds."""

    preprocess: float
    inference: float
    postprocess: float


@dataclass
class Turn:
    """What was measured in one turn.

    Attributes:
        frames: that were worked on.
        wall: seconds from the first call's start to the last one's end.
        stages: milliseconds of each call by stage: those of ``Lap``, and ``total``.
    """

    frames: int
    wall: float
    stages: dict[str, list[float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"frames": self.frames, "wall": self.wall, "stages": self.stages}


Call = Callable[[int], Lap]
"""Works on the batch of that number, counted over all calls of a turn."""


def take_turn(call: Call, seconds: float, batch: int = 1, threads: int = 1) -> Turn:
    """Call from some threads until the time is up, each at least once."""
    numbers = Numbers()
    begin = perf_counter()
    if threads == 1:
        laps = list(repeat(call, numbers, begin + seconds))
    else:
        with ThreadPoolExecutor(threads) as pool:
            futures = [
                pool.submit(lambda: list(repeat(call, numbers, begin + seconds))) for _ in range(threads)
            ]
            laps = [lap for future in futures for lap in future.result()]
    return Turn(len(laps) * batch, perf_counter() - begin, sort_laps(laps))


def repeat(call: Call, numbers: Numbers, deadline: float) -> Iterator[tuple[Lap, float]]:
    """Call until the time is up; give each call's stages and its whole length in milliseconds."""
    while True:
        start = perf_counter()
        lap = call(numbers.take())
        end = perf_counter()
        yield lap, (end - start) * 1e3
        if end >= deadline:
            return


def sort_laps(laps: list[tuple[Lap, float]]) -> dict[str, list[float]]:
    """List the calls' times by stage."""
    stages = {name: [round(getattr(lap, name), 4) for lap, _ in laps] for name in Lap._fields}
    return {**stages, "total": [round(total, 4) for _, total in laps]}


class Numbers:
    """Counts upwards for any number of threads."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._lock = threading.Lock()

    def take(self) -> int:
        """Return the next number."""
        with self._lock:
            return next(self._count)
