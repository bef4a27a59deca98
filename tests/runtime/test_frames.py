"""Frames: every accepted layout gives the same result, everything else one clear error."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import Classifier
from gcv_edge.runtime.frames import view_frame
from tests.runtime.conftest import Maker

RNG = np.random.default_rng(7)
PICTURE = RNG.integers(0, 256, (40, 48, 3), dtype=np.uint8)
RGB = np.ascontiguousarray(PICTURE[:, :, ::-1])
ALPHA = RNG.integers(0, 256, (40, 48, 1), dtype=np.uint8)


def spread(picture: np.ndarray) -> np.ndarray:
    """The same pixels as a view into a larger array, with gaps between rows and pixels."""
    room = np.zeros((picture.shape[0] * 2, picture.shape[1] * 3, *picture.shape[2:]), np.uint8)
    room[::2, ::3] = picture
    return room[::2, ::3]


def planar(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)).transpose(1, 2, 0)


LAYOUTS = {
    "contiguous": (PICTURE, "bgr"),
    "rgb": (RGB, "rgb"),
    "rgb seen as bgr through a negative channel stride": (RGB[:, :, ::-1], "bgr"),
    "bgr seen as rgb through a negative channel stride": (PICTURE[:, :, ::-1], "rgb"),
    "rows upwards": (PICTURE[::-1].copy()[::-1], "bgr"),
    "columns backwards": (PICTURE[:, ::-1].copy()[:, ::-1], "bgr"),
    "everything backwards": (PICTURE[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1], "bgr"),
    "part of a larger picture": (np.pad(PICTURE, ((3, 2), (5, 1), (0, 0)))[3:-2, 5:-1], "bgr"),
    "gaps between pixels": (spread(PICTURE), "bgr"),
    "planes": (planar(PICTURE), "bgr"),
    "Fortran order": (np.asfortranarray(PICTURE), "bgr"),
    "read-only": (np.frombuffer(PICTURE.tobytes(), np.uint8).reshape(PICTURE.shape), "bgr"),
    "alpha": (np.concatenate([PICTURE, ALPHA], axis=2), "bgr"),
    "rgb and alpha": (np.concatenate([RGB, ALPHA], axis=2), "rgb"),
    "alpha, planes": (planar(np.concatenate([PICTURE, ALPHA], axis=2)), "bgr"),
    "alpha, gaps": (spread(np.concatenate([PICTURE, ALPHA], axis=2)), "bgr"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_one_picture_give_one_result(layout: str, make_model: Maker) -> None:
    frame, color = LAYOUTS[layout]
    path = make_model("classification")
    expected = Classifier(path).run(PICTURE).logits
    np.testing.assert_array_equal(Classifier(path, color=color).run(frame).logits, expected)


GRAY = PICTURE[:, :, 0].copy()


@pytest.mark.parametrize(
    "frame",
    [
        GRAY,
        GRAY[:, :, None],
        GRAY[::-1].copy()[::-1],
        GRAY.T.copy().T,
        spread(GRAY),
        GRAY[:, ::-1].copy()[:, ::-1],
    ],
    ids=["2-D", "one channel", "upwards", "Fortran order", "gaps", "backwards"],
)
def test_grey_frames_are_three_equal_channels(frame: np.ndarray, make_model: Maker) -> None:
    classifier = Classifier(make_model("classification"))
    expected = classifier.run(np.repeat(GRAY[:, :, None], 3, axis=2)).logits
    np.testing.assert_array_equal(classifier.run(frame).logits, expected)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1), (1, 500, 3), (500, 1, 3), (4320, 7680, 3)], ids=str)
def test_any_size(shape: tuple[int, ...], make_model: Maker) -> None:
    frame = np.full(shape, 51, np.uint8)
    np.testing.assert_allclose(Classifier(make_model("classification")).run(frame).logits, 0.2, atol=1e-6)


class Picture:
    """Holds pixels behind NumPy's array interface, as PIL's pictures do."""

    __array_interface__ = PICTURE.__array_interface__


BAD_FRAMES = {
    "a list": ([[1, 2], [3, 4]], TypeError, "frame: found list, expected a numpy.ndarray of uint8"),
    "None": (None, TypeError, "frame: found NoneType, expected"),
    "a path": ("cat.jpg", TypeError, "frame: found str, expected"),
    "bytes": (b"123", TypeError, "frame: found bytes, expected"),
    "a PIL-like picture": (Picture(), TypeError, r"frame: found .*Picture, .*np\.asarray\(picture\)"),
    "an OpenCV UMat": (cv2.UMat(PICTURE), TypeError, r"frame: found cv2\.UMat, expected"),
    "floats": (PICTURE / 255, TypeError, "frame: found an array of float64, expected .*uint8"),
    "booleans": (PICTURE > 3, TypeError, "frame: found an array of bool, expected .*uint8"),
    "16 bits": (PICTURE.astype(np.uint16), TypeError, "frame: found an array of uint16"),
    "one axis": (PICTURE.ravel(), ValueError, r"frame: found shape \(5760,\), expected"),
    "a batch": (PICTURE[None], ValueError, r"frame: found shape \(1, 40, 48, 3\), expected"),
    "two channels": (
        PICTURE[:, :, :2],
        ValueError,
        r"frame: found shape \(40, 48, 2\), expected .*1, 3 or 4",
    ),
    "channels first": (PICTURE.transpose(2, 0, 1), ValueError, r"frame: found shape \(3, 40, 48\)"),
    "no rows": (PICTURE[:0], ValueError, r"frame: found shape \(0, 48, 3\), expected at least one pixel"),
    "no columns": (PICTURE[:, :0], ValueError, r"found shape \(40, 0, 3\), expected at least one pixel"),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_anything_else_is_refused(name: str, make_model: Maker) -> None:
    frame, error, message = BAD_FRAMES[name]
    classifier = Classifier(make_model("classification"))
    with pytest.raises(error, match=message):
        classifier.run(frame)
    with pytest.raises(error, match=r"frames\[1\]: frame: "):
        classifier.run_batch([PICTURE, frame])


def test_an_unknown_colour_order(make_model: Maker) -> None:
    with pytest.raises(ValueError, match="color: found 'hsv', expected one of bgr, rgb"):
        Classifier(make_model("classification"), color="hsv")


@pytest.mark.parametrize(
    "layout", ["contiguous", "rgb seen as bgr through a negative channel stride", "rows upwards"]
)
def test_common_layouts_are_not_copied(layout: str) -> None:
    frame, color = LAYOUTS[layout]
    assert np.shares_memory(view_frame(frame, color).pixels, frame)


def test_running_leaves_the_frame_alone(make_model: Maker, tmp_path: Path) -> None:
    frame = PICTURE.copy()
    Classifier(make_model("classification")).run(frame)
    np.testing.assert_array_equal(frame, PICTURE)


STEPS = st.sampled_from([-3, -2, -1, 1, 2, 3])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    channels=st.sampled_from([None, 1, 3, 4]),
    steps=st.tuples(STEPS, STEPS),
    start=st.tuples(st.integers(0, 10), st.integers(0, 10)),
    backwards=st.booleans(),
)
def test_any_slice_of_a_picture_equals_its_copy(
    channels: int | None,
    steps: tuple[int, int],
    start: tuple[int, int],
    backwards: bool,
) -> None:
    picture = np.concatenate([PICTURE, ALPHA], axis=2)
    picture = picture[:, :, 0] if channels is None else picture[:, :, :channels]
    part = picture[start[0] :, start[1] :][:: steps[0], :: steps[1]]
    part = part[:, :, ::-1] if backwards and channels in (3, 4) else part
    view, copy = view_frame(part, "bgr"), view_frame(part.copy(), "bgr")
    pixels = view.pixels if view.format == copy.format else view.pixels[:, :, ::-1]
    np.testing.assert_array_equal(pixels, copy.pixels)
    assert view.size == copy.size == part.shape[1::-1]
    assert view.pixels.strides[1:] == copy.pixels.strides[1:]
