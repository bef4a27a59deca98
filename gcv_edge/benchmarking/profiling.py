"""Which kernels a network's time goes to, as the engines' own counters tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from gcv_edge.benchmarking.engine_runner import noise
from gcv_edge.benchmarking.kinds import find_kind
from gcv_edge.runtime.openvino_session import build_config, fix_shapes, read_model, shared_core
from gcv_edge.runtime.sessions import SessionOptions

RUNS = 5
"""At least, while there is time. The fastest counts in OpenVINO, the mean in MXNet."""
LEAST_SECONDS = 1.0
"""Small networks run on for so long: a few runs in a row may all meet a busy core."""
MOST_SECONDS = 10.0
"""No further run begins after these: large batches are profiled once or twice."""

Found = dict[tuple[str, str], tuple[float, float]]
"""Number of layers and their milliseconds, by type and kernel."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Kernel:
    """Layers of one type that one kernel computes.

    Attributes:
        layer: type of the layers, as the engine calls it: ``Convolution``.
        kind: what such layers do, in words that engines share: one of ``kinds.KINDS``.
        kernel: as OpenVINO calls it: ``brgconv_avx512_I8``; MXNet does not tell.
        count: layers.
        milliseconds: of one inference.
        share: of the whole inference, 0 to 1.
    """

    layer: str
    kind: str
    kernel: str
    count: int
    milliseconds: float
    share: float


def profile(path: Path, options: SessionOptions, batch: int = 1) -> list[Kernel]:
    """Run a file on noise and add up the time of its layers by type and kernel, most time first."""
    network = read_model(path)
    is_open = network.inputs[0].partial_shape.is_dynamic
    fix_shapes(network, path, batch if is_open else None)
    config = {**build_config(options), "PERF_COUNT": "YES"}
    request = shared_core().compile_model(network, "CPU", config).create_infer_request()
    for tensor in request.input_tensors:
        tensor.data[:] = noise(tensor.data.shape, tensor.data.dtype)
    request.infer()

    def run() -> Found:
        request.infer()
        return add_up(request.profiling_info)

    answers = repeat(run)
    counted = [found for found in answers if found]  # the counters leave out what takes under a microsecond
    return rank(min(counted or answers, key=lambda found: sum(time for _, time in found.values())))


def repeat(run: Callable[[], Answer]) -> list[Answer]:
    """Run a few times, at least once, while there is time."""
    begin = perf_counter()
    answers = [run()]
    while (spent := perf_counter() - begin) < MOST_SECONDS and (len(answers) < RUNS or spent < LEAST_SECONDS):
        answers.append(run())
    return answers


def add_up(layers: Iterable[Any]) -> Found:
    """Count layers and add up their milliseconds by type and kernel; layers that did not run are left out."""
    found: Found = defaultdict(lambda: (0, 0.0))
    for layer in layers:
        time = layer.real_time.total_seconds() * 1e3
        if time > 0:
            key = (str(layer.node_type), str(layer.exec_type))
            count, total = found[key]
            found[key] = (count + 1, total + time)
    return dict(found)


def rank(found: Mapping[tuple[str, str], tuple[float, float]]) -> list[Kernel]:
    """Order kernels by their time and give each its share."""
    whole = float(np.sum([time for _, time in found.values()])) or 1.0
    kernels = [
        Kernel(layer, find_kind(layer), kernel, round(count), round(time, 4), round(time / whole, 4))
        for (layer, kernel), (count, time) in found.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.milliseconds)
