"""Milliseconds of one inference of a network in MXNet and of its file in both engines, in turn.

All have the same number of threads; detectors are timed to their final list: MXNet's in its graph, the
engines' with this package's selection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.timing import best, until_quiet
from gcv_edge import _core
from gcv_edge.benchmarking.mxnet_network import STATIC
from gcv_edge.engines import ENGINES
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.random_weights import Array, draw_picture
from gcv_edge.exporters.mxnet.reference import as_nd, write_symbol
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions


def measure_speed(network: Network, path: Path, metadata: ModelMetadata) -> dict[str, float]:
    """Time one inference in MXNet and in both engines, on all processors of this process."""
    sessions = {engine: open_session(path, SessionOptions(engine=engine)) for engine in ENGINES}
    inputs = make_inputs(sessions[ENGINES[0]])
    functions = {"mxnet": prepare_mxnet(network, list(inputs.values()))}
    for engine, session in sessions.items():
        functions[engine] = prepare_engine(session, metadata.detection, inputs)
    return {name: float(f"{best(seconds):.4g}") for name, seconds in until_quiet(functions).items()}


def make_inputs(session: Session) -> dict[str, Array]:
    """Draw something for each input."""
    return {name: draw_picture(shape, seed) for seed, (name, shape) in enumerate(session.inputs.items())}


def prepare_mxnet(network: Network, inputs: list[Array]) -> Callable[[], object]:
    """Return a function that runs the whole network; its inputs are what it has no weights for."""
    mxnet = import_mxnet()
    symbol = mxnet.sym.load_json(write_symbol(network.symbol, network.symbol.heads))
    names = symbol.list_inputs()
    missing = [name for name in names if name not in network.weights]
    given = {**network.weights, **dict(zip(missing, inputs, strict=True))}
    arrays = [as_nd(mxnet, given[name]) for name in names]
    operator = mxnet.nd.CachedOp(symbol, tuple(STATIC.items()))

    def run() -> None:
        outputs = operator(*arrays)
        for output in outputs if isinstance(outputs, list) else [outputs]:
            output.wait_to_read()

    return run


def prepare_engine(
    session: Session, settings: DetectionSettings | None, inputs: Mapping[str, Array]
) -> Callable[[], object]:
    """Return a function that runs the file and selects among a detector's candidates."""
    request = session.new_request()
    for name, data in inputs.items():
        np.copyto(request.inputs[name], data)
    if settings is None or settings.nms == "graph":
        return request.infer

    def run() -> None:
        outputs = request.infer()
        _core.detect(
            outputs["boxes"][0],
            outputs["scores"][0],
            settings.confidence_threshold,
            settings.iou_threshold,
            settings.nms_topk,
            settings.post_nms,
            settings.class_agnostic,
            settings.topk_per_class,
        )

    return run
