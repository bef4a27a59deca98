"""Alpha pose finds the joints that GluonCV's own chain finds: its crops, MXNet's network, its way back."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from gcv_edge import PoseEstimator
from gcv_edge.cli.info import info
from gcv_edge.exporters.loading import MxnetSource
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.live import trace
from gcv_edge.exporters.source import ExportOptions, Reference
from gcv_edge.metadata import Preprocessing
from gcv_edge.pipeline import export_loaded
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.pose import see_person, show_person
from gcv_edge.tasks import POSE
from tests.runtime.conftest import Maker
from tests.support import small_detectors

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

JOINTS = 17
HEIGHT, WIDTH = 320, 256
PAIRS = [(left, left + 1) for left in range(1, JOINTS, 2)]
"""Joints that change over in a mirror image."""
PEOPLE = {
    "large": ((1920, 1080), [(700.3, 41.7, 1270.2, 1066.9), (12.5, 500.0, 700.0, 720.5)]),
    "at the rim": ((640, 480), [(0, 0, 99.5, 479), (560.2, 301, 640, 480), (-30, -20, 700, 500)]),
    "small": ((333, 250), [(20, 30, 28, 49), (100.1, 100.1, 101.2, 103.3), (60, 20, 160, 220)]),
    "tall": ((300, 800), [(100.4, 10.1, 150.6, 790.7), (120, 0, 124, 799)]),
    "wide": ((800, 300), [(11, 100.5, 789, 131), (50, 60, 151, 160), (50, 60, 149, 160)]),
    "beside the picture": ((64, 48), [(70, 10, 90, 30), (62.5, 10, 90, 30)]),
}
every_picture = pytest.mark.parametrize(("size", "boxes"), PEOPLE.values(), ids=PEOPLE)


class Exported(NamedTuple):
    """A file, and MXNet with its network."""

    path: Path
    reference: Reference


@pytest.fixture(scope="module")
def exported(mxnet: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A small network with seeded weights that goes by the family's name."""
    block = mxnet.gluon.nn.HybridSequential()
    block.add(small_detectors.trunk(2, 2), mxnet.gluon.nn.Conv2D(JOINTS, 3, padding=1))
    block.initialize(mxnet.init.Zero())
    traced = trace(block, "alpha_pose_small", (1, 3, HEIGHT, WIDTH))
    source, options = MxnetSource(small_detectors.with_weights(traced, seed=3)), ExportOptions()
    path = export_loaded(source, tmp_path_factory.mktemp("nets") / "net.onnx", options).path
    reference = source.convert(options).make_reference()
    assert reference is not None
    return Exported(path, reference)


def draw_frame(size: tuple[int, int]) -> Pixels:
    """A noisy picture, BGR."""
    width, height = size
    random = np.random.default_rng(width)
    coarse = random.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3)).astype(np.uint8)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(int)
    return np.clip(smooth + random.integers(-30, 31, smooth.shape), 0, 255).astype(np.uint8)


def gluoncvs(mxnet: Any, frame: Pixels, boxes: list[Any]) -> tuple[Floats, NDArray[Any]]:
    """Inputs ``[n, 3, H, W]`` and crops ``[n, 4]`` that GluonCV makes of people."""
    from gluoncv.data.transforms.pose import detector_to_alpha_pose

    rgb = np.ascontiguousarray(frame[:, :, ::-1])
    ids, scores = mxnet.nd.zeros((len(boxes), 1)), mxnet.nd.ones((len(boxes), 1))
    rows = mxnet.nd.array(np.array(boxes, np.float32))
    tensors, crops = detector_to_alpha_pose(rgb, ids, scores, rows, output_shape=(HEIGHT, WIDTH))
    return tensors.asnumpy(), crops


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@every_picture
def test_pixels_are_gluoncvs(size: tuple[int, int], boxes: list[Any], gluoncv: object, mxnet: Any) -> None:
    frame, found = draw_frame(size), np.empty((3, HEIGHT, WIDTH), np.float32)
    preprocessing = zoo.default_preprocessing("alpha_pose_resnet101_v1b_coco", POSE, (HEIGHT, WIDTH))
    expected, _ = gluoncvs(mxnet, frame, boxes)
    for box, theirs in zip(np.array(boxes, np.float32), expected, strict=True):
        person = see_person(box, preprocessing, size, (WIDTH, HEIGHT))
        show_person(view_frame(frame, "bgr"), preprocessing, person, found)
        np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("flip", [False, True])
@every_picture
def test_key_points_are_gluoncvs(
    size: tuple[int, int],
    boxes: list[Any],
    flip: bool,
    engine: str,
    gluoncv: object,
    mxnet: Any,
    exported: Exported,
) -> None:
    """``heatmap_to_coord_alpha_pose``, and the flip test of scripts/pose/alpha_pose/validate.py."""
    from gluoncv.data.transforms.pose import flip_heatmap, heatmap_to_coord_alpha_pose

    frame = draw_frame(size)
    tensors, crops = gluoncvs(mxnet, frame, boxes)
    heatmaps = np.concatenate([exported.reference.run(tensor[None])["heatmaps"] for tensor in tensors])
    if flip:
        mirrored = np.concatenate(
            [exported.reference.run(tensor[None, :, :, ::-1].copy())["heatmaps"] for tensor in tensors]
        )
        heatmaps = (heatmaps + flip_heatmap(mirrored, PAIRS, shift=True)) / 2
    keypoints, scores = heatmap_to_coord_alpha_pose(mxnet.nd.array(heatmaps), crops)
    ours = PoseEstimator(exported.path, engine=engine).run(frame, np.array(boxes), flip=flip)
    np.testing.assert_allclose(ours.scores, scores.asnumpy()[:, :, 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.keypoints, keypoints.asnumpy(), rtol=0, atol=1e-3)


def test_info_says_so(make_model: Maker) -> None:
    for rule, shown in {"grown": "1.25 times as large", "cropped": "widened by 20 or 30 %"}.items():
        path = make_model("pose", preprocessing=Preprocessing(box_rule=rule))
        assert shown in CliRunner().invoke(info, [str(path)]).output
