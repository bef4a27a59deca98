"""Returning layers to float: how many, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.calibration.gate import search
from gcv_edge.calibration.timing import LayerTime, doubtful_layers, drop_slow_layers, is_faster

LAYERS = [f"layer{index}" for index in range(20)]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 20))
def test_as_few_layers_as_needed_are_found_in_few_trials(needed: int) -> None:
    trials: list[int] = []

    def score(kept: Sequence[str]) -> float:
        trials.append(len(kept))
        return 80 + min(len(kept), needed) - needed

    verdict = search(LAYERS, score, 80)
    assert verdict.passed
    assert verdict.complete
    assert verdict.kept_float == tuple(LAYERS[:needed])
    assert len(trials) <= 11


def test_a_limit_that_no_layer_helps_to_keep_ends_with_the_best_that_was_found() -> None:
    verdict = search(LAYERS, lambda kept: 70 + (len(kept) == 4), 80)
    assert (verdict.passed, verdict.complete, len(verdict.kept_float), verdict.score) == (False, True, 4, 71)


def test_a_deadline_ends_the_search() -> None:
    verdict = search(LAYERS, lambda kept: 70, 80, deadline=time.monotonic() - 1)
    assert (verdict.passed, verdict.complete, verdict.kept_float) == (False, False, ())


def test_layers_that_ran_in_float_or_slower_are_doubtful() -> None:
    quantized = {"a": LayerTime("brg_I8", 5), "b": LayerTime("brg_f32", 4), "c": LayerTime("brg_i8", 9)}
    floating = {"a": LayerTime("brg_f32", 8), "b": LayerTime("brg_f32", 4), "c": LayerTime("brg_f32", 6)}
    assert doubtful_layers(["a", "b", "c", "d"], quantized, floating) == ["c", "b"]


def test_slow_layers_are_dropped_only_where_the_whole_gets_faster() -> None:
    def measure(forms: dict[str, Sequence[str]]) -> dict[str, list[float]]:
        return {name: [10 - 2 * ("good" in kept) + 3 * ("bad" in kept)] * 3 for name, kept in forms.items()}

    assert drop_slow_layers(["bad", "good"], measure, trials=6) == ("good",)  # type: ignore[arg-type]
    assert drop_slow_layers(["bad"], measure, trials=6) == ()  # type: ignore[arg-type]
    assert drop_slow_layers([], measure, trials=6) == ()  # type: ignore[arg-type]


def test_one_lucky_run_is_not_faster() -> None:
    assert not is_faster([5, 10, 10], [10, 10, 10])
    assert is_faster([9, 9, 12], [10, 10, 10])
