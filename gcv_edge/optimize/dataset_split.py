"""The split of a data set: pictures to prune and calibrate on, and others to measure files on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcv_edge.calibration.batches import count_held_out
from gcv_edge.data import Dataset, Skipped, open_dataset
from gcv_edge.data.splits import find_training_split, is_training
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import METRICS
from gcv_edge.tasks import Task

SEED = 0
MEASURED = 2000
"""Labelled pictures measured on at most; each file that is tried is run on all of them."""
COMPARED = 300
"""Pictures at most where files are compared without labels, and a limit is to be held."""
FEWEST_COMPARED, FEW = 4, 32
"""Pictures at least and at most where files are compared for the record alone: a tenth, between these."""

Data = str | os.PathLike[str]
"""Anything that ``open_dataset`` opens."""


@dataclass(frozen=True)
class SplitOptions:
    """How a data set is split.

    Attributes:
        samples: pictures to calibrate on, at most.
        split: part to measure on; None for the one that is for measuring.
        calibration_split: part to calibrate on; None for the one that is for training. Where there is none,
            or both are the same, that part is divided at random.
        has_limit: a limit of accuracy is to be held: enough pictures are kept to measure on, labels or not.
        pictures, ignore_unknown: as ``open_dataset`` takes them.
    """

    samples: int
    split: str | None = None
    calibration_split: str | None = None
    has_limit: bool = False
    pictures: str | os.PathLike[str] | None = None
    ignore_unknown: bool = False


@dataclass(frozen=True)
class DatasetSplit:
    """Two parts of a data set that share no picture.

    Attributes:
        total: pictures of the part that is calibrated on, before some of them were chosen.
        calibration: pictures to prune and calibrate on.
        evaluation: pictures to measure on.
        is_by_lot: both are from the same part of the data set, for want of one for training.
        has_labels: the labels are the task's, and the network's.
        label_problem: why labels that are there are not used; empty otherwise.
    """

    total: int
    calibration: Dataset
    evaluation: Dataset
    is_by_lot: bool
    has_labels: bool
    label_problem: str = ""

    @property
    def skipped(self) -> list[Skipped]:
        """Pictures that could not be read so far."""
        return [*self.calibration.skipped, *self.evaluation.skipped]

    def describe(self) -> str:
        """Say in a line what is calibrated and measured on, for people and for the record."""
        held_out = count_held_out(len(self.calibration))
        choice = f", {held_out} of them to choose the recipe" if held_out else ""
        part = of_part(self.calibration)
        used = f"{len(self.calibration)} of {self.total} pictures{part} to calibrate{choice}"
        if self.is_by_lot:
            others = "other" if len(self.evaluation) == 1 else "others"
            measured = f"{len(self.evaluation)} {others} to measure, at random (seed {SEED})"
        else:
            measured = f"{len(self.evaluation)} pictures{of_part(self.evaluation)} to measure"
        return f"{self.evaluation.name} ({self.evaluation.kind}): {used}; {measured}"

    @property
    def warning(self) -> str:
        """Say that pictures for measuring are calibrated on; empty where they are not."""
        name = self.evaluation.split_name
        if not self.is_by_lot or name is None or is_training(name):
            return ""
        return (
            f"found no split for training: some pictures of '{name}' are calibrated on, and measured on the "
            "others alone"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.evaluation.name,
            "kind": self.evaluation.kind,
            "split": self.evaluation.split_name,
            "calibration_split": self.calibration.split_name,
            "by_lot": self.is_by_lot,
            "labels_not_used_because": self.label_problem or None,
            "total": self.total,
            "calibrated_on": len(self.calibration),
            "measured_on": len(self.evaluation),
            "seed": SEED,
            "fingerprint": self.calibration.fingerprint(),
            "measured_fingerprint": self.evaluation.fingerprint(),
            "skipped": [skipped._asdict() for skipped in self.skipped],
            "damaged_labels": [damaged._asdict() for damaged in self.evaluation.damaged_labels],
        }


def of_part(dataset: Dataset) -> str:
    """Name the part of a data set; nothing where it has no parts."""
    return f" of '{dataset.split_name}'" if dataset.split_name is not None else ""


def split_dataset(data: Data, task: Task, labels: tuple[str, ...], options: SplitOptions) -> DatasetSplit:
    """Open a data set and split it, the same way on every machine.

    Args:
        data: the data set.
        task, labels: the network's.
        options: how.

    Raises:
        DataError: there are no pictures, or there is only one.
        UnsupportedError: the network takes something else than pictures.
    """
    if task.takes != "picture":
        raise UnsupportedError(
            f"calibrating {task.name} on a data set is not supported: expected a network that takes pictures"
        )
    evaluation, has_labels, problem = open_part(data, task, labels, options.split, options)
    part = options.calibration_split or find_training_split(Path(data), task, evaluation.split_name)
    if part is None or part == evaluation.split_name:
        return split_at_random(evaluation, options, has_labels, problem)
    training = open_part(data, task, labels, part, options)[0].without(evaluation)
    if not len(training):
        return split_at_random(evaluation, options, has_labels, problem)
    chosen = training if options.samples >= len(training) else training.split(options.samples, SEED)[0]
    kept = evaluation.limit(MEASURED if has_labels else COMPARED)
    return DatasetSplit(len(training), chosen, kept, False, has_labels, problem)


def split_at_random(dataset: Dataset, options: SplitOptions, has_labels: bool, problem: str) -> DatasetSplit:
    """Divide one part of a data set at random."""
    total = len(dataset)
    if total < 2:
        raise DataError(
            f"{dataset.name}: found 1 picture, expected at least 2: to calibrate on and to measure on"
        )
    half, tenth = total // 2, total // 10
    few = min(FEW, max(tenth, min(FEWEST_COMPARED, half)))
    kept = half if has_labels or options.has_limit else few
    calibration, others = dataset.split(min(options.samples, total - kept), SEED)
    most = MEASURED if has_labels else COMPARED if options.has_limit else FEW
    return DatasetSplit(total, calibration, others.limit(most), True, has_labels, problem)


def open_part(
    data: Data, task: Task, labels: tuple[str, ...], part: str | None, options: SplitOptions
) -> tuple[Dataset, bool, str]:
    """Open a part of a data set, with its labels where they are of use.

    Returns:
        It; whether it has labels; why those that are there are of no use.
    """
    found, problem = open_labelled(data, task, labels, part, options)
    if found is not None:
        return found, True, problem
    return open_dataset(data, None, (), part, pictures=options.pictures), False, problem


def open_labelled(
    data: Data, task: Task, labels: tuple[str, ...], part: str | None, options: SplitOptions
) -> tuple[Dataset | None, str]:
    """Open a part with its labels; None, and why, where they are of no use to the task or the network."""
    if task.name not in METRICS:
        return None, ""
    try:
        dataset = open_dataset(
            data, task, labels, part, pictures=options.pictures, ignore_unknown=options.ignore_unknown
        )
        first = next(iter(dataset), None)
    except DataError as error:
        return None, str(error)
    return (None, dataset.unlabelled) if first is None or first.target is None else (dataset, "")
