"""Accuracy of really trained networks on real pictures, against what MXNet measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detector
from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget
from gcv_edge.evaluation import agree, evaluate
from gcv_edge.evaluation.voc import Voc07Precision
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

CLASSES = ("RBC", "WBC", "Platelets")
SIZES = {"yolo3": 320, "ssd_300": 300}
FIGURES = {"yolo3": 0.6892, "ssd_300": 0.6114}
"""In pixels of the pictures; MXNet's are in pixels of the input."""


@pytest.fixture(scope="module", params=SIZES)
def detector(
    request: pytest.FixtureRequest, testdata: Path, tmp_path_factory: pytest.TempPathFactory
) -> Detector:
    name, folder = request.param, tmp_path_factory.mktemp("detectors")
    size = SIZES[name]
    symbol = next(testdata.glob(f"trained_{name}*/*-symbol.json"))
    options = ExportOptions(input_shape=(1, 3, size, size), labels=CLASSES)
    return Detector(export(str(symbol), folder / f"{name}.onnx", options=options, verify=False).path)


def test_boxes_of_blood_cells(detector: Detector, testdata: Path) -> None:
    dataset = open_dataset(testdata / "bccd_voc", detector.task, detector.labels, "test")
    found = evaluate(detector, dataset)
    assert (found.pictures, len(found.skipped), found.dropped_boxes) == (72, 0, 0)
    assert [row.count for row in found.measured.classes] == [805, 71, 69]
    assert found.value == pytest.approx(FIGURES[detector.path.stem], abs=5e-4)
    again = Detector(detector.path, engine="onnxruntime")
    assert agree(detector, again, dataset.limit(4)).value == 1


def test_mxnets_own_figure(detector: Detector, testdata: Path) -> None:
    """Pictures shrunk by area and boxes in pixels of the input, as GluonCV's script has it."""
    metric = Voc07Precision(CLASSES)
    for sample in open_dataset(testdata / "bccd_voc", detector.task, CLASSES, "test"):
        assert isinstance(sample.target, BoxTarget)
        small = cv2.resize(sample.frame, detector.input_size, interpolation=cv2.INTER_AREA)
        scale = np.tile(np.divide(detector.input_size, sample.frame.shape[1::-1]), 2)
        target = replace(sample.target, boxes=sample.target.boxes * scale, areas=None)
        metric.update(detector.run(small), target, detector.input_size)
    folder = next(testdata.glob(f"trained_{detector.path.stem}*"))
    expected = json.loads((folder / "map_test.json").read_text())["AP"]
    measured = metric.compute()
    assert measured.value == pytest.approx(expected["mAP"], abs=1e-4)
    assert [row.value for row in measured.classes] == pytest.approx(
        [expected[name] for name in CLASSES], abs=3e-4
    )


def test_classes_of_small_pictures(testdata: Path, tmp_path: Path) -> None:
    symbol = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-symbol.json"
    classifier = Classifier(export(str(symbol), tmp_path / "cifar.onnx", verify=False).path)
    found = evaluate(classifier, open_dataset(testdata / "cifar10_test_jpeg_2000", classifier.task))
    assert found.pictures == 2000
    assert found.value == pytest.approx(0.825, abs=6e-4)
    assert found.measured.figures["top-5"] > 0.98


def test_classes_of_a_list(testdata: Path, tmp_path: Path) -> None:
    symbol = testdata / "gluoncv_squeezenet1.1_converted" / "squeezenet1.1-symbol.json"
    classifier = Classifier(export(str(symbol), tmp_path / "squeezenet.onnx", verify=False).path)
    found = evaluate(classifier, open_dataset(testdata / "imagenet_sample_400" / "val.lst", classifier.task))
    assert found.pictures == 400
    assert found.value == pytest.approx(0.63, abs=0.01)
