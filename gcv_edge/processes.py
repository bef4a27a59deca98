"""Python processes that this package starts for what must not happen in its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

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
