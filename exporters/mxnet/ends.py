"""Reading how an output of a symbol ends; see ``gcv_edge.exporters.heads``."""

from __future__ import annotations

from dataclasses import dataclass

from gcv_edge.exporters.builder import Shape
from gcv_edge.exporters.heads import (
    ARGMAX,
    LINEAR,
    MARGIN,
    NORMALIZATION,
    OTHER,
    REGRESSOR,
    RESIZE,
    SIGMOID,
    SOFTMAX,
    TANH,
    Head,
)
from gcv_edge.exporters.masks import find_middle
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.clips import count_segments
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.outputs import RESIZING, WRAPPERS
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor

LOOKED_THROUGH = (*WRAPPERS, "Cast", "Dropout")
"""Operators behind an output that change nothing of what it means."""

RESHAPES = ("Flatten", "flatten", "Reshape", "reshape", "squeeze", "expand_dims")

AVERAGES = (
    *RESHAPES,
    "mean",
    "transpose",
    "_mul_scalar",
    "_div_scalar",
    "_plus_scalar",
    "_minus_scalar",
    "elemwise_add",
    "broadcast_add",
    "_contrib_dequantize",
    "_contrib_quantized_flatten",
)
"""Operators that make linear results of linear ones."""

MAKERS = {
    "FullyConnected": LINEAR,
    "_npx_fully_connected": LINEAR,
    "_sg_mkldnn_fully_connected": LINEAR,
    "_contrib_quantized_fully_connected": LINEAR,
    "Convolution": LINEAR,
    "_sg_mkldnn_conv": LINEAR,
    "_contrib_quantized_conv": LINEAR,
    "dot": LINEAR,
    "linalg_gemm2": LINEAR,
    "L2Normalization": NORMALIZATION,
    "BatchNorm": NORMALIZATION,
    "LayerNorm": NORMALIZATION,
    "InstanceNorm": NORMALIZATION,
    "LinearRegressionOutput": REGRESSOR,
    "MAERegressionOutput": REGRESSOR,
    "SVMOutput": MARGIN,
    RESIZING: RESIZE,
    "tanh": TANH,
}
"""Kind of what an operator gives."""

POOLINGS = ("Pooling", "_contrib_quantized_pooling")
CONVOLUTIONS = ("Convolution", "_sg_mkldnn_conv", "_contrib_quantized_conv")


@dataclass(frozen=True)
class SymbolHead:
    """One output of a symbol, taken apart.

    Attributes:
        head: what it is, in the terms of all frameworks.
        symbol: the network's, with a division by the softmax' temperature where it has one.
        whole, core: the output as it is, and without its ends.
    """

    head: Head
    symbol: Symbol
    whole: NodeEntry
    core: NodeEntry


def take_apart(converter: SymbolConverter, name: str, whole: NodeEntry) -> SymbolHead:
    """Convert an output, and take its ends off."""
    symbol, graph = converter.symbol, converter.graph
    core, temperature = whole, 1.0
    ends: list[str] = []
    while True:
        node = symbol.nodes[core.node]
        if node.op in LOOKED_THROUGH or is_reshaped_vector(converter, core):
            core = node.inputs[0]
            continue
        end = end_of(converter, core)
        if end is None or (end != ARGMAX and any(found != ARGMAX for found in ends)):
            break
        ends.append(end)
        temperature *= read_temperature(node)
        core = node.inputs[0]
    if not ends:
        core = whole
    if temperature != 1.0:
        editor = SymbolEditor(symbol)
        core = editor.add("_div_scalar", core, scalar=temperature)
        symbol = converter.symbol = editor.symbol()
    picture, segments = graph.shape(graph.inputs[0]), count_segments(symbol)
    head = Head(
        name,
        whole=shape_of(converter, whole),
        core=shape_of(converter, core),
        ends=tuple(ends),
        maker=maker_of(symbol, core),
        batch=picture[0] if segments == 1 else int(picture[0]) // segments,
        size=tuple(picture[2:]),
        middle=find_middle(converter.values([core])[0]),
    )
    return SymbolHead(head, symbol, whole, core)


