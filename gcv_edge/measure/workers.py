"""The other end of a worker's pipes: starting it, asking it, ending it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.measure.isa import cap_variables
from gcv_edge.measure.processes import (
    describe_exit,
    kill_group,
    last_line,
    python_command,
    python_environment,
)

LONGEST_REASON = 300


class Worker:
    """A process that does one job, and only when it is asked.

    Args:
        service: ``package.module:Class`` that the process makes from the job (``worker.Service``).
        job: for the service, in what JSON can spell; ``threads`` and ``isa`` bound the process.
        name: of the job, for messages.
        log: file for the process's standard error.
        patience: seconds that an answer may take; the process is ended after that. None: it is waited for.
    """

    def __init__(
        self, service: str, job: Mapping[str, Any], name: str, log: Path, patience: float | None = None
    ) -> None:
        self._name = name
        self._log = log
        self._patience = patience
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                python_command("gcv_edge.measure.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=worker_environment(job),
                start_new_session=True,  # the keyboard's interrupt is the parent's to handle
                text=True,
                encoding="utf-8",
            )
        self._send({"service": service, "job": job})

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command and wait for its answer.

        Raises:
            UnsupportedError: the job cannot be done here.
            GcvEdgeError: it failed, the process ended, or it took too long.
        """
        is_late = threading.Event()
        self._send({"do": command, **arguments})
        with self._time_limit(is_late):
            line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if is_late.is_set():
            raise GcvEdgeError(f"{self._name}: {command} took more than {self._patience:g} s and was ended")
        if not line:
            raise GcvEdgeError(self._describe_end())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            kind = UnsupportedError if answer["kind"] == "unsupported" else GcvEdgeError
            raise kind(answer["error"][:LONGEST_REASON])
        return answer

    def close(self) -> None:
        """End the process, whatever it does; closing twice is allowed."""
        kill_group(self._process)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _time_limit(self, is_late: threading.Event) -> Iterator[None]:
        """End the process, and set ``is_late``, if what is done meanwhile takes longer than ``patience``."""

        def give_up() -> None:
            is_late.set()
            kill_group(self._process)

        timer = threading.Timer(self._patience, give_up) if self._patience is not None else None
        if timer is not None:
            timer.start()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # ``ask`` reports the answer that does not come
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()

    def _describe_end(self) -> str:
        how, last = describe_exit(self._process.wait()), last_line(self._log)
        return f"{self._name}: its process {how}" + (f": {last[:LONGEST_REASON]}" if last else "")


def worker_environment(job: Mapping[str, Any]) -> dict[str, str]:
    """Return a worker's environment: caps, threads of OpenMP, and where the package is."""
    threads = str(job["threads"] or usable_cpus())
    return python_environment(
        OMP_NUM_THREADS=threads,
        OPENBLAS_NUM_THREADS=threads,
        MXNET_SUBGRAPH_BACKEND="NONE",  # whether operators are fused is the job's to say
        **cap_variables(job["isa"]),
    )
