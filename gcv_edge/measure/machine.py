"""What is measured on: processor, system, versions, and what this process holds of memory.

Nothing heavy is imported here: a worker asks for its memory before it begins.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gcv_edge.cpus import is_x86, usable_cpus

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
VNNI = ("avx512_vnni", "avx_vnni")
PACKAGES = ("gcv-edge", "numpy", "opencv-python-headless", "openvino", "onnxruntime", "mxnet", "gluoncv")
CPU_INFO = Path("/proc/cpuinfo")
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


@functools.cache
def cpu_fields() -> dict[str, str]:
    """Return what /proc/cpuinfo says of the first processor; nothing where there is none."""
    try:
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    fields = [line.partition(":") for line in lines if ":" in line]
    return {name.strip(): value.strip() for name, _, value in reversed(fields)}


def cpu_flags() -> frozenset[str]:
    """Return the processor's features as Linux names them."""
    return frozenset(cpu_fields().get("flags", "").split())


def adds_8_bit_exactly() -> bool:
    """Tell whether OpenVINO adds products of 8-bit numbers exactly: x86 without VNNI adds pairs in 16 bits.

    Where nothing is known of the processor, it does.
    """
    flags = cpu_flags()
    return not is_x86() or not flags or not flags.isdisjoint(VNNI)


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
