"""Pixel accuracy and mean intersection over union, with GluonCV's rules.

Source: gluoncv/utils/metrics/segmentation.py. Pixels of class -1 do not count; the mean is over all classes
of the network, and a class that neither side has counts as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.targets import LabelMapTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.figures import ClassFigure, Measured
from gcv_edge.evaluation.metric import Metric, Size
from gcv_edge.evaluation.resampling import Weights
from gcv_edge.runtime.results import Segmentation

Counts = NDArray[np.int64]


class PixelMetric(Metric):
    """Mean intersection over union, with pixel accuracy beside it.

    Args:
        labels: class names by id.
        classes: number of the network's classes; 0 for that of the labels.
    """

    key: ClassVar[str] = "miou"
    title: ClassVar[str] = "mIoU"

    def __init__(self, labels: Sequence[str] = (), classes: int = 0) -> None:
        super().__init__(labels)
        self.classes = classes or len(self.labels)
        if not self.classes:
            raise ValueError("classes: found 0, expected the number of the network's classes")
        self._shared, self._found, self._true = (np.zeros(self.classes, np.int64) for _ in range(3))
        self._unknown = 0
        self._pictures: list[Counts] = []

    @property
    def is_black_and_white(self) -> bool:
        """Whether of two classes the second occurs nowhere, but pixels do that do not count: 255 for 1."""
        return self.classes == 2 and self._unknown > 0 and not self._true[1]

    def update(self, result: Segmentation, target: LabelMapTarget, size: Size) -> None:  # noqa: ARG002
        """Take in a picture.

        Raises:
            DataError: the network has no such class.
        """
        known = target.class_map >= 0
        self._unknown += int(np.count_nonzero(~known))
        found, true = result.class_map[known], target.class_map[known]
        if true.size and true.max() >= self.classes:
            raise DataError(f"found class {true.max()}, expected a class from 0 to {self.classes - 1}")
        counts = np.stack([self._count(true[found == true]), self._count(found), self._count(true)])
        self._shared += counts[0]
        self._found += counts[1]
        self._true += counts[2]
        self._pictures.append(counts)

    def compute(self) -> Measured:
        """Return mIoU and pixAcc, the mean over the classes that occur, and every class's IoU."""
        total = int(self._true.sum())
        if not total:
            raise DataError("found no labelled pixel to measure with")
        union = self._found + self._true - self._shared
        ious = self._shared / np.maximum(union, 1)
        figures = {
            "mIoU": float(ious.mean()),
            "pixAcc": float(self._shared.sum() / total),
            "mIoU of the classes that occur": float(ious[self._true > 0].mean()),
        }
        classes = (
            ClassFigure(int(i), self.name_of(int(i)), float(ious[i]), int(self._true[i]))
            for i in np.flatnonzero(union)
        )
        return Measured(figures["mIoU"], figures, tuple(classes))

    def compute_weighted(self, weights: Weights) -> NDArray[np.float64]:
        """Return mIoU per draw."""
        counts = np.array(self._pictures, np.float64)
        shared, found, true = np.moveaxis(np.tensordot(weights, counts, 1), 1, 0)
        return np.asarray((shared / np.maximum(found + true - shared, 1)).mean(axis=1))

    def _count(self, class_ids: NDArray[Any]) -> Counts:
        return np.bincount(class_ids, minlength=self.classes)[: self.classes]
