"""Which kernels a network's time goes to, as OpenVINO's own counters tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.benchmarking.engine_runner import noise
from gcv_edge.errors import UnsupportedError
from gcv_edge.runtime.openvino_session import build_config, fix_shapes, read_model, shared_core
from gcv_edge.runtime.sessions import SessionOptions

RUNS = 5


@dataclass(frozen=True)
class Kernel:
    """Layers of one type that one kernel computes.

    Attributes:
        layer: type of the layers: ``Convolution``.
        kernel: as OpenVINO calls it: ``brgconv_avx512_I8``.
        count: layers.
        milliseconds: of one inference.
        share: of the whole inference, 0 to 1.
    """

    layer: str
    kernel: str
    count: int
    milliseconds: float
    share: float


def profile_job(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Profile what a worker's job names, most time first.

    Raises:
        UnsupportedError: the engine does not tell.
    """
    if job["engine"] != "openvino":
        raise UnsupportedError(f"profile: is not supported with {job['engine']}")
    options = SessionOptions(precision=job["precision"], threads=job["threads"])
    return [asdict(kernel) for kernel in profile(Path(job["model"]), options, int(job["batch"]))]


def profile(path: Path, options: SessionOptions, batch: int = 1) -> list[Kernel]:
    """Run a file on noise and add up the time of its layers by type and kernel, most time first."""
    network = read_model(path)
    is_open = network.inputs[0].partial_shape.is_dynamic
    fix_shapes(network, path, batch if is_open else None)
    config = {**build_config(options), "PERF_COUNT": "YES"}
    request = shared_core().compile_model(network, "CPU", config).create_infer_request()
    for tensor in request.input_tensors:
        tensor.data[:] = noise(tensor.data.shape, tensor.data.dtype)
    runs = []
    for _ in range(RUNS):
        request.infer()
        runs.append(add_up(request.profiling_info))
    best = min(runs, key=lambda run: sum(time for _, time in run.values()))
    return rank(best)


def add_up(layers: Iterable[Any]) -> dict[tuple[str, str], tuple[int, float]]:
    """Count layers and add up their milliseconds by type and kernel; layers that did not run are left out."""
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for layer in layers:
        time = layer.real_time.total_seconds() * 1e3
        if time > 0:
            key = (str(layer.node_type), str(layer.exec_type))
            count, total = found[key]
            found[key] = (count + 1, total + time)
    return dict(found)


def rank(found: Mapping[tuple[str, str], tuple[int, float]]) -> list[Kernel]:
    """Order kernels by their time and give each its share."""
    whole = float(np.sum([time for _, time in found.values()])) or 1.0
    kernels = [
        Kernel(layer, kernel, count, round(time, 4), round(time / whole, 4))
        for (layer, kernel), (count, time) in found.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.milliseconds)
