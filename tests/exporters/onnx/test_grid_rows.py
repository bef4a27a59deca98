"""What is in YOLO's rows is read from the graph: an objectness or none, boxes decoded or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support import foreign_detectors as lists
from tests.support import foreign_yolos as yolos
from tests.support.foreign_files import floats, noise, run_file

Make = Callable[[Path], Path]
AUTO = Adoption()
UNIT = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)
REAL = 640
"""Side of the pictures that the published networks see."""


def corners(boxes: np.ndarray) -> np.ndarray:
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def decode(found: np.ndarray, side: int, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores by the families' published formulas."""
    rows = found.transpose(0, 2, 1) if family in ("yolov8", "yolov5-columns") else found
    boxes = rows[..., :4]
    if family == "yolox-raw":
        places, strides = yolos.grid(side)
        boxes = np.concatenate([boxes[..., :2] + places, np.exp(boxes[..., 2:])], axis=-1) * strides
    scores = rows[..., 4:] if family in ("yolov8", "yolov8-rows") else rows[..., 5:] * rows[..., 4:5]
    return corners(boxes), scores


def adopt(
    make: Make, tmp_path: Path, adoption: Adoption = AUTO, options: ExportOptions = UNIT
) -> ExportResult:
    source = make(tmp_path / "foreign.onnx")
    return export(str(source), tmp_path / "adopted.onnx", options=options, adoption=adoption)


def compare(result: ExportResult, source: Path, family: str) -> None:
    assert result.metadata.task.name == "detection"
    assert any(f"of the family {family} " in note for note in result.notes), result.notes
    side = onnx.load(source).graph.input[0].type.tensor_type.shape.dim[3].dim_value
    data = noise(1, 3, side, side)
    found = run_file(result.path, data=data)
    boxes, scores = decode(run_file(source, images=data)["output"], side, family)
    np.testing.assert_allclose(found["boxes"], boxes, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-4, atol=1e-5)


ROWS = partial(yolos.yolov8, is_rows=True)
OBJECTNESS = partial(yolos.yolov8, has_objectness=True)
REAL_SHAPE = {"side": REAL, "classes": 80}


@pytest.mark.parametrize(
    ("make", "family"),
    [
        (partial(yolos.yolov6, **REAL_SHAPE), "yolox"),
        (partial(yolos.yolov6, curve=None), "yolox"),
        (partial(yolos.yolov6, curve="Softplus"), "yolox"),
        (partial(yolos.yolov6, curve="Square"), "yolox"),
        (partial(yolos.yolov6, classes=1), "yolox"),
        (partial(yolos.yolox, **REAL_SHAPE), "yolox"),
        (yolos.yolox_written, "yolox"),
        (yolos.yolox_raw_with_names, "yolox-raw"),
        (partial(yolos.yolox_raw_with_names, **REAL_SHAPE), "yolox-raw"),
        (partial(ROWS, **REAL_SHAPE), "yolov8-rows"),
        (partial(ROWS, classes=1), "yolov8-rows"),
        (yolos.anchors_without_objectness, "yolov8-rows"),
        (partial(OBJECTNESS, **REAL_SHAPE), "yolov5-columns"),
        (partial(OBJECTNESS, is_rows=True), "yolox"),
        (partial(yolos.yolov8, classes=1), "yolov8"),
        (partial(yolos.yolov5, **REAL_SHAPE), "yolov5"),
        (partial(yolos.yolov5, classes=1), "yolov5"),
    ],
)
def test_contents_are_read_from_the_graph(make: Make, family: str, tmp_path: Path) -> None:
    compare(adopt(make, tmp_path), tmp_path / "foreign.onnx", family)


