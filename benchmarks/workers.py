"""One child per name, several at once, each on processors of its own; a crash is a record like any other."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import Child, ChildError
from benchmarks.records import Record, Records

PHASES = (PARITY := "parity", SPEED := "speed")
"""What is done with a name, in this order: the first begins its record, the second adds to it."""

PASSED, FAILED = "passed", "failed"
"""Verdicts: it agrees with MXNet; it does not, or does not export."""

WORK = "work-"
"""Names of the folders in which children work begin so."""


@dataclass(frozen=True)
class SweepJob:
    """What a child does: phases of a name, within some seconds.

    ``function`` is given phases, name, seed and a folder, and returns the record.
    """

    name: str
    phases: tuple[str, ...]
    seed: int
    timeout: float
    function: str = "benchmarks.zoo.child:run"


class StoppedError(Exception):
    """The sweep was interrupted."""


class Workers:
    """Runs one child per name, several at once.

    Args:
        records: where children's records go; children work in folders beside them.
        jobs: children at a time.
    """

    def __init__(self, records: Records, jobs: int) -> None:
        self._records = records
        self._jobs = jobs
        self._free: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
        for processors in share_processors(jobs):
            self._free.put(processors)
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._is_stopped = False
        for left_behind in records.folder.glob(f"{WORK}*"):
            shutil.rmtree(left_behind, ignore_errors=True)

    def run(self, jobs: Iterable[SweepJob]) -> Iterator[Record]:
        """Give each job's record, as soon as it is written.

        When the caller stops asking, children are ended and their folders removed.
        """
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                waiting = [pool.submit(self._run_one, job) for job in jobs]
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self._stop()

    def _run_one(self, job: SweepJob) -> Record:
        started, processors = time.monotonic(), self._free.get()
        try:
            with tempfile.TemporaryDirectory(prefix=WORK, dir=self._records.folder) as folder:
                record = self._ask(job, Path(folder), processors)
        finally:
            self._free.put(processors)
        record["seconds"] = round(time.monotonic() - started, 2)
        if PARITY not in job.phases:
            record = merge(self._records.read(job.name) or {}, record)
        self._records.write(record)
        return record

    def _ask(self, job: SweepJob, folder: Path, processors: Sequence[int]) -> Record:
        child = self._start(job, folder, processors)
        try:
            record: Record = child.result(job.timeout)
        except ChildError as error:
            if self._is_stopped:
                raise StoppedError from error
            return {"name": job.name, "verdict": FAILED, "reason": str(error)}
        finally:
            with self._lock:
                self._children.discard(child)
        return record

    def _start(self, job: SweepJob, folder: Path, processors: Sequence[int]) -> Child:
        arguments = [job.phases, job.name, job.seed, folder]
        with self._lock:
            if self._is_stopped:
                raise StoppedError
            child = Child(
                job.function, arguments, folder, {"OMP_NUM_THREADS": str(len(processors))}, processors
            )
            self._children.add(child)
            return child

    def _stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            for child in self._children:
                child.end()


def share_processors(jobs: int) -> list[list[int]]:
    """Deal out the processors that this process may use, at least one to each job."""
    usable = (
        sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0] * (os.cpu_count() or 1)
    )
    return [usable[job::jobs] or [usable[job % len(usable)]] for job in range(jobs)]


def merge(earlier: Record, later: Record) -> Record:
    """Add a later phase's record to an earlier one's, part by part where there are several."""
    parts = [
        {**one, **other} for one, other in zip(earlier.get("parts", ()), later.get("parts", ()), strict=False)
    ]
    return {**earlier, **later, **({"parts": parts} if parts else {})}
