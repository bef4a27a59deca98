"""Top-1 and top-5 accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.targets import ClassTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.figures import ClassFigure, Confusion, Measured
from gcv_edge.evaluation.metric import Metric, Size
from gcv_edge.evaluation.resampling import Weights
from gcv_edge.runtime.results import Classification

BEST = 5
SHOWN_CONFUSIONS = 10


class TopAccuracy(Metric):
    """Share of pictures whose class is the most probable one, or among the five most probable."""

    key: ClassVar[str] = "top1"
    title: ClassVar[str] = "top-1"
    is_share: ClassVar[bool] = True

    def __init__(self, labels: Sequence[str] = ()) -> None:
        super().__init__(labels)
        self._pictures: Counter[int] = Counter()
        self._hits: Counter[int] = Counter()
        self._confusions: Counter[tuple[int, int]] = Counter()
        self._in_best = 0
        self._is_hit: list[bool] = []

    def update(self, result: Classification, target: ClassTarget, size: Size) -> None:  # noqa: ARG002
        """Take in a picture.

        Raises:
            DataError: the network has no such class.
        """
        truth = target.class_id
        if truth >= len(result.logits):
            raise DataError(f"found class {truth}, expected a class from 0 to {len(result.logits) - 1}")
        best = np.argsort(-result.logits, kind="stable")[:BEST]
        self._pictures[truth] += 1
        self._in_best += truth in best
        self._is_hit.append(bool(truth == best[0]))
        if truth == best[0]:
            self._hits[truth] += 1
        else:
            self._confusions[truth, int(best[0])] += 1

    def compute(self) -> Measured:
        """Return the figures of all pictures so far."""
        total = self._pictures.total()
        if not total:
            raise DataError("found no labelled picture to measure with")
        value = self._hits.total() / total
        classes = (
            ClassFigure(i, self.name_of(i), self._hits[i] / self._pictures[i], self._pictures[i])
            for i in sorted(self._pictures)
        )
        confusions = (
            Confusion(self.name_of(truth), self.name_of(found), count)
            for (truth, found), count in self._confusions.most_common(SHOWN_CONFUSIONS)
        )
        figures = {"top-1": value, "top-5": self._in_best / total}
        return Measured(value, figures, tuple(classes), tuple(confusions))

    def compute_weighted(self, weights: Weights) -> NDArray[np.float64]:
        """Return top-1 accuracy per draw."""
        return np.asarray(weights @ np.array(self._is_hit, np.float64) / weights.sum(axis=1))
