"""VOC07 mean average precision, the oracle of the end-to-end tests.

The rules are those of gluoncv.utils.metrics.voc_detection.VOC07MApMetric: boxes are inclusive pixels, a
detection takes the ground truth it overlaps most, 11 recall points.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
IOU = 0.5


class Scene(NamedTuple):
    """Detections and ground truth of one picture: boxes (n, 4), class ids (n,), scores (n,)."""

    boxes: Floats
    class_ids: Floats
    scores: Floats
    true_boxes: Floats
    true_ids: Floats


def mean_average_precision(scenes: Iterable[Scene], classes: int) -> float:
    scenes = list(scenes)
    return float(np.mean([average_precision(scenes, class_id) for class_id in range(classes)]))


def average_precision(scenes: list[Scene], class_id: int) -> float:
    scores, hits, positives = [], [], 0
    for scene in scenes:
        mine, truth = scene.class_ids == class_id, scene.true_ids == class_id
        order = np.argsort(-scene.scores[mine], kind="stable")
        scores.append(scene.scores[mine][order])
        hits.append(match(scene.boxes[mine][order], scene.true_boxes[truth]))
        positives += int(truth.sum())
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hit = np.concatenate(hits)[order]
    recall = np.cumsum(hit) / positives
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    points = [precision[recall >= point].max(initial=0.0) for point in np.arange(0.0, 1.1, 0.1)]
    return float(np.mean(points))


def match(boxes: Floats, truth: Floats) -> NDArray[np.bool_]:
    hits = np.zeros(len(boxes), bool)
    taken = np.zeros(len(truth), bool)
    if not len(boxes) or not len(truth):
        return hits
    overlap = iou(boxes, truth)
    for index, row in enumerate(overlap):
        best = int(row.argmax())
        if row[best] >= IOU and not taken[best]:
            hits[index] = taken[best] = True
    return hits


def iou(boxes: Floats, truth: Floats) -> Floats:
    low = np.maximum(boxes[:, None, :2], truth[:, :2])
    high = np.minimum(boxes[:, None, 2:], truth[:, 2:]) + 1
    inter = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(side[:, 2:] - side[:, :2] + 1, axis=1) for side in (boxes, truth)]
    return inter / (areas[0][:, None] + areas[1] - inter)
