"""The crops of frames that GluonCV's tests of action networks look at."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge.metadata import ClipSettings, Preprocessing
from gcv_edge.runtime.action import ActionRecognizer
from gcv_edge.runtime.crops import COUNTS, CROPS, fill_crop
from gcv_edge.runtime.frames import view_frame

PLAIN = Preprocessing(mean=(0, 0, 0), scale=(1, 1, 1), resize_type="crop", crop_short=256, crop_wide=340)
SIZE = (224, 224)


def draw_frame(width: int, height: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def our_crops(frame: NDArray[np.uint8], kind: str) -> list[NDArray[np.float32]]:
    view = view_frame(frame, "rgb")
    found = []
    for crop in CROPS[kind](PLAIN, view.size, SIZE):
        slot = np.empty((3, *SIZE), np.float32)
        fill_crop(view, PLAIN, crop, slot)
        found.append(slot.transpose(1, 2, 0))
    assert len(found) == COUNTS[kind]
    return found


@pytest.mark.parametrize("size", [(640, 360), (320, 240), (240, 320), (500, 500)])
def test_ten_crops_are_gluoncvs(gluoncv: object, size: tuple[int, int]) -> None:
    from gluoncv.data.transforms.video import VideoTenCrop

    frame = draw_frame(*size)
    theirs = VideoTenCrop(224)([cv2.resize(frame, (340, 256))])
    for ours, expected in zip(our_crops(frame, "ten"), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1)
        assert np.mean(ours != expected) < 1e-3


@pytest.mark.parametrize("size", [(640, 360), (320, 240), (240, 320), (501, 333)])
def test_three_crops_are_gluoncvs(gluoncv: object, size: tuple[int, int]) -> None:
    from gluoncv.data.transforms.video import ShortSideRescale, VideoThreeCrop

    frame = draw_frame(*size)
    theirs = VideoThreeCrop(224)(ShortSideRescale(224)([frame]))
    for ours, expected in zip(our_crops(frame, "three"), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1)
        assert np.mean(ours != expected) < 1e-3


def test_logits_are_the_mean_of_the_crops(make_model: Any) -> None:
    clip = ClipSettings((0, 2, 4, 6), 8)
    recognizer = ActionRecognizer(make_model("clip", clip=clip, size=(32, 32)), segments=2)
    frames = [draw_frame(90, 60 + i)[:60] for i in range(12)]
    single, three, ten = (recognizer.run(frames, crops=kind).logits for kind in CROPS)
    assert single.shape == three.shape == ten.shape
    assert not np.array_equal(three, single)
    assert not np.array_equal(ten, single)
    np.testing.assert_array_equal(single, recognizer.run(frames).logits)
    plain = [np.full((60, 90, 3), 77, np.uint8)] * 12
    expected, *others = (recognizer.run(plain, crops=kind).logits for kind in CROPS)
    for found in others:
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"crops: found 'nine', expected one of centre, three, ten"):
        recognizer.run(frames, crops="nine")
