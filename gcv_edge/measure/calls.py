"""Calling something again and again for a while, from one thread or several."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple


class StageTimes(NamedTuple):
    """Where one call's time went, milliseconds."""

    preprocess: float
    inference: float
    postprocess: float


@dataclass
class CallTimes:
    """What was measured of some calls in a row.

    Attributes:
        frames: that were worked on.
        wall: seconds from the first call's start to the last one's end.
        stages: milliseconds of each call by stage: those of ``StageTimes``, and ``total``.
    """

    frames: int
    wall: float
    stages: dict[str, list[float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"frames": self.frames, "wall": self.wall, "stages": self.stages}


Call = Callable[[int], StageTimes]
"""Works on the batch of that number, counted over all calls in a row."""


def time_calls(call: Call, seconds: float, batch: int = 1, threads: int = 1) -> CallTimes:
    """Call from some threads until the time is up, each at least once."""
    numbers = BatchNumbers()
    begin = perf_counter()
    if threads == 1:
        times = list(repeat(call, numbers, begin + seconds))
    else:
        with ThreadPoolExecutor(threads) as pool:
            futures = [
                pool.submit(lambda: list(repeat(call, numbers, begin + seconds))) for _ in range(threads)
            ]
            times = [one for future in futures for one in future.result()]
    return CallTimes(len(times) * batch, perf_counter() - begin, sort_times(times))


def repeat(call: Call, numbers: BatchNumbers, deadline: float) -> Iterator[tuple[StageTimes, float]]:
    """Call until the time is up; give each call's stages and its whole length in milliseconds."""
    while True:
        start = perf_counter()
        stages = call(numbers.take())
        end = perf_counter()
        yield stages, (end - start) * 1e3
        if end >= deadline:
            return


def sort_times(times: list[tuple[StageTimes, float]]) -> dict[str, list[float]]:
    """List the calls' times by stage."""
    stages = {name: [round(getattr(one, name), 4) for one, _ in times] for name in StageTimes._fields}
    return {**stages, "total": [round(total, 4) for _, total in times]}


class BatchNumbers:
    """Counts upwards for any number of threads."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._lock = threading.Lock()

    def take(self) -> int:
        """Return the next number."""
        with self._lock:
            return next(self._count)
