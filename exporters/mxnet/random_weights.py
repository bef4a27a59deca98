"""Random weights that keep the scale of activations sane, for benchmarks. Needs the extra [mxnet]."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.exporters.mxnet.symbol import Entry, Symbol

Array = NDArray[Any]
Shape = tuple[int, ...]

NORMS = ("BatchNorm", "_contrib_SyncBatchNorm")
SYNC_ATTRIBUTES = ("key", "ndev")
FLOOR = 0.3
"""A channel's variance is at least this part of its layer's, or dead channels would be blown up."""


def draw_weights(
    block: Any, symbol: Symbol, shapes: Mapping[str, Shape], input_shape: Shape, seed: int
) -> dict[str, Array]:
    """Draw every parameter of a traced block.

    Convolutions and dense layers are He-normal; BatchNorm's running statistics are those of one noise
    picture, so that networks of hundreds of layers neither blow up nor fade.

    Args:
        block: the HybridBlock; it needs no values, and only what has no usual role (a scale) gets one.
        symbol: its graph.
        shapes: the graph's parameters.
        input_shape: N, C, H, W of the picture.
        seed: another one gives other weights.
    """
    weights = {}
    for name, parameter in block.collect_params().items():
        if name in shapes:
            drawn = draw_parameter(name, shapes[name], seed)
            weights[name] = drawn if drawn is not None else initial_value(parameter, shapes[name])
    calibrate(symbol, weights, stream(seed, "picture").standard_normal(input_shape, np.float32))
    return weights


def stream(seed: int, name: str) -> np.random.Generator:
    """Return a parameter's own source of random numbers."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def draw_parameter(name: str, shape: Shape, seed: int) -> Array | None:
    """Draw one parameter by its role; None where it has none."""
    if name.endswith(("gamma", "running_var", "moving_var")):
        return np.ones(shape, np.float32)
    if name.endswith(("beta", "bias", "running_mean", "moving_mean")):
        return np.zeros(shape, np.float32)
    if not name.endswith("weight") or len(shape) < 2:
        return None
    deviation = np.float32((2 / max(1, int(np.prod(shape[1:])))) ** 0.5)
    values: Array = stream(seed, name).standard_normal(shape, np.float32)
    values *= deviation
    return values


def initial_value(parameter: Any, shape: Shape) -> Array:
    """Value of a constant, or what the parameter's own initializer gives."""
    mxnet = import_mxnet()
    if isinstance(parameter, mxnet.gluon.Constant):
        return np.asarray(parameter.value.asnumpy())
    parameter.shape = shape
    parameter.initialize(ctx=mxnet.cpu(), force_reinit=True)
    return np.asarray(parameter.data().asnumpy())


def calibrate(symbol: Symbol, weights: dict[str, Array], batch: Array) -> None:
    """Set BatchNorm's running statistics, in place, from one run with the batch's own."""
    norms = [(index, node) for index, node in enumerate(symbol.nodes) if node.op in NORMS]
    heads = [Entry(index, output) for index, _ in norms for output in (1, 2)]
    outputs = run_training(symbol, heads, weights, batch) if heads else []
    for (_, node), mean, inverse_deviation in zip(norms, outputs[0::2], outputs[1::2], strict=True):
        epsilon = float(node.attrs.get("eps", 1e-3))
        variance = np.maximum(1 / np.maximum(inverse_deviation, 1e-9) ** 2 - epsilon, 1e-6)
        names = [symbol.nodes[node.inputs[position].node].name for position in (3, 4)]
        weights[names[0]] = mean.astype(np.float32)
        weights[names[1]] = np.maximum(variance, FLOOR * (variance.mean() + mean.var())).astype(np.float32)


def run_training(
    symbol: Symbol, heads: Sequence[Entry], weights: Mapping[str, Array], batch: Array
) -> list[Array]:
    """Compute entries in MXNet in training mode; BatchNorm then has its mean and 1/deviation as outputs."""
    mxnet = import_mxnet()
    text = json.loads(write_symbol(symbol, heads))
    for node in text["nodes"]:
        if node["op"] in NORMS:
            attrs = {key: value for key, value in node["attrs"].items() if key not in SYNC_ATTRIBUTES}
            attrs |= {"use_global_stats": "False", "output_mean_var": "True"}
            node |= {"op": "BatchNorm", "attrs": attrs}
        elif node["op"] == "Dropout":
            node["attrs"]["p"] = "0"
    graph = mxnet.sym.load_json(json.dumps(text))
    arrays = {name: mxnet.nd.array(weights.get(name, batch)) for name in graph.list_inputs()}
    states = {name: arrays.pop(name) for name in graph.list_auxiliary_states()}
    executor = graph.bind(mxnet.cpu(), args=arrays, aux_states=states, grad_req="null")
    return [output.asnumpy() for output in executor.forward(is_train=True)]
