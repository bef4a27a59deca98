"""What alpha pose sees of a person: GluonCV's crops, through OpenCV's warpAffine."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import _core
from tests.core.test_preprocess import draw_frame, rounds_positions

Rect = tuple[int, int, int, int]
UNIT = ((0.0,) * 3, (1.0,) * 3, False)

BOXES = [
    ((640, 480), (100.5, 50.2, 200.6, 400.9), (90, 15, 120, 420), "wider than 100: by 20 %"),
    ((640, 480), (100.5, 50.2, 200.4, 400.9), (85, 0, 130, 453), "not wider: by 30 %; cut off above"),
    ((640, 480), (-20, 300, 90, 900), (0, 273, 103, 206), "cut off at the frame before it is widened"),
    ((640, 480), (300, 200, 301, 201), (299, 199, 5, 5), "at least 5 pixels"),
    ((640, 480), (638, 478, 639, 479), (637, 477, 2, 2), "but not where the frame ends"),
    ((640, 480), (700, 100, 800, 300), (0, 0, 0, 0), "nothing beside the frame"),
    ((640, 480), (10, 10, 5e8, 5e8), (0, 0, 639, 479), "far too large"),
    ((1, 1), (0, 0, 1, 1), (0, 0, 0, 0), "a pixel has no length"),
]


@pytest.mark.parametrize(("frame", "box", "expected", "why"), BOXES, ids=[row[-1] for row in BOXES])
def test_crops(frame: tuple[int, int], box: tuple[float, ...], expected: Rect, why: str) -> None:
    assert _core.crop_box(box, frame) == expected, why


def warp_crop(frame: NDArray[np.uint8], crop: Rect, size: tuple[int, int], level: int) -> NDArray[np.uint8]:
    """What OpenCV makes of a crop: two corners of each rectangle, and one turned by a right angle."""
    x, y, width, height = crop
    wide, high = width - 1, height - 1
    longest = max(high, wide * size[1] / size[0])
    margin = np.floor(np.array([longest * size[0] / size[1] - wide, longest - high]) / 2)
    first = np.array([x, y]) - margin
    last = np.array([x + wide, y + high]) + margin

    def triangle(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float32]:
        side = first - last
        return np.array([first, last, last + np.array([-side[1], side[0]])], np.float32)

    seen = np.full_like(frame, level)
    seen[y : y + height, x : x + width] = frame[y : y + height, x : x + width]
    corners = triangle(np.zeros(2), np.array(size) - 1.0)
    matrix = cv2.getAffineTransform(triangle(first, last), corners)
    return cv2.warpAffine(seen, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(level,) * 3)


CROPS: list[tuple[tuple[int, int], Rect]] = [
    ((640, 480), (90, 15, 120, 420)),
    ((640, 480), (0, 0, 639, 479)),
    ((333, 500), (11, 3, 301, 20)),
    ((333, 500), (30, 7, 2, 2)),
    ((333, 500), (0, 0, 1, 1)),
    ((1920, 1080), (700, 77, 513, 1002)),
    ((1920, 1080), (1, 1, 1900, 1)),
]


@pytest.mark.parametrize("size", [(256, 320), (192, 256), (100, 40), (1, 1)])
@pytest.mark.parametrize(("frame_size", "crop"), CROPS)
def test_a_crop_equals_opencvs(frame_size: tuple[int, int], crop: Rect, size: tuple[int, int]) -> None:
    frame, found = draw_frame(frame_size), np.empty((3, size[1], size[0]), np.uint8)
    _core.preprocess_crop(frame, "bgr", crop, found, *UNIT, 40.0)
    expected = warp_crop(frame, crop, size, 40)
    if rounds_positions():
        np.testing.assert_array_equal(found.transpose(1, 2, 0), expected)
    else:
        assert np.abs(found.transpose(1, 2, 0).astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("crew", [None, _core.Crew(3)])
def test_levels_are_normalised(crew: _core.Crew | None) -> None:
    frame, crop = draw_frame((640, 480)), (33, 40, 300, 200)
    levels, found = np.empty((3, 320, 256), np.uint8), np.empty((3, 320, 256), np.float32)
    mean, scale = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0)
    _core.preprocess_crop(frame, "bgr", crop, levels, mean, scale, True, 0.0)
    _core.preprocess_crop(frame, "bgr", crop, found, mean, scale, True, 0.0, crew)
    by_channel = (levels - np.array(mean)[:, None, None]) / np.array(scale)[:, None, None]
    np.testing.assert_allclose(found, by_channel, rtol=1e-6)


def test_formats_show_the_same() -> None:
    """Grey, and colours of luma and chroma, are those of the frame turned to BGR first."""
    frame, crop = draw_frame((640, 480)), (33, 41, 300, 200)
    found, expected = np.empty((2, 3, 320, 256), np.uint8)
    nv12 = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420)
    _core.preprocess_crop(nv12, "i420", crop, found, *UNIT, 0.0)
    _core.preprocess_crop(cv2.cvtColor(nv12, cv2.COLOR_YUV2BGR_I420), "bgr", crop, expected, *UNIT, 0.0)
    assert np.abs(found.astype(int) - expected).max() <= 1
    grey = np.ascontiguousarray(frame[:, :, 0])
    _core.preprocess_crop(grey, "gray", crop, found, *UNIT, 0.0)
    _core.preprocess_crop(np.repeat(grey[:, :, None], 4, axis=2), "bgra", crop, expected, *UNIT, 0.0)
    np.testing.assert_array_equal(found, expected)


def test_an_empty_crop_is_nothing() -> None:
    """GluonCV leaves zeros there, and finds all joints in the corner."""
    frame, found = draw_frame((64, 48)), np.empty((3, 32, 24), np.float32)
    _core.preprocess_crop(frame, "bgr", (0, 0, 0, 0), found, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), True, 9.0)
    assert not found.any()
    levels = np.empty((3, 32, 24), np.uint8)
    _core.preprocess_crop(frame, "bgr", (0, 0, 0, 0), levels, (1.0, 2.4, 3.0), (1.0, 2.0, 3.0), True, 9.0)
    assert levels.reshape(3, -1).tolist() == [[level] * 768 for level in (1, 2, 3)]
    heatmaps = np.random.default_rng(0).uniform(size=(2, 8, 6)).astype(np.float32)
    keypoints, _ = _core.decode_heatmaps(heatmaps, _core.place_crop((0, 0, 0, 0), (24, 32)), (24, 32))
    assert not keypoints.any()


def test_key_points_are_mapped_back() -> None:
    """The crop lies in the middle, and its higher side fills the input."""
    assert _core.place_crop((10, 20, 100, 300), (256, 320)).source == (10 - 70, 20, 240, 300)
    assert _core.place_crop((10, 20, 256, 100), (256, 320)).source == (10, 20 - 110, 256, 320)


@pytest.mark.parametrize(
    "crop", [(-1, 0, 4, 4), (0, 0, 65, 4), (60, 40, 5, 8), (0, 0, 4, -1), (2**31 - 1, 0, 1, 1)]
)
def test_a_crop_outside_the_frame(crop: Rect) -> None:
    x, y, width, height = crop
    message = rf"crop: found {width}x{height} at \({x}, {y}\), expected it inside the frame of 64x48"
    with pytest.raises(ValueError, match=message):
        _core.preprocess_crop(draw_frame((64, 48)), "bgr", crop, np.empty((3, 8, 8), np.uint8), *UNIT, 0.0)
