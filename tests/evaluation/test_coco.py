"""COCO's metrics against pycocotools on COCO's own file, and GluonCV's metric."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gcv_edge.data import Dataset, open_dataset
from gcv_edge.data.targets import BoxTarget, InstanceTarget, KeypointTarget
from gcv_edge.errors import DataError, MissingExtraError, UnsupportedError
from gcv_edge.evaluation.coco import BoxPrecision, CocoMetric, KeypointPrecision, MaskPrecision
from gcv_edge.runtime.instances import InstanceMasks
from gcv_edge.runtime.results import Detections, Poses
from gcv_edge.tasks import DETECTION, INSTANCES, POSE, Task

pytest.importorskip("pycocotools")

PICTURE = (100, 80)
BOX = [10, 10, 49, 39]


def tiny(testdata: Path, task: Task) -> Dataset:
    return open_dataset(testdata / "tiny_coco", task)


def near(target: BoxTarget, random: np.random.Generator) -> Detections:
    """Detections near the truth, some wrong, some missing."""
    kept = random.random(len(target)) < 0.8
    boxes = target.boxes[kept] + random.normal(0, 3, (kept.sum(), 4))
    ids = np.where(random.random(kept.sum()) < 0.9, target.class_ids[kept], 0)
    return Detections(boxes, random.random(kept.sum()) * 0.9 + 0.1, ids)


def reference(path: Path, rows: list[dict[str, Any]], iou_type: str) -> list[float]:
    """What pycocotools says when it reads COCO's file itself."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        run = COCOeval(truth, truth.loadRes(rows), iou_type)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return list(map(float, run.stats))


def collect(metric: CocoMetric, dataset: Dataset, results: dict[str, Any]) -> list[float]:
    for sample in dataset:
        metric.update(results[sample.name], sample.target, sample.frame.shape[1::-1])
    return list(metric.compute().figures.values())


def numbers(path: Path) -> tuple[dict[str, int], list[int]]:
    """Ids of pictures by name, and of categories in the order of their ids."""
    content = json.loads(path.read_text())
    pictures = {entry["file_name"]: entry["id"] for entry in content["images"]}
    return pictures, sorted(entry["id"] for entry in content["categories"])


def test_boxes_of_a_piece_of_coco(testdata: Path) -> None:
    path = testdata / "tiny_coco" / "annotations" / "instances_val2017.json"
    dataset, random = tiny(testdata, DETECTION), np.random.default_rng(0)
    results = {sample.name: near(sample.target, random) for sample in dataset}  # type: ignore[arg-type]
    pictures, categories = numbers(path)
    rows = [
        {"image_id": pictures[name], "category_id": categories[class_id], "score": float(score),
         "bbox": [*map(float, box[:2]), *map(float, box[2:].astype(float) - box[:2] + 1)]}
        for name, result in results.items()
        for class_id, score, box in zip(*result, strict=True)
    ]  # fmt: skip
    expected = reference(path, rows, "bbox")
    assert 0.2 < expected[0] < 0.9
    assert collect(BoxPrecision(dataset.classes), dataset, results) == pytest.approx(expected[:6], abs=1e-6)


def test_masks_of_a_piece_of_coco(testdata: Path, tmp_path: Path) -> None:
    path = testdata / "tiny_coco" / "annotations" / "instances_val2017.json"
    dataset = tiny(testdata, INSTANCES).limit(12)
    random = np.random.default_rng(0)
    results = {sample.name: as_masks(sample.target, sample.frame.shape, random) for sample in dataset}
    pictures, categories = numbers(path)
    rows = []
    from pycocotools import mask

    for name, result in results.items():
        for class_id, score, bitmap in zip(result.class_ids, result.scores, result.bitmaps, strict=True):
            runs = mask.encode(np.asfortranarray(bitmap.astype(np.uint8)))
            rows.append(
                {"image_id": pictures[name], "category_id": categories[class_id], "score": float(score),
                 "segmentation": runs}
            )  # fmt: skip
    metric = MaskPrecision(dataset.classes)
    found = collect(metric, dataset, results)
    content = json.loads(path.read_text())
    kept = {pictures[name] for name in results}
    for key, place in (("images", "id"), ("annotations", "image_id")):
        content[key] = [entry for entry in content[key] if entry[place] in kept]
    part = tmp_path / "part.json"
    part.write_text(json.dumps(content))
    assert found == pytest.approx(reference(part, rows, "segm")[:6], abs=1e-6)
    assert found[1] > 0.05


