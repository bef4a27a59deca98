"""How good a file is, in points: accuracy against labels, else agreement with the float file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.data import Dataset
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import agree, agreement, evaluate
from gcv_edge.evaluation.agreement import run_sample
from gcv_edge.evaluation.drop import FEWEST, Measure, Score
from gcv_edge.evaluation.resampling import DRAWS
from gcv_edge.evaluation.running import class_count, make_metric
from gcv_edge.optimize.dataset_split import COMPARED, DatasetSplit
from gcv_edge.points import to_points
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.model import Model
from gcv_edge.tasks import CLASSIFICATION

ACCURACY, AGREEMENT = "accuracy", "agreement"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Evaluator:
    """Measures files in points, 0 to 100.

    Attributes:
        title: what is measured: ``top-1``, ``VOC07 mAP``, ``matched detections``.
        kind: ``accuracy`` (against labels) or ``agreement`` (with the float file).
        score: measures a file.
    """

    title: str
    kind: str
    score: Measure

    def in_precision(self, precision: str) -> Evaluator:
        """Return the same for files whose float part is computed in ``f32`` or ``bf16``."""
        assert isinstance(self.score, (AccuracyScorer, AgreementScorer))
        return replace(self, score=replace(self.score, precision=precision))


def choose_evaluator(
    reference: Model[Any], split: DatasetSplit, engine: str, progress: Progress | None = None
) -> Evaluator | None:
    """Decide how files are measured: against labels, else by agreement with the float file.

    Args:
        reference: the float network.
        split: pictures to measure on.
        engine: that runs the files.
        progress: takes a phrase.

    Returns:
        None where there is nothing to compare: the task has no measure, or the float file finds nothing.

    Raises:
        DataError: labels do not fit the network.
    """
    dataset, step = split.evaluation, Steps(progress)
    if split.has_labels:
        title = make_metric(reference, dataset, None).title
        return Evaluator(title, ACCURACY, AccuracyScorer(dataset, step, engine))
    measure = agreement_measure(reference, dataset)
    if measure is None:
        return None
    return Evaluator(measure, AGREEMENT, AgreementScorer(reference, dataset, step, engine))


@dataclass(frozen=True)
class Steps:
    """Tells how far a measurement is.

    Attributes:
        progress: takes a phrase; None for nobody.
    """

    progress: Progress | None

    def __call__(self, done: int, total: int) -> None:
        """Tell it."""
        if self.progress is not None:
            self.progress(f"measuring, picture {done} of {total}")


@dataclass(frozen=True)
class AccuracyScorer:
    """Scores files against labels.

    Attributes:
        dataset: pictures to measure on.
        step: told of every picture.
        engine: that runs the files.
        precision: of their float part.
    """

    dataset: Dataset
    step: Steps
    engine: str
    precision: str = "f32"

    def __call__(self, path: Path) -> Score:
        """Measure a file."""
        network = open_network(path, engine=self.engine, precision=self.precision)
        found = evaluate(network, self.dataset, progress=self.step, resampling=True)
        if math.isnan(found.value):
            raise DataError(f"{self.dataset.name}: found no labelled object in {found.pictures} pictures")
        return Score(
            to_points(found.value),
            tuple(map(to_points, found.resampled)),
            found.pictures,
            found.is_share,
            {one.name: to_points(one.value) for one in found.measured.classes if one.count >= FEWEST},
        )


@dataclass(frozen=True)
class AgreementScorer:
    """Scores files by agreement with the float file.

    Attributes:
        reference: the float network; its own points are 100.
        dataset: pictures to compare on.
        step: told of every picture.
        engine: that runs the files.
        precision: of their float part.
    """

    reference: Any
    dataset: Dataset
    step: Steps
    engine: str
    precision: str = "f32"

    def __call__(self, path: Path) -> Score:
        """Measure a file."""
        if path == self.reference.path and self.precision == "f32":
            return Score(100.0, (100.0,) * DRAWS, len(self.dataset))
        network = open_network(path, engine=self.engine, precision=self.precision)
        found = agree(self.reference, network, self.dataset, self.step)
        draws = tuple(map(to_points, found.resampled))
        return Score(to_points(found.value), draws, found.pictures, found.is_share)


def agreement_measure(reference: Any, dataset: Dataset) -> str | None:
    """Name the measure of agreement; None where the reference finds nothing to compare."""
    for sample in dataset:
        result = run_sample(reference, sample)
        try:
            return agreement([result], [result]).measure
        except DataError:
            continue
        except UnsupportedError:
            return None
    return None


def without_wrong_labels(split: DatasetSplit, network: Model[Any]) -> DatasetSplit:
    """Leave out labels that are not the network's, and say why: other classes, or more than it has."""
    if not split.has_labels:
        return split
    try:
        make_metric(network, split.evaluation, None)
        if network.task is CLASSIFICATION:
            check_class_ids(split.evaluation, class_count(network))
    except DataError as error:
        evaluation = split.evaluation.limit(COMPARED).without_labels()
        return replace(split, evaluation=evaluation, has_labels=False, label_problem=str(error))
    return split


def check_class_ids(dataset: Dataset, count: int) -> None:
    """Read the labels of a data set for classification.

    Raises:
        DataError: a picture is of a class that the network does not have.
    """
    for name, class_id in dataset.class_ids():
        if count and class_id >= count:
            raise DataError(
                f"{dataset.name}: {name}: found class {class_id}, expected a class from 0 to {count - 1}"
            )
