"""Which form of a network is fastest on this machine, in OpenVINO.

Runs of all forms alternate and the best of each counts, so that a busy neighbour slows none more than others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcv_edge.engines import import_openvino
from gcv_edge.runtime.openvino_session import shared_core
from gcv_edge.runtime.sessions import SessionOptions, open_session

ROUNDS = 40
SECONDS = 6.0
"""Time that one comparison may take beyond its first round."""

LAYER_SUFFIX = "/WithoutBiases"
"""What OpenVINO adds to the name of a convolution whose bias it fuses."""

WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Caps on oneDNN (``ONEDNN_MAX_CPU_ISA``) under which OpenVINO still says that it has bfloat16."""


@dataclass(frozen=True)
class LayerTime:
    """One node of a compiled network.

    Attributes:
        kernel: OpenVINO's name of what ran, with its precision: ``brgconv_avx512_amx_I8``.
        microseconds: fastest of several runs.
    """

    kernel: str
    microseconds: float


def has_bf16() -> bool:
    """Whether this processor computes in bfloat16; one capped to less would only emulate it."""
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in WITHOUT_BF16:
        return False
    return "BF16" in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def time_forms(
    forms: Mapping[str, tuple[Path, str]], rounds: int = ROUNDS, seconds: float = SECONDS
) -> dict[str, list[float]]:
    """Time networks in turn.

    Args:
        forms: name to file and precision of its float part (``f32`` or ``bf16``).
        rounds: runs of each, fewer where they would take longer than ``seconds`` together.
        seconds: see above.

    Returns:
        Milliseconds of each run by name, in order.
    """
    runs = {name: prepared_run(*form) for name, form in forms.items()}
    found: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    for count in range(rounds):
        if count > 1 and time.perf_counter() > end:
            break
        for name, run in runs.items():
            found[name].append(run())
    return found


def best(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Fastest run by name."""
    return {name: round(min(values), 4) for name, values in times.items()}


def prepared_run(path: Path, precision: str) -> Callable[[], float]:
    """Compile a network; the function returned runs it and gives the milliseconds."""
    session = open_session(path, SessionOptions(precision=precision))
    request = session.new_request()
    request.infer()

    def run() -> float:
        start = time.perf_counter()
        request.infer()
        return 1e3 * (time.perf_counter() - start)

    return run


def profile(path: Path, precision: str = "f32", runs: int = 5) -> dict[str, LayerTime]:
    """Return what each node of a compiled network ran as and how long, by its name."""
    config = {"PERF_COUNT": "YES", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    model = shared_core().read_model(path)
    if model.inputs[0].partial_shape.is_dynamic:
        dims = [dim.get_length() if dim.is_static else 1 for dim in model.inputs[0].partial_shape]
        model.reshape(dims)
    request = shared_core().compile_model(model, "CPU", config).create_infer_request()
    found: dict[str, LayerTime] = {}
    executed = import_openvino().ProfilingInfo.Status.EXECUTED
    for _ in range(runs):
        request.infer()
        for node in request.get_profiling_info():
            if node.status == executed:
                name = node.node_name.removesuffix(LAYER_SUFFIX)
                spent = node.real_time.total_seconds() * 1e6
                known = found.get(name)
                found[name] = LayerTime(node.exec_type, min(spent, known.microseconds) if known else spent)
    return found


def describe_machine() -> dict[str, Any]:
    """Name the processor and what it computes in."""
    core = shared_core()
    return {
        "cpu": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "openvino": import_openvino().__version__.split("-")[0],
    }
