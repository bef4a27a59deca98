"""A service for workers: it answers, fails, prints and dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from gcv_edge.errors import UnsupportedError


class Echo:
    """Answers what it is told.

    Args:
        job: anything.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Do what a command says."""
        print("not an answer")
        if command == "refuse":
            raise UnsupportedError("it is not supported")
        if command == "fail":
            raise ValueError("found 1,\n expected 2")
        if command == "sleep":
            time.sleep(60)
        if command == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"command": command, "job": dict(self._job), **arguments}
