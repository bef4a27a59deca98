"""Maps stretched to frames, and pictures that networks make: held against the NumPy oracle and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.tuples(st.integers(1, 40), st.integers(1, 20)),
    st.tuples(st.integers(1, 150), st.integers(1, 30)),
    st.sampled_from([(0, 0, 96, 64), (0, 10, 96, 44), (90, 60, 6, 4), (13, 0, 1, 64)]),
    st.sampled_from([0, 0.1]),
)
def test_resize_equals_oracle(
    seed: int, cells: tuple[int, int], frame: tuple[int, int], target: oracle.Target, odd: float
) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(0, 1, cells[::-1]).astype(np.float32)
    chosen = generator.random(values.shape) < odd
    values[chosen] = generator.choice([np.nan, np.inf, -np.inf, 1e38], chosen.sum())
    source = (0.0, 0.0, float(frame[0]), float(frame[1])) if seed % 2 else (-7.5, 3.25, 60.0, 11.5)
    found = _core.resize_map(values, _core.Placement(source, target), (96, 64), frame)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, oracle.resize_map(values, source, target, (96, 64), frame))


@pytest.mark.parametrize(
    ("frame", "cells"), [((640, 480), (60, 60)), ((97, 61), (480, 480)), ((5000, 40), (640, 192))]
)
def test_a_stretched_map_equals_opencv(frame: tuple[int, int], cells: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(0, 1, cells[::-1]).astype(np.float32)
    found = _core.resize_map(values, _core.place("standard", frame, (480, 480)), (480, 480), frame)
    np.testing.assert_allclose(found, cv2.resize(values, frame, interpolation=cv2.INTER_LINEAR), atol=1e-4)


def test_padding_is_ignored_and_edges_repeat() -> None:
    placement = _core.place("fit_to_window_letterbox", (200, 100), (64, 64))
    x, y, width, height = placement.target
    values = np.full((64, 64), np.nan, np.float32)
    values[y : y + height, x : x + width] = 3
    assert (_core.resize_map(values, placement, (64, 64), (200, 100)) == 3).all()


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 7, 33), (3, 1, 1), (3, 5, 3), (3, 9, 67), (3, 40, 100)], ids=str
)
@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 1), (0, 255), (-2.5, 7.125)])
@pytest.mark.parametrize("reverse", [False, True])
def test_pixels_equal_oracle(shape: tuple[int, ...], low: float, high: float, reverse: bool) -> None:
    generator = np.random.default_rng(sum(shape))
    image = generator.uniform(1.1 * low - 0.1 * high, 1.1 * high - 0.1 * low, shape).astype(np.float32)
    chosen = generator.random(shape) < 0.1
    image[chosen] = generator.choice([np.nan, np.inf, -np.inf, -0.0, 3e38, 1e-45], chosen.sum())
    found = _core.to_pixels(image, low, high, reverse)
    assert (found.dtype, found.shape) == (np.uint8, (*shape[1:], shape[0]))
    np.testing.assert_array_equal(found, oracle.to_pixels(image, low, high, reverse))


def test_every_level_comes_back_from_tanhs_range() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    image = np.repeat((levels / np.float32(127.5) - 1).astype(np.float32), 3, 0)
    np.testing.assert_array_equal(
        _core.to_pixels(image, -1, 1, False), np.repeat(levels[0, :, :, None], 3, 2)
    )


def test_halves_go_to_even_and_odd_numbers_to_the_ends() -> None:
    image = np.float32([0.5, 1.5, 2.5, 254.5, 255.5, -0.5, np.nan, np.inf, -np.inf]).reshape(1, 1, -1)
    assert _core.to_pixels(image, 0, 255, False).ravel().tolist() == [0, 2, 2, 254, 255, 0, 0, 255, 0]


IMAGE, WHOLE = np.zeros((3, 4, 4), np.float32), _core.Placement((0, 0, 8, 8), (0, 0, 8, 8))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((IMAGE[0], 0, 1, False), ValueError, r"image: found float32 \[4, 4\], expected .* of 3 dimensions"),
        ((IMAGE[:2], 0, 1, False), ValueError, "image: found 2 channels, expected 1 or 3"),
        ((IMAGE[:, :0], 0, 1, False), ValueError, "image: found 4x0, expected at least 1x1"),
        ((IMAGE.astype(float), 0, 1, False), TypeError, "image: found float64 .*, expected a float32 array"),
        (
            (IMAGE[:, ::2], 0, 1, False),
            ValueError,
            "image: found .*not contiguous.*, expected a C-contiguous",
        ),
        (
            (IMAGE, 1, 1, False),
            ValueError,
            "low and high: found 1.0* and 1.0*, expected finite numbers, low below",
        ),
        ((IMAGE, 0, float("nan"), False), ValueError, "low and high: found 0.0* and nan, expected"),
    ],
)
def test_wrong_pictures_are_named(arguments: tuple[object, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _core.to_pixels(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "sizes", "text"),
    [
        ((3,), ((8, 8), (8, 8)), r"values: found float32 \[3\], expected .* of 2 dimensions"),
        ((3, 0), ((8, 8), (8, 8)), "values: found 0x3, expected at least 1x1"),
        ((3, 3), ((8, 8), (0, 8)), "frame_size: found 0x8, expected at least 1x1"),
        ((3, 3), ((8, -8), (8, 8)), "input_size: found 8x-8, expected at least 1x1"),
    ],
)
def test_wrong_maps_are_named(
    shape: tuple[int, ...], sizes: tuple[tuple[int, int], tuple[int, int]], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        _core.resize_map(np.zeros(shape, np.float32), WHOLE, *sizes)