def as_masks(target: Any, shape: tuple[int, ...], random: np.random.Generator) -> InstanceMasks:
    """Objects as the ellipses in their boxes."""
    assert isinstance(target, InstanceTarget)
    rows, columns = np.mgrid[-1:1:28j, -1:1:28j]
    ellipse = (rows**2 + columns**2 < 1.2).astype(np.float32)
    height, width = shape[:2]
    return InstanceMasks(
        target.boxes,
        random.random(len(target)),
        target.class_ids,
        masks=np.repeat(ellipse[None], len(target), axis=0),
        extents=target.boxes,
        frame_size=(width, height),
    )


def test_poses_of_a_piece_of_coco(testdata: Path) -> None:
    path = testdata / "tiny_coco" / "annotations" / "person_keypoints_val2017.json"
    dataset, random = tiny(testdata, POSE), np.random.default_rng(0)
    results = {sample.name: as_poses(sample.target, random) for sample in dataset}
    pictures, _ = numbers(path)
    rows = [
        {"image_id": pictures[name], "category_id": 1, "score": float(scores[scores > 0.2].mean()),
         "keypoints": np.column_stack([points, scores]).astype(float).ravel().tolist()}
        for name, result in results.items()
        for points, scores in zip(result.keypoints, result.scores, strict=True)
    ]  # fmt: skip
    expected = reference(path, rows, "keypoints")
    assert 0.1 < expected[0] < 0.95
    assert collect(KeypointPrecision(), dataset, results) == pytest.approx(expected[:6], abs=1e-6)


def as_poses(target: Any, random: np.random.Generator) -> Poses:
    assert isinstance(target, KeypointTarget)
    points = target.keypoints[:, :, :2] + random.normal(0, 4, target.keypoints[:, :, :2].shape)
    scores = random.random(target.keypoints.shape[:2]) * 0.8 + 0.2001
    return Poses(points, scores, target.boxes)


def test_boxes_as_gluoncv_measures(testdata: Path, gluoncv: ModuleType, tmp_path: Path) -> None:
    """GluonCV leaves out scores under 0.05; there are none here."""
    from pycocotools.coco import COCO

    dataset, random = tiny(testdata, DETECTION), np.random.default_rng(1)
    results = {sample.name: near(sample.target, random) for sample in dataset}  # type: ignore[arg-type]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(testdata / "tiny_coco" / "annotations" / "instances_val2017.json"))
    ids = {entry["id"]: entry["file_name"] for entry in truth.dataset["images"]}
    categories = dict(enumerate(sorted(truth.getCatIds())))
    stand_in = SimpleNamespace(coco=truth, contiguous_id_to_json=categories, classes=[])
    metric_class = gluoncv.utils.metrics.coco_detection.COCODetectionMetric
    metric = metric_class(stand_in, str(tmp_path / "found"), use_time=False)
    for number in sorted(ids):
        result = results[ids[number]]
        metric.update(result.boxes[None], result.class_ids[None].astype(float), result.scores[None])
    with contextlib.redirect_stdout(io.StringIO()):
        names, values = metric.get()
    assert "MeanAP" in names[-1]
    found = collect(BoxPrecision(dataset.classes), dataset, results)
    assert f"{100 * found[0]:.1f}" == values[-1]


