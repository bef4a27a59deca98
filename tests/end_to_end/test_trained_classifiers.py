"""GluonCV's own trained CIFAR-10 networks against what MXNet predicts for 2,000 pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

STORED = Path(__file__).parents[1] / "data" / "trained" / "cifar_predictions.npz"
ACCURACY = {
    "cifar_resnet20_v1": 82.5,
    "cifar_resnet20_v2": 84.1,
    "cifar_resnet56_v1": 85.0,
    "cifar_resnet56_v2": 87.2,
}
BATCH = 50


@pytest.fixture(scope="module")
def pictures(testdata: Path) -> tuple[list[np.ndarray], np.ndarray]:
    paths = sorted((testdata / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    names = sorted({path.parent.name for path in paths})
    return [cv2.imread(str(path)) for path in paths], np.array([names.index(p.parent.name) for p in paths])


@pytest.mark.parametrize(
    "name",
    [
        "cifar_resnet20_v1",
        "cifar_resnet20_v2",
        # The same blocks, three times as many: the two above hold both kinds in every run.
        pytest.param("cifar_resnet56_v1", marks=pytest.mark.slow),
        pytest.param("cifar_resnet56_v2", marks=pytest.mark.slow),
    ],
)
def test_same_top1_as_mxnet(
    name: str, testdata: Path, tmp_path: Path, pictures: tuple[list[np.ndarray], np.ndarray]
) -> None:
    options = ExportOptions(dynamic_batch=True)
    symbol = testdata / "gluoncv_cifar" / f"{name}-symbol.json"
    result = export(str(symbol), tmp_path / "cifar.onnx", options=options, verify=False)
    frames, truth = pictures
    classifier = Classifier(result.path)
    found = [
        one.top(1)[0].class_id
        for start in range(0, len(frames), BATCH)
        for one in classifier.run_batch(frames[start : start + BATCH])
    ]
    np.testing.assert_array_equal(found, np.load(STORED)[name])
    assert 100 * np.mean(found == truth) == pytest.approx(ACCURACY[name], abs=0.06)
