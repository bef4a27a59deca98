"""Accuracy of really trained networks on real pictures, against what MXNet measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detector
from gcv_edge.data import open_dataset
from gcv_edge.evaluation import agree, evaluate
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

CLASSES = ("RBC", "WBC", "Platelets")
SIZES = {"yolo3": 320, "ssd_300": 300}
FIGURES = {"yolo3": 0.6879, "ssd_300": 0.6162}
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
    found = evaluate(detector, dataset, like="gluoncv")
    assert (found.pictures, len(found.skipped), found.dropped_boxes) == (72, 0, 0)
    assert [row.count for row in found.measured.classes] == [805, 71, 69]
    assert found.value == pytest.approx(FIGURES[detector.path.stem], abs=5e-4)
    folder = next(testdata.glob(f"trained_{detector.path.stem}*"))
    expected = json.loads((folder / "map_test.json").read_text())["AP"]
    assert found.gluoncv is not None
    assert found.gluoncv.measured.value == pytest.approx(expected["mAP"], abs=1e-4)
    theirs = [row.value for row in found.gluoncv.measured.classes]
    assert theirs == pytest.approx([expected[name] for name in CLASSES], abs=3e-4)
    again = Detector(detector.path, engine="onnxruntime")
    assert agree(detector, again, dataset.limit(4)).value == 1


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Cannot decide type:UserWarning")
def test_rows_are_mxnets(detector: Detector, step: int, testdata: Path, mxnet: Any, gluoncv: object) -> None:
    """Class, score and box of every row that GluonCV's validation lists, in its own pixels."""
    from gluoncv.data.transforms.presets.ssd import SSDDefaultValTransform

    symbol = str(next(testdata.glob(f"trained_{detector.path.stem}*/*-symbol.json")))
    network = mxnet.gluon.SymbolBlock.imports(symbol, ["data"], symbol.replace("symbol.json", "0000.params"))
    transform, size = SSDDefaultValTransform(*detector.input_size), detector.input_size
    equal = listed = 0
    for path in sorted((testdata / "bccd_voc" / "JPEGImages").glob("*.jpg"))[::step]:
        batch = transform(mxnet.image.imread(str(path)), np.zeros((1, 6)))[0].expand_dims(0)
        ids, scores, boxes = (part.asnumpy()[0] for part in network(batch))
        kept = ids[:, 0] >= 0
        frame = cv2.imread(str(path))
        found = detector.run(frame)
        scale = np.tile(np.divide(size, frame.shape[1::-1]), 2)
        rows = min(len(found), int(kept.sum()))
        listed += max(len(found), int(kept.sum()))
        same = found.class_ids[:rows] == ids[kept][:rows, 0]
        same &= np.abs(found.scores[:rows] - scores[kept][:rows, 0]) < 1e-3
        theirs = np.clip(boxes[kept][:rows], 0, np.tile(size, 2))
        same &= (np.abs(found.boxes[:rows] * scale - theirs) < 0.1).all(axis=1)
        equal += int(same.sum())
    print(f"\n{detector.path.stem}: {equal} of {listed} rows are MXNet's")
    assert listed > 6000 / step
    assert equal >= 0.995 * listed


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


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Cannot decide type:UserWarning")
def test_first_classes_are_mxnets(testdata: Path, tmp_path: Path, mxnet: Any, gluoncv: object) -> None:
    """Through GluonCV's own transform, picture by picture."""
    from gluoncv.data.transforms.presets.imagenet import transform_eval

    symbol = str(testdata / "gluoncv_squeezenet1.1_converted" / "squeezenet1.1-symbol.json")
    network = mxnet.gluon.SymbolBlock.imports(symbol, ["data"], symbol.replace("symbol.json", "0000.params"))
    classifier = Classifier(export(symbol, tmp_path / "squeezenet.onnx", verify=False).path)
    pictures = sorted((testdata / "imagenet_sample_400" / "images").iterdir())
    assert len(pictures) == 400
    for path in pictures:
        expected = network(transform_eval(mxnet.image.imread(str(path)))).asnumpy()[0]
        found = classifier.run(cv2.imread(str(path)))
        assert found.top(1)[0].class_id == expected.argmax(), path.name
        np.testing.assert_allclose(found.logits, expected, atol=2e-3 * expected.std(), rtol=0)
