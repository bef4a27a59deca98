"""Spreads and ratios, held against what they promise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.measure.statistics import ratios, relative_iqr, shorten, spread

TIMES = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=40)
few = settings(max_examples=60, derandomize=True, deadline=None)


@few
@given(TIMES)
def test_a_spread_holds_its_median_and_order_does_not_matter(times: list[float]) -> None:
    found = spread(times)
    assert found.low <= found.median <= found.high
    assert found == spread(times[::-1])


@few
@given(TIMES, st.floats(0.1, 10))
def test_a_constant_factor_is_found_whatever_the_machine_does(times: list[float], factor: float) -> None:
    found = ratios([factor * time for time in times], times)
    assert found.low == pytest.approx(factor)
    assert found.high == pytest.approx(factor)


@few
@given(TIMES, st.floats(0.1, 10))
def test_the_relative_range_does_not_depend_on_the_unit(times: list[float], factor: float) -> None:
    assert relative_iqr([factor * time for time in times]) == pytest.approx(relative_iqr(times), abs=1e-9)


def test_a_steady_machine_has_none() -> None:
    assert relative_iqr([3.0] * 5) == 0
    assert relative_iqr([1.0, 1.0, 2.0, 2.0]) > 0.5


def test_rounds_belong_together() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        ratios([1.0, 2.0], [1.0])


@few
@given(st.floats(1e-6, 1e9))
def test_five_digits_are_kept(value: float) -> None:
    assert shorten(value) == pytest.approx(value, rel=1e-4)
