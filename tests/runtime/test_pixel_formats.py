"""Frames in cameras' formats: every class gives what it gives for the same picture in colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import ActionRecognizer, ImageTranslator, PixelFormat, PoseEstimator, Segmenter, load
from gcv_edge.metadata import ClipSettings, Preprocessing
from tests.core import yuv_oracle
from tests.core.yuv_oracle import FORMATS
from tests.runtime.conftest import Maker, write_video

SIZE = (48, 36)
FITTED = Preprocessing(resize_type="fit_to_window_letterbox", pad_value=114)
ATTRIBUTES = {
    "detection": ("boxes", "scores", "class_ids"),
    "instance_segmentation": ("boxes", "scores", "masks"),
    "classification": ("logits",),
    "segmentation": ("class_map",),
    "pose": ("keypoints", "scores"),
    "depth": ("disparity",),
    "embedding": ("vector",),
    "regression": ("values",),
    "image_to_image": ("pixels",),
}


def draw_frame(pixel_format: str, seed: int = 0) -> NDArray[np.uint8]:
    shape = yuv_oracle.frame_shape(pixel_format, SIZE)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def assert_equal(found: Any, expected: Any, kind: str) -> None:
    for name in ATTRIBUTES[kind]:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_every_class_takes_every_format(kind: str, make_model: Maker) -> None:
    network: Any = load(make_model(kind, preprocessing=FITTED))
    for pixel_format in FORMATS:
        frame = draw_frame(pixel_format)
        bgr = np.ascontiguousarray(yuv_oracle.to_rgb(frame, pixel_format)[:, :, ::-1])
        expected = network.run(bgr)
        assert_equal(network.run(frame, format=pixel_format), expected, kind)
        assert_equal(network.run_batch([frame], format=pixel_format)[0], expected, kind)
        (streamed,) = network.stream([frame], format=pixel_format)
        assert_equal(streamed, expected, kind)


def test_matrix_and_range(make_model: Maker) -> None:
    network: Any = load(make_model("classification"))
    frame = draw_frame("nv12")
    for matrix in yuv_oracle.LUMA:
        for range_ in ("limited", "full"):
            rgb = yuv_oracle.to_rgb(frame, "nv12", matrix, range_)
            found = network.run(frame, format=PixelFormat("nv12", matrix, range_))
            assert_equal(found, network.run(rgb, format="rgb"), "classification")


def test_formats_of_colours_say_the_order(make_model: Maker) -> None:
    network: Any = load(make_model("classification"), color="rgb")
    bgr = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    alpha = np.dstack([bgr, bgr[:, :, 0]])
    expected = network.run(bgr[:, :, ::-1])
    for frame, name in [
        (bgr, "bgr"),
        (bgr[:, :, ::-1], "rgb"),
        (alpha, "bgra"),
        (alpha[:, :, [2, 1, 0, 3]], "rgba"),
    ]:
        assert_equal(network.run(frame, format=name), expected, "classification")
    gray = bgr[:, :, 1]
    assert_equal(network.run(gray, format="gray"), network.run(gray), "classification")
    assert_equal(network.run(gray[:, :, None], format="gray"), network.run(gray), "classification")


@pytest.mark.parametrize("format", ["rgb", "rgba", "bgr", "yuyv"])
def test_a_picture_has_the_frames_order(format: str, make_model: Maker) -> None:
    network = ImageTranslator(make_model("image_to_image"))
    rgb = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    frame = {"rgb": rgb, "rgba": np.dstack([rgb, rgb[:, :, 0]]), "bgr": rgb[:, :, ::-1]}.get(format)
    if frame is None:
        frame = np.random.default_rng(1).integers(0, 256, (32, 32, 2), np.uint8)
        rgb = yuv_oracle.to_rgb(frame, format)
    pixels = network.run(frame, format=format).pixels
    expected = network.run(rgb[:, :, ::-1]).pixels
    np.testing.assert_array_equal(pixels[:, :, ::-1] if "rgb" in format else pixels, expected)


def test_boxes_and_scales(make_model: Maker) -> None:
    frame, boxes = draw_frame("i420"), [[3, 4, 30, 30], [10, 5, 40, 33]]
    rgb = yuv_oracle.to_rgb(frame, "i420")
    pose = PoseEstimator(make_model("pose"), color="rgb")
    assert_equal(pose.run(frame, boxes, format="i420"), pose.run(rgb, boxes), "pose")
    segmenter = Segmenter(make_model("segmentation"), color="rgb")
    scaled = segmenter.run(frame, scales=(1.0,), base_size=64, format="i420")
    assert_equal(scaled, segmenter.run(rgb, scales=(1.0,), base_size=64), "segmentation")


def test_videos(make_model: Maker, tmp_path: object) -> None:
    settings = ClipSettings((0, 2, 4, 6), 8, 3)
    network = ActionRecognizer(make_model("clip", clip=settings), color="rgb")
    frames = [draw_frame("nv21", seed) for seed in range(20)]
    colors = [yuv_oracle.to_rgb(frame, "nv21") for frame in frames]
    expected = network.run(colors).logits
    np.testing.assert_array_equal(network.run(frames, format="nv21").logits, expected)
    (streamed,) = network.stream(frames, format="nv21")
    (plain,) = network.stream(colors)
    np.testing.assert_array_equal(streamed.logits, plain.logits)
    video = write_video(tmp_path / "clip.avi", 12)  # type: ignore[operator]
    np.testing.assert_array_equal(
        network.run(video, format="nv21").logits, network.run(video).logits
    )  # a file's frames are read


WRONG = [
    (
        "nv12",
        (36, 48, 3),
        r"frame: found shape \(36, 48, 3\), expected height \* 3 / 2 x width, both even for nv12",
    ),
    (
        "i420",
        (54, 47),
        r"frame: found shape \(54, 47\), expected height \* 3 / 2 x width, both even for i420",
    ),
    ("yuyv", (36, 48), r"frame: found shape \(36, 48\), expected height x width x 2 for yuyv"),
    ("uyvy", (36, 47, 2), r"frame: found shape \(36, 47, 2\), expected an even width for uyvy"),
    ("rgba", (36, 48, 3), r"frame: found shape \(36, 48, 3\), expected height x width x 4 for rgba"),
    ("gray", (36, 48, 3), r"frame: found shape \(36, 48, 3\), expected height x width \[x 1\] for gray"),
    ("nv12", (0, 48), r"frame: found shape \(0, 48\), expected at least one pixel"),
    ("yv12", (54, 48), "format: found 'yv12', expected one of bgr, rgb, gray, bgra, rgba, yuyv, uyvy, nv12"),
]


@pytest.mark.parametrize(("format", "shape", "text"), WRONG)
def test_wrong_frames_are_named(format: str, shape: tuple[int, ...], text: str, make_model: Maker) -> None:
    network: Any = load(make_model("classification"))
    frame = np.zeros(shape, np.uint8)
    for run in (network.run, lambda frame, **how: list(network.stream([frame], **how))):
        with pytest.raises(ValueError, match=text):
            run(frame, format=format)
    with pytest.raises(ValueError, match=r"frames\[0\]: " + text):
        network.run_batch([frame], format=format)


def test_wrong_types_are_named(make_model: Maker) -> None:
    network: Any = load(make_model("classification"))
    with pytest.raises(TypeError, match="format: found 12, expected a name or a PixelFormat"):
        network.run(draw_frame("nv12"), format=12)
    with pytest.raises(TypeError, match="frame: found an array of float32"):
        network.run(np.zeros((54, 48), np.float32), format="nv12")
    with pytest.raises(ValueError, match="matrix: found 'bt2020', expected one of bt601, bt709"):
        PixelFormat("nv12", matrix="bt2020")
    with pytest.raises(ValueError, match="range: found 'jpeg', expected one of limited, full"):
        PixelFormat("nv12", range="jpeg")
