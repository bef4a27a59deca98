"""Options that mean nothing for what a network turns out to be are refused, whatever it comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.errors import UsageError
from gcv_edge.exporters.framing import FrameFit
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.support import foreign_detectors, foreign_yolos
from tests.support.foreign_files import ForeignFile, floats
from tests.support.symbol_files import SymbolFile

SHAPE = (1, 3, 16, 16)
LEVELS = {"mean": (0.0,) * 3, "scale": (255.0,) * 3}


def symbol(folder: Path) -> str:
    net = SymbolFile()
    return net.save(folder, net.op("softmax", "prob", net.classes(4)))


def foreign(folder: Path) -> str:
    file = ForeignFile()
    file.vector(file.features(file.input("x", list(SHAPE))), 8, 4, name="y")
    return str(file.save(folder / "foreign.onnx", {"y": floats(1, 4)}))


def module(folder: Path) -> str:
    pytest.importorskip("torch", reason="the extra [torch] is not installed", exc_type=ImportError)
    return "torch_networks:classifier"


@pytest.mark.parametrize("make", [symbol, foreign, module])
@pytest.mark.parametrize(
    ("task", "given", "message"),
    [
        ("tensors", {"mean": (1.0,) * 3}, "--mean is for pictures and clips"),
        ("tensors", {"scale": (1.0,) * 3}, "--scale is for pictures and clips"),
        ("tensors", {"bgr": True}, "--bgr is for pictures and clips"),
        ("tensors", {"fit": FrameFit("crop")}, "--fit is for pictures and clips"),
        ("tensors", {"labels": tuple("abcd")}, "--classes is for networks with a task"),
        ("tensors", {"activation": "sigmoid"}, "--activation is for classification and action"),
        ("tensors", {"image_range": (0.0, 1.0)}, "--image-range is for image_to_image"),
        ("tensors", {"nms": "graph"}, "--nms graph is for detectors"),
        ("classification", {"nms": "graph"}, "--nms graph is for detectors"),
        ("classification", {"image_range": (0.0, 1.0)}, "--image-range is for image_to_image"),
        ("embedding", {"activation": "none"}, "--activation is for classification and action"),
    ],
)
def test_what_means_nothing_is_refused(
    make: Callable[[Path], str], task: str, given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    source = make(tmp_path)
    levels = LEVELS if task != "tensors" and source.endswith(".onnx") else {}
    options = ExportOptions(**{"input_shape": SHAPE, "task": task, **levels, **given})
    with pytest.raises(UsageError, match=f"{message}, and the network is exported for task {task}") as caught:
        export(source, tmp_path / "out.onnx", options=options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.onnx").exists()


def test_the_reason_is_said_where_nobody_asked_for_tensors(tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.features(file.input("x", list(SHAPE)))
    file.vector(x, 8, 4, name="age")
    file.vector(x, 8, 2, name="gender")
    source = file.save(tmp_path / "foreign.onnx", {"age": floats(1, 4), "gender": floats(1, 2)})
    with pytest.raises(UsageError, match="task tensors: its outputs age, gender are exported as they are"):
        export(str(source), tmp_path / "out.onnx", options=ExportOptions(**LEVELS))


@pytest.mark.parametrize(
    ("adoption", "options", "message"),
    [
        (Adoption(normalized=True), {"task": "classification"}, "--normalized is for detectors"),
        (Adoption(box_format="xyxy"), {"task": "tensors"}, "--box-format is for detectors"),
        (Adoption(head="yolov8"), {"task": "embedding"}, "--head is for detectors"),
        (Adoption(), {"part": 1}, "--part is for MXNet's networks"),
        (Adoption(), {"further_shapes": (SHAPE,)}, "2 times --input-shape for the input x"),
    ],
)
def test_what_means_nothing_for_a_foreign_file(
    adoption: Adoption, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    levels = {} if options.get("task") == "tensors" else LEVELS
    chosen = ExportOptions(**{"input_shape": SHAPE, **levels, **options})
    with pytest.raises(UsageError, match=message):
        export(foreign(tmp_path), tmp_path / "out.onnx", options=chosen, adoption=adoption)


def test_foreign_files_have_their_own_parameters(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--params is for MXNet; an"):
        export(foreign(tmp_path), tmp_path / "out.onnx", params="x.params")


@pytest.mark.parametrize(
    ("make", "adoption", "option"),
    [
        (foreign_yolos.yolov5, Adoption(background="first"), "--background"),
        (foreign_yolos.yolox_raw_with_names, Adoption(normalized=True), "--normalized"),
        (foreign_detectors.detr, Adoption(box_format="xyxy"), "--box-format"),
        (foreign_detectors.mmdet, Adoption(scores="labels"), "--scores"),
    ],
)
def test_what_means_nothing_for_a_family(
    make: Callable[[Path], Path], adoption: Adoption, option: str, tmp_path: Path
) -> None:
    options = ExportOptions(labels=("a", "b", "c"), **LEVELS)
    source = make(tmp_path / "foreign.onnx")
    with pytest.raises(UsageError, match=f"{option} means nothing for the family"):
        export(str(source), tmp_path / "out.onnx", options=options, adoption=adoption)


def grey_symbol(folder: Path) -> str:
    net = SymbolFile(channels=1)
    return net.save(folder, net.op("softmax", "prob", net.classes(4)))


def grey_foreign(folder: Path) -> str:
    file = ForeignFile()
    file.vector(file.features(file.input("x", [1, 1, 16, 16]), 1), 8, 4, name="y")
    return str(file.save(folder / "foreign.onnx", {"y": floats(1, 4)}))


def grey_module(folder: Path) -> str:
    module(folder)
    return "torch_networks:grey_classifier"


@pytest.mark.parametrize("make", [grey_symbol, grey_foreign, grey_module])
def test_grey_has_no_order_of_colours(make: Callable[[Path], str], tmp_path: Path) -> None:
    source = make(tmp_path)
    with pytest.raises(UsageError, match="--bgr is for networks of three channels, and this one sees grey"):
        export(source, tmp_path / "out.onnx", options=ExportOptions(input_shape=(1, 1, 16, 16), bgr=True))
