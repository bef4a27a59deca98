"""Detectors of every family become boxes and scores, as NumPy decodes the original's outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError, VerificationError
from gcv_edge.exporters.loading import OnnxSource
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportedModel, ExportOptions
from gcv_edge.pipeline import ExportResult, export, export_loaded
from tests.support import foreign_detectors as files
from tests.support import foreign_yolos as yolos
from tests.support.foreign_detectors import CLASSES, SIDE, STRIDES
from tests.support.foreign_files import noise, run_file

Array = np.ndarray
Decoded = tuple[Array, Array]
UNIT = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3, labels=("a", "b", "c"))
DETECTION = replace(UNIT, task="detection")
AUTO = Adoption()


def corners(boxes: Array) -> Array:
    x, y, width, height = np.moveaxis(boxes, -1, 0)
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=-1)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def spread(scores: Array, ids: Array) -> Array:
    matrix = np.zeros((*scores.shape, CLASSES), np.float32)
    for place in np.ndindex(scores.shape):
        matrix[(*place, int(ids[place]))] = scores[place]
    return matrix


def decode_columns(found: Mapping[str, Array]) -> Decoded:
    rows = found["output"].transpose(0, 2, 1)
    return corners(rows[..., :4]), rows[..., 4:]


def decode_objectness(found: Mapping[str, Array]) -> Decoded:
    rows = found["output"]
    return corners(rows[..., :4]), rows[..., 5:] * rows[..., 4:5]


def decode_cells(found: Mapping[str, Array]) -> Decoded:
    """Cell by cell, as YOLOX's demo does."""
    rows, boxes, at = found["output"], [], 0
    for stride in STRIDES:
        for y in range(SIDE // stride):
            for x in range(SIDE // stride):
                dx, dy, dw, dh = rows[0, at, :4]
                boxes.append([(dx + x) * stride, (dy + y) * stride, np.exp(dw) * stride, np.exp(dh) * stride])
                at += 1
    return corners(np.array(boxes, np.float32)[None]), rows[..., 5:] * rows[..., 4:5]


def decode_end2end(found: Mapping[str, Array]) -> Decoded:
    rows = found["output0"]
    return rows[..., :4], spread(rows[..., 4], rows[..., 5])


def decode_mmdet(found: Mapping[str, Array]) -> Decoded:
    return found["dets"][..., :4], spread(found["dets"][..., 4], found["labels"])


def decode_lists(found: Mapping[str, Array]) -> Decoded:
    return found["boxes"], spread(found["scores"], found["labels"])


def decode_tensorflow(found: Mapping[str, Array]) -> Decoded:
    boxes = found["detection_boxes"][..., [1, 0, 3, 2]] * SIDE
    return boxes, spread(found["detection_scores"], found["detection_classes"] - 1)


def fill(rows: Array) -> Array:
    return np.concatenate([rows, np.zeros((300 - len(rows), *rows.shape[1:]), rows.dtype)])[None]


def decode_torchvision(found: Mapping[str, Array]) -> Decoded:
    assert 0 < len(found["scores"]) < 40
    return fill(found["boxes"]), fill(spread(found["scores"], found["labels"] - 1))


def decode_paddle(found: Mapping[str, Array]) -> Decoded:
    rows = found["rows"]
    return fill(rows[:, 2:]), fill(spread(rows[:, 1], rows[:, 0]))


def decode_detr(found: Mapping[str, Array]) -> Decoded:
    scores = softmax(found["logits"])[..., :-1]
    return corners(found["pred_boxes"]) * SIDE, scores * (scores == scores.max(-1, keepdims=True))


def decode_rtdetr(found: Mapping[str, Array]) -> Decoded:
    return corners(found["pred_boxes"]) * SIDE, sigmoid(found["logits"])


def decode_rtdetr_rows(found: Mapping[str, Array]) -> Decoded:
    return corners(found["output0"][..., :4]) * SIDE, found["output0"][..., 4:]


def decode_rtdetr_list(found: Mapping[str, Array]) -> Decoded:
    rows = found["output0"]
    return corners(rows[..., :4]) * SIDE, spread(rows[..., 4], rows[..., 5])


def decode_fastestdet(found: Mapping[str, Array]) -> Decoded:
    """Cell by cell, as FastestDet's demo does."""
    (maps,) = found["maps"]
    boxes, scores = [], []
    for y in range(4):
        for x in range(4):
            objectness, dx, dy, dw, dh, *classes = maps[:, y, x]
            boxes.append([(np.tanh(dx) + x) / 4, (np.tanh(dy) + y) / 4, sigmoid(dw), sigmoid(dh)])
            scores.append(objectness**0.6 * np.array(classes) ** 0.4)
    return corners(np.array(boxes)[None]) * SIDE, np.array(scores)[None]


def decode_ssd(found: Mapping[str, Array]) -> Decoded:
    return corners(found["locations"]) * SIDE, found["probs"][..., 1:]


PARTS = Adoption(box_format="cxcywh", normalized=True)
SSD = Adoption(box_format="cxcywh", normalized=True, background="first")


@pytest.mark.parametrize(
    ("make", "adoption", "options", "decode", "family"),
    [
        (yolos.yolov8, AUTO, UNIT, decode_columns, "yolov8"),
        (yolos.yolov5, AUTO, UNIT, decode_objectness, "yolov5"),
        (yolos.yolox, AUTO, UNIT, decode_objectness, "yolox"),
        (yolos.yolox_raw, Adoption(head="yolox-raw"), UNIT, decode_cells, "yolox-raw"),
        (files.end2end, AUTO, UNIT, decode_end2end, "end2end"),
        (files.mmdet, AUTO, UNIT, decode_mmdet, "mmdet"),
        (files.lists, AUTO, UNIT, decode_lists, "lists"),
        (files.tensorflow, AUTO, replace(UNIT, mean=None, scale=None), decode_tensorflow, "tensorflow"),
        (files.torchvision, AUTO, UNIT, decode_torchvision, "torchvision"),
        (files.paddle, AUTO, UNIT, decode_paddle, "paddle"),
        (files.detr, AUTO, UNIT, decode_detr, "detr"),
        (files.rtdetr, AUTO, UNIT, decode_rtdetr, "rtdetr"),
        (files.rtdetr_rows, Adoption(head="rtdetr-rows"), UNIT, decode_rtdetr_rows, "rtdetr-rows"),
        (files.rtdetr_list, Adoption(head="rtdetr-list"), UNIT, decode_rtdetr_list, "rtdetr-list"),
        (files.rtdetr_list, PARTS, DETECTION, decode_rtdetr_list, "end2end"),
        (files.fastestdet, AUTO, UNIT, decode_fastestdet, "fastestdet"),
        (files.ssd, SSD, UNIT, decode_ssd, "boxes-scores"),
        (files.ssd, replace(SSD, boxes="locations", scores="probs"), DETECTION, decode_ssd, "boxes-scores"),
        (yolos.yolov8, Adoption(head="yolov8"), DETECTION, decode_columns, "yolov8"),
    ],
)
def test_families(
    make: Callable[[Path], Path],
    adoption: Adoption,
    options: ExportOptions,
    decode: Callable[[Mapping[str, Array]], Decoded],
    family: str,
    tmp_path: Path,
) -> None:
    source = make(tmp_path / "foreign.onnx")
    result = export(str(source), tmp_path / "adopted.onnx", options=options, adoption=adoption)
    assert result.verification is not None
    assert result.verification.reference.startswith("original in onnxruntime")
    assert any(f"of the family {family} " in note for note in result.notes)
    check_decoded(result, source, decode)


def check_decoded(
    result: ExportResult, source: Path, decode: Callable[[Mapping[str, Array]], Decoded]
) -> None:
    """Hold boxes and scores in the file against those that NumPy makes of the original's outputs."""
    levels = np.round(noise(1, 3, SIDE, SIDE) * 255).astype(np.float32)
    preprocessing = result.metadata.preprocessing
    data = levels / np.float32(preprocessing.scale[0])
    found = run_file(result.path, data=data)
    boxes, scores = decode(run_file(source, **foreign_feeds(source, data)))
    np.testing.assert_allclose(found["boxes"], boxes, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-4, atol=1e-5)


def foreign_feeds(source: Path, data: Array) -> dict[str, Array]:
    """Feed the original what the exported file makes of its input."""
    sizes = {
        "im_shape": np.array([[SIDE, SIDE]], np.float32),
        "scale_factor": np.ones((1, 2), np.float32),
        "orig_target_sizes": np.array([[SIDE, SIDE]]),
        "input_tensor": data.transpose(0, 2, 3, 1).astype(np.uint8),
        "images": data,
        "image": data,
    }
    return {value.name: sizes[value.name] for value in onnx.load(source).graph.input}


@pytest.mark.parametrize("batch", [2, "N"])
def test_batches(batch: int | str, tmp_path: Path) -> None:
    source = yolos.yolov8(tmp_path / "foreign.onnx", batch)
    options = replace(DETECTION, dynamic_batch=batch == "N")
    result = export(str(source), tmp_path / "adopted.onnx", options=options)
    assert result.verification is not None
    assert result.verification.batches == (1, 3)
    data = noise(2, 3, SIDE, SIDE)
    boxes, scores = decode_columns(run_file(source, images=data))
    found = run_file(result.path, data=data)
    np.testing.assert_allclose(found["boxes"], boxes, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-4, atol=1e-5)


def test_selection_in_the_graph(tmp_path: Path) -> None:
    source = yolos.yolov5(tmp_path / "foreign.onnx")
    result = export(str(source), tmp_path / "adopted.onnx", options=replace(DETECTION, nms="graph"))
    assert result.verification is not None
    assert [comparison.name for comparison in result.verification.comparisons] == ["detections"]
    assert list(run_file(result.path, data=noise(1, 3, SIDE, SIDE))) == ["ids", "scores", "boxes"]


def test_a_list_is_not_suppressed_again(tmp_path: Path) -> None:
    result = export(str(files.mmdet(tmp_path / "foreign.onnx")), tmp_path / "adopted.onnx", options=UNIT)
    settings = result.metadata.detection
    assert settings is not None
    assert (settings.iou_threshold, settings.nms_topk, settings.post_nms) == (0.0, -1, 300)


def test_what_ultralytics_writes_into_a_file_is_read(tmp_path: Path) -> None:
    source = yolos.yolov8(tmp_path / "foreign.onnx")
    model = onnx.load(source)
    names = "{0: 'red cell', 1: 'white cell', 2: \"cell's\"}"
    onnx.helper.set_model_props(model, {"author": "Ultralytics", "task": "detect", "names": names})
    source.write_bytes(model.SerializeToString())
    result = export(str(source), tmp_path / "adopted.onnx")
    preprocessing = result.metadata.preprocessing
    assert result.metadata.labels == ("red cell", "white cell", "cell's")
    assert (preprocessing.mean, preprocessing.scale) == ((0.0,) * 3, (255.0,) * 3)
    assert (preprocessing.resize_type, preprocessing.pad_value) == ("fit_to_window_letterbox", 114.0)


@pytest.mark.parametrize("task", ["segment", "pose", "obb"])
def test_what_ultralytics_makes_for_other_tasks_is_told(task: str, tmp_path: Path) -> None:
    source = yolos.key_points(tmp_path / "foreign.onnx")
    model = onnx.load(source)
    onnx.helper.set_model_props(model, {"author": "Ultralytics", "task": task, "names": "{0: 'person'}"})
    source.write_bytes(model.SerializeToString())
    result = export(str(source), tmp_path / "adopted.onnx")
    assert result.metadata.task.name == "tensors"
    assert any(f"made by Ultralytics for '{task}', which no task" in note for note in result.notes)
    with pytest.raises(UsageError, match=f"--mean is for pictures .*: made by Ultralytics for '{task}'"):
        export(str(source), tmp_path / "other.onnx", options=ExportOptions(mean=(0.0,)))


@pytest.mark.parametrize(
    ("make", "adoption", "options", "error", "message"),
    [
        (files.ssd, replace(SSD, normalized=False), UNIT, UnsupportedError, "lie between .*--normalized"),
        (yolos.yolox_raw, Adoption(head="yolov5"), UNIT, UnsupportedError, "lie between|rows have"),
        (files.ssd, replace(SSD, box_format="xyxy"), UNIT, UnsupportedError, "expected x1 < x2, y1 < y2"),
        (files.detr, Adoption(head="boxes-scores", box_format="cxcywh", normalized=True),
         replace(UNIT, labels=()), UnsupportedError, "rows have scores from .* expected 0 to 1"),
        (files.mmdet, AUTO, replace(UNIT, labels=()), UsageError, "name them with --classes"),
        (files.detr, AUTO, replace(DETECTION, labels=()), UsageError, "--head detr .* or --head rtdetr "),
        (files.mmdet, Adoption(head="yolov8"), UNIT, UnsupportedError, r"found outputs dets \[1, 20, 5\]"),
        (files.mmdet, Adoption(head="mmdt"), UNIT, UsageError, "did you mean 'mmdet'"),
        (yolos.yolov8, AUTO, replace(UNIT, labels=("a",)), UsageError, "1 class names given, but .* 3"),
        (files.ssd, replace(SSD, boxes="loc"), UNIT, UsageError, "no output 'loc' among locations, probs"),
        (files.paddle, AUTO, replace(UNIT, dynamic_batch=True), UsageError, "leave out --dynamic-batch"),
    ],
)  # fmt: skip
def test_refusals(
    make: Callable[[Path], Path],
    adoption: Adoption,
    options: ExportOptions,
    error: type[GcvEdgeError],
    message: str,
    tmp_path: Path,
) -> None:
    source = make(tmp_path / "foreign.onnx")
    with pytest.raises(error, match=message) as caught:
        export(str(source), tmp_path / "adopted.onnx", options=options, adoption=adoption)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adopted.onnx").exists()


def test_a_file_that_differs_from_its_original_is_refused(tmp_path: Path) -> None:
    first = OnnxSource(yolos.yolov8(tmp_path / "first.onnx"), AUTO)
    other = OnnxSource(yolos.yolov8(tmp_path / "other.onnx", seed=1), AUTO)
    exported = replace(first.convert(UNIT), make_reference=other.convert(UNIT).make_reference)

    class Mixed:
        name = "mixed"

        def convert(self, options: ExportOptions) -> ExportedModel:
            return exported

    with pytest.raises(VerificationError, match="differs from original in onnxruntime"):
        export_loaded(Mixed(), tmp_path / "adopted.onnx", UNIT)
    assert not (tmp_path / "adopted.onnx").exists()
