"""Rules of the operators with weights: they read channels and open new ones."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import constant_of, input_of, shape_of
from gcv_edge.prune.channels.edits import ChannelIds, set_group
from gcv_edge.prune.channels.tracing import Trace, WeightedLayer, describe_node, rule


@rule("Conv", "ConvTranspose")
def convolve(trace: Trace, node: ir.Node) -> None:
    """All inputs go into all outputs of their group."""
    weight = constant_of(node.inputs[1])
    if weight is None or (len(node.inputs) > 2 and constant_of(node.inputs[2]) is None):
        trace.freeze_inputs(node, "has computed weights in")
        return
    group = node.attributes.get_int("group", 1)
    is_transposed = node.op_type == "ConvTranspose"
    inputs = read_channels(trace, node, 1)
    outputs = trace.new(weight.shape[1] * group if is_transposed else weight.shape[0])
    image = input_of(node, 0) if is_transposed else node.outputs[0]
    layer = describe_layer(trace, node, inputs, outputs, group, math.prod(weight.shape[2:]), image)
    if group == 1:
        cut_weights(trace, layer, 0 if is_transposed else 1)
    else:
        tie_groups(trace, layer)
        cut_grouped_weights(trace, layer)
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        trace.cut(2, 0, outputs)
    open_channels(trace, node, layer)


def read_channels(trace: Trace, node: ir.Node, axis: int) -> ChannelIds:
    """Return the ids of what a layer reads; they are frozen where it comes from no other layer."""
    reason = f"read by {describe_node(node)} from tensors whose channels are not followed"
    return trace.ids_of(input_of(node, 0), axis, reason)


def describe_layer(
    trace: Trace,
    node: ir.Node,
    inputs: ChannelIds,
    outputs: ChannelIds,
    group: int,
    kernel: int,
    image: ir.Value,
) -> WeightedLayer:
    """Describe a layer; its weights are used once for every position of an image."""
    axis = channel_axis(node)
    lengths = [n for i, n in enumerate(shape_of(image)) if i not in (0, axis) and isinstance(n, int)]
    name, positions = node.name or node.outputs[0].name or "", math.prod(lengths)
    return WeightedLayer(trace.index, name, node.op_type, inputs, outputs, group, kernel, positions)


def channel_axis(node: ir.Node) -> int:
    """Return where a layer's result has its channels."""
    return len(shape_of(node.outputs[0])) - 1 if node.op_type == "MatMul" else 1


def tie_groups(trace: Trace, layer: WeightedLayer) -> None:
    """Tie what must go together in a grouped convolution: whole groups, or as many of each."""
    reads, writes = layer.inputs.reshape(layer.group, -1), layer.outputs.reshape(layer.group, -1)
    if layer.loses_groups:
        members = np.concatenate([reads, writes], axis=1)
        trace.tie(members[:, :1], members)
        trace.edit(set_group, layer.inputs, reads.shape[1])
        return
    for table in (reads, writes):
        trace.tie(table[:1], table)


def cut_weights(trace: Trace, layer: WeightedLayer, read: int) -> None:
    """Note that weights are read along one axis and written along the other of the first two."""
    trace.cut(1, read, layer.inputs)
    trace.cut(1, 1 - read, layer.outputs)


def cut_grouped_weights(trace: Trace, layer: WeightedLayer) -> None:
    """Note which axes of grouped weights are channels; within groups, those of the first stand for all."""
    first, second = layer.outputs, layer.inputs
    if layer.op_type == "ConvTranspose":
        first, second = second, first
    trace.cut(1, 0, first)
    if not layer.loses_groups:
        trace.cut(1, 1, second[: len(second) // layer.group])


def open_channels(trace: Trace, node: ir.Node, layer: WeightedLayer) -> None:
    """Enter the layer, and let its result have the new channels."""
    trace.layers.append(layer)
    trace.set_channel_axis(node.outputs[0], channel_axis(node), layer.outputs)


@rule("Gemm")
def trace_gemm(trace: Trace, node: ir.Node) -> None:
    """A dense layer reads vectors of channels."""
    read = node.attributes
    weight = constant_of(node.inputs[1])
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if weight is None or read.get_int("transA", 0) == 1 or (bias is not None and constant_of(bias) is None):
        trace.freeze_inputs(node, "has computed weights in")
        return
    write = 0 if read.get_int("transB", 0) else 1
    inputs, outputs = read_channels(trace, node, 1), trace.new(weight.shape[write])
    layer = describe_layer(trace, node, inputs, outputs, 1, 1, node.outputs[0])
    cut_weights(trace, layer, 1 - write)
    if bias is not None and shape_of(bias) and shape_of(bias)[-1] == len(outputs):
        trace.cut(2, len(shape_of(bias)) - 1, outputs)
    open_channels(trace, node, layer)


@rule("MatMul")
def multiply(trace: Trace, node: ir.Node) -> None:
    """By a constant matrix: a dense layer over the last axis, or maps scaled along the last two."""
    first, second = input_of(node, 0), input_of(node, 1)
    weight, channels = constant_of(second), trace.axis_of(first)
    for maps, matrix in ((first, second), (second, first)):
        if scales_maps(trace, maps, matrix):
            trace.set_channel_axis(node.outputs[0], *trace.axes[maps.name or ""])
            return
    if weight is None or weight.ndim != 2 or channels is None:
        trace.freeze_inputs(node, "multiplied with computed numbers by")
        return
    inputs = read_channels(trace, node, len(shape_of(first)) - 1)
    layer = describe_layer(trace, node, inputs, trace.new(weight.shape[1]), 1, 1, node.outputs[0])
    cut_weights(trace, layer, 0)
    open_channels(trace, node, layer)


def scales_maps(trace: Trace, maps: ir.Value, matrix: ir.Value) -> bool:
    """Tell whether a constant matrix changes the last two axes of maps, before which the channels are."""
    channels, numbers = trace.axis_of(maps), constant_of(matrix)
    return (
        channels is not None
        and numbers is not None
        and numbers.ndim == 2
        and channels.axis < len(shape_of(maps)) - 2
    )
