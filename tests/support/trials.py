"""Trying damaged files by the hundred in a process of its own, where an abort is noticed."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.loading import load_source
from gcv_edge.exporters.source import ExportOptions

ROOT = Path(__file__).resolve().parents[2]
RUN = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)
"""Runs a module of the tests' without the checkout before an installed package."""

MEMORY = 6 << 30
SECONDS = 5.0
"""The most that one conversion may take."""

Damage = Callable[[random.Random, Path], tuple[Path, ExportOptions]]
"""``damage(dice, folder)``: writes a damaged network; returns its path and how it is exported."""


def what_is_wrong(source: Path, options: ExportOptions) -> str:
    """Convert a network; return what is wrong with the outcome, or nothing."""
    start = time.perf_counter()
    try:
        load_source(str(source), options=options).convert(options)
    except GcvEdgeError as error:
        if "\n" in str(error):
            return f"more than one line: {error!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    return f"took {seconds:.1f} s" if seconds > SECONDS else ""


def run_trials(damage: Damage) -> None:
    """Try the seeds that the command line names; print what is wrong, and on stderr each seed before."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(*map(int, sys.argv[1:])):
            print(f"seed {seed}", file=sys.stderr, flush=True)
            problem = what_is_wrong(*damage(random.Random(seed), Path(folder)))
            if problem:
                print(f"seed {seed}: {problem}")


def failures(module: str, first: int, last: int) -> str:
    """Run a module's trials in a child process; return what it printed, and how it ended where it died."""
    command = [sys.executable, "-c", RUN, str(ROOT), module, str(first), str(last)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    options: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace", "check": False}
    child = subprocess.run(command, timeout=600, env=environment, **options)
    end = f"ended with {child.returncode}: {child.stderr[-300:]}" if child.returncode else ""
    return child.stdout + end
