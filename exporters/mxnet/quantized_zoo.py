"""GluonCV's ``*_int8`` names: calibrated graphs that ship with gluoncv and take a float network's parameters.

Each belongs to the network of the name without ``_int8``, its twin. MXNet quantises the weights when it runs
the graph (gluoncv/model_zoo/quantized/quantized.py), so a twin's parameter file is a quantised network's too.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.symbol import Node, Symbol, parse_symbol

SUFFIX = "_int8"
SHIPPED = "gluoncv.model_zoo.quantized.quantized"
FUSED = ("_sg_mkldnn_conv", "_sg_mkldnn_fully_connected")

Array = NDArray[Any]


def is_quantized(name: str) -> bool:
    """Tell a quantised zoo name."""
    return name.endswith(SUFFIX)


def load_quantized(name: str, load_twin: Callable[[str], Network], random_weights: int | None) -> Network:
    """Put the twin's parameters into the shipped graph.

    Args:
        name: a quantised zoo name.
        load_twin: loads a zoo name with the parameters that are wanted.
        random_weights: their seed, where they are random: then they are brought to the graph's ranges.
    """
    symbol = parse_symbol(read_shipped(name), name)
    with (
        import_mxnet().name.NameManager()
    ):  # the graph has the names that a new process gives its first network
        twin = load_twin(name.removesuffix(SUFFIX))
    weights = {key: twin.weights[key] for key in symbol.arguments() if key in twin.weights}
    if random_weights is not None:
        weights = fill_ranges(symbol, weights, random_weights)
    return replace(twin, name=name, symbol=symbol, weights=weights)


def read_shipped(name: str) -> str:
    """Read a graph: a file of its own, or one of those that are compressed into the module."""
    module = importlib.import_module(SHIPPED)
    file = Path(str(module.__file__)).with_name(f"{name}-symbol.json")
    if file.is_file():
        return file.read_text()
    unpack = importlib.import_module("gluoncv.utils.compress_json").get_compressed_model
    return str(unpack(name, module._compressed_int8_json))


def fill_ranges(symbol: Symbol, weights: Mapping[str, Array], seed: int) -> dict[str, Array]:
    """Scale random weights so that every layer's results fill a good part of its calibrated range."""
    filled = dict(weights)
    sizes: dict[int, float] = {}
    for index, node in enumerate(symbol.nodes):
        source = sizes.get(node.inputs[0].node, 1.0) if node.inputs else 1.0
        wanted = typical_size(node)
        sizes[index] = wanted or source
        if node.op in FUSED:
            names = [symbol.nodes[entry.node].name for entry in node.inputs]
            fill_layer(filled, [name for name in names if name in filled], source, wanted or 1.0, seed)
    return filled


def typical_size(node: Node) -> float | None:
    """Root mean square of numbers that fill a node's range; None where it has no range of its own."""
    ends = [float(node.attrs[key]) for key in ("min_calib_range", "max_calib_range") if key in node.attrs]
    return max(map(abs, ends)) / 4 if ends else None


def fill_layer(weights: dict[str, Array], names: list[str], source: float, wanted: float, seed: int) -> None:
    """Scale one layer's parameters for data of a size and results of another; its weights are He-normal."""
    has_norm = any(name.endswith("gamma") for name in names)
    product = source * 2**0.5
    for name in names:
        random, shape = np.random.default_rng([seed, zlib.crc32(name.encode())]), weights[name].shape
        role = name.rpartition("_")[2]
        if role == "mean":
            weights[name] = (random.normal(0, 0.1, shape) * product).astype(np.float32)
        elif role == "var":
            weights[name] = (random.uniform(0.7, 1.4, shape) * product**2).astype(np.float32)
        elif role in ("gamma", "beta"):
            weights[name] = weights[name] * np.float32(wanted)
        elif role == "weight" and not has_norm:
            weights[name] = weights[name] * np.float32(wanted / product)
