"""Returning layers to float: how many, and when to stop."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.calibration.float_kernels import find_float_kernels
from gcv_edge.calibration.gate import search_float_layers
from gcv_edge.evaluation.drop import Drop
from gcv_edge.measure.layers import LayerTime

LAYERS = [f"layer{index}" for index in range(20)]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 20))
def test_as_few_layers_as_needed_are_found_in_few_trials(needed: int) -> None:
    trials: set[int] = set()

    def measure(kept: Sequence[str]) -> Drop:
        trials.add(len(kept))
        return Drop(max(needed - len(kept), 0))

    found = search_float_layers(LAYERS, measure, 0)
    assert found.passed
    assert found.complete
    assert found.kept_float == tuple(LAYERS[:needed])
    assert len(trials) <= 11


def test_a_limit_that_no_layer_helps_to_keep_ends_with_the_best_that_was_found() -> None:
    found = search_float_layers(LAYERS, lambda kept: Drop(10 - (len(kept) == 4)), 0)
    assert (found.passed, found.complete, len(found.kept_float)) == (False, True, 4)
    assert found.drop == Drop(9)


def test_more_layers_return_to_float_to_be_sure_but_no_more_than_half() -> None:
    def measure(kept: Sequence[str], each: float) -> Drop:
        return Drop(max(0.0, 3 - len(kept)), each * (20 - len(kept)))

    sure = search_float_layers(LAYERS, lambda kept: measure(kept, 0.05), 0.8)
    assert (sure.passed, len(sure.kept_float)) == (True, 4)
    unsure = search_float_layers(LAYERS, lambda kept: measure(kept, 1.0), 0.8)
    assert (unsure.passed, len(unsure.kept_float)) == (False, 3)
    assert unsure.drop.is_undecided(0.8)


def test_a_deadline_ends_the_search() -> None:
    found = search_float_layers(LAYERS, lambda kept: Drop(10), 0, deadline=time.monotonic() - 1)
    assert (found.passed, found.complete, found.kept_float) == (False, False, ())


def test_the_best_so_far_is_kept_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    found = search_float_layers(LAYERS, lambda kept: Drop(30 - len(kept)), 0, deadline=2)
    assert (found.passed, found.complete, found.drop, len(found.kept_float)) == (False, False, Drop(26), 4)


def test_layers_without_an_8_bit_kernel_are_found_by_its_name_alone() -> None:
    ran = {
        "a": LayerTime("a", "Convolution", "brg_I8", 500),
        "b": LayerTime("b", "Convolution", "brg_f32", 4),
        "c": LayerTime("c", "Convolution", "jit_avx512_dw_bf16", 9),
    }
    assert find_float_kernels(["a", "b", "c", "fused"], ran) == ["b", "c"]
