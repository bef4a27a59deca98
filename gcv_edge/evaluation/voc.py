"""Pascal VOC's mean average precision, with GluonCV's rules.

Source: gluoncv/utils/metrics/voc_detection.py. Boxes are inclusive pixels (each is a pixel wider than its
corners say); a detection takes the object that it overlaps most; a difficult object counts neither way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.targets import BoxTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.figures import ClassFigure, Measured
from gcv_edge.evaluation.metric import Metric, Size
from gcv_edge.evaluation.resampling import Weights, mean_of_known
from gcv_edge.runtime.results import Detections

IOU = 0.5
HIT, MISS, NEITHER = 1, 0, -1
Floats = NDArray[Any]
Marks = NDArray[np.int8]


class Voc12Precision(Metric):
    """Mean of the classes' areas under the precision-recall curve (VOC 2010 to 2012).

    Args:
        labels: class names by id.
        iou: overlap from which a detection is right.
    """

    key: ClassVar[str] = "voc12"
    title: ClassVar[str] = "VOC12 mAP"

    def __init__(self, labels: Sequence[str] = (), iou: float = IOU) -> None:
        super().__init__(labels)
        self._iou = iou
        self._pictures = 0
        self._objects: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._scores: defaultdict[int, list[Floats]] = defaultdict(list)
        self._marks: defaultdict[int, list[Marks]] = defaultdict(list)
        self._owners: defaultdict[int, list[NDArray[np.int_]]] = defaultdict(list)

    def update(self, result: Detections, target: BoxTarget, size: Size) -> None:  # noqa: ARG002
        """Take in a picture; a crowd is treated as difficult."""
        spared = target.difficult | target.crowd
        for class_id in np.union1d(result.class_ids, target.class_ids).tolist():
            found, true = result.class_ids == class_id, target.class_ids == class_id
            order = result.scores[found].argsort()[::-1]
            self._objects[class_id][self._pictures] = int(np.count_nonzero(~spared[true]))
            self._scores[class_id].append(result.scores[found][order])
            boxes = result.boxes[found][order]
            self._marks[class_id].append(mark(boxes, target.boxes[true], spared[true], self._iou))
            self._owners[class_id].append(np.full(len(boxes), self._pictures))
        self._pictures += 1

    def compute(self) -> Measured:
        """Return mAP, and every class's AP; a class without objects is left out of the mean."""
        once = np.ones((1, max(self._pictures, 1)))
        precisions = {class_id: float(self._average(class_id, once)[0]) for class_id in sorted(self._objects)}
        known = [value for value in precisions.values() if not np.isnan(value)]
        if not known:
            raise DataError("found no labelled object to measure with")
        value = float(np.mean(known))
        classes = (
            ClassFigure(class_id, self.name_of(class_id), precision, self._objects[class_id].total())
            for class_id, precision in precisions.items()
            if self._objects[class_id].total()
        )
        return Measured(value, {"mAP": value}, tuple(classes))

    def compute_weighted(self, weights: Weights) -> NDArray[np.float64]:
        """Return mAP per draw; a class that a draw has no object of is left out of its mean."""
        return mean_of_known(np.stack([self._average(class_id, weights) for class_id in self._objects]))

    def area(self, recall: Floats, precision: Floats) -> Floats:
        """Return the areas under curves ``[draws, detections]``, their precision made to fall."""
        ends = np.zeros((len(recall), 1))
        recalls = np.concatenate([ends, recall, ends + 1], axis=1)
        falling = np.maximum.accumulate(np.concatenate([precision, ends], axis=1)[:, ::-1], axis=1)[:, ::-1]
        return np.asarray((np.diff(recalls, axis=1) * falling).sum(axis=1))

    def _average(self, class_id: int, weights: Weights) -> NDArray[np.float64]:
        """Return a class's AP per draw; NaN where it has no object there."""
        counts = self._objects[class_id]
        objects = weights[:, list(counts)] @ np.array(list(counts.values()), np.float64)
        # GluonCV's own order among equal scores, which depends on the type of the numbers too
        order = np.concatenate(self._scores[class_id]).argsort()[::-1]
        marks = np.concatenate(self._marks[class_id])[order]
        drawn = weights[:, np.concatenate(self._owners[class_id])[order]]
        hits, misses = np.cumsum(drawn * (marks == HIT), 1), np.cumsum(drawn * (marks == MISS), 1)
        precision = hits / np.maximum(hits + misses, 1)
        found = self.area(hits / np.maximum(objects, 1)[:, None], precision)
        return np.where(objects > 0, found, np.nan)


class Voc07Precision(Voc12Precision):
    """Mean of the classes' precisions at 11 recalls (VOC 2007), which GluonCV reports."""

    key: ClassVar[str] = "voc07"
    title: ClassVar[str] = "VOC07 mAP"

    def area(self, recall: Floats, precision: Floats) -> Floats:
        """Return the mean of the best precisions from recall 0, 0.1, ... 1 on, per draw."""
        points = (
            np.where(recall >= point, precision, 0.0).max(axis=1, initial=0.0)
            for point in np.arange(0.0, 1.1, 0.1)
        )
        return np.asarray(sum(points) / 11)


def mark(boxes: Floats, truth: Floats, spared: NDArray[np.bool_], iou: float) -> Marks:
    """Tell which detections of a class are right, wrong, or neither.

    Args:
        boxes: ``(n, 4)``, best score first.
        truth: ``(m, 4)``.
        spared: ``(m,)``: whether finding it counts neither way.
        iou: overlap from which a detection is right.
    """
    marks = np.full(len(boxes), MISS, np.int8)
    if not len(boxes) or not len(truth):
        return marks
    overlaps = overlap(boxes, truth)
    taken = np.zeros(len(truth), bool)
    for row, best in enumerate(overlaps.argmax(axis=1)):
        if overlaps[row, best] < iou:
            continue
        if spared[best]:
            marks[row] = NEITHER
        elif not taken[best]:
            marks[row] = HIT
        taken[best] = True
    return marks


def overlap(boxes: Floats, truth: Floats) -> Floats:
    """Return the intersection over union of inclusive boxes, ``(n, m)``; 0 where nothing is covered."""
    low = np.maximum(boxes[:, None, :2], truth[:, :2])
    high = np.minimum(boxes[:, None, 2:], truth[:, 2:]) + 1
    shared = np.prod(high - low, axis=2) * (low < high).all(axis=2)
    areas = [np.prod(side[:, 2:] - side[:, :2] + 1, axis=1) for side in (boxes, truth)]
    together = areas[0][:, None] + areas[1] - shared
    return np.divide(shared, together, out=np.zeros(shared.shape), where=together > 0)
