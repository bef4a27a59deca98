"""Really trained GluonCV detectors, exported from their two files, against what MXNet gave for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from gcv_edge import Detector, _core
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.end_to_end.voc_metric import Scene, mean_average_precision

CLASSES = ("RBC", "WBC", "Platelets")


class Trained(NamedTuple):
    """A trained detector: its folder, exported file, and MXNet's mAP on the test pictures."""

    folder: Path
    exported: ExportResult
    reference_map: float


@pytest.fixture(scope="module", params=["yolo3", "ssd_300"])
def trained(
    request: pytest.FixtureRequest, testdata: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    folder = next(testdata.glob(f"trained_{request.param}*"))
    size = {"yolo3": 320, "ssd_300": 300}[request.param]
    options = ExportOptions(input_shape=(1, 3, size, size), labels=CLASSES)
    output = tmp_path_factory.mktemp("trained") / f"{request.param}.onnx"
    result = export(str(next(folder.glob("*-symbol.json"))), output, options=options)
    measured = json.loads((folder / "map_test.json").read_text())
    return Trained(folder, result, measured["AP"]["mAP"])


def test_verified_against_a_reference(trained: Trained) -> None:
    assert trained.exported.verification is not None
    assert trained.exported.verification.passed
    assert trained.exported.verification.inputs == ("black", "noise", "picture")


def detections_of(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _core.detect(outputs["boxes"][0], outputs["scores"][0], 0.01, 0.45, 400, 100, False)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_every_detection_of_mxnet_is_found(trained: Trained, engine: str) -> None:
    stored = np.load(next(trained.folder.glob("outputs_*.npz")))
    session = Detector(trained.exported.path, engine=engine).session
    for picture, ids, scores, boxes in zip(
        stored["x"], stored["ids"], stored["scores"], stored["bboxes"], strict=True
    ):
        found_boxes, found_scores, found_ids = detections_of(session.run(picture[None]))
        real = ids[:, 0] >= 0
        np.testing.assert_array_equal(found_ids, ids[real, 0])
        np.testing.assert_allclose(found_scores, scores[real, 0], atol=1e-4, rtol=0)
        np.testing.assert_allclose(found_boxes, boxes[real], atol=0.05, rtol=0)


def test_map_on_stored_inputs_is_mxnets(trained: Trained) -> None:
    stored = np.load(next(trained.folder.glob("outputs_*.npz")))
    size = stored["x"].shape[2]
    session = Detector(trained.exported.path).session
    ours, theirs = [], []
    for index, truth in enumerate(stored["gt"]):
        truth = truth[truth[:, 4] >= 0]
        boxes, scores, ids = detections_of(session.run(stored["x"][index][None]))
        ours.append(Scene(boxes.clip(0, size), ids, scores, truth[:, :4], truth[:, 4]))
        reference = (
            stored["bboxes"][index].clip(0, size),
            stored["ids"][index, :, 0],
            stored["scores"][index, :, 0],
        )
        theirs.append(Scene(*reference, truth[:, :4], truth[:, 4]))
    expected = mean_average_precision(theirs, len(CLASSES))
    assert expected > 0.5
    assert mean_average_precision(ours, len(CLASSES)) == pytest.approx(expected, abs=1e-4)


def read_truth(annotation: Path) -> tuple[np.ndarray, np.ndarray]:
    objects = ElementTree.parse(annotation).getroot().findall("object")
    corners = [
        [float(o.findtext(f"bndbox/{k}", "")) - 1 for k in ("xmin", "ymin", "xmax", "ymax")] for o in objects
    ]
    names = [o.findtext("name", "") for o in objects]
    return np.array(corners).reshape(-1, 4), np.array([CLASSES.index(name) for name in names])


def test_map_through_detector_on_jpegs(trained: Trained, testdata: Path) -> None:
    """In input pixels, as MXNet's figure was measured: the metric's +1 depends on the scale."""
    folder = testdata / "bccd_voc"
    detector = Detector(trained.exported.path)
    scenes = []
    for name in (folder / "ImageSets" / "Main" / "test.txt").read_text().split():
        frame = cv2.imread(str(folder / "JPEGImages" / f"{name}.jpg"))
        found = detector.run(frame)
        true_boxes, true_ids = read_truth(folder / "Annotations" / f"{name}.xml")
        scale = np.tile(np.divide(detector.input_size, frame.shape[1::-1]), 2)
        scenes.append(Scene(found.boxes * scale, found.class_ids, found.scores, true_boxes * scale, true_ids))
    assert len(scenes) == 72
    measured = mean_average_precision(scenes, len(CLASSES))
    assert measured == pytest.approx(trained.reference_map, abs=0.0005)
