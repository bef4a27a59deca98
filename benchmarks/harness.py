"""What all benchmarks share: the machine's description, interleaved timing, and results as JSON."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
)
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
        "cpu": read_cpu_field("model name"),
        "cpu_flags": [flag for flag in FLAGS if flag in read_cpu_field("flags").split()],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := find_version(name))},
    }


def read_cpu_field(name: str) -> str:
    """First value of a field of /proc/cpuinfo; empty where there is none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def find_version(package: str) -> str | None:
    """Installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


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
