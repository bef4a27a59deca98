"""One variant in a process of its own, which `workers.Worker` starts.

The first line on standard input is the job; every further line is a command, answered by one line on
standard output. Between commands the process waits, so that whoever holds the pipe decides who computes.
What libraries print goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from gcv_edge.benchmarking.isa import cap_core
from gcv_edge.benchmarking.machine import resident_bytes
from gcv_edge.benchmarking.turns import Turn
from gcv_edge.errors import MissingExtraError, UnsupportedError
from gcv_edge.processes import claim_output


class Runner(Protocol):
    """What a worker holds."""

    def load(self) -> dict[str, Any]:
        """Get ready and run once."""

    def turn(self, seconds: float) -> Turn:
        """Work on frames."""

    def network(self, seconds: float) -> Turn:
        """Run the network alone."""

    def profile(self) -> list[dict[str, Any]]:
        """Say which kernels the network's time goes to."""


class Desk:
    """Answers commands.

    Args:
        job: what to run.
        before: bytes that the process held before it imported anything.
    """

    def __init__(self, job: Mapping[str, Any], before: int | None) -> None:
        self._job = job
        self._before = before
        self._runner: Runner | None = None

    def answer(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a command says; what goes wrong is an answer too."""
        try:
            return self._obey(command)
        except (UnsupportedError, MissingExtraError) as error:
            return {"error": str(error), "kind": "unsupported"}
        except MemoryError:
            return {"error": "there is not enough memory", "kind": "failed"}
        except Exception as error:  # engines raise what they like
            return {"error": f"{' '.join(str(error).split())}" or type(error).__name__, "kind": "failed"}

    def _obey(self, command: Mapping[str, Any]) -> dict[str, Any]:
        name = command["do"]
        if name == "load":
            return self._load()
        if self._runner is None or name not in ("turn", "network", "profile"):
            raise ValueError(f"command: found {name!r}, expected load, turn, network or profile, after load")
        if name == "profile":
            return {"layers": self._runner.profile()}
        turn = self._runner.turn if name == "turn" else self._runner.network
        return turn(float(command["seconds"])).to_dict()

    def _load(self) -> dict[str, Any]:
        cap_core(self._job["isa"])
        self._runner = open_runner(self._job)
        facts = self._runner.load()
        after = resident_bytes()
        grown = after - self._before if after is not None and self._before is not None else None
        return {**facts, "memory": grown}


def open_runner(job: Mapping[str, Any]) -> Runner:
    """Choose who runs a job; nothing heavy is imported for the others."""
    if job["engine"] == "mxnet":
        from gcv_edge.benchmarking.mxnet_runner import MxnetRunner

        return MxnetRunner(job)
    from gcv_edge.benchmarking.engine_runner import EngineRunner

    return EngineRunner(job)


def main() -> None:
    """Answer until nobody asks any more."""
    before = resident_bytes()
    answers = claim_output()
    with contextlib.suppress(BrokenPipeError):
        desk = Desk(json.loads(sys.stdin.readline()), before)
        for line in sys.stdin:
            answers.write(json.dumps(desk.answer(json.loads(line))) + "\n")
            answers.flush()
