"""Differences count by how much an output varies, whatever its size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gcv_edge.verification.deviation import (
    TOLERANCE,
    OutputSpread,
    comparable,
    describe_mismatch,
    measure_spread,
    rounded_error,
    scaled_error,
)

NAN, INF = math.nan, math.inf
VALUES = np.random.default_rng(0).standard_normal(1000)


@pytest.mark.parametrize("factor", [1e-9, 1e-4, 1.0, 1e6], ids=str)
@pytest.mark.parametrize("offset", [0.0, 0.5, 100.0], ids=str)
def test_neither_size_nor_offset_hides_a_difference(factor: float, offset: float) -> None:
    expected = (VALUES + offset) * factor
    wrong = (VALUES[::-1] + offset) * factor
    assert scaled_error("logits", expected * (1 + 1e-8), expected) < TOLERANCE
    assert scaled_error("logits", wrong, expected) > 0.9
    assert rounded_error(wrong, expected) == pytest.approx(math.sqrt(2), rel=0.1)


@pytest.mark.parametrize(
    ("found", "expected", "error", "why"),
    [
        ([-1.0, 1.0], [-1.0, 1.0], 0, "the same"),
        ([-1.0, 1.5], [-1.0, 1.0], 0.5, "half a deviation"),
        ([0.0, 0.0, 0.0, 5.5], [0.0, 0.0, 0.0, 5.0], 0.5 / 3.75, "relative to its distance from the mean"),
        ([NAN, -1.0, 1.0], [NAN, -1.0, 1.0], 0, "no number on both sides"),
        ([INF, -1.0, 1.0], [INF, -1.0, 1.0], 0, "infinite on both sides"),
        ([NAN, 1.0], [-1.0, 1.0], INF, "no number in the file"),
        ([-1.0, 1.0], [NAN, 1.0], INF, "no number in the reference"),
        ([5.0, -1.0, 1.0], [INF, -1.0, 1.0], INF, "infinite in the reference"),
        ([1.0], [1.0, 2.0], INF, "another shape"),
        ([0.25, 0.25], [0.25, 0.25], 0, "constant"),
        ([0.25, 0.2500000001], [0.25, 0.25], 8e-7, "constant but for float64"),
        ([0.25, 0.2501], [0.25, 0.25], 0.8, "constant, and found otherwise"),
        ([0.0, 0.0], [0.0, 0.0], 0, "all zero"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_scaled_error(found: list[float], expected: list[float], error: float, why: str) -> None:
    assert scaled_error("logits", np.array(found), np.array(expected)) == pytest.approx(error, rel=1e-3), why


def test_zero_has_no_size() -> None:
    assert scaled_error("logits", np.array([1e-12, 0.0]), np.zeros(2)) > 1


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_picture_out_of_bounds_does_not_hide_the_others(broken: int) -> None:
    pictures = [VALUES, VALUES[::-1].copy(), np.roll(VALUES, 7)]
    pictures[broken] = pictures[broken] * 1e9
    assert measure_spread(pictures).deviation == pytest.approx(1, rel=0.1)


def test_of_one_number_the_pictures_make_the_spread() -> None:
    ages = [np.array([[20.0]]), np.array([[30.0]]), np.array([[50.0]])]
    assert measure_spread(ages) == OutputSpread(30, 10)
    assert measure_spread([np.full((1, 1), NAN)]) == OutputSpread(0, 0)


def test_boxes_far_outside_the_picture_are_equal() -> None:
    far = np.array([1e30, np.inf, -np.inf, 10.0])
    assert scaled_error("boxes", far, np.array([1e20, 1e9, -1e9, 10.0])) == 0.0
    assert np.isinf(comparable("scores", far)).any()


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        ([[1.0]], [[1.0]], ""),
        ([[NAN]], [[NAN]], ""),
        ([[NAN, 1.0]], [[1.0, 1.0]], "is NaN or infinite in 1 of 2 numbers that the reference computes"),
        ([[1.0, 1.0]], [[INF, NAN]], "is finite in 2 of 2 numbers where the reference's is NaN or infinite"),
        ([[1.0]], [[1.0, 2.0]], "has shape [1, 1], the reference's has [1, 2]"),
        ([[]], [[]], "has shape [1, 0]: it is empty, so nothing was compared"),
        (None, [[1.0]], "is missing in the file"),
        ([[1.0]], None, "is missing in the reference"),
    ],
)
def test_what_cannot_be_compared_is_said(found: object, expected: object, words: str) -> None:
    ours, theirs = (None if value is None else np.array(value) for value in (found, expected))
    assert describe_mismatch(ours, theirs) == words
