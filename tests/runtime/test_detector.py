"""Detector: scores, boxes in frame pixels, NMS as GluonCV's, and the file's own settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gcv_edge import Detector
from gcv_edge.errors import UnsupportedError
from gcv_edge.metadata import DetectionSettings
from tests.runtime.conftest import ANCHORS, UNIT, WEIGHTS, Maker, solid

RED = solid(255, 0, 0)
"""64 x 64, so that frame pixels are twice input pixels."""


def test_scores_classes_and_boxes_in_frame_pixels(make_model: Maker) -> None:
    result = Detector(make_model("detection")).run(RED)
    np.testing.assert_allclose(result.scores, [1.0, 0.5], atol=1e-6)
    np.testing.assert_array_equal(result.class_ids, [0, 0])
    np.testing.assert_allclose(result.boxes, ANCHORS[[0, 2]] * 2, atol=1e-4)
    assert result.names == ["red", "red"]
    assert (result.boxes.dtype, result.scores.dtype, result.class_ids.dtype) == (
        np.float32,
        np.float32,
        np.int32,
    )


def test_unpacks_in_gluoncv_order(make_model: Maker) -> None:
    result = Detector(make_model("detection")).run(solid(0, 0, 255))
    class_ids, scores, boxes = result
    np.testing.assert_array_equal(class_ids, [2, 2])
    assert scores is result.scores
    assert boxes is result.boxes


def test_nothing_found_is_an_empty_result(make_model: Maker) -> None:
    result = Detector(make_model("detection")).run(solid(0, 0, 0))
    assert len(result) == 0
    assert result.boxes.shape == (0, 4)
    assert str(result).startswith("Detections(0; ")


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(None, [1.0, 0.5]), (0.0, [1.0, 0.5]), (0.5, [1.0]), (0.6, [1.0]), (1.0, [])],
)
def test_confidence(confidence: float | None, expected: list[float], make_model: Maker) -> None:
    result = Detector(make_model("detection"), confidence=confidence).run(RED)
    np.testing.assert_allclose(result.scores, expected, atol=1e-6)


@pytest.mark.parametrize("confidence", [-0.1, 1.5, float("nan")])
def test_impossible_confidence(confidence: float, make_model: Maker) -> None:
    with pytest.raises(ValueError, match=r"confidence: found .*, expected a number from 0 to 1"):
        Detector(make_model("detection"), confidence=confidence)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [1.0, 0.5]),
        ({"nms_thresh": 0.99}, WEIGHTS),
        ({"nms_thresh": 0.0}, WEIGHTS),
        ({"nms_topk": 1}, [1.0]),
        ({"nms_topk": 2}, [1.0]),
        ({"nms_thresh": 0.99, "nms_topk": -1, "post_nms": 2}, [1.0, 0.8]),
        ({"post_nms": 1}, [1.0]),
    ],
)
def test_set_nms(change: dict[str, float], expected: list[float], make_model: Maker) -> None:
    detector = Detector(make_model("detection"))
    assert detector.set_nms(**change) is None
    np.testing.assert_allclose(detector.run(RED).scores, expected, atol=1e-6)


def test_set_nms_keeps_what_is_not_given(make_model: Maker) -> None:
    detector = Detector(make_model("detection"), confidence=0.3)
    detector.set_nms(nms_thresh=0.6)
    detector.set_nms(post_nms=7)
    assert detector.settings == DetectionSettings(0.3, 0.6, 400, 7)
    assert detector.metadata.detection == DetectionSettings()


@pytest.mark.parametrize(
    "change", [{"nms_topk": 1.5}, {"nms_thresh": float("nan")}, {"post_nms": float("inf")}]
)
def test_impossible_nms_values(change: dict[str, float], make_model: Maker) -> None:
    with pytest.raises(ValueError, match=r"found .*, expected a (whole|finite) number"):
        Detector(make_model("detection")).set_nms(**change)


def test_classes_suppress_each_other_where_the_file_says_so(make_model: Maker) -> None:
    white = solid(255, 255, 255)
    settings = DetectionSettings()
    per_class = Detector(make_model("detection", detection=settings)).run(white)
    agnostic = Detector(make_model("detection", detection=replace(settings, class_agnostic=True))).run(white)
    assert (len(per_class), len(agnostic)) == (6, 2)


def test_boxes_follow_the_files_resize_type(make_model: Maker) -> None:
    frame = solid(255, 255, 255, (32, 64))
    letterbox = replace(UNIT, resize_type="fit_to_window_letterbox")
    stretched = Detector(make_model("detection", preprocessing=UNIT)).run(frame)
    boxed = Detector(make_model("detection", preprocessing=letterbox)).run(frame)
    np.testing.assert_allclose(stretched.boxes[0], [0, 0, 32, 16], atol=1e-4)
    np.testing.assert_allclose(boxed.boxes[0], [0, 0, 32, 16], atol=1e-4)
    np.testing.assert_allclose(stretched.boxes[-1], [32, 16, 64, 32], atol=1e-4)
    np.testing.assert_allclose(boxed.boxes[-1], [32, 16, 64, 32], atol=1e-4)
    assert boxed.scores[0] == pytest.approx(0.5)


def test_mean_and_scale_of_the_file(make_model: Maker) -> None:
    halved = replace(UNIT, mean=(55.0, 0.0, 0.0), scale=(400.0, 255.0, 255.0))
    result = Detector(make_model("detection", preprocessing=halved)).run(RED)
    assert result.scores[0] == pytest.approx(0.5)


def test_network_that_wants_bgr(make_model: Maker) -> None:
    result = Detector(make_model("detection", preprocessing=replace(UNIT, reverse_channels=False))).run(RED)
    np.testing.assert_array_equal(result.class_ids, [2, 2])


def test_nms_inside_the_graph(make_model: Maker) -> None:
    detector = Detector(make_model("kept"))
    result = detector.run(RED)
    np.testing.assert_array_equal(result.class_ids, [1, 2])
    np.testing.assert_allclose(result.scores, [0.9, 0.2])
    np.testing.assert_allclose(result.boxes, ANCHORS[:2] * 2, atol=1e-4)
    with pytest.raises(UnsupportedError, match=r"set_nms is not supported: this file's NMS is in its graph"):
        detector.set_nms(nms_thresh=0.3)


def test_confidence_applies_to_a_graph_with_nms_too(make_model: Maker) -> None:
    assert Detector(make_model("kept"), confidence=0.3).run(RED).names == ["green"]


def test_speed_is_measured(make_model: Maker) -> None:
    speed = Detector(make_model("detection")).run(RED).speed
    assert min(speed.preprocess_ms, speed.inference_ms, speed.postprocess_ms) > 0
    assert speed.total_ms == pytest.approx(speed.preprocess_ms + speed.inference_ms + speed.postprocess_ms)


def test_repr_says_what_runs(make_model: Maker) -> None:
    shown = repr(Detector(make_model("detection")))
    assert shown.startswith("Detector(detection.onnx: input 1x3x32x32, 3 labels, openvino ")
    assert shown.endswith(", f32)")


def test_warmup_runs(make_model: Maker) -> None:
    Detector(make_model("detection")).warmup(2)
