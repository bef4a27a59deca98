"""What a network sees is what it saw in GluonCV's own evaluation: input tensors, pixel by pixel.

``pytest tests/runtime/test_gluoncv_pixels.py -m mxnet -s`` prints the table of docs/gluoncv.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import pipeline
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.pose import see_person, show_person
from gcv_edge.runtime.preprocessing import fill

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Transform = Callable[[Any, Pixels], Floats]

SIZES = {
    "large": (2400, 1600),
    "full HD": (1920, 1080),
    "VGA": (640, 480),
    "portrait": (480, 640),
    "square": (333, 333),
    "small": (60, 40),
    "tiny": (7, 5),
    "tall": (90, 800),
    "wide": (800, 90),
}


def draw_pictures() -> Iterator[Pixels]:
    """Ten pictures in BGR, the last grey."""
    generator = np.random.default_rng(5)
    for width, height in SIZES.values():
        coarse = generator.integers(0, 256, (height // 3 + 2, width // 3 + 2, 3), np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(int)
        yield np.clip(smooth + generator.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)
    yield np.repeat(generator.integers(0, 256, (200, 300, 1), np.uint8), 3, axis=2)


def stretched(size: int, kind: str) -> Transform:
    def transform(mxnet: Any, rgb: Pixels) -> Floats:
        from gluoncv.data.transforms.presets.ssd import SSDDefaultValTransform
        from gluoncv.data.transforms.presets.yolo import YOLO3DefaultValTransform

        kinds = {"ssd": SSDDefaultValTransform, "yolo": YOLO3DefaultValTransform}
        return kinds[kind](size, size)(mxnet.nd.array(rgb, dtype="uint8"), np.zeros((1, 6)))[0].asnumpy()

    return transform


def centred(mxnet: Any, rgb: Pixels) -> Floats:
    from gluoncv.data.transforms.presets.center_net import CenterNetDefaultValTransform

    label = np.array([[0.0, 0, 1, 1, 0, 0]])
    return CenterNetDefaultValTransform(512, 512)(mxnet.nd.array(rgb, dtype="uint8"), label)[0].asnumpy()


def cropped(short: int, size: int) -> Transform:
    def transform(mxnet: Any, rgb: Pixels) -> Floats:
        from gluoncv.data.transforms.presets.imagenet import transform_eval

        return transform_eval(mxnet.nd.array(rgb, dtype="uint8"), short, size)[0].asnumpy()

    return transform


def posed(mxnet: Any, rgb: Pixels) -> Floats:
    from gluoncv.data.transforms.presets.simple_pose import SimplePoseDefaultValTransform

    label = {"bbox": box_of(rgb).tolist(), "joints_3d": None}
    transform = SimplePoseDefaultValTransform(17, [], image_size=(256, 192))
    return transform(mxnet.nd.array(rgb, dtype="uint8"), label, "")[0].asnumpy()


def posed_in_a_crop(mxnet: Any, rgb: Pixels) -> Floats:
    from gluoncv.data.transforms.presets.alpha_pose import AlphaPoseDefaultValTransform

    transform = AlphaPoseDefaultValTransform(17, [], image_size=(320, 256))
    label = {"bbox": box_of(rgb).tolist(), "joints_3d": None}
    return transform(mxnet.nd.array(rgb, dtype="uint8"), label, "")[0].asnumpy()


def box_of(picture: Pixels) -> Floats:
    """A person's box that reaches to the picture's rim."""
    height, width = picture.shape[:2]
    return np.array([width * 0.2513, height * 0.1037, width - 1, height * 0.9011], np.float32)


def recognised(mxnet: Any, rgb: Pixels) -> Floats:
    from gluoncv.data.transforms.video import VideoGroupValTransform

    resized = cv2.resize(rgb, (340, 256))
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    return VideoGroupValTransform(224, mean, std)([resized])[0]


def squashed(mxnet: Any, rgb: Pixels) -> Floats:
    """As scripts/depth/test.py: monodepth2 has its mean and deviation inside."""
    from PIL import Image

    rows = Image.fromarray(rgb).resize((640, rgb.shape[0]), Image.Resampling.LANCZOS)
    resized = rows.resize(
        (640, 192), Image.Resampling.LANCZOS
    )  # in one step, Pillow 13 may begin with columns
    return mxnet.nd.image.to_tensor(mxnet.nd.array(np.asarray(resized), dtype="uint8")).asnumpy()


def unsized(mxnet: Any, rgb: Pixels) -> Floats:
    """As scripts/classification/cifar: pictures have the input's size."""
    from mxnet.gluon.data.vision import transforms

    steps = [transforms.ToTensor(), transforms.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010])]
    return transforms.Compose(steps)(mxnet.nd.array(rgb, dtype="uint8")).asnumpy()


FAMILIES: dict[str, tuple[str, Transform]] = {
    "SSD": ("ssd_300_mobilenet1.0_lite_coco", stretched(300, "ssd")),
    "YOLOv3": ("yolo3_mobilenet0.25_voc", stretched(416, "yolo")),
    "CenterNet": ("center_net_mobilenetv3_small_duc_coco", centred),
    "classification": ("squeezenet1.1", cropped(256, 224)),
    "classification at 299": ("inceptionv3", cropped(342, 299)),
    "simple pose": ("simple_pose_resnet18_v1b", posed),
    "mobile pose": ("mobile_pose_resnet18_v1b", posed),
    "alpha pose": ("alpha_pose_resnet101_v1b_coco", posed_in_a_crop),
    "action": ("inceptionv1_kinetics400", recognised),
    "depth": ("monodepth2_resnet18_kitti_mono_640x192", squashed),
    "CIFAR": ("cifar_resnet20_v1", unsized),
}


def our_input(preprocessing: Preprocessing, size: tuple[int, int], picture: Pixels, is_pose: bool) -> Floats:
    slot = np.empty((3, size[1], size[0]), np.float32)
    if is_pose:
        view = view_frame(picture, "bgr")
        show_person(view, preprocessing, see_person(box_of(picture), preprocessing, view.size, size), slot)
    else:
        fill(view_frame(picture, "bgr"), preprocessing, slot)
    return slot


@pytest.mark.slow  # exports ten networks; tests/core holds every way to resize in each run
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_inputs_are_gluoncvs(family: str, gluoncv: object, mxnet: Any, tmp_path: Path) -> None:
    name, transform = FAMILIES[family]
    file = tmp_path / "network.onnx"
    pipeline.export(name, file, random_weights=1, verify=False, options=ExportOptions())
    preprocessing = read_metadata(file).preprocessing
    scale = np.array(preprocessing.scale, np.float32)[:, None, None]
    worst, total, count = 0.0, 0.0, 0
    for picture in draw_pictures():
        if family == "CIFAR":
            picture = cv2.resize(picture, (32, 32))
        theirs = transform(mxnet, np.ascontiguousarray(picture[:, :, ::-1]))
        ours = our_input(preprocessing, theirs.shape[:0:-1], picture, family.endswith("pose"))
        levels = np.abs(ours - theirs) * scale
        worst, count = max(worst, float(levels.max())), count + levels.size
        total += float(levels.sum())
    print(f"\n{family}: {name}: at most {worst:.4f} levels, {total / count:.6f} in the mean")
    assert worst <= 1.001
    assert total / count < 0.02
