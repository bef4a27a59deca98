"""The first stage: reading the pictures, once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.calibration.feeding import Batch, Feeder, Frame
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.judging import Judge
from gcv_edge.calibration.notes import Notes
from gcv_edge.calibration.quantizing import Ranges
from gcv_edge.calibration.reading import Split, limit
from gcv_edge.calibration.recipes import Recipe, Workshop, temporary_file
from gcv_edge.calibration.statistics import collect
from gcv_edge.calibration.targets import judging_engine
from gcv_edge.calibration.thresholds import AUTO, MODES
from gcv_edge.errors import DataError

DRY_RUN = 2


@dataclass(frozen=True)
class Survey:
    """What the pictures told.

    Attributes:
        notes: what this calibration has found out so far, on disk.
        ranges: of each value, by mode.
        means: of the channels of each layer's input.
        tried: batches for full bias correction.
        held_out: batches that statistics were not taken from.
        pictures: batches that they were taken from.
        data_hash: of the pictures.
        sameness: says that the pictures are all the same; empty where they are not.
    """

    notes: Notes
    ranges: Mapping[str, Ranges]
    means: Mapping[str, NDArray[np.float64]]
    tried: Sequence[Batch]
    held_out: Sequence[Batch]
    pictures: int
    data_hash: str
    sameness: str


def read_pictures(job: Job, frames: Iterable[Frame], held_out: Iterable[Frame] | None) -> Survey:
    """Try two pictures, then read all: statistics, and a few pictures to compare on.

    Raises:
        DataError: there is no picture, or something that is none.
    """
    job.watch.start("read")
    feeder, stream = job.feeder(), iter(frames)
    first = list(itertools.islice(stream, DRY_RUN))
    try_two(job, first)
    notes = Notes(job.notes_path, job.key(first))
    known = notes.get("statistics")
    split = Split() if held_out is None else Split.given(job.feeder().batches(held_out))
    batches = split.divide(feeder.batches(limit(itertools.chain(first, stream), known is not None)))
    if known is None:
        known = count(job, batches, feeder)
        notes.put("statistics", known)
    else:
        for _ in batches:
            pass
    split.settle()
    return Survey(
        notes,
        ranges={mode: restored(found) for mode, found in known["ranges"].items()},
        means={name: np.asarray(mean) for name, mean in known["means"].items()},
        tried=split.tried,
        held_out=split.held_out,
        pictures=known["pictures"],
        data_hash=known["data_hash"],
        sameness=known["sameness"],
    )


def try_two(job: Job, frames: Sequence[Frame]) -> None:
    """Go the whole way with two pictures, so that what cannot work fails at once."""
    batches = list(job.feeder().batches(frames))
    if not batches:
        return
    statistics = collect(job.floating, job.placement, batches)
    ranges = {"minmax": statistics.ranges("minmax")}
    trial = Workshop(job.source, job.target, ranges, statistics.means)
    with temporary_file() as path:
        trial.write(Recipe("minmax"), path)
        Judge(job.source, batches[:1], judging_engine(job.target)).agreement(path)


def count(job: Job, batches: Iterable[Batch], feeder: Feeder) -> dict[str, Any]:
    """Take statistics of all batches, as values that JSON can spell."""
    statistics = collect(job.floating, job.placement, batches)
    if not statistics.batches:
        raise DataError("calibration: found no pictures, expected some hundred")
    modes = MODES if job.mode == AUTO else (job.mode,)
    return {
        "ranges": {mode: statistics.ranges(mode) for mode in modes},
        "means": {name: mean.tolist() for name, mean in statistics.means.items()},
        "pictures": statistics.batches,
        "data_hash": job.options.data_hash or feeder.digest,
        "sameness": feeder.sameness,
    }


def restored(ranges: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Turn JSON's lists back into ranges."""
    return {group: (float(ends[0]), float(ends[1])) for group, ends in ranges.items()}
