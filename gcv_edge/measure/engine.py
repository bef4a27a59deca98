"""What OpenVINO says of this processor, and what it computes in."""

from __future__ import annotations

from typing import Any

from gcv_edge.cpus import onednn_cap, usable_cpus
from gcv_edge.engines import import_openvino
from gcv_edge.runtime.openvino_session import shared_core

WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Caps on oneDNN under which OpenVINO still says that it has bfloat16."""


def describe_processor() -> dict[str, Any]:
    """Name the processor and what it computes in."""
    core = shared_core()
    return {
        "cpu": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
    }


def describe_engine() -> dict[str, Any]:
    """Name the processor, what it computes in, and OpenVINO's version."""
    return {**describe_processor(), "openvino": import_openvino().__version__.split("-")[0]}


def stream_counts() -> list[int]:
    """List numbers of inferences side by side that are worth a trial: 1, 2, 4 ..., and one for each CPU."""
    _, most = shared_core().get_property("CPU", "RANGE_FOR_STREAMS")
    most = min(int(most), usable_cpus())
    return sorted({most, *(2**power for power in range(most.bit_length()) if 2**power <= most)})


def has_bf16() -> bool:
    """Whether this processor computes in bfloat16; one capped to less would only emulate it."""
    if onednn_cap() in WITHOUT_BF16:
        return False
    return "BF16" in describe_processor()["capabilities"]
