"""Colours of segmented classes: equal to those that GluonCV paints, and in the right pixels."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from gcv_edge.runtime import drawing
from gcv_edge.runtime.palettes import PALETTES, find_palette, voc_color
from gcv_edge.runtime.results import Segmentation

VOC = ("background", *(f"thing {i}" for i in range(20)))
MHP = ("background", *(f"part {i}" for i in range(18)))
CITY, ADE = tuple(f"street {i}" for i in range(19)), tuple(f"room {i}" for i in range(150))
STRIPES = np.repeat(np.arange(150, dtype=np.uint8)[None], 4, axis=0)


@pytest.mark.parametrize(
    ("name", "theirs", "classes"),
    [
        ("voc", "pascal_voc", 256),
        ("ade20k", "ade20k", 150),
        ("cityscapes", "citys", 19),
        ("mhp", "mhpv1", 19),
    ],
)
def test_colours_are_gluoncvs(name: str, theirs: str, classes: int, gluoncv: ModuleType) -> None:
    from gluoncv.utils.viz import get_color_pallete

    ids = np.arange(classes, dtype=np.int32).reshape(1, -1)
    painted = np.asarray(get_color_pallete(ids.copy(), theirs).convert("RGB"))[0]
    palette = PALETTES[name]
    np.testing.assert_array_equal(painted, [palette.color_of(class_id) for class_id in range(classes)])
    assert len(palette.colors) == classes


def test_colours_that_are_well_known() -> None:
    assert [voc_color(i) for i in (0, 1, 15, 20, 255)] == [
        (0, 0, 0),
        (128, 0, 0),
        (192, 128, 128),
        (0, 64, 128),
        (224, 224, 192),
    ]
    assert PALETTES["cityscapes"].color_of(0) == (128, 64, 128)
    assert PALETTES["ade20k"].color_of(2) == (6, 230, 230)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (VOC, "voc"),
        (ADE, "ade20k"),
        (CITY, "cityscapes"),
        (MHP, "mhp"),
        ((), "golden"),
        (("rbc", "wbc", "platelet"), "golden"),
    ],
)
def test_auto_goes_by_the_labels(labels: tuple[str, ...], expected: str) -> None:
    assert find_palette("auto", labels) == PALETTES[expected]
    assert find_palette("voc", labels) == PALETTES["voc"]


def paint(labels: tuple[str, ...], count: int, **options: object) -> np.ndarray:
    """Plot classes 0 to count - 1 at full opacity on a grey frame; one pixel of each."""
    class_map = STRIPES[:, :count]
    frame = np.full((*class_map.shape, 3), 77, np.uint8)
    drawn = Segmentation(class_map, labels).plot(frame, opacity=1.0, **options)  # type: ignore[arg-type]
    assert (frame == 77).all()
    assert (drawn == drawn[:1]).all()
    return drawn[0]


@pytest.mark.parametrize(
    ("labels", "name"), [(VOC, "voc"), (MHP, "mhp"), (CITY, "cityscapes"), (ADE, "ade20k")]
)
def test_pixels_have_their_classs_colour(labels: tuple[str, ...], name: str) -> None:
    colors = np.array([PALETTES[name].color_of(i) for i in range(len(labels))])
    painted, rgb = paint(labels, len(labels)), paint(labels, len(labels), color="rgb")
    tinted = slice(1 if labels[0] == "background" else 0, None)
    np.testing.assert_array_equal(painted[tinted], colors[tinted, ::-1])
    np.testing.assert_array_equal(rgb[tinted], colors[tinted])
    np.testing.assert_array_equal(painted[: tinted.start], 77)


def test_golden_colours_leave_the_background() -> None:
    painted = paint((), 5)
    np.testing.assert_array_equal(painted[0], 77)
    np.testing.assert_array_equal(painted[1:], [drawing.color_of(i) for i in range(1, 5)])
    np.testing.assert_array_equal(paint(VOC, 5, palette="golden"), painted)


def test_classes_beyond_a_palette_have_golden_colours() -> None:
    painted = paint((), 25, palette="cityscapes")
    np.testing.assert_array_equal(painted[19:], [drawing.color_of(i) for i in range(19, 25)])


def test_the_border_of_voc_is_painted() -> None:
    class_map = np.array([[0, 255]], np.uint8)
    drawn = Segmentation(class_map, VOC).plot(np.zeros((1, 2, 3), np.uint8), opacity=1.0)
    np.testing.assert_array_equal(drawn, [[[0, 0, 0], [192, 224, 224]]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_opacity_mixes(dtype: type) -> None:
    frame = np.full((1, 2, 3), 100, np.uint8)
    drawn = Segmentation(np.array([[0, 1]], dtype), VOC).plot(frame, opacity=0.25)
    np.testing.assert_array_equal(drawn, [[[100, 100, 100], [75, 75, 107]]])
    np.testing.assert_array_equal(Segmentation(np.array([[0, 1]], dtype), VOC).plot(frame, opacity=0), frame)


def test_unknown_names_are_told() -> None:
    result, frame = Segmentation(np.zeros((2, 2), np.uint8), VOC), np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match="palette: found 'pascal', expected one of auto, voc, ade20k, citys"):
        result.plot(frame, palette="pascal")
    with pytest.raises(ValueError, match="color: found 'yuv', expected one of bgr, rgb"):
        result.plot(frame, color="yuv")
