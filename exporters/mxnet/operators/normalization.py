"""BatchNorm, InstanceNorm, GroupNorm, LayerNorm, L2Normalization, LRN."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW, check_divides, read_axis
from gcv_edge.exporters.mxnet.operators.convolution import check_weight
from gcv_edge.exporters.mxnet.registry import converts

TRAINING_ATTRIBUTES = ("use_global_stats", "key", "ndev")
"""Where statistics come from and which devices share them, while training."""


@converts("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm")
def batch_norm(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    gamma: ir.Value,
    beta: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
) -> ir.Value:
    """Inference form, by the running statistics; ``fix_gamma=True`` ignores the stored gamma."""
    if attrs.get_bool("output_mean_var", False):
        raise attrs.unsupported("output_mean_var")
    for key in TRAINING_ATTRIBUTES:
        attrs.get_str(key, "")
    axis = read_axis(graph, attrs, data, 1)
    channels = graph.length(data, axis)
    named = {"gamma": gamma, "beta": beta, "moving mean": mean, "moving variance": variance}
    for role, value in named.items():
        check_weight(attrs, role, graph.shape(value), (channels,))
    if attrs.get_bool("fix_gamma", True):
        gamma = graph.constant(np.ones(channels, np.float32), f"{attrs.name}_gamma")
    epsilon = attrs.get_float("eps", 1e-3, low=0)
    inputs = [swap_with_channels(graph, attrs, data, axis), gamma, beta, mean, variance]
    result = graph.op("BatchNormalization", inputs, attrs.name, epsilon=epsilon)
    return swap_with_channels(graph, attrs, result, axis)


@converts("_contrib_BatchNormWithReLU")
def batch_norm_relu(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    gamma: ir.Value,
    beta: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
) -> ir.Value:
    """BatchNorm in inference form, negative results set to 0."""
    for key in ("min_calib_range", "max_calib_range"):
        attrs.get_optional_float(key)
    norm = batch_norm(graph, attrs, data, gamma, beta, mean, variance)
    return graph.op("Relu", [norm], f"{attrs.name}_relu")


def swap_with_channels(graph: GraphBuilder, attrs: Attributes, data: ir.Value, axis: int) -> ir.Value:
    """Exchange an axis with axis 1, where ONNX has the channels."""
    return swapped(graph, attrs, data, axis, 1)


def swapped(graph: GraphBuilder, attrs: Attributes, data: ir.Value, axis: int, other: int) -> ir.Value:
    """Exchange two axes, counted from the front."""
    if axis == other:
        return data
    order = list(range(len(graph.shape(data))))
    order[other], order[axis] = order[axis], order[other]
    return graph.op("Transpose", [data], f"{attrs.name}_swapped", perm=order)


@converts("InstanceNorm")
def instance_norm(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value, beta: ir.Value
) -> ir.Value:
    """Normalise each map of each picture."""
    epsilon = attrs.get_float("eps", 1e-3, low=0)
    return graph.op("InstanceNormalization", [data, gamma, beta], attrs.name, epsilon=epsilon)


@converts("LayerNorm")
def layer_norm(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value, beta: ir.Value
) -> ir.Value:
    """Normalise over one axis."""
    if attrs.get_bool("output_mean_var", False):
        raise attrs.unsupported("output_mean_var")
    axis, last = read_axis(graph, attrs, data, -1), len(graph.shape(data)) - 1
    inputs = [swapped(graph, attrs, data, axis, last), gamma, beta]
    epsilon = attrs.get_float("eps", 1e-5, low=0)
    result = graph.op("LayerNormalization", inputs, attrs.name, epsilon=epsilon, axis=-1)
    return swapped(graph, attrs, result, axis, last)


@converts("GroupNorm")
def group_norm(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value, beta: ir.Value
) -> ir.Value:
    """Normalise groups of channels; ``gamma`` and ``beta`` hold a number per group, unlike ONNX's."""
    if attrs.get_bool("output_mean_var", False):
        raise attrs.unsupported("output_mean_var")
    groups, shape = attrs.get_int("num_groups", 1, low=1), graph.shape(data)
    check_divides(attrs, "num_groups", graph.length(data, 1), groups)
    for role, value in {"gamma": gamma, "beta": beta}.items():
        check_weight(attrs, role, graph.shape(value), (groups,))
    lengths = [graph.length(data, axis) for axis in range(1, len(shape))]
    rows = graph.op("Reshape", [data, graph.constant([0, groups, -1])], f"{attrs.name}_groups")
    epsilon = attrs.get_float("eps", 1e-5, low=0)
    result = graph.op("InstanceNormalization", [rows, gamma, beta], attrs.name, epsilon=epsilon)
    return graph.op("Reshape", [result, graph.constant([0, *lengths])], f"{attrs.name}_maps")


@converts("L2Normalization")
def l2_normalization(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Divide by ``sqrt(sum(x^2) + eps)`` over channels, over space or over a whole instance."""
    mode = attrs.get_str("mode", "instance", choices=("instance", "channel", "spatial"))
    rank = len(graph.shape(data))
    axes = {"channel": [1], "spatial": list(range(2, rank)), "instance": list(range(1, rank))}[mode]
    squares = graph.op("Mul", [data, data], f"{attrs.name}_square")
    total = graph.op("ReduceSum", [squares, graph.constant(axes)], f"{attrs.name}_sum", keepdims=1)
    epsilon = graph.constant(attrs.get_float("eps", 1e-10, low=0))
    norm = graph.op("Sqrt", [graph.op("Add", [total, epsilon], f"{attrs.name}_eps")], f"{attrs.name}_norm")
    return graph.op("Div", [data, norm], attrs.name)


@converts("LRN")
def local_response_normalization(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Divide by ``(knorm + alpha · mean)^beta``, the mean of squares over neighbouring channels.

    Not ONNX's LRN, of which OpenVINO computes something else where ``knorm`` is not 1.
    """
    size = attrs.get_int("nsize", low=1, high=MAX_WINDOW)
    if size % 2 == 0:
        raise attrs.unsupported("nsize", "an odd number")
    name = attrs.name
    mean = channel_means(graph, name, graph.op("Mul", [data, data], f"{name}_square"), size)
    alpha, knorm = (
        graph.constant(attrs.get_float("alpha", 1e-4)),
        graph.constant(attrs.get_float("knorm", 2.0)),
    )
    base = graph.op("Add", [graph.op("Mul", [mean, alpha], f"{name}_scaled"), knorm], f"{name}_base")
    norm = graph.op("Pow", [base, graph.constant(attrs.get_float("beta", 0.75))], f"{name}_norm")
    return graph.op("Div", [data, norm], name)


def channel_means(graph: GraphBuilder, name: str, data: ir.Value, size: int) -> ir.Value:
    """Average ``[N, C, H, W]`` over ``size`` channels around each, with zeros beyond the ends."""
    channels, height, width = (graph.length(data, axis) for axis in (1, 2, 3))
    rows = graph.op("Reshape", [data, graph.constant([0, 1, channels, height * width])], f"{name}_rows")
    shares = graph.constant(np.full((1, 1, size, 1), 1 / size, np.float32), f"{name}_shares")
    mean = graph.op("Conv", [rows, shares], f"{name}_mean", pads=(size // 2, 0, size // 2, 0))
    return graph.op("Reshape", [mean, graph.constant([0, channels, height, width])], f"{name}_maps")
