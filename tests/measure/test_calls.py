"""Calling for a while: how often, from how many threads, and what is noted."""

from __future__ import annotations

import threading
import time

from gcv_edge.measure.calls import StageTimes, time_calls


def test_every_call_is_noted_with_its_stages() -> None:
    times = time_calls(lambda number: StageTimes(1.0, 2.0, float(number)), seconds=0.02, batch=3)
    calls = len(times.stages["total"])
    assert times.frames == 3 * calls
    assert times.stages["postprocess"] == list(range(calls))
    assert times.stages["preprocess"] == [1.0] * calls
    assert times.wall >= 0.02


def test_a_call_that_takes_longer_is_finished() -> None:
    def nap(number: int) -> StageTimes:
        time.sleep(0.05)
        return StageTimes(0, 0, 0)

    times = time_calls(nap, seconds=0.001)
    assert times.frames == 1
    assert times.stages["total"][0] >= 50


def test_threads_work_on_different_batches() -> None:
    seen: set[int] = set()
    workers = set()
    all_there = threading.Barrier(3)

    def call(number: int) -> StageTimes:
        seen.add(number)
        if threading.get_ident() not in workers:
            workers.add(threading.get_ident())
            all_there.wait(timeout=60)
        return StageTimes(0, 0, 0)

    times = time_calls(call, seconds=0.02, threads=3)
    assert len(workers) == 3
    assert seen == set(range(times.frames))
