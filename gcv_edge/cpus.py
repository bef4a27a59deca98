"""What the CPUs are, what they can do, and how many of them this process may use."""

from __future__ import annotations

import functools
import math
import os
import platform
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
CPU_INFO = Path("/proc/cpuinfo")
VNNI = ("avx512_vnni", "avx_vnni")
ONEDNN, ONEDNN_OLD = "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"
"""By which oneDNN uses less than the processor has. The second counts where the first is not set; MXNet 1.9.1
reads only the second."""
CAPS_WITHOUT_VNNI = ("SSE41", "AVX", "AVX2", "AVX512_CORE")
LARGEST_WEIGHT = 64
"""Level of a weight in 8 bits up to which no sum overflows without VNNI: there, pairs of products are added
in 16 bits, which 2 · 255 · 127 overflows and 2 · 255 · 64 does not."""


def is_x86() -> bool:
    """Tell whether this is a 64-bit x86 machine."""
    return platform.machine().lower() in ("x86_64", "amd64")


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

    So does x86 that is capped below VNNI. Where nothing is known of the processor, its sums are exact.
    """
    if not is_x86():
        return True
    flags = cpu_flags()
    has_vnni = not flags or not flags.isdisjoint(VNNI)
    return has_vnni and onednn_cap() not in CAPS_WITHOUT_VNNI


def onednn_cap() -> str:
    """Return oneDNN's name of what it may use at most; empty where it may use all."""
    return (os.environ.get(ONEDNN) or os.environ.get(ONEDNN_OLD, "")).upper()


def own_target() -> str:
    """Return the name of the target of calibration that this machine is (``calibration`` has all of them)."""
    if not is_x86():
        return "arm"
    return "x86" if adds_8_bit_exactly() else "portable"


def usable_cpus(cgroup_root: Path = CGROUP_ROOT) -> int:
    """Count the CPUs of the affinity mask, or fewer where a cgroup (a container) grants less."""
    quota = cgroup_quota(cgroup_root)
    count = affinity_count()
    return count if quota is None else max(1, min(count, math.ceil(quota)))


def affinity_count() -> int:
    """Count the CPUs that the scheduler may put this process on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_quota(root: Path = CGROUP_ROOT) -> float | None:
    """Return the CPU time a cgroup grants, in CPUs; None where there is no limit.

    Source: ``cpu.max`` of cgroup v2, ``cpu.cfs_quota_us`` and ``cpu.cfs_period_us`` of v1.
    """
    unified = read_words(root / "cpu.max")
    if len(unified) == 2:
        return ratio(*unified)
    quota, period = read_words(root / "cpu/cpu.cfs_quota_us"), read_words(root / "cpu/cpu.cfs_period_us")
    return ratio(quota[0], period[0]) if quota and period else None


def ratio(quota: str, period: str) -> float | None:
    """Divide two numbers as cgroup files spell them; None for ``max``, -1 and nonsense."""
    try:
        value = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def read_words(path: Path) -> list[str]:
    """Return a small file's words; none where it cannot be read."""
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
