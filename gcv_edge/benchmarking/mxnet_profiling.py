"""Which operators MXNet's time goes to, as its own profiler tells."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.kernels import RUNS, Kernel, rank

ENGINE = ("WaitForVar", "DeleteVariable")
"""What the profiler lists beside operators: MXNet's own housekeeping, which overlaps with them."""


def profile(mx: Any, run: Callable[[], object], file: Path) -> list[Kernel]:
    """Run a network a few times under the profiler and give an operator's mean time in one run.

    Args:
        mx: the module.
        run: computes the network and waits.
        file: where the profiler may write.
    """
    run()
    mx.nd.waitall()
    mx.profiler.set_config(
        profile_symbolic=True, profile_imperative=True, aggregate_stats=True, filename=str(file)
    )
    mx.profiler.set_state("run")
    runs = len([run() for _ in RUNS.count()])
    mx.nd.waitall()
    mx.profiler.set_state("stop")
    return rank(add_up(json.loads(mx.profiler.dumps(reset=True, format="json")), runs))


@contextlib.contextmanager
def without_bulking(mx: Any) -> Iterator[None]:
    """Let MXNet hand over operators one at a time; in bulk, the profiler sees only the bulk's sum."""
    before = mx.engine.set_bulk_size(0)
    try:
        yield
    finally:
        mx.engine.set_bulk_size(before)


def add_up(told: Mapping[str, Any], runs: int) -> dict[tuple[str, str], tuple[float, float]]:
    """Read the profiler's table: operators, and their milliseconds, of one run."""
    operators = told["Time"].get("operator", {})
    return {
        (name, ""): (entry["Count"] / runs, entry["Total"] / runs)
        for name, entry in operators.items()
        if name not in ENGINE
    }
