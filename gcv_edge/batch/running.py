"""Computing tables with a network: one file, or the missing parts of a job."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from gcv_edge.batch.job import Job
from gcv_edge.batch.rows import TableSource, make_row
from gcv_edge.batch.sinks import Sink
from gcv_edge.batch.sources.entries import PictureEntry
from gcv_edge.batch.work import STAGES, Outcome, Workshop

LIST, WRITE = "list", "write"
SHOWN_PROBLEMS = 5


@dataclass
class WorkTally:
    """What was done, and where the time went.

    Attributes:
        pictures: rows that were written.
        problems: the first few that could not be read, with the reason.
        errors: how many could not be read.
        seconds: thread time by stage: list, read, decode, infer, write.
    """

    pictures: int = 0
    errors: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys((LIST, *STAGES, WRITE), 0.0))

    def add(self, outcome: Outcome) -> None:
        """Take in a picture."""
        self.pictures += 1
        if outcome.error is not None:
            self.errors += 1
            if len(self.problems) < SHOWN_PROBLEMS:
                self.problems.append(str(outcome.error))
        for stage, taken in outcome.seconds.items():
            self.seconds[stage] += taken

    def merge(self, other: WorkTally) -> None:
        """Take in what another worker did."""
        self.pictures += other.pictures
        self.errors += other.errors
        self.problems = (self.problems + other.problems)[:SHOWN_PROBLEMS]
        for stage, taken in other.seconds.items():
            self.seconds[stage] += taken

    @contextlib.contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += perf_counter() - started


def timed(entries: Iterable[PictureEntry], tally: WorkTally) -> Iterator[PictureEntry]:
    """Give entries on, and add the time that listing them took."""
    rest = iter(entries)
    while True:
        with tally.timing(LIST):
            entry = next(rest, None)
        if entry is None:
            return
        yield entry


def write_row(sink: Sink, outcome: Outcome, tally: WorkTally) -> None:
    """Write a picture's row, and take it in."""
    with tally.timing(WRITE):
        sink.write(make_row(outcome, sink.source))
    tally.add(outcome)


def write_table(
    workshop: Workshop,
    entries: Iterable[PictureEntry],
    source: TableSource,
    kind: type[Sink],
    path: Path,
    tally: WorkTally,
) -> Iterator[Outcome]:
    """Write one file of rows, giving each picture's outcome when its row is written."""
    sink = kind(path, source)
    try:
        for outcome in workshop.run(timed(entries, tally)):
            write_row(sink, outcome, tally)
            yield outcome
    finally:
        with tally.timing(WRITE):
            sink.close()


def write_parts(workshop: Workshop, job: Job, shards: Sequence[int], tally: WorkTally) -> Iterator[Outcome]:
    """Write the parts of some shards, giving each picture's outcome when its row is written.

    The next shard's pictures are on their way while the last ones of a shard are computed.
    """
    outcomes = workshop.run(timed((one for shard in shards for one in job.entries(shard)), tally))
    for shard in shards:
        with contextlib.ExitStack() as stack:
            with tally.timing(WRITE):
                sink = stack.enter_context(job.writing_part(shard))
            for _ in range(job.shards[shard].count):
                outcome = next(outcomes)
                write_row(sink, outcome, tally)
                yield outcome
            with tally.timing(WRITE):
                stack.close()
