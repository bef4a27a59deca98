"""Children side by side, each on processors of its own; a crash or a timeout is a record like any other."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.zoo import ROOT
from benchmarks.zoo.records import FAILED, PARITY, Record, Records, merge

WORK = "work-"
"""Names of the folders in which children work begin so."""


@dataclass(frozen=True)
class Job:
    """What a child does: phases of a name, within some seconds; ``module`` is its program."""

    name: str
    phases: tuple[str, ...]
    seed: int
    timeout: float
    module: str = "benchmarks.zoo.child"


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
        self._slots = share_processors(jobs)
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_stopped = False
        for left_behind in records.folder.glob(f"{WORK}*"):
            shutil.rmtree(left_behind, ignore_errors=True)

    def run(self, jobs: Iterable[Job]) -> Iterator[Record]:
        """Give each job's record, as soon as it is written.

        When the caller stops asking, children are ended and their folders removed.
        """
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        done: queue.SimpleQueue[Record | BaseException] = queue.SimpleQueue()
        count = 0
        for job in jobs:
            waiting.put(job)
            count += 1
        threads = [threading.Thread(target=self._work, args=(slot, waiting, done)) for slot in self._slots]
        for thread in threads:
            thread.start()
        try:
            for _ in range(count):
                found = done.get()
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            self._stop()
            for thread in threads:
                thread.join()

    def _work(
        self,
        slot: Sequence[int],
        waiting: queue.SimpleQueue[Job],
        done: queue.SimpleQueue[Record | BaseException],
    ) -> None:
        try:
            while True:
                done.put(self._run_one(waiting.get_nowait(), slot))
        except (queue.Empty, StoppedError):
            return
        except BaseException as error:
            done.put(error)

    def _run_one(self, job: Job, slot: Sequence[int]) -> Record:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=WORK, dir=self._records.folder) as folder:
            ending = self._run_child(job, Path(folder), slot)
            record = read_result(Path(folder)) or {"name": job.name, "verdict": FAILED, "reason": ending}
        record["seconds"] = round(time.monotonic() - started, 2)
        if PARITY not in job.phases:
            record = merge(self._records.read(job.name) or {}, record)
        self._records.write(record)
        return record

    def _run_child(self, job: Job, folder: Path, slot: Sequence[int]) -> str:
        arguments = [",".join(job.phases), job.name, str(job.seed), str(folder)]
        command = [sys.executable, "-m", job.module, *arguments]
        with (folder / "log").open("wb") as log:
            child = self._start(command, folder, slot, log.fileno())
            try:
                code = child.wait(job.timeout)
            except subprocess.TimeoutExpired:
                return f"not done after {job.timeout:g} s"
            finally:
                end_child(child)
                with self._lock:
                    self._children.discard(child)
        if self._is_stopped:
            raise StoppedError
        last = (folder / "log").read_text(errors="replace").strip().splitlines()[-1:]
        return f"{describe_exit(code)}: {' '.join(last)[:200]}"

    def _start(
        self, command: Sequence[str], folder: Path, slot: Sequence[int], log: int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_stopped:
                raise StoppedError
            child = subprocess.Popen(
                on_processors(slot, command),
                cwd=ROOT,
                env=child_environment(folder, len(slot)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self._children.add(child)
            return child

    def _stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            for child in self._children:
                end_child(child)


def share_processors(jobs: int) -> list[list[int]]:
    """Deal out the processors that this process may use, at least one to each job."""
    usable = (
        sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0] * (os.cpu_count() or 1)
    )
    return [usable[job::jobs] or [usable[job % len(usable)]] for job in range(jobs)]


def on_processors(slot: Sequence[int], command: Sequence[str]) -> list[str]:
    """Spell a command that runs on some processors only."""
    tool = shutil.which("taskset")
    return [tool, "-c", ",".join(map(str, slot)), *command] if tool else list(command)


def child_environment(folder: Path, threads: int) -> dict[str, str]:
    """Return a child's environment: as many threads as processors, and a model store of its own."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "GCV_EDGE_HOME": str(folder / "home"),
    }


def end_child(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started, if it still runs."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def describe_exit(code: int) -> str:
    """Say how a child ended that left no record."""
    return f"ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def read_result(folder: Path) -> Record | None:
    """Return what a child wrote, None if it did not."""
    path = folder / "record.json"
    try:
        record: Record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return record
