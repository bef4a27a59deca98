"""What all benchmarks share: the machine's description, interleaved timing, and results as JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gcv_edge.measure.machine import FLAGS, cpu_fields, cpu_flags, find_version

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "opencv-python",
    "openvino",
    "onnxruntime",
    "onnx",
    "mxnet",
    "gluoncv",
)


def machine() -> dict[str, Any]:
    """Describe processor, system and the versions of what is measured."""
    return {
        "cpu": cpu_fields().get("model name", ""),
        "cpu_flags": [flag for flag in FLAGS if flag in cpu_flags()],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := find_version(name))},
    }


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time functions in turn, so that a busy neighbour slows all of them alike.

    Returns:
        Seconds of every call, by name. One call of each comes first and is not counted.
    """
    for function in functions.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def best(seconds: Sequence[float]) -> float:
    """Fastest call, in milliseconds."""
    return 1e3 * min(seconds)


def median(seconds: Sequence[float]) -> float:
    """Middle call, in milliseconds."""
    return 1e3 * sorted(seconds)[len(seconds) // 2]


def print_table(title: str, seconds: Mapping[str, Sequence[float]], baseline: str) -> None:
    """Print best and median milliseconds, and how many times the baseline each takes (best to best)."""
    print(title)
    print(f"  {'':44} {'best ms':>10} {'median ms':>10} {'ratio':>8}")
    for name, values in seconds.items():
        ratio = best(values) / best(seconds[baseline])
        print(f"  {name:44} {best(values):10.3f} {median(values):10.3f} {ratio:7.2f}x")


def summarize(seconds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Best and median milliseconds and the number of calls, by name."""
    return {
        name: {"best_ms": round(best(values), 4), "median_ms": round(median(values), 4), "calls": len(values)}
        for name, values in seconds.items()
    }


def read_results(name: str, folder: Path = RESULTS) -> dict[str, Any]:
    """Read a benchmark's results; nothing where there are none."""
    try:
        document: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return document


def write_results(name: str, results: Mapping[str, Any]) -> Path:
    """Write results with machine, date and command to ``benchmarks/results/<name>.json``."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        **results,
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path
