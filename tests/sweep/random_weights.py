"""Random weights with which a network computes something: seeded, varied, and calibrated on one input.

Every parameter has a random stream of its own, by its name. BatchNorm's running statistics are those of
the input, disturbed a little, so that networks of hundreds of layers neither blow up nor fade; the last
layers are scaled so that no softmax saturates.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.defined_regions import zero_skipped_regions
from gcv_edge.exporters.mxnet.export import Network
from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.exporters.mxnet.symbol import Entry, Node, Symbol

Array = NDArray[Any]
LAYERS = ("Convolution", "FullyConnected", "Deconvolution")
NORMS = ("BatchNorm", "_contrib_SyncBatchNorm")
CUTS = ("_contrib_box_nms", "_contrib_ROIAlign")
HEAD_DEVIATION = 1.2
OFFSET_GAIN = 0.1
"""Deformable convolutions sample at small offsets when trained; at large ones, rounding grows with each."""
FLOOR = 0.3
"""A channel's variance is at least this part of its layer's, or dead channels would be blown up."""


def with_random_weights(network: Network, batch: Array, seed: int) -> Network:
    """Return the network with random weights, calibrated on a batch."""
    gains = deconvolution_gains(network.symbol)
    weights = {
        name: draw(name, np.asarray(array), seed, gains.get(name, 1.0))
        for name, array in network.weights.items()
    }
    calibrate(network.symbol, weights, batch, seed)
    return replace(network, weights=weights)


def stream(seed: int, name: str) -> np.random.RandomState:
    """Return a parameter's own source of random numbers."""
    return np.random.RandomState(zlib.crc32(f"{seed}:{name}".encode()))


def draw(name: str, array: Array, seed: int, gain: float) -> Array:
    """Draw a parameter by its role; what has no role (anchors, offsets) stays as it is."""
    random, shape = stream(seed, name), array.shape
    role = name.rpartition("_")[2]
    if role in ("gamma", "var"):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    if role in ("beta", "bias", "mean"):
        return random.normal(0, 0.1, shape).astype(np.float32)
    if role == "alpha":
        return random.uniform(0.1, 0.4, shape).astype(np.float32)
    if role == "weight" and len(shape) >= 2:
        deviation = gain * (2 / np.prod(shape[1:])) ** 0.5
        if "offset" in name:
            deviation *= OFFSET_GAIN
        return (random.standard_normal(shape) * deviation).astype(np.float32)
    return array


def deconvolution_gains(symbol: Symbol) -> dict[str, float]:
    """Factors for transposed convolutions, each output of which sums ``kernel / stride`` products."""
    gains = {}
    for node in symbol.nodes:
        if node.op == "Deconvolution":
            groups, filters = int(node.attrs.get("num_group", 1)), int(node.attrs["num_filter"])
            stride = node.attrs.get("stride", "(1, 1)").strip("()").split(",")[0]
            gains[symbol.nodes[node.inputs[1].node].name] = int(stride) * (filters / groups) ** 0.5 / 16
    return gains


def calibrate(symbol: Symbol, weights: dict[str, Array], batch: Array, seed: int) -> None:
    """Set running statistics and the scale of the last layers, in place, from one run in training mode."""
    norms = [(index, node) for index, node in enumerate(symbol.nodes) if node.op in NORMS]
    last = last_layers(symbol)
    heads = [Entry(index, output) for index, _ in norms for output in (1, 2)] + [Entry(i, 0) for i in last]
    outputs = run_training(symbol, heads, weights, batch)
    for (_, node), mean, spread in zip(norms, outputs[0::2], outputs[1::2], strict=False):
        epsilon = float(node.attrs.get("eps", 1e-3))
        set_statistics(symbol, node, weights, mean, 1 / np.maximum(spread, 1e-9) ** 2 - epsilon, seed)
    for index, output in zip(last, outputs[2 * len(norms) :], strict=True):
        name = symbol.nodes[symbol.nodes[index].inputs[1].node].name
        weights[name] = weights[name] * np.float32(HEAD_DEVIATION / max(float(output.std()), 1e-6))


def set_statistics(
    symbol: Symbol, node: Node, weights: dict[str, Array], mean: Array, variance: Array, seed: int
) -> None:
    """Store a layer's statistics, a little off."""
    names = [symbol.nodes[node.inputs[position].node].name for position in (3, 4)]
    variance = np.maximum(variance, 1e-6)
    variance = np.maximum(variance, FLOOR * (variance.mean() + mean.var()))
    shift = stream(seed, names[0]).normal(0, 0.1, mean.shape) * np.sqrt(variance)
    factor = stream(seed, names[1]).uniform(0.7, 1.6, mean.shape)
    weights[names[0]] = (mean + shift).astype(np.float32)
    weights[names[1]] = (variance * factor).astype(np.float32)


def last_layers(symbol: Symbol) -> list[int]:
    """Find the layers behind which there is neither another layer nor a BatchNorm."""
    is_before: set[int] = set()
    for index in reversed(range(len(symbol.nodes))):
        node = symbol.nodes[index]
        if node.op in (*LAYERS, *NORMS, "batch_dot") or (index in is_before and node.op not in CUTS):
            is_before.update(entry.node for entry in node.inputs)
    return [i for i, node in enumerate(symbol.nodes) if node.op in LAYERS and i not in is_before]


def run_training(symbol: Symbol, heads: list[Entry], weights: dict[str, Array], batch: Array) -> list[Array]:
    """Compute entries in MXNet, BatchNorm by the batch's own statistics, which are its outputs 1 and 2."""
    mxnet = import_mxnet()
    if not heads:
        return []
    symbol = zero_skipped_regions(replace(symbol, heads=tuple(heads)))
    text = json.loads(write_symbol(symbol, symbol.heads))
    for node in text["nodes"]:
        if node["op"] in NORMS:
            own = {key: value for key, value in node["attrs"].items() if key not in ("key", "ndev")}
            node |= {
                "op": "BatchNorm",
                "attrs": {**own, "use_global_stats": "False", "output_mean_var": "True"},
            }
        elif node["op"] == "Dropout":
            node["attrs"]["p"] = "0"
    graph = mxnet.sym.load_json(json.dumps(text))
    states = graph.list_auxiliary_states()
    arrays = {name: mxnet.nd.array(weights.get(name, batch)) for name in graph.list_inputs()}
    executor = graph.bind(
        mxnet.cpu(),
        args={name: array for name, array in arrays.items() if name not in states},
        aux_states={name: arrays[name] for name in states},
        grad_req="null",
    )
    return [output.asnumpy() for output in executor.forward(is_train=True)]