def shape_of(converter: SymbolConverter, entry: NodeEntry) -> Shape:
    """Shape of an entry, which is converted for that where it was not yet."""
    return converter.graph.shape(converter.values([entry])[0])


def is_reshaped_vector(converter: SymbolConverter, entry: NodeEntry) -> bool:
    """Tell an operator that takes axes of length 1 off a vector, or adds them."""
    node = converter.symbol.nodes[entry.node]
    if node.op not in RESHAPES:
        return False
    shapes = [shape_of(converter, one) for one in (entry, node.inputs[0])]
    return all(len(shape) > 1 for shape in shapes) and all(
        shape[:2] == shapes[0][:2] and all(dim == 1 for dim in shape[2:]) for shape in shapes
    )


def end_of(converter: SymbolConverter, entry: NodeEntry) -> str | None:
    """Kind of an operator that a runtime stands in for; None for another, or over other axes than classes."""
    node = converter.symbol.nodes[entry.node]
    if node.is_variable or not node.inputs:
        return None
    rank = len(shape_of(converter, node.inputs[0]))
    if node.op == "LogisticRegressionOutput" or Attributes(node).get_str("act_type", node.op) == SIGMOID:
        return SIGMOID
    axes = {"softmax": softmax_axis, "log_softmax": softmax_axis, "argmax": argmax_axis}
    if node.op in axes:
        axis = axes[node.op](Attributes(node))
        return None if axis is None or axis % rank != 1 else ARGMAX if node.op == "argmax" else SOFTMAX
    if node.op == "argmax_channel":
        return ARGMAX if rank == 2 else None
    return SOFTMAX if is_softmax_head(node, rank) else None


def softmax_axis(attrs: Attributes) -> int | None:
    """Axis of a softmax."""
    return None if attrs.get_bool("use_length", False) else attrs.get_optional_int("axis", -1)


def argmax_axis(attrs: Attributes) -> int | None:
    """Axis of an argmax; None for all values together."""
    return attrs.get_optional_int("axis")


def is_softmax_head(node: Node, rank: int) -> bool:
    """Tell a softmax of the Module API that goes over the classes."""
    attrs = Attributes(node)
    if node.op == "SoftmaxActivation":
        return rank == 2 or attrs.get_str("mode", "instance") == "channel"
    return node.op in ("SoftmaxOutput", "Softmax") and (rank == 2 or attrs.get_bool("multi_output", False))


def read_temperature(node: Node) -> float:
    """Number by which a softmax divides what it is given."""
    attrs = Attributes(node)
    return (attrs.get_optional_float("temperature") or 1.0) if "temperature" in attrs else 1.0


def maker_of(symbol: Symbol, entry: NodeEntry) -> str:
    """Kind of the operator that gives an entry."""
    node = symbol.nodes[entry.node]
    if node.op in LOOKED_THROUGH:
        return maker_of(symbol, node.inputs[0])
    if node.attrs.get("act_type") == "tanh":
        return TANH
    if node.op in POOLINGS:
        return LINEAR if averages_scores(symbol, node) else OTHER
    if node.op in MAKERS:
        return MAKERS[node.op]
    if node.op in AVERAGES and node.inputs:
        return LINEAR if maker_of(symbol, node.inputs[0]) == LINEAR else OTHER
    return OTHER


def averages_scores(symbol: Symbol, pooling: Node) -> bool:
    """Tell a pooling over maps of class scores: those of a convolution, or of 1x1 behind a ReLU.

    SqueezeNet and Network in Network (Lin et al. 2013) end so.
    """
    node = symbol.nodes[pooling.inputs[0].node]
    is_rectified = node.op == "relu" or node.attrs.get("act_type") == "relu"
    while (node.op in LOOKED_THROUGH or node.op in ("relu", "Activation")) and node.inputs:
        node = symbol.nodes[node.inputs[0].node]
    if node.op not in CONVOLUTIONS:
        return False
    return not is_rectified or Attributes(node).get_int_tuple("kernel", ()) == (1, 1)
