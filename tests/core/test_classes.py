"""Probabilities and best classes: held against the NumPy oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from gcv_edge.runtime.results import Classification
from tests.core import oracle

numbers = st.one_of(
    st.floats(-9, 9, width=32), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, 1.0])
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(numbers, max_size=40), st.integers(-1, 45))
def test_equals_oracle(values: list[float], k: int) -> None:
    logits = np.array(values, np.float32)
    np.testing.assert_array_equal(_core.softmax(logits), oracle.softmax(logits))
    np.testing.assert_array_equal(_core.sigmoid(logits), oracle.sigmoid(logits))
    found = _core.top_k(logits, k)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, oracle.top_k(logits, k))


def test_equals_the_result_class() -> None:
    logits = np.random.default_rng(0).normal(0, 3, 1000).astype(np.float32)
    result = Classification(logits)
    np.testing.assert_allclose(_core.softmax(logits), result.probabilities, rtol=1e-5)
    assert _core.top_k(logits, 5).tolist() == [row.class_id for row in result.top(5)]
    assert _core.softmax(logits).sum() == pytest.approx(1)


def test_equal_scores_come_by_position_and_nan_last() -> None:
    scores = np.float32([np.nan, 1, 2, 0.0, 2, -0.0, np.nan, -np.inf])
    assert _core.top_k(scores, 8).tolist() == [2, 4, 1, 3, 5, 7, 0, 6]
    assert _core.top_k(scores, 2**40).size == 8


def test_odd_logits() -> None:
    np.testing.assert_array_equal(_core.softmax(np.float32([1e4, -1e4])), [1, 0])
    np.testing.assert_array_equal(_core.softmax(np.float32([np.inf, 3, np.inf])), [0.5, 0, 0.5])
    np.testing.assert_array_equal(_core.softmax(np.float32([np.nan, 7])), [np.nan, 1])
    np.testing.assert_array_equal(_core.softmax(np.float32([-np.inf, -np.inf])), [0.5, 0.5])
    odd = np.float32([np.inf, -np.inf, np.nan, 0, 3e38, -3e38, -100])
    np.testing.assert_array_equal(_core.sigmoid(odd), np.float32([1, 0, np.nan, 0.5, 1, 0, np.exp(-100.0)]))


def test_wrong_scores_are_named() -> None:
    with pytest.raises(ValueError, match=r"logits: found float32 \[1, 2\], expected .* of 1 dimensions"):
        _core.softmax(np.zeros((1, 2), np.float32))
    with pytest.raises(TypeError, match=r"scores: found float64 .*, expected a float32 array"):
        _core.top_k(np.zeros(2), 1)
