"""The first stage: reading the pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.calibration.feeding import Batch, Frame
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.judging import Judge
from gcv_edge.calibration.quantizing import Ranges
from gcv_edge.calibration.reading import HELD_OUT, Split
from gcv_edge.calibration.recipes import Recipe, Workshop, temporary_file
from gcv_edge.calibration.statistics import collect
from gcv_edge.calibration.targets import judging_engine
from gcv_edge.calibration.thresholds import AUTO, MODES
from gcv_edge.errors import DataError
from gcv_edge.measure.findings import Finding, Findings, key_of

DRY_RUN = 2


@dataclass(frozen=True)
class Survey:
    """What the pictures told.

    Attributes:
        findings: what this calibration has found out so far, on disk.
        key: what findings about 8-bit networks depend on: the job's, all pictures, and the target.
        ranges: of each value, by mode.
        means: of the channels of each layer's input.
        tried: batches for full bias correction.
        held_out: batches that statistics were not taken from.
        pictures: how many they were taken from.
        compared: pictures in the batches that were not.
        data_hash: of the pictures.
        sameness: says that the pictures are all the same; empty where they are not.
        sensitivity: agreement by layer, as far as it was asked for.
    """

    findings: Findings
    key: str
    ranges: Mapping[str, Ranges]
    means: Mapping[str, NDArray[np.float64]]
    tried: Sequence[Batch]
    held_out: Sequence[Batch]
    pictures: int
    compared: int
    data_hash: str
    sameness: str
    sensitivity: dict[str, float] = field(default_factory=dict)


class Reading:
    """One pass over the pictures.

    Args:
        job: what is asked for.
        held_out: batches to compare on; None: some of those that are read.
        compared: hash of the pictures given to compare on; empty where none were given.

    Attributes:
        split: what is held out.
    """

    def __init__(self, job: Job, held_out: list[Batch] | None, compared: str) -> None:
        self._job, self._compared = job, compared
        self.feeder = job.feeder()
        self.split = Split() if held_out is None else Split.given(held_out)

    def batches(self, frames: Iterable[Frame]) -> Iterator[Batch]:
        """Give the batches to count."""
        return self.split.divide(self.feeder.batches(frames))

    def statistics(self, findings: Findings) -> Finding:
        """Return the finding that depends on the pictures read, and on how they were divided."""
        digest, is_given = self.feeder.digest, bool(self._compared)
        return findings.at("statistics", self._job.key, modes_of(self._job), digest, is_given)

    @property
    def key(self) -> str:
        """What findings about 8-bit networks depend on."""
        return key_of(self._job.key, self.feeder.digest, self._compared, self._job.target.name)


def read_pictures(job: Job, frames: Iterable[Frame], held_out: Iterable[Frame] | None) -> Survey:
    """Try two pictures, then read all: statistics, and a few pictures to compare on.

    Where an interrupted call left statistics, and the pictures can be read again, they are read once only to
    see whether they are the same.

    Raises:
        DataError: there is no picture, or something that is none.
    """
    job.watch.start("read")
    findings = Findings(job.findings_path)
    given, compared = read_held_out(job, held_out)
    known = None
    if findings.has("statistics") and iter(frames) is not frames:
        reading = Reading(job, given, compared)
        for _ in reading.batches(frames):
            pass
        known = reading.statistics(findings).value
    if known is None:
        reading = Reading(job, given, compared)
        known = count(job, reading, frames)
        reading.statistics(findings).keep(known)
    reading.split.settle()
    return Survey(
        findings,
        reading.key,
        ranges={mode: restored(found) for mode, found in known["ranges"].items()},
        means={name: np.asarray(mean) for name, mean in known["means"].items()},
        tried=reading.split.tried,
        held_out=reading.split.held_out,
        pictures=known["pictures"],
        compared=len(reading.split.held_out) * reading.feeder.per_batch - reading.feeder.repeated,
        data_hash=job.options.data_hash or reading.feeder.digest,
        sameness=known["sameness"],
    )


def read_held_out(job: Job, frames: Iterable[Frame] | None) -> tuple[list[Batch] | None, str]:
    """Read the pictures to compare on, and hash them; None where none are given."""
    if frames is None:
        return None, ""
    feeder = job.feeder()
    return list(itertools.islice(feeder.batches(frames), HELD_OUT)), feeder.digest


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


def count(job: Job, reading: Reading, frames: Iterable[Frame]) -> dict[str, Any]:
    """Take statistics of all batches, as values that JSON can spell."""
    stream = iter(frames)
    first = list(itertools.islice(stream, DRY_RUN))
    try_two(job, first)
    statistics = collect(job.floating, job.placement, reading.batches(itertools.chain(first, stream)))
    if not statistics.batches:
        raise DataError("calibration: found no pictures, expected some hundred")
    return {
        "ranges": {mode: statistics.ranges(mode) for mode in modes_of(job)},
        "means": {name: mean.tolist() for name, mean in statistics.means.items()},
        "pictures": statistics.batches * reading.feeder.per_batch - reading.feeder.repeated,
        "sameness": reading.feeder.sameness,
    }


def modes_of(job: Job) -> Sequence[str]:
    """Return the modes of which ranges are needed."""
    return MODES if job.mode == AUTO else (job.mode,)


def restored(ranges: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Turn JSON's lists back into ranges."""
    return {group: (float(ends[0]), float(ends[1])) for group, ends in ranges.items()}
