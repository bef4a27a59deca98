"""Streamed histograms and the ranges chosen from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.calibration.ranges import BINS, MODES, Histogram, choose_range, find_mode
from gcv_edge.errors import UsageError

few = settings(max_examples=40, derandomize=True, deadline=None)
numbers = st.floats(-1e6, 1e6, width=32)
arrays = st.lists(numbers, min_size=1, max_size=30).map(lambda values: np.array(values, np.float32))


def filled(*parts: np.ndarray) -> Histogram:
    histogram = Histogram()
    for part in parts:
        histogram.add(part)
    return histogram


@few
@given(st.lists(arrays, min_size=1, max_size=5))
def test_every_number_is_counted_within_a_bin_of_its_place(parts: list[np.ndarray]) -> None:
    histogram = filled(*parts)
    values = np.concatenate(parts)
    assert histogram.counts.sum() == len(values)
    assert (histogram.low, histogram.high) == (min(0, values.min()), max(0, values.max()))
    width = 2 * histogram.reach / BINS
    edges = (np.arange(BINS) + 1) * width - histogram.reach
    upper = np.searchsorted(np.sort(values), edges, side="right")
    assert np.all(
        np.cumsum(histogram.counts) <= np.searchsorted(np.sort(values), edges + width, side="right")
    )
    assert np.all(
        np.cumsum(histogram.counts) >= np.searchsorted(np.sort(values), edges - width, side="right")
    )
    assert upper[-1] == len(values)


def test_what_is_no_number_is_left_out() -> None:
    histogram = filled(np.array([1, np.nan, np.inf, -2], np.float32), np.array([np.nan], np.float32))
    assert (histogram.low, histogram.high, histogram.counts.sum()) == (-2, 1, 2)


@few
@given(st.sampled_from(MODES), arrays)
def test_a_range_is_within_what_was_seen_and_holds_zero(mode: str, values: np.ndarray) -> None:
    low, high = choose_range(filled(values), mode)
    assert min(0, values.min()) <= low <= 0 <= high <= max(0, values.max())


@pytest.mark.parametrize("mode", ["percentile", "entropy"])
def test_a_lone_outlier_is_cut_off(mode: str) -> None:
    normal = np.abs(np.random.RandomState(0).normal(0, 1, 200_000)).astype(np.float32)
    histogram = filled(*np.split(normal, 20), np.array([80], np.float32))
    _, high = choose_range(histogram, mode)
    assert 1.5 < high < 8
    assert choose_range(histogram, "minmax")[1] == 80


def test_the_mse_range_makes_the_error_of_rounding_least() -> None:
    values = np.random.RandomState(1).laplace(0, 1, 60_000).astype(np.float32)
    chosen = choose_range(filled(values), "mse")[1]

    def error(end: float) -> float:
        step = end / 127
        return float(np.square(np.clip(np.rint(values / step), -127, 127) * step - values).mean())

    ends = np.linspace(1, np.abs(values).max(), 60)
    assert error(chosen) <= 1.05 * min(map(error, ends))


@pytest.mark.parametrize(("name", "mode"), [("naive", "minmax"), ("none", "minmax"), ("entropy", "entropy")])
def test_gluoncv_names_of_modes(name: str, mode: str) -> None:
    assert find_mode(name) == mode


def test_an_unknown_mode_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"'entopy', expected one of auto, .* \(did you mean 'entropy'"):
        find_mode("entopy")
