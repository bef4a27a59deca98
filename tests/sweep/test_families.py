"""One network of each family, alone, as a batch of three, and with an open batch, held against MXNet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from gcv_edge.agreement import compare_all
from gcv_edge.exporters.loading import open_mxnet
from gcv_edge.exporters.mxnet.live import load_zoo_network
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export_loaded
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import ENGINES
from gcv_edge.verification.runs import run_both

pytestmark = pytest.mark.usefixtures("gluoncv")


@dataclass(frozen=True)
class Family:
    """A network of a family at a size that does not take long."""

    task: str
    name: str
    size: tuple[int, ...]


FAMILIES = [
    Family("classification", "mobilenetv2_0.25", (96, 96)),
    Family("classification", "resnest14", (96, 96)),
    Family("detection", "ssd_300_mobilenet0.25_voc", (200, 300)),
    Family("detection", "yolo3_mobilenet0.25_voc", (128, 160)),
    Family("detection", "center_net_mobilenetv3_small_duc_voc", (128, 128)),
    Family("segmentation", "hrnet_w18_small_v1_s", (128, 128)),
    Family("segmentation", "psp_resnet50_ade", (96, 96)),
    Family("pose", "mobile_pose_mobilenetv3_small", (128, 96)),
    Family("action", "resnet18_v1b_kinetics400", (112, 112)),
    Family("action", "i3d_inceptionv1_kinetics400", (16, 64, 64)),
    Family("action", "slowfast_4x16_resnet50_kinetics400", (36, 64, 64)),
    Family("depth", "monodepth2_resnet18_kitti_stereo_640x192", (96, 160)),
]
ONE_BY_ONE = [
    Family("detection", "faster_rcnn_resnet50_v1b_voc", (160, 224)),
    Family("instance_segmentation", "mask_rcnn_fpn_resnet18_v1b_coco", (192, 256)),
]
IDS = [family.name for family in FAMILIES]


def export(family: Family, path: Path, batch: int = 1, dynamic_batch: bool = False) -> ExportResult:
    """Export with random weights; what is refused raises."""
    shape = (batch, 3, *family.size)
    options = ExportOptions(input_shape=shape, dynamic_batch=dynamic_batch)
    network = load_zoo_network(family.name, None, shape, (), 0)
    result = export_loaded(open_mxnet(network, options), path, options)
    assert result.metadata.task.name == family.task
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.reference.startswith("mxnet")
    return result


@pytest.mark.parametrize("family", FAMILIES, ids=IDS)
@pytest.mark.parametrize("batch", [1, 3])
def test_fixed_batches(family: Family, batch: int, tmp_path: Path) -> None:
    result = export(family, tmp_path / "net.onnx", batch)
    assert result.verification is not None
    assert result.verification.batches == (1, 3)
    assert open_session(result.path).input_shape == (batch, 3, *family.size)


@pytest.mark.parametrize("family", FAMILIES, ids=IDS)
def test_open_batches(family: Family, tmp_path: Path) -> None:
    result = export(family, tmp_path / "net.onnx", dynamic_batch=True)
    assert result.verification is not None
    assert result.verification.batches == (1, 3)
    assert open_session(result.path).dynamic_batch
    assert open_session(result.path, batch=3).input_shape[0] == 3


@pytest.mark.parametrize("family", ONE_BY_ONE, ids=[family.name for family in ONE_BY_ONE])
def test_one_picture_at_a_time(family: Family, tmp_path: Path) -> None:
    result = export(family, tmp_path / "net.onnx")
    assert result.verification is not None
    assert result.verification.batches == (1,)


@pytest.mark.parametrize("family", FAMILIES[:1] + FAMILIES[3:4], ids=[IDS[0], IDS[3]])
def test_both_engines_run_open_batches(family: Family, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    result = export(family, path, dynamic_batch=True)
    network = load_zoo_network(family.name, None, (1, 3, *family.size), (), 0)
    options = ExportOptions(input_shape=(1, 3, *family.size))
    for engine in ENGINES:
        runs = run_both(
            path, result.metadata, open_mxnet(network, options).convert(options).make_reference(), engine
        )
        assert all(row.passed for row in compare_all(runs.found, runs.expected, result.metadata))
