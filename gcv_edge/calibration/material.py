"""Which pictures of a data set are calibrated on, which are measured on, and what a file's points are."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.calibration.reading import count_held_out
from gcv_edge.data import Dataset, Skipped, open_dataset
from gcv_edge.data.splits import find_training_split, is_training
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import METRICS, agree, agreement, evaluate
from gcv_edge.evaluation.agreement import run_sample
from gcv_edge.evaluation.drop import FEWEST, Score
from gcv_edge.evaluation.resampling import DRAWS
from gcv_edge.evaluation.running import class_count, make_metric
from gcv_edge.points import to_points
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.model import Model
from gcv_edge.tasks import CLASSIFICATION, Task

SEED = 0
MEASURED = 2000
"""Labelled pictures measured on at most; each file that is tried is run on all of them."""
COMPARED = 300
"""Pictures at most where two files are compared without labels, and a limit is to be held."""
FEWEST_COMPARED, FEW = 4, 32
"""Pictures at least and at most where they are compared for the record alone: a tenth, between these."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Material:
    """Two parts of a data set that share no picture.

    Attributes:
        total: pictures of the part that is calibrated on, before a number of them was chosen.
        calibrating: pictures for the statistics.
        measuring: pictures for the points.
        is_by_lot: both are from the same part of the data set, for want of one for training.
        has_labels: the labels are the task's, and the model's.
        problem: why labels that are there are not used; empty otherwise.
    """

    total: int
    calibrating: Dataset
    measuring: Dataset
    is_by_lot: bool
    has_labels: bool
    problem: str = ""

    @property
    def skipped(self) -> list[Skipped]:
        """Pictures that could not be read so far."""
        return [*self.calibrating.skipped, *self.measuring.skipped]

    def describe(self) -> str:
        """Say in a line what is calibrated and measured on, for people and for the record."""
        held_out = count_held_out(len(self.calibrating))
        choice = f", {held_out} of them to choose the recipe" if held_out else ""
        part = of_split(self.calibrating)
        used = f"{len(self.calibrating)} of {self.total} pictures{part} to calibrate{choice}"
        if self.is_by_lot:
            others = "other" if len(self.measuring) == 1 else "others"
            measured = f"{len(self.measuring)} {others} to measure, by lot (seed {SEED})"
        else:
            measured = f"{len(self.measuring)} pictures{of_split(self.measuring)} to measure"
        return f"{self.measuring.name} ({self.measuring.kind}): {used}; {measured}"

    @property
    def warning(self) -> str:
        """Say that pictures for measuring are calibrated on; empty where they are not."""
        name = self.measuring.split_name
        if not self.is_by_lot or name is None or is_training(name):
            return ""
        return (
            f"found no split for training: some pictures of '{name}' are calibrated on, and measured on the "
            "others alone"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.measuring.name,
            "kind": self.measuring.kind,
            "split": self.measuring.split_name,
            "calibration_split": self.calibrating.split_name,
            "by_lot": self.is_by_lot,
            "labels_not_used_because": self.problem or None,
            "total": self.total,
            "calibrated_on": len(self.calibrating),
            "measured_on": len(self.measuring),
            "seed": SEED,
            "fingerprint": self.calibrating.fingerprint(),
            "measured_fingerprint": self.measuring.fingerprint(),
            "skipped": [skipped._asdict() for skipped in self.skipped],
            "damaged_labels": [damaged._asdict() for damaged in self.measuring.damaged_labels],
        }


def of_split(dataset: Dataset) -> str:
    """Name the part of a data set; nothing where it has no parts."""
    return f" of '{dataset.split_name}'" if dataset.split_name is not None else ""


@dataclass(frozen=True)
class Points:
    """How good a file is, 0 to 100.

    Attributes:
        title: what is measured: ``top-1``, ``VOC07 mAP``, ``matched detections``.
        kind: ``accuracy`` (against labels) or ``agreement`` (with the float file).
        of: measures a file.
    """

    title: str
    kind: str
    of: Callable[[Path], Score]


@dataclass(frozen=True)
class Division:
    """How a data set is divided.

    Attributes:
        count: pictures to calibrate on.
        split: part to measure on; None for the one that is for measuring.
        calibration_split: part to calibrate on; None for the one that is for training. Where there is none,
            or it is the other one too, that one is divided by lot.
        has_limit: the points decide: enough pictures are kept to measure on, labels or not.
        pictures, ignore_unknown: as ``open_dataset`` takes them.
    """

    count: int
    split: str | None = None
    calibration_split: str | None = None
    has_limit: bool = False
    pictures: str | os.PathLike[str] | None = None
    ignore_unknown: bool = False

    @property
    def places(self) -> dict[str, Any]:
        """Arguments of ``open_dataset``."""
        return {"pictures": self.pictures, "ignore_unknown": self.ignore_unknown}


