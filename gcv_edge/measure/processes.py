"""Python processes that this package starts for what must not happen in its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import gcv_edge


def python_command(module: str) -> list[str]:
    """Return the command that calls ``main`` of a module.

    The folder that the user is in is left out: it may be this package's source, without what is compiled.
    """
    start = (
        f"import sys; sys.path[:] = [place for place in sys.path if place]; from {module} import main; main()"
    )
    return [sys.executable, "-c", start]


def python_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment, with where this package is, and further variables."""
    places = [str(Path(gcv_edge.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), **extra}


def claim_output() -> IO[str]:
    """Keep standard output for answers; whatever else is printed goes to standard error."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def kill_group(process: subprocess.Popen[Any]) -> None:
    """End a process that began a session of its own, and all that it started; nothing where it has ended."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def describe_exit(code: int) -> str:
    """Say how a process ended that gave no answer: ``ended with exit code 3``, ``was ended by SIGKILL``."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def last_line(log: Path) -> str:
    """Return the last line of what a process printed; empty where it printed nothing."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
