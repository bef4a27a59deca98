"""What an export assumes of a symbol file, by its name or its constants: size and class names, told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge.exporters.mxnet.anchor_sizes import anchored_size
from gcv_edge.exporters.mxnet.class_names import read_class_names, usual_labels
from gcv_edge.exporters.mxnet.describing import tell_cut_rims
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import Preprocessing
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.tasks import find_task
from tests.support.demo_files import DEMO, PARAMS, SYMBOL

SIZE = tuple(json.loads((DEMO / "demo.json").read_text())["input_shape"])


def export_as(name: str, folder: Path, **options: object) -> ExportResult:
    """Export the shipped YOLOv3 under another name."""
    symbol = folder / f"{name}-symbol.json"
    shutil.copy(SYMBOL, symbol)
    shutil.copy(PARAMS, folder / f"{name}-0000.params")
    return export(str(symbol), folder / "out.onnx", verify=False, options=ExportOptions(**options))  # type: ignore[arg-type]


def test_the_size_that_a_name_tells_is_said_to_be_assumed(tmp_path: Path) -> None:
    found = export_as("yolo3_mobilenet0.25_custom", tmp_path)
    assert (
        "assumed: an input of 1,3,416,416, as is usual for yolo3_mobilenet0.25_custom; if it was trained at "
        "another size, say so (--input-shape)"
    ) in found.notes


def test_a_size_that_is_given_is_not_assumed(tmp_path: Path) -> None:
    found = export_as("yolo3_mobilenet0.25_custom", tmp_path, input_shape=SIZE)
    assert not any("input of" in note for note in found.notes)


def test_a_size_that_the_symbol_tells_is_not_assumed(tmp_path: Path) -> None:
    document = json.loads(SYMBOL.read_text())
    (data,) = (node for node in document["nodes"] if node["name"] == "data")
    data["attrs"] = {"__shape__": str(SIZE)}
    symbol = tmp_path / "yolo3_mobilenet0.25_custom-symbol.json"
    symbol.write_text(json.dumps(document))
    found = export(str(symbol), tmp_path / "out.onnx", params=PARAMS, verify=False)
    assert not any("input of" in note for note in found.notes)


@pytest.mark.parametrize("name", ["cells", "ssd_512_mobilenet1.0_voc"])
def test_the_anchors_of_an_ssd_tell_its_size(testdata: Path, tmp_path: Path, name: str) -> None:
    source = testdata / "trained_ssd_300_mobilenet0.25_custom_bccd/ssd_300_mobilenet0.25_custom"
    shutil.copy(f"{source}-symbol.json", tmp_path / f"{name}-symbol.json")
    shutil.copy(f"{source}-0000.params", tmp_path / f"{name}-0000.params")
    found = export(str(tmp_path / f"{name}-symbol.json"), tmp_path / "out.onnx", verify=False)
    assert "the input is 1,3,300,300, as the anchors in the parameters say (--input-shape)" in found.notes


def grid(step: float, side: float, cells: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Anchors of one size and two ratios, as GluonCV's generator makes them."""
    middle = (np.arange(cells) + 0.5) * step
    y, x = np.meshgrid(middle, middle, indexing="ij")
    rows = [x, y, np.full_like(x, side), np.full_like(x, side)] * 2
    return np.stack(rows, axis=-1)[None, None].astype(np.float32)


@pytest.mark.parametrize(
    ("grids", "size", "why"),
    [
        ([grid(8, 30), grid(100, 200), grid(300, 290)], 300, "the last map is one cell"),
        ([grid(16, 30), grid(32, 80), grid(64, 400)], None, "the last map has several cells"),
        ([grid(512, 400)], None, "one map is no SSD"),
        ([grid(16, 30), grid(99.7, 90)], None, "no whole number of pixels"),
        ([np.ones((1, 1, 4, 4, 8), np.float32), grid(300, 290)], None, "a kernel is no grid"),
        ([], None, "no anchors"),
    ],
)
def test_which_anchors_tell_a_size(grids: list[np.ndarray], size: int | None, why: str) -> None:  # type: ignore[type-arg]
    assert anchored_size({str(place): array for place, array in enumerate(grids)}) == size, why


