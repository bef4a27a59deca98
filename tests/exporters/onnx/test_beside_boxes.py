"""Outputs beside boxes and scores: an objectness weighs, others are asked about or named as left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcv_edge.errors import UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support import foreign_detectors as files
from tests.support.foreign_files import floats, noise, run_file

OPTIONS = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)
CHOSEN = Adoption(boxes="boxes", scores="scores")
CELLS, CLASSES = files.CELLS, files.CLASSES


def beside(path: Path, name: str, width: int, is_flat: bool = False, is_weighed: bool = False) -> Path:
    """Boxes, scores and one more output of so many probabilities."""
    file = files.start()
    x = files.rows(file, 4 + CLASSES + width)
    more = files.probabilities(file, files.cut(file, x, 4 + CLASSES, 4 + CLASSES + width, 2))
    scores = files.probabilities(file, files.cut(file, x, 4, 4 + CLASSES, 2))
    file.op("Mul", scores, more, name="scores") if is_weighed else file.op("Identity", scores, name="scores")
    file.op("Identity", files.corner_boxes(file, x, files.SIDE), name="boxes")
    if is_flat:
        more = file.op("Squeeze", more, files.integers_of(file, 2))
    file.op("Identity", more, name=name)
    shape = (1, CELLS) if is_flat else (1, CELLS, width)
    outputs = {"boxes": floats(1, CELLS, 4), name: floats(*shape), "scores": floats(1, CELLS, CLASSES)}
    return file.save(path, outputs)


def adopt(source: Path, tmp_path: Path, adoption: Adoption = Adoption()) -> ExportResult:  # noqa: B008
    return export(str(source), tmp_path / "out.onnx", options=OPTIONS, adoption=adoption)


@pytest.mark.parametrize("name", ["objectness", "obj", "pred_obj_conf"])
@pytest.mark.parametrize("is_flat", [False, True])
def test_an_objectness_weighs_the_scores(name: str, is_flat: bool, tmp_path: Path) -> None:
    source = beside(tmp_path / "foreign.onnx", name, 1, is_flat)
    result = adopt(source, tmp_path)
    assert f"scores are multiplied by '{name}'" in result.notes
    data = noise(1, 3, files.SIDE, files.SIDE)
    found = run_file(source, images=data)
    expected = found["scores"] * found[name].reshape(1, CELLS, 1)
    np.testing.assert_allclose(run_file(result.path, data=data)["scores"], expected, atol=1e-5)


def test_scores_that_are_weighed_already_are_taken(tmp_path: Path) -> None:
    source = beside(tmp_path / "foreign.onnx", "objectness", 1, is_weighed=True)
    result = adopt(source, tmp_path)
    assert "left out: objectness (--task tensors exports all)" in result.notes
    data = noise(1, 3, files.SIDE, files.SIDE)
    expected = run_file(source, images=data)["scores"]
    np.testing.assert_allclose(run_file(result.path, data=data)["scores"], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["centerness", "iou", "quality"])
def test_other_numbers_for_each_box_are_asked_about(name: str, tmp_path: Path) -> None:
    source = beside(tmp_path / "foreign.onnx", name, 1)
    with pytest.raises(UsageError, match=f"whether {name} weighs the scores is not certain: give --boxes"):
        adopt(source, tmp_path)
    assert f"left out: {name} (--task tensors exports all)" in adopt(source, tmp_path, CHOSEN).notes


@pytest.mark.parametrize(("name", "width"), [("landmarks", 10), ("masks", 32), ("keypoints", 51)])
def test_what_is_left_out_is_named(name: str, width: int, tmp_path: Path) -> None:
    result = adopt(beside(tmp_path / "foreign.onnx", name, width), tmp_path)
    assert f"left out: {name} (--task tensors exports all)" in result.notes


def boxes_of_one(path: Path, boxes: str, scores: str) -> Path:
    """Boxes ``[N, A, 1, 4]``. Source: the exporter of pytorch-YOLOv4."""
    file = files.start()
    x = files.rows(file, 4 + CLASSES)
    four = files.corner_boxes(file, x, files.SIDE)
    file.op("Unsqueeze", four, files.integers_of(file, 2), name=boxes)
    file.op("Sigmoid", files.cut(file, x, 4, 4 + CLASSES, 2), name=scores)
    return file.save(path, {boxes: floats(1, CELLS, 1, 4), scores: floats(1, CELLS, CLASSES)})


@pytest.mark.parametrize(("boxes", "scores"), [("boxes", "confs"), ("boxes", "scores"), ("out0", "out1")])
@pytest.mark.parametrize("is_named", [False, True])
def test_boxes_that_all_classes_share(boxes: str, scores: str, is_named: bool, tmp_path: Path) -> None:
    source = boxes_of_one(tmp_path / "foreign.onnx", boxes, scores)
    result = adopt(source, tmp_path, Adoption(boxes=boxes, scores=scores) if is_named else Adoption())
    assert result.metadata.task.name == "detection"
    data = noise(1, 3, files.SIDE, files.SIDE)
    expected = run_file(source, images=data)[boxes][:, :, 0]
    np.testing.assert_allclose(run_file(result.path, data=data)["boxes"], expected, atol=1e-3)


@pytest.mark.parametrize(("boxes", "other"), [("boxes", "confs"), ("boxes", "ids"), ("scores", "boxes")])
def test_tensors_are_compared_by_their_names_alone(boxes: str, other: str, tmp_path: Path) -> None:
    source = boxes_of_one(tmp_path / "foreign.onnx", boxes, other)
    result = export(str(source), tmp_path / "out.onnx", options=replace(ExportOptions(), task="tensors"))
    assert result.verification is not None
    assert {one.name for one in result.verification.comparisons} == {boxes, other}
