"""Which kernel each layer of a network runs as in OpenVINO, and how long: the engine's own counters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcv_edge.engines import import_openvino
from gcv_edge.measure.inputs import fill
from gcv_edge.runtime.openvino_session import build_config, fix_shapes, read_model, shared_core
from gcv_edge.runtime.sessions import SessionOptions

FUSED_BIAS = "/WithoutBiases"
"""What OpenVINO adds to the name of a convolution whose bias it fuses."""


@dataclass(frozen=True)
class LayerTime:
    """One layer of a compiled network.

    Attributes:
        name: as the file has it.
        layer: type, as OpenVINO calls it: ``Convolution``.
        kernel: what ran, with its precision: ``brgconv_avx512_amx_I8``.
        microseconds: of one run.
    """

    name: str
    layer: str
    kernel: str
    microseconds: float


def open_counting(path: Path, options: SessionOptions, batch: int | None = None) -> Any:
    """Compile a file so that its layers are timed; return a request whose inputs are noise.

    Args:
        path: the file.
        options: how it is run.
        batch: frames per inference, where the file leaves that open.
    """
    network = read_model(path)
    is_open = network.inputs[0].partial_shape.is_dynamic
    shapes = fix_shapes(network, path, batch if is_open else None)
    config = {**build_config(options), "PERF_COUNT": "YES"}
    request = shared_core().compile_model(network, "CPU", config).create_infer_request()
    for tensor, shape in zip(request.input_tensors, shapes, strict=True):
        tensor.shape = shape
        fill([tensor.data])
    return request


def read_layers(request: Any) -> list[LayerTime]:
    """Return the layers of a request's last run, but for those that did not run or took no microsecond."""
    executed = import_openvino().ProfilingInfo.Status.EXECUTED
    return [
        LayerTime(
            node.node_name.removesuffix(FUSED_BIAS),
            str(node.node_type),
            str(node.exec_type),
            node.real_time.total_seconds() * 1e6,
        )
        for node in request.profiling_info
        if node.status == executed
    ]


def profile(path: Path, precision: str = "f32", runs: int = 5) -> dict[str, LayerTime]:
    """Return what each layer of a file ran as, and its fastest run, by the layer's name."""
    request = open_counting(path, SessionOptions("openvino", precision))
    found: dict[str, LayerTime] = {}
    for _ in range(runs):
        request.infer()
        for layer in read_layers(request):
            known = found.setdefault(layer.name, layer)
            found[layer.name] = min(known, layer, key=lambda one: one.microseconds)
    return found
