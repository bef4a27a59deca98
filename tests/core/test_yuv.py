"""Frames of luma and chroma: held against the NumPy oracle bit by bit and against OpenCV's cvtColor."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.metadata import INTERPOLATIONS
from tests.core import oracle, yuv_oracle
from tests.core.test_preprocess import LEVELS, placements
from tests.core.yuv_oracle import FORMATS

Levels = NDArray[np.uint8]

CODES = {
    "nv12": cv2.COLOR_YUV2BGR_NV12,
    "nv21": cv2.COLOR_YUV2BGR_NV21,
    "i420": cv2.COLOR_YUV2BGR_I420,
    "yuyv": cv2.COLOR_YUV2BGR_YUY2,
    "uyvy": cv2.COLOR_YUV2BGR_UYVY,
}
RANGES = ("limited", "full")


def draw_frame(size: tuple[int, int], pixel_format: str, seed: int = 0) -> Levels:
    shape = yuv_oracle.frame_shape(pixel_format, size)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def run_levels(
    frame: Levels,
    pixel_format: str,
    size: tuple[int, int],
    inputs: tuple[int, int],
    interpolation: str = "bilinear",
    **coding: str,
) -> Levels:
    """Levels [h, w, 3] in BGR."""
    out = np.empty((3, inputs[1], inputs[0]), np.uint8)
    placement = _core.place("standard", size, inputs)
    neutral = ((0, 0, 0), (1, 1, 1), False, 0)
    _core.preprocess(frame, pixel_format, placement, out, *neutral, None, interpolation, **coding)
    return out.transpose(1, 2, 0)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    placements(),
    st.sampled_from(FORMATS),
    st.sampled_from(sorted(yuv_oracle.LUMA)),
    st.sampled_from(RANGES),
    st.booleans(),
    st.sampled_from(sorted(LEVELS)),
    st.sampled_from(INTERPOLATIONS),
)
def test_equals_oracle(
    case: tuple[tuple[int, int], oracle.Box, tuple[int, int], oracle.Target],
    pixel_format: str,
    matrix: str,
    range_: str,
    reverse: bool,
    channels: int,
    interpolation: str,
) -> None:
    (width, height), source, inputs, target = case
    frame = draw_frame((width + width % 2, height + height % 2), pixel_format, seed=width)
    mean, scale = LEVELS[channels]
    outs = [np.zeros((channels, inputs[1], inputs[0]), dtype) for dtype in (np.float32, np.uint8)]
    placement = _core.Placement(source, target)
    for out in outs:
        given_numbers = (placement, out, mean, scale, reverse, 114.5, None, interpolation)
        _core.preprocess(frame, pixel_format, *given_numbers, matrix, range_)
    expected = oracle.preprocess(
        frame,
        pixel_format,
        source,
        target,
        inputs,
        mean,
        scale,
        reverse,
        114.5,
        interpolation,
        matrix,
        range_,
    )
    np.testing.assert_array_equal(outs[0].view(np.uint32), expected[0].view(np.uint32))
    np.testing.assert_array_equal(outs[1], expected[1])


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_every_pixel_is_within_a_level_of_opencv(pixel_format: str) -> None:
    size = (640, 480)
    frame = draw_frame(size, pixel_format)
    different = np.abs(
        run_levels(frame, pixel_format, size, size).astype(int) - cv2.cvtColor(frame, CODES[pixel_format])
    )
    assert different.max() <= 1
    assert np.count_nonzero(different) < 0.005 * different.size


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "area", "bicubic"])
@pytest.mark.parametrize("inputs", [(416, 416), (700, 600), (320, 240)])
def test_resized_is_as_cvt_color_and_the_way_of_bgr(
    pixel_format: str, interpolation: str, inputs: tuple[int, int]
) -> None:
    """A difference of one can be two after rounding: about one in a million."""
    size = (640, 480)
    frame = draw_frame(size, pixel_format)
    ours = run_levels(frame, pixel_format, size, inputs, interpolation)
    theirs = run_levels(cv2.cvtColor(frame, CODES[pixel_format]), "bgr", size, inputs, interpolation)
    different = np.abs(ours.astype(int) - theirs)
    assert different.max() <= 2
    assert np.count_nonzero(different > 1) <= 1e-5 * different.size
    assert np.count_nonzero(different) < 0.01 * different.size


@pytest.mark.parametrize("matrix", sorted(yuv_oracle.LUMA))
@pytest.mark.parametrize("range_", RANGES)
def test_colours_come_back(matrix: str, range_: str) -> None:
    """Pictures of one colour: what the standard makes luma and chroma of gives that colour again."""
    red, blue = yuv_oracle.LUMA[matrix]
    weights = np.array([red, 1 - red - blue, blue])
    for color in np.random.default_rng(1).integers(0, 256, (200, 3)):
        luma = color @ weights / 255
        u, v = (color[2] / 255 - luma) / (2 - 2 * blue), (color[0] / 255 - luma) / (2 - 2 * red)
        codes = [luma * 219 + 16, u * 224 + 128, v * 224 + 128]
        if range_ == "full":
            codes = [luma * 255, u * 255 + 128, v * 255 + 128]
        y, u, v = np.clip(np.rint(codes), 0, 255).astype(np.uint8)
        frame = np.full((4, 4, 2), y, np.uint8)
        frame[:, 0::2, 1], frame[:, 1::2, 1] = u, v
        found = run_levels(frame, "yuyv", (4, 4), (2, 2), matrix=matrix, range=range_)
        assert np.abs(found.astype(int) - color[::-1]).max() <= 2


def with_gaps(frame: Levels) -> Levels:
    room = np.zeros((len(frame), frame.shape[1] + 7, *frame.shape[2:]), np.uint8)
    room[:, : frame.shape[1]] = frame
    return room[:, : frame.shape[1]]


VIEWS = {
    "rows apart": with_gaps,
    "rows upwards": lambda frame: frame[::-1].copy()[::-1],
    "columns backwards": lambda frame: frame[:, ::-1].copy()[:, ::-1],
    "Fortran order": np.asfortranarray,
    "read-only": lambda frame: np.frombuffer(frame.tobytes(), np.uint8).reshape(frame.shape),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_views_equal_copies(view: object, pixel_format: str) -> None:
    frame = draw_frame((62, 38), pixel_format)
    expected = run_levels(frame, pixel_format, (62, 38), (40, 40))
    found = run_levels(view(frame), pixel_format, (62, 38), (40, 40))  # type: ignore[operator]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("pixel_format", ["bgr", "gray", *FORMATS])
def test_overlapping_rows_are_taken_for_what_they_are(pixel_format: str) -> None:
    shape = (6, 8, 3) if pixel_format == "bgr" else (6, 8)
    if pixel_format in FORMATS:
        shape = yuv_oracle.frame_shape(pixel_format, (8, 6))
    row = np.random.default_rng(2).integers(0, 256, (1, *shape[1:]), np.uint8)
    frame = np.broadcast_to(row, shape)
    np.testing.assert_array_equal(
        run_levels(frame, pixel_format, (8, 6), (5, 5)),
        run_levels(frame.copy(), pixel_format, (8, 6), (5, 5)),
    )


WRONG = [
    ("nv12", (7, 8), r"found uint8 \[7, 8\], expected \[height \* 3 / 2, width\]"),
    ("i420", (6, 8, 1), r"found uint8 \[6, 8, 1\], expected \[height \* 3 / 2, width\]"),
    ("yuyv", (6, 8), r"found uint8 \[6, 8\], expected \[height, width, 2\]"),
    ("uyvy", (6, 8, 3), r"found uint8 \[6, 8, 3\], expected \[height, width, 2\]"),
    ("nv21", (6, 7), "found 7x4 pixels of nv21, expected an even width and height"),
    ("yuyv", (6, 7, 2), "found 7x6 pixels of yuyv, expected an even width"),
]


@pytest.mark.parametrize(("pixel_format", "shape", "text"), WRONG)
def test_wrong_shapes_are_named(pixel_format: str, shape: tuple[int, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        run_levels(np.zeros(shape, np.uint8), pixel_format, (8, 6), (4, 4))


@pytest.mark.parametrize(
    ("coding", "text"),
    [
        ({"matrix": "bt2020"}, "matrix: found 'bt2020', expected one of bt601, bt709"),
        ({"range": "jpeg"}, "range: found 'jpeg', expected one of limited, full"),
    ],
)
def test_unknown_codings_are_named(coding: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        run_levels(draw_frame((8, 6), "nv12"), "nv12", (8, 6), (4, 4), **coding)