def open_material(
    data: str | os.PathLike[str], task: Task, labels: tuple[str, ...], division: Division
) -> Material:
    """Open a data set and divide it, the same way on every machine.

    Args:
        data: anything that ``open_dataset`` opens.
        task: the model's.
        labels: the model's.
        division: how.

    Raises:
        DataError: there are no pictures, or there is only one.
        UnsupportedError: the network takes something else than pictures.
    """
    if task.takes != "picture":
        raise UnsupportedError(
            f"calibrating {task.name} on a data set is not supported: expected a network that takes pictures"
        )
    measured, has_labels, problem = open_part(data, task, labels, division.split, division)
    part = division.calibration_split or find_training_split(Path(data), task, measured.split_name)
    if part is None or part == measured.split_name:
        return divide(measured, division, has_labels, problem)
    training = open_part(data, task, labels, part, division)[0].without(measured)
    if not len(training):
        return divide(measured, division, has_labels, problem)
    chosen = training if division.count >= len(training) else training.split(division.count, SEED)[0]
    kept = measured.limit(MEASURED if has_labels else COMPARED)
    return Material(len(training), chosen, kept, False, has_labels, problem)


def divide(dataset: Dataset, division: Division, has_labels: bool, problem: str) -> Material:
    """Divide one part of a data set by lot."""
    total = len(dataset)
    if total < 2:
        raise DataError(
            f"{dataset.name}: found 1 picture, expected at least 2: to calibrate on and to measure on"
        )
    half, tenth = total // 2, total // 10
    few = min(FEW, max(tenth, min(FEWEST_COMPARED, half)))
    kept = half if has_labels or division.has_limit else few
    calibrating, others = dataset.split(min(division.count, total - kept), SEED)
    most = MEASURED if has_labels else COMPARED if division.has_limit else FEW
    return Material(total, calibrating, others.limit(most), True, has_labels, problem)


def open_part(
    data: str | os.PathLike[str], task: Task, labels: tuple[str, ...], split: str | None, division: Division
) -> tuple[Dataset, bool, str]:
    """Open a part of a data set, with its labels where they are of use.

    Returns:
        It; whether it has labels; why those that are there are of no use.
    """
    found, problem = open_labelled(data, task, labels, split, division.places)
    if found is not None:
        return found, True, problem
    return open_dataset(data, None, (), split, pictures=division.pictures), False, problem


def open_labelled(
    data: str | os.PathLike[str],
    task: Task,
    labels: tuple[str, ...],
    split: str | None,
    places: dict[str, Any],
) -> tuple[Dataset | None, str]:
    """Open a data set with its labels; None where there are none, or they are another task's or model's.

    Returns:
        The data set, and why its labels are of no use.
    """
    if task.name not in METRICS:
        return None, ""
    try:
        dataset = open_dataset(data, task, labels, split, **places)
        first = next(iter(dataset), None)
    except DataError as error:
        return None, str(error)
    return (None, dataset.unlabelled) if first is None or first.target is None else (dataset, "")


def without_misfit(material: Material, network: Model[Any]) -> Material:
    """Do without labels that are not the model's, and say so: other classes, or more than it has."""
    if not material.has_labels:
        return material
    try:
        make_metric(network, material.measuring, None)
        if network.task is CLASSIFICATION:
            check_class_ids(material.measuring, class_count(network))
    except DataError as error:
        measuring = material.measuring.limit(COMPARED).without_labels()
        return replace(material, measuring=measuring, has_labels=False, problem=str(error))
    return material


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


def choose_points(
    reference: Model[Any], material: Material, engine: str, progress: Progress | None = None
) -> Points | None:
    """Decide how files are measured: against labels, else by agreement with the float file.

    Args:
        reference: the float network.
        material: pictures to measure on.
        engine: that runs the files.
        progress: takes a phrase.

    Returns:
        None where there is nothing to compare: the task has no measure, or the float file finds nothing.

    Raises:
        DataError: labels do not fit the model.
    """
    dataset, step = material.measuring, Steps(progress)
    if material.has_labels:
        accuracy = Accuracy(dataset, step, engine)
        return Points(make_metric(reference, dataset, None).title, "accuracy", accuracy)
    measure, sameness = measure_of(reference, dataset), Sameness(reference, dataset, step, engine)
    return None if measure is None else Points(measure, "agreement", sameness)


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
class Accuracy:
    """Points against labels.

    Attributes:
        dataset: pictures to measure on.
        step: told of every picture.
        engine: that runs the files.
    """

    dataset: Dataset
    step: Steps
    engine: str

    def __call__(self, path: Path) -> Score:
        """Measure a file."""
        network = open_network(path, engine=self.engine)
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
class Sameness:
    """Points by agreement.

    Attributes:
        reference: the float network; its own points are 100.
        dataset: pictures to compare on.
        step: told of every picture.
        engine: that runs the files.
    """

    reference: Any
    dataset: Dataset
    step: Steps
    engine: str

    def __call__(self, path: Path) -> Score:
        """Measure a file."""
        if path == self.reference.path:
            return Score(100.0, (100.0,) * DRAWS, len(self.dataset))
        network = open_network(path, engine=self.engine)
        found = agree(self.reference, network, self.dataset, self.step)
        draws = tuple(map(to_points, found.resampled))
        return Score(to_points(found.value), draws, found.pictures, found.is_share)


def measure_of(reference: Any, dataset: Dataset) -> str | None:
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
