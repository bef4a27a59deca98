"""Class of every frame pixel: held against the NumPy oracle and against OpenCV's resize of the logits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle


def draw_logits(seed: int, classes: int, height: int, width: int) -> oracle.Floats:
    return np.random.default_rng(seed).normal(0, 1, (classes, height, width)).astype(np.float32)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.tuples(st.integers(1, 40), st.integers(1, 20)),
    st.tuples(st.integers(1, 150), st.integers(1, 30)),
    st.sampled_from([(0, 0, 96, 64), (0, 10, 96, 44), (90, 60, 6, 4), (13, 0, 1, 64)]),
    st.sampled_from([0, 0.1]),
)
def test_equals_oracle(
    seed: int, classes: int, cells: tuple[int, int], frame: tuple[int, int], target: oracle.Target, odd: float
) -> None:
    logits = draw_logits(seed, classes, cells[1], cells[0])
    logits[np.random.default_rng(seed).random(logits.shape) < odd] = np.nan
    source = (0.0, 0.0, float(frame[0]), float(frame[1])) if seed % 2 else (-7.5, 3.25, 60.0, 11.5)
    found = _core.segment(logits, _core.Placement(source, target), (96, 64), frame)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, oracle.segment(logits, source, target, (96, 64), frame))


@pytest.mark.parametrize(
    ("frame", "cells"), [((640, 480), (60, 60)), ((97, 61), (480, 480)), ((1921, 333), (120, 90))]
)
def test_a_stretched_frame_equals_opencv(frame: tuple[int, int], cells: tuple[int, int]) -> None:
    logits = np.stack([cv2.GaussianBlur(part, (0, 0), 3) for part in draw_logits(1, 21, cells[1], cells[0])])
    found = _core.segment(logits, _core.place("standard", frame, (480, 480)), (480, 480), frame)
    resized = np.stack([cv2.resize(part, frame, interpolation=cv2.INTER_LINEAR) for part in logits])
    assert (found != resized.argmax(0)).mean() < 1e-3


def test_padding_is_ignored() -> None:
    placement = _core.place("fit_to_window_letterbox", (200, 100), (64, 64))
    x, y, width, height = placement.target
    logits = np.zeros((3, 64, 64), np.float32)
    logits[2] = 100
    logits[0] = np.nan
    logits[:, y : y + height, x : x + width] = np.array([0, 5, 1], np.float32).reshape(3, 1, 1)
    assert (_core.segment(logits, placement, (64, 64), (200, 100)) == 1).all()


def test_many_classes_need_wide_ids() -> None:
    logits = draw_logits(0, 300, 9, 9)
    placement = _core.place("standard", (99, 33), (64, 64))
    found = _core.segment(logits, placement, (64, 64), (99, 33))
    assert found.dtype == np.int32
    expected = oracle.segment(logits, placement.source, placement.target, (64, 64), (99, 33))
    np.testing.assert_array_equal(found, expected)
    assert found.max() > 255


@pytest.mark.parametrize(
    ("shape", "sizes", "text"),
    [
        ((2, 3), ((8, 8), (8, 8)), r"logits: found float32 \[2, 3\], expected .* of 3 dimensions"),
        ((0, 3, 3), ((8, 8), (8, 8)), "logits: found no class, expected at least one"),
        ((1, 3, 0), ((8, 8), (8, 8)), "logits: found 0x3, expected at least 1x1"),
        ((1, 3, 3), ((8, 8), (0, 8)), "frame_size: found 0x8, expected at least 1x1"),
        ((1, 3, 3), ((8, -8), (8, 8)), "input_size: found 8x-8, expected at least 1x1"),
    ],
)
def test_wrong_sizes_are_named(
    shape: tuple[int, ...], sizes: tuple[tuple[int, int], tuple[int, int]], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        _core.segment(np.zeros(shape, np.float32), _core.Placement((0, 0, 8, 8), (0, 0, 8, 8)), *sizes)