def test_all_right() -> None:
    metric = BoxPrecision(("a", "b"))
    target = BoxTarget([BOX, [60, 10, 69, 19]], [0, 1], difficult=[False, True])
    metric.update(Detections(target.boxes, [0.9, 0.8], [0, 1]), target, PICTURE)
    measured = metric.compute()
    assert [measured.figures[name] for name in ("AP", "AP50", "AP75")] == pytest.approx([1, 1, 1])
    assert np.isnan(measured.figures["AP large"])
    first, second = measured.classes
    assert (first.name, first.value, first.count) == ("a", pytest.approx(1), 1)
    assert (second.name, second.count, np.isnan(second.value)) == ("b", 0, True)


def test_nothing_found() -> None:
    for metric, target, result in (
        (BoxPrecision(), BoxTarget([BOX], [0]), Detections(np.zeros((0, 4)), [], [])),
        (BoxPrecision(), BoxTarget([BOX], [0]), Detections([BOX], [0.9], [3])),
        (KeypointPrecision(), people(1), Poses(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros((0, 4)))),
        (MaskPrecision(), triangle(), no_masks()),
    ):
        metric.update(result, target, PICTURE)
        assert metric.compute().value == 0


def people(count: int, joints: int = 17) -> KeypointTarget:
    keypoints = np.full((count, joints, 3), 20.0)
    return KeypointTarget(keypoints, np.tile(BOX, (count, 1)), np.full(count, 900.0), np.zeros(count, bool))


def triangle() -> InstanceTarget:
    return InstanceTarget([BOX], [0], masks=([[10.0, 10.0, 50.0, 10.0, 10.0, 40.0]],))


def no_masks() -> InstanceMasks:
    nothing = np.zeros((0, 4))
    return InstanceMasks(nothing, [], [], masks=np.zeros((0, 2, 2)), extents=nothing, frame_size=PICTURE)


def test_nothing_to_measure_with() -> None:
    metric = BoxPrecision()
    metric.update(Detections([BOX], [0.9], [0]), BoxTarget([BOX], [0], crowd=[True]), PICTURE)
    with pytest.raises(DataError, match="found no labelled object"):
        metric.compute()


def test_masks_need_masks_on_both_sides() -> None:
    with pytest.raises(DataError, match="found boxes, expected masks"):
        MaskPrecision().update(no_masks(), BoxTarget([BOX], [0]), PICTURE)
    with pytest.raises(DataError, match="found a detector without masks"):
        MaskPrecision().update(Detections([BOX], [0.9], [0]), triangle(), PICTURE)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ({"size": [10, 20], "counts": "HVTob4mOc"}, "found run lengths that end in"),
        (
            {"size": [10, 20], "counts": [0, 1 << 40]},
            "found run lengths of 1099511627776 pixels, expected 200",
        ),
        (
            {"size": [20, 10], "counts": [0, 200]},
            "found run lengths of size \\[20, 10\\], expected \\[10, 20\\]",
        ),
        ([[0, 0, 1e9, 0, 0, 5]], "found the point 1e\\+09, 0, expected one of a picture of 20 x 10"),
    ],
)
def test_damaged_masks_are_refused(mask: Any, said: str) -> None:
    """Whoever makes targets in Python: pycocotools would abort, hang or write beyond its memory."""
    target = InstanceTarget([[1, 2, 3, 5]], [0], masks=(mask,))  # type: ignore[arg-type]
    with pytest.raises(DataError, match=said):
        MaskPrecision().update(no_masks(), target, (20, 10))


def test_other_joints_than_cocos() -> None:
    with pytest.raises(UnsupportedError, match="OKS of 3 keypoints is not supported"):
        KeypointPrecision().truth_rows(people(1, 3))


def test_what_is_collected_is_the_metrics_own() -> None:
    target = triangle()
    before = copy.deepcopy(target.masks)
    for _ in range(2):
        metric = MaskPrecision()
        metric.update(no_masks(), target, PICTURE)
        metric.compute()
    assert target.masks == before


def test_without_pycocotools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.cocoeval", None)
    with pytest.raises(MissingExtraError, match=r"COCO's metric needs the extra \[export\]"):
        BoxPrecision()
