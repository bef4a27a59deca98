"""Calling for a while: how often, from how many threads, and what is noted."""

from __future__ import annotations

import threading
import time

from gcv_edge.benchmarking.turns import Lap, take_turn


def test_every_call_is_noted_with_its_stages() -> None:
    turn = take_turn(lambda number: Lap(1.0, 2.0, float(number)), seconds=0.02, batch=3)
    calls = len(turn.stages["total"])
    assert turn.frames == 3 * calls
    assert turn.stages["postprocess"] == list(range(calls))
    assert turn.stages["preprocess"] == [1.0] * calls
    assert turn.wall >= 0.02


def test_a_call_that_takes_longer_is_finished() -> None:
    def nap(number: int) -> Lap:
        time.sleep(0.05)
        return Lap(0, 0, 0)

    turn = take_turn(nap, seconds=0.001)
    assert turn.frames == 1
    assert turn.stages["total"][0] >= 50


def test_threads_work_on_different_batches() -> None:
    seen: set[int] = set()
    workers = set()

    def call(number: int) -> Lap:
        seen.add(number)
        workers.add(threading.get_ident())
        time.sleep(0.002)
        return Lap(0, 0, 0)

    turn = take_turn(call, seconds=0.02, threads=3)
    assert len(workers) == 3
    assert seen == set(range(turn.frames))
