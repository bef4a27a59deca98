"""What another form of a network loses, over several random divisions of the pictures.

A form is made anew for each fold, from the pictures to calibrate on, and loses points on others.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.mxnet_evaluator import Outcomes, Run
from benchmarks.records import Record
from gcv_edge.data import Dataset
from gcv_edge.evaluation import Metric
from gcv_edge.evaluation.resampling import Weights, resample
from gcv_edge.evaluation.running import make_metric
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.results import Classification


class Fold(NamedTuple):
    """Pictures to calibrate and others to measure on."""

    calibrating: Dataset
    measuring: Dataset


@dataclass
class Tally:
    """Adds up what one form of a network does on all folds of a division.

    Attributes:
        metric: takes in every picture.
        names: of the pictures.
        right: whether each picture's class was found, where pictures have one.
    """

    metric: Metric
    names: list[str] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def take(self, results: Outcomes) -> None:
        """Take in a fold's results."""
        for sample, result in results:
            height, width = sample.frame.shape[:2]
            self.metric.update(result, sample.target, (width, height))
            self.names.append(sample.name)
            if isinstance(result, Classification):
                self.right.append(int(result.logits.argmax()) == sample.target.class_id)  # type: ignore[union-attr]

    @property
    def points(self) -> float:
        """The metric, 0 to 100."""
        return 100 * self.metric.compute().value

    def draw_points(self) -> NDArray[np.float64]:
        """Return the metric on draws of the pictures, the same whatever their order was."""
        places = np.argsort(np.argsort(self.names))

        def compute(weights: Weights) -> NDArray[np.float64]:
            return 100 * self.metric.compute_weighted(weights[:, places])

        return np.array(resample(len(self.names), compute))


@dataclass(frozen=True)
class PointsLost:
    """What one form of a network loses against another.

    Attributes:
        whole: what the one does, by division.
        changed: what the other does.
    """

    whole: Sequence[Tally]
    changed: Sequence[Tally]

    @property
    def drops(self) -> list[float]:
        """Points lost, by division."""
        return [one.points - other.points for one, other in zip(self.whole, self.changed, strict=True)]

    @property
    def drop(self) -> float:
        """Points lost, the mean over the divisions."""
        return statistics.fmean(self.drops)

    def draw_drops(self) -> NDArray[np.float64]:
        """Return the points lost on draws of the pictures, means over the divisions."""
        pairs = zip(self.whole, self.changed, strict=True)
        drawn = [one.draw_points() - other.draw_points() for one, other in pairs]
        return np.asarray(np.mean(drawn, axis=0))

    def describe(self) -> Record:
        """Return means over the divisions, the range, and each division's figures."""
        return {
            "fp32": round(statistics.fmean(one.points for one in self.whole), 3),
            "int8": round(statistics.fmean(one.points for one in self.changed), 3),
            "drop": round(self.drop, 3),
            "least": round(min(self.drops), 3),
            "most": round(max(self.drops), 3),
            "divisions": [
                {"drop": round(drop, 3), **count_changes(one.right, other.right)}
                for drop, one, other in zip(self.drops, self.whole, self.changed, strict=True)
            ],
        }

    def beside(self, other: PointsLost) -> Record:
        """Say how much more is lost than by another form, and how sure that is of other such pictures."""
        error = float(np.std(self.draw_drops() - other.draw_drops(), ddof=1))
        return {"lost_more": round(self.drop - other.drop, 3), "standard_error": round(error, 3)}


def count_changes(before: Sequence[bool], after: Sequence[bool]) -> Record:
    """Count the pictures that were right and are wrong, and the others that changed sides."""
    if not before:
        return {}
    sides = Counter(zip(before, after, strict=True))
    return {"pictures_lost": sides[True, False], "pictures_won": sides[False, True]}


class CrossValidation(NamedTuple):
    """A network and several divisions of its pictures into folds."""

    floating: Path
    divisions: Sequence[Sequence[Fold]]

    def add_up(self, make_run: Callable[[Fold], Run]) -> list[Tally]:
        """Run a form that is made for each fold over the pictures to measure on; return each division's."""
        return [self._add_up(folds, make_run) for folds in self.divisions]

    def _add_up(self, folds: Sequence[Fold], make_run: Callable[[Fold], Run]) -> Tally:
        tally = Tally(make_metric(open_network(self.floating), folds[0].measuring, None))
        for fold in folds:
            tally.take(make_run(fold)(fold.measuring))
        return tally