@pytest.mark.parametrize(
    "make",
    [
        partial(yolos.yolox_raw, **REAL_SHAPE),
        partial(yolos.yolox_raw, has_exp=True),
        partial(yolos.yolox_raw, has_bias_apart=True),
        partial(yolos.yolox_raw_with_names, names=("bbox_pred", "centerness", "cls_logits")),
    ],
)
def test_boxes_that_nothing_decodes_are_asked_about(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not certain: give --head yolox-raw \(.*--task tensors"):
        adopt(make, tmp_path)
    compare(adopt(make, tmp_path, Adoption(head="yolox-raw")), tmp_path / "foreign.onnx", "yolox-raw")


@pytest.mark.parametrize(
    ("make", "head", "names"),
    [
        (yolos.one_layer, "yolox", "ab"),
        (yolos.one_layer, "yolov8-rows", "abc"),
        (partial(yolos.one_layer, is_columns=True), "yolov8", "abc"),
        (partial(yolos.one_layer, is_columns=True), "yolov5-columns", "ab"),
    ],
)
def test_names_or_the_user_tell_what_the_graph_does_not(
    make: Make, head: str, names: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=rf"--head {head} \(.*--task tensors"):
        adopt(make, tmp_path)
    for adoption, labels in ((AUTO, tuple(names)), (Adoption(head=head), ())):
        result = adopt(make, tmp_path, adoption, replace(UNIT, labels=labels))
        compare(result, tmp_path / "foreign.onnx", head)


@pytest.mark.parametrize(
    ("make", "options", "error", "message"),
    [
        (yolos.unplaced, UNIT, UsageError, r"is not certain: give --head yolox-raw .* or --head yolox \("),
        (yolos.key_points, UNIT, UsageError, r"is not certain: give --head yolov8 \(.*--head yolov5-columns"),
        (partial(yolos.yolov6, corners=True), UNIT, UnsupportedError, "--box-format xyxy"),
        (partial(ROWS, unit=1 / REAL), UNIT, UnsupportedError, "--normalized"),
        (partial(yolos.yolov8, unit=1e6), UNIT, UnsupportedError, "10 times the input of 64x64 at most"),
        (partial(ROWS, unit=40.0), UNIT, UnsupportedError, "10 times the input of 64x64 at most"),
        (lists.class_before_score, replace(UNIT, task="detection"), UsageError, "of no detector"),
    ],
)
def test_what_is_not_certain_or_cannot_be_is_refused(
    make: Make, options: ExportOptions, error: type[GcvEdgeError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message) as caught:
        adopt(make, tmp_path, options=options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adopted.onnx").exists()


def test_decoding_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="at most: decoded twice"):
        adopt(partial(yolos.yolov6, side=320), tmp_path, Adoption(head="yolox-raw"))


def test_corners_are_taken_as_such(tmp_path: Path) -> None:
    result = adopt(partial(yolos.yolov6, corners=True), tmp_path, Adoption(box_format="xyxy"))
    data = noise(1, 3, yolos.SIDE, yolos.SIDE)
    expected = run_file(tmp_path / "foreign.onnx", images=data)["output"][..., :4]
    np.testing.assert_allclose(run_file(result.path, data=data)["boxes"], expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("objectness", "by_rows", "head"),
    [
        (False, False, "yolov8"),
        (False, True, "yolov8-rows"),
        (True, False, "yolov5-columns"),
        (True, True, "yolox"),
    ],
)
def test_boxes_of_a_form_that_is_said_are_decoded(
    objectness: bool, by_rows: bool, head: str, tmp_path: Path
) -> None:
    """Softplus, and nothing that places the boxes: neither raw nor decoded, as far as the graph tells."""
    file = lists.start()
    parts = [file.op("Mul", file.op("Softplus", lists.columns(file, 4)), file.constant(20.0))]
    parts += [file.op("Sigmoid", lists.columns(file, width)) for width in ((1, 3) if objectness else (3,))]
    joined = file.op("Concat", *parts, axis=1, name="x" if by_rows else "y")
    if by_rows:
        file.op("Transpose", joined, perm=[0, 2, 1], name="y")
    width = 8 if objectness else 7
    shape = (1, lists.CELLS, width) if by_rows else (1, width, lists.CELLS)
    source = str(file.save(tmp_path / "net.onnx", {"y": floats(*shape)}))
    options = replace(UNIT, task="detection")
    with pytest.raises(UsageError, match="is not certain: give --head"):
        export(source, tmp_path / "out.onnx", options=options)
    said = Adoption(box_format="cxcywh")
    result = export(source, tmp_path / "out.onnx", options=options, adoption=said)
    assert any(f"of the family {head} (--head)" in note for note in result.notes)
