"""Which pictures of a data set are calibrated on, which are measured on, and what a file's points are."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.data import Dataset, Skipped, open_dataset
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import METRICS, agree, agreement, evaluate
from gcv_edge.evaluation.agreement import run_sample
from gcv_edge.evaluation.running import make_metric
from gcv_edge.runtime.loading import open_network
from gcv_edge.tasks import Task

SEED = 0
MEASURED = 2000
"""Labelled pictures measured on at most; each file that is tried is run on all of them."""
COMPARED = 300
"""Pictures at most where two files are compared without labels."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Material:
    """Two parts of a data set that share no picture.

    Attributes:
        total: pictures of the whole.
        calibrating: pictures for the statistics.
        measuring: pictures for the points.
        split: part of the data set that both are from, as the user named it.
        has_labels: the labels are the task's, and the model's.
        problem: why labels that are there are not used; empty otherwise.
    """

    total: int
    calibrating: Dataset
    measuring: Dataset
    split: str | None
    has_labels: bool
    problem: str = ""

    @property
    def skipped(self) -> list[Skipped]:
        """Pictures that could not be read so far."""
        return [*self.calibrating.skipped, *self.measuring.skipped]

    def describe(self) -> str:
        """Say in a line what is calibrated and measured on, for people and for the record."""
        whole = self.calibrating
        part = f", split '{self.split}'" if self.split is not None else ""
        return (
            f"{whole.name} ({whole.kind}{part}): {len(whole)} of {self.total} pictures to calibrate, "
            f"{len(self.measuring)} others to measure, by lot (seed {SEED})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.calibrating.name,
            "kind": self.calibrating.kind,
            "split": self.split,
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
    of: Callable[[Path], float]


def open_material(
    data: str | os.PathLike[str],
    task: Task,
    labels: tuple[str, ...],
    *,
    count: int,
    split: str | None = None,
    pictures: str | os.PathLike[str] | None = None,
    ignore_unknown: bool = False,
) -> Material:
    """Open a data set and divide it by lot, the same way on every machine.

    Args:
        data: anything that ``open_dataset`` opens.
        task: the model's.
        labels: the model's.
        count: pictures to calibrate on; no more than half of them are.
        split: part of the data set.
        pictures: folder of the pictures, where the labels are elsewhere.
        ignore_unknown: leave out classes that the model does not know.

    Raises:
        DataError: there are no pictures, or there is only one.
        UnsupportedError: the network takes something else than pictures.
    """
    if task.takes != "picture":
        raise UnsupportedError(
            f"calibrating {task.name} on a data set is not supported: expected a network that takes pictures"
        )
    places = {"pictures": pictures, "ignore_unknown": ignore_unknown}
    whole, problem = open_labelled(data, task, labels, split, places)
    has_labels = whole is not None
    dataset = whole if whole is not None else open_dataset(data, None, (), split, pictures=pictures)
    if len(dataset) < 2:
        raise DataError(
            f"{dataset.name}: found 1 picture, expected at least 2: to calibrate on and to measure on"
        )
    calibrating, others = dataset.split(min(count, len(dataset) // 2), SEED)
    measuring = others.limit(MEASURED if has_labels else COMPARED)
    return Material(len(dataset), calibrating, measuring, split, has_labels, problem)


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


def without_misfit(material: Material, model: Path, engine: str) -> Material:
    """Do without labels of another number of classes than a model without names has, and say so."""
    network = open_network(model, engine=engine) if material.has_labels else None
    if network is None or network.labels:
        return material
    try:
        make_metric(network, material.measuring, None)
    except DataError as error:
        measuring = material.measuring.limit(COMPARED)
        return replace(material, measuring=measuring, has_labels=False, problem=str(error))
    return material


def choose_points(
    model: Path, material: Material, engine: str, progress: Progress | None = None
) -> Points | None:
    """Decide how files are measured: against labels, else by agreement with the float file.

    Args:
        model: the float file.
        material: pictures to measure on.
        engine: that runs the files.
        progress: takes a phrase.

    Returns:
        None where there is nothing to compare: the task has no measure, or the float file finds nothing.

    Raises:
        DataError: labels do not fit the model.
    """
    reference, dataset = open_network(model, engine=engine), material.measuring
    step = Steps(progress)
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

    def __call__(self, path: Path) -> float:
        """Measure a file."""
        found = evaluate(open_network(path, engine=self.engine), self.dataset, progress=self.step)
        if math.isnan(found.value):
            raise DataError(f"{self.dataset.name}: found no labelled object in {found.pictures} pictures")
        return 100 * found.value


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

    def __call__(self, path: Path) -> float:
        """Measure a file."""
        if path == self.reference.path:
            return 100.0
        network = open_network(path, engine=self.engine)
        return 100 * agree(self.reference, network, self.dataset, self.step).value


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