@pytest.mark.parametrize(
    ("name", "task", "count", "first", "title"),
    [
        ("yolo3_darknet53_voc", "detection", 20, "aeroplane", "Pascal VOC"),
        ("ssd_512_mobilenet1.0_coco", "detection", 80, "person", "COCO"),
        ("ssd_300_vgg16_atrous_voc_int8", "detection", 20, "aeroplane", "Pascal VOC"),
        ("mask_rcnn_resnet50_v1b_coco", "instance_segmentation", 80, "person", "COCO"),
        ("resnet50_v1", "classification", 1000, "tench", "ImageNet"),
        ("simple_pose_resnet18_v1b", "pose", 17, "nose", "COCO's keypoints"),
        ("i3d_resnet50_v1_kinetics400", "action", 400, "abseiling", "Kinetics-400"),
        ("vgg16_ucf101", "action", 101, "ApplyEyeMakeup", "UCF101"),
    ],
)
def test_names_of_published_data_sets(name: str, task: str, count: int, first: str, title: str) -> None:
    labels, found = usual_labels(name, find_task(task), count)
    assert (labels[0], len(labels), found) == (first, count, title)


@pytest.mark.parametrize(
    ("name", "task", "count", "why"),
    [
        ("yolo3_darknet53_voc", "detection", 3, "another number of classes"),
        ("yolo3_darknet53_custom", "detection", 20, "classes of the user's own"),
        ("cifar_resnet20_v1", "classification", 10, "GluonCV names none"),
        ("fcn_resnet50_voc", "segmentation", 21, "GluonCV names none"),
        ("net", "detection", 20, "no zoo name"),
        ("resnet50_v1", "detection", 1000, "another task"),
    ],
)
def test_no_names(name: str, task: str, count: int, why: str) -> None:
    assert usual_labels(name, find_task(task), count) == ((), ""), why


def test_a_symbol_of_a_zoo_name_gets_its_class_names(testdata: Path, tmp_path: Path) -> None:
    symbol = testdata / "gluoncv_squeezenet1.1_converted/squeezenet1.1-symbol.json"
    found = export(str(symbol), tmp_path / "out.onnx", verify=False)
    assert found.metadata.labels == read_class_names()["imagenet"]
    assert "assumed: the 1000 labels of ImageNet, as the name squeezenet1.1 says (--classes)" in found.notes
    given = tuple(f"class {index}" for index in range(1000))
    found = export(str(symbol), tmp_path / "out.onnx", verify=False, options=ExportOptions(labels=given))
    assert found.metadata.labels == given
    assert not any("labels" in note for note in found.notes)


def test_the_names_are_gluoncvs(gluoncv: Any) -> None:
    from gcv_edge.exporters.mxnet.live import ACTION_DATA_SETS

    data = gluoncv.data
    joints = data.mscoco.keypoints.COCOKeyPoints.KEYPOINTS
    expected = {
        "voc": data.VOCDetection.CLASSES,
        "coco": data.COCODetection.CLASSES,
        "imagenet": data.ImageNet1kAttr().classes,
        "coco_keypoints": [joints[index] for index in range(len(joints))],
        **{end[1:]: getattr(data, kind)().classes for end, kind in ACTION_DATA_SETS.items()},
    }
    found = read_class_names()
    assert found == {key: tuple(names) for key, names in expected.items() if key in found}


def test_parameters_of_ones_own_for_a_zoo_name(gluoncv: Any, mxnet: Any, tmp_path: Path) -> None:
    block = gluoncv.model_zoo.get_model("cifar_resnet20_v1", pretrained=False)
    block.initialize()
    block(mxnet.nd.zeros((1, 3, 32, 32)))
    params = tmp_path / "own.params"
    block.save_parameters(str(params))
    said = (
        "assumed: an input of 1,3,32,32, as is usual for cifar_resnet20_v1; if it was trained at another "
        "size, say so (--input-shape)"
    )
    found = export("cifar_resnet20_v1", tmp_path / "out.onnx", params=params, verify=False)
    assert said in found.notes
    sized = ExportOptions(input_shape=(1, 3, 32, 32))
    found = export("cifar_resnet20_v1", tmp_path / "out.onnx", params=params, options=sized, verify=False)
    assert said not in found.notes


@pytest.mark.parametrize(
    ("resize_type", "size", "is_told"),
    [
        ("affine", (288, 512), True),
        ("affine", (512, 512), False),
        ("affine", (512, 288), False),
        ("standard", (288, 512), False),
    ],
)
def test_rims_that_an_affine_map_cuts_off_are_told(
    resize_type: str, size: tuple[int, int], is_told: bool
) -> None:
    """CenterNet's: a wide input shows all of the width of a frame that is less wide."""
    told = list(tell_cut_rims(Preprocessing(resize_type=resize_type), size))
    lost = "frames less wide than 512x288 lose their upper and lower rim"
    assert told == ([f"as in GluonCV, {lost} (--fit letterbox keeps it)"] if is_told else [])
