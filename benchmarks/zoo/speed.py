"""Milliseconds of one inference of a network in MXNet and of its file in both engines, in turn.

All have the same number of threads; detectors are timed to their final list: MXNet's in its graph, the
engines' with this package's selection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness import best
from gcv_edge import _core
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.random_weights import Array, draw_picture
from gcv_edge.exporters.mxnet.reference import as_nd, write_symbol
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import ENGINES, Session, SessionOptions

SECONDS, LONGEST = 2.0, 20.0
FEWEST, SPREAD = 2, 0.05
"""A busy neighbour: there are further rounds until two calls of each are within this of the fastest, or until
the time of the longest measurement is over."""

STATIC = (("static_alloc", True), ("static_shape", True))
"""As ``net.hybridize(static_alloc=True, static_shape=True)``, which is how GluonCV's users make it fast."""


def measure_speed(network: Network, path: Path, metadata: ModelMetadata) -> dict[str, float]:
    """Time one inference in MXNet and in both engines, on all processors of this process."""
    sessions = {engine: open_session(path, SessionOptions(engine=engine)) for engine in ENGINES}
    inputs = make_inputs(sessions[ENGINES[0]])
    functions = {"mxnet": prepare_mxnet(network, list(inputs.values()))}
    for engine, session in sessions.items():
        functions[engine] = prepare_engine(session, metadata.detection, inputs)
    return {name: float(f"{best(seconds):.4g}") for name, seconds in time_until_quiet(functions).items()}


def time_until_quiet(functions: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Call functions in turn; return seconds of calls, of which the fastest are no chance."""
    for function in functions.values():
        function()
    timings: dict[str, list[float]] = {name: [] for name in functions}
    started, rounds, is_settled = time.perf_counter(), 0, False
    while rounds < FEWEST or not is_settled:
        for name, function in functions.items():
            timings[name].append(time_once(function))
        rounds, taken = rounds + 1, time.perf_counter() - started
        is_settled = taken > LONGEST or (taken > SECONDS and all(map(is_quiet, timings.values())))
    return timings


def is_quiet(seconds: Sequence[float]) -> bool:
    """Tell whether the two fastest calls took the same time."""
    return len(seconds) > 1 and sorted(seconds)[1] <= (1 + SPREAD) * min(seconds)


def time_once(function: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


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
    operator = mxnet.nd.CachedOp(symbol, STATIC)

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
