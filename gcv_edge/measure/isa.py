"""Emulating an older processor: caps on the instruction sets that libraries may use."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass

from gcv_edge import _core
from gcv_edge.cpus import ONEDNN, ONEDNN_OLD, cpu_flags, is_x86
from gcv_edge.errors import UnsupportedError

VARIABLES = (ONEDNN, ONEDNN_OLD, "OPENBLAS_CORETYPE")
"""By which libraries use less than the processor has."""


@dataclass(frozen=True)
class Cap:
    """A cap on instruction sets.

    Attributes:
        onednn: oneDNN's name of it (``ONEDNN_MAX_CPU_ISA``).
        flags: of /proc/cpuinfo that a processor needs to be able to emulate it.
        openblas: kernels that OpenBLAS, in MXNet and NumPy, is made to use.
        core: of this package's own pre- and post-processing.
        like: a processor that stops there.
        beyond: what names of kernels have in them that do not stop there.
    """

    onednn: str
    flags: tuple[str, ...]
    openblas: str
    core: str
    like: str
    beyond: tuple[str, ...] = ("amx", "f16")


ISAS: dict[str, Cap | None] = {
    "native": None,
    "vnni": Cap("AVX512_CORE_VNNI", ("avx512f", "avx512_vnni"), "SkylakeX", "avx512", "AWS C5, Cascade Lake"),
    "avx512": Cap("AVX512_CORE", ("avx512f", "avx512bw"), "SkylakeX", "avx512", "Skylake server"),
    "avx2": Cap("AVX2", ("avx2",), "Haswell", "avx2", "Haswell, Zen 2", ("avx512", "amx", "f16")),
}
"""Caps by the name that users give; None for no cap."""


def check_isa(name: str) -> None:
    """Refuse what this processor cannot emulate.

    Raises:
        UnsupportedError: it is of another architecture, or has not that much itself.
    """
    cap = ISAS[name]
    if cap is None:
        return
    if not is_x86():
        raise UnsupportedError(f"isa '{name}' is not supported: this processor is {platform.machine()}")
    missing = [flag for flag in cap.flags if flag not in cpu_flags()]
    if missing:
        raise UnsupportedError(f"isa '{name}' is not supported: this processor lacks {', '.join(missing)}")


def cap_variables(name: str) -> dict[str, str]:
    """Return the variables that cap oneDNN, in OpenVINO and MXNet, and OpenBLAS."""
    cap = ISAS[name]
    if cap is None:
        return {}
    return dict(zip(VARIABLES, (cap.onednn, cap.onednn, cap.openblas), strict=True))


def cap_core(name: str) -> None:
    """Cap the pre- and post-processing of this process."""
    cap = ISAS[name]
    if cap is not None and cap.core in _core.available_isas():
        _core.set_isa(cap.core)


def is_beyond(name: str, kernel: str) -> bool:
    """Tell a kernel, by OpenVINO's name for it, that a processor which stops at a cap could not run."""
    cap = ISAS[name]
    return cap is not None and any(part in kernel.lower() for part in cap.beyond)


def cap_notes(name: str, engines: Iterable[str]) -> list[str]:
    """Say what a cap reaches and what it does not; nothing without a cap."""
    cap = ISAS[name]
    if cap is None:
        return []
    notes = [
        f"--isa {name} caps oneDNN at {cap.onednn} ({cap.like}) in OpenVINO and MXNet, and gcv-edge's own "
        f"code at {cap.core}; clock rates, caches and memory are still this machine's"
    ]
    if "onnxruntime" in engines:
        notes.append(
            f"--isa {name} could not cap ONNX Runtime, which has no such switch: it had all of this processor"
        )
    return notes
