"""Where a frame lands in a network's input, and boxes on their way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle

PLACES = [
    ("standard", (1920, 1080), 0, (0, 0, 1920, 1080), (0, 0, 416, 416), "stretched"),
    ("fit_to_window", (1920, 1080), 0, (0, 0, 1920, 1080), (0, 0, 416, 234), "top-left"),
    ("fit_to_window_letterbox", (1920, 1080), 0, (0, 0, 1920, 1080), (0, 91, 416, 234), "centred"),
    ("fit_to_window_letterbox", (100, 300), 0, (0, 0, 100, 300), (138, 0, 139, 416), "upright"),
    ("fit_to_window", (5000, 1), 0, (0, 0, 5000, 1), (0, 0, 416, 1), "never empty"),
    ("crop", (832, 416), 0, (208, 0, 416, 416), (0, 0, 416, 416), "centre, short side as the input's"),
    ("crop", (1000, 500), 520, (300, 50, 400, 400), (0, 0, 416, 416), "520 first"),
    (
        "crop",
        (200, 100),
        208,
        (50, 0, 100, 100),
        (0, 0, 416, 416),
        "a smaller crop where the picture is too small",
    ),
]


@pytest.mark.parametrize(("resize_type", "frame", "short", "source", "target", "why"), PLACES)
def test_place(
    resize_type: str, frame: tuple[int, int], short: int, source: oracle.Box, target: oracle.Target, why: str
) -> None:
    placement = _core.place(resize_type, frame, (416, 416), short)
    assert placement.source == pytest.approx(source), why
    assert placement.target == target, why


STRETCHED_CROPS = [
    ((1280, 720), (224, 224), (256, 340), (58, 16), "most networks for actions"),
    ((1280, 720), (112, 112), (128, 171), (30, 8), "29.5 columns on each side: the even one"),
    ((320, 240), (299, 299), (340, 450), (76, 20), "75.5 and 20.5"),
    ((90, 300), (299, 200), (340, 450), (76, 70), "not square"),
]


@pytest.mark.parametrize(("frame", "inputs", "short_and_wide", "corner", "why"), STRETCHED_CROPS)
def test_a_stretched_frame_is_cut_as_gluoncv_cuts_videos(
    frame: tuple[int, int],
    inputs: tuple[int, int],
    short_and_wide: tuple[int, int],
    corner: tuple[int, int],
    why: str,
) -> None:
    short, wide = short_and_wide
    assert corner == (round((wide - inputs[0]) / 2), round((short - inputs[1]) / 2)), why
    x, y = frame[0] / wide, frame[1] / short
    placement = _core.place("crop", frame, inputs, short, wide)
    expected = (corner[0] * x, corner[1] * y, inputs[0] * x, inputs[1] * y)
    assert placement.source == pytest.approx(expected), why
    assert placement.target == (0, 0, *inputs)


def test_a_stretched_frame_may_be_smaller_than_the_input() -> None:
    assert _core.place("crop", (640, 480), (224, 224), 112, 448).source == (240, 0, 160, 480)
    assert _core.place("crop", (640, 480), (224, 112), 0, 448).source == (160, 0, 320, 480)


SIDES = [
    ((1920, 1080), (1333, 750), "the long side is the limit"),
    ((640, 480), (1067, 800), "1066.67"),
    ((480, 640), (800, 1067), "upright"),
    ((500, 375), (1067, 800), "enlarged"),
    ((333, 333), (800, 800), "square"),
    ((1600, 1), (1333, 1), "never empty"),
]


@pytest.mark.parametrize(("frame", "size", "why"), SIDES)
def test_fit_sides(frame: tuple[int, int], size: tuple[int, int], why: str) -> None:
    assert _core.fit_sides(frame, 800, 1333) == size, why


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 900), st.integers(0, 900))
def test_fit_sides_is_gluoncvs(width: int, height: int, short: int, more: int) -> None:
    """``resize_short_within`` in gluoncv/data/transforms/image.py, but for pictures that would be empty."""
    assert _core.fit_sides((width, height), short, short + more) == oracle.fit_sides(
        (width, height), short, short + more
    )


@pytest.mark.parametrize(
    ("frame", "short", "long", "message"),
    [
        ((0, 4), 8, 8, "frame_size: found 0x4, expected at least 1x1"),
        ((4, 4), 0, 8, "short_side: found 0, expected 1 or more"),
        ((4, 4), 8, -1, "long_side: found -1, expected 1 or more"),
    ],
)
def test_fit_sides_refuses(frame: tuple[int, int], short: int, long: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.fit_sides(frame, short, long)


def test_a_placement_is_a_value() -> None:
    placement = _core.Placement((0, -1.5, 10, 20), (1, 2, 3, 4))
    assert placement == _core.Placement((0, -1.5, 10, 20), (1, 2, 3, 4))
    assert placement != _core.Placement((0, -1.5, 10, 20), (1, 2, 3, 5))
    assert placement != "placement"
    assert hash(placement) == hash(_core.Placement((0, -1.5, 10, 20), (1, 2, 3, 4)))
    assert repr(placement) == "Placement(source=(0.0, -1.5, 10.0, 20.0), target=(1, 2, 3, 4))"
    with pytest.raises(AttributeError):
        placement.source = (0, 0, 1, 1)  # type: ignore[misc]


WRONG_PLACEMENTS = [
    (((0, 0, 0, 5), (0, 0, 1, 1)), r"placement source: found size 0\.0*x5\.0*, expected positive"),
    (((0, float("nan"), 1, 5), (0, 0, 1, 1)), "placement source: found a number that is not finite"),
    (((0, 0, 1, 5), (-1, 0, 1, 1)), r"placement target: found corner \(-1, 0\), expected 0 or more"),
    (((0, 0, 1, 5), (0, 0, 0, 1)), "placement target: found 0x1, expected at least 1x1"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG_PLACEMENTS)
def test_wrong_placements_are_named(arguments: tuple[oracle.Box, oracle.Target], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        _core.Placement(*arguments)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("fit", (1, 1), (1, 1)),
            "resize_type: found 'fit', expected standard, fit_to_window, fit_to_window_letterb",
        ),
        (("standard", (0, 1), (1, 1)), "frame_size: found 0x1, expected at least 1x1"),
        (("standard", (1, 1), (1, -1)), "input_size: found 1x-1, expected at least 1x1"),
        (("crop", (1, 1), (1, 1), -1), "crop_short: found -1, expected 0 or more"),
        (("crop", (1, 1), (1, 1), 1, -2), "crop_wide: found -2, expected 0 or more"),
    ],
)
def test_wrong_places_are_named(arguments: tuple[str, tuple[int, int], tuple[int, int]], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        _core.place(*arguments)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 20))
def test_boxes_return_to_the_frame(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    boxes = generator.uniform(-50, 500, (count, 4)).astype(np.float32)
    boxes[generator.random(boxes.shape) < 0.05] = np.nan
    boxes[generator.random(boxes.shape) < 0.05] = np.inf
    placement = _core.Placement((3.5, -20, 300, 410.25), (10, 0, 396, 416))
    found = _core.to_frame(boxes, placement, (320, 240))
    expected = oracle.to_frame(boxes, placement.source, placement.target, (320, 240))
    np.testing.assert_array_equal(found, expected)


def test_the_whole_input_is_the_whole_frame() -> None:
    boxes = np.array([[0, 91, 416, 325]], np.float32)
    placement = _core.place("fit_to_window_letterbox", (1920, 1080), (416, 416))
    assert _core.to_frame(boxes, placement, (1920, 1080)).tolist() == [[0, 0, 1920, 1080]]
