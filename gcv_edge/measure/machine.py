"""What is measured on: processor, system, versions, and what this process holds of memory.

Nothing heavy is imported here: a worker asks for its memory before it begins.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gcv_edge.cpus import cpu_fields, cpu_flags, usable_cpus

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
PACKAGES = ("gcv-edge", "numpy", "opencv-python-headless", "openvino", "onnxruntime", "mxnet", "gluoncv")
STATUS = Path("/proc/self/status")


def describe_machine(packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    """Return processor, system and the versions of packages."""
    return {
        "cpu": cpu_fields().get("model name") or platform.processor() or platform.machine(),
        "cpu_flags": [flag for flag in FLAGS if flag in cpu_flags()],
        "usable_cpus": usable_cpus(),
        "load_average": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in packages if (version := find_version(name))},
    }


def find_version(package: str) -> str:
    """Return the installed version of a distribution; empty where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def status_bytes(field: str) -> int | None:
    """Return what Linux tells of this process's memory, such as VmRSS; None where the system does not."""
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return 1024 * int(found[0]) if found else None


def resident_bytes() -> int | None:
    """Return how much memory this process holds; None where the system does not tell."""
    return status_bytes("VmRSS")
