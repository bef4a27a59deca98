"""Rules of layers: those with weights open new channels; the others treat each channel by itself.

Where tensors are added up, as at the end of a residual block, their channels are tied (``broadcast``).
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import constant_of, input_of, integers_of, shape_of
from gcv_edge.prune.channels.edits import ChannelIds, set_group
from gcv_edge.prune.channels.tracing import (
    ChannelAxis,
    Trace,
    WeightedLayer,
    axis_rule,
    count_from_front,
    describe_node,
    present,
    rule,
)

UNARY = (
    "Abs", "Cast", "Ceil", "Celu", "Clip", "Cos", "Dropout", "Elu", "Erf", "Exp", "Floor", "Gelu",
    "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu",
    "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Tanh", "ThresholdedRelu",
)  # fmt: skip
POOLING = (
    "AveragePool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LpPool", "MaxPool",
)  # fmt: skip
BROADCAST = (
    "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min",
    "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where",
)  # fmt: skip
REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip


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


@axis_rule(*UNARY)
def pass_on(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Channels stay where they are."""
    trace.set_channel_axis(node.outputs[0], *channels)


@axis_rule(*POOLING)
def pool(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Windows lie behind the channels; positions of maxima are not followed."""
    if channels.axis != 1 or any(value.uses() for value in node.outputs[1:]):
        trace.freeze_inputs(node, "pooled over by")
    else:
        pass_on(trace, node, channels)


@axis_rule("BatchNormalization", "InstanceNormalization")
def normalize(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Each channel has its own constants."""
    constants = list(present(node.inputs))[1:]
    if channels.axis != 1 or any(constant_of(value) is None for _, value in constants):
        trace.freeze_inputs(node, "normalised by computed numbers in")
        return
    for place, _ in constants:
        trace.cut(place, 0, channels.ids)
    pass_on(trace, node, channels)


@rule(*BROADCAST)
def broadcast(trace: Trace, node: ir.Node) -> None:
    """Channels that meet are tied; constants per channel are cut."""
    output = node.outputs[0]
    rank = len(shape_of(output))
    aligned = [align(trace.axis_of(value), value, rank) for _, value in present(node.inputs)]
    found = [channels for channels in aligned if channels is not None]
    if not found:
        return
    axis = found[0].axis
    if any(channels.axis != axis for channels in found):
        trace.freeze_inputs(node, "meets channels along another axis in")
        return
    ids = max((channels.ids for channels in found), key=len)
    if shape_of(output)[axis] != len(ids):
        trace.freeze_inputs(node, "repeated by")
        return
    for place, value in present(node.inputs):
        tie_input(trace, node, place, value, axis - rank, ids)
    trace.set_channel_axis(output, axis, ids)


def align(channels: ChannelAxis | None, value: ir.Value, rank: int) -> ChannelAxis | None:
    """Count the axis in the result, whose shape may begin with more dimensions."""
    return channels and ChannelAxis(channels.axis + rank - len(shape_of(value)), channels.ids)


def tie_input(trace: Trace, node: ir.Node, place: int, value: ir.Value, axis: int, ids: ChannelIds) -> None:
    """Tie an input's channels to ids, or cut it if it is constant; the axis is counted from the end."""
    channels, shape = trace.axis_of(value), shape_of(value)
    length = shape[axis] if len(shape) >= -axis else 1
    if channels is not None and len(channels.ids) == len(ids):
        trace.tie(ids, channels.ids)
    elif channels is not None:
        trace.freeze(value, f"repeated by {describe_node(node)}")
    elif length != 1 and constant_of(value) is not None:
        trace.cut(place, axis + len(shape), ids)
    elif length != 1:
        reason = f"meets '{value.name}', whose channels are fixed, in {describe_node(node)}"
        trace.freeze_ids(ids, reason)


@axis_rule(*REDUCTIONS)
def reduce(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Other axes than the channels' may vanish."""
    axes, rank = read_axes(node), len(shape_of(input_of(node, 0)))
    gone = {count_from_front(axis, rank) for axis in axes} if axes is not None else set(range(rank))
    if channels.axis in gone:
        trace.freeze_inputs(node, "summed up over its channels by")
        return
    is_kept = node.attributes.get_int("keepdims", 1)
    shift = 0 if is_kept else sum(axis < channels.axis for axis in gone)
    trace.set_channel_axis(node.outputs[0], channels.axis - shift, channels.ids)


def read_axes(node: ir.Node) -> list[int] | None:
    """Return axes given as an attribute or as a constant input; None for all or where they are computed."""
    found = node.attributes.get_ints("axes", None)
    if found is not None:
        return list(found)
    return integers_of(node.inputs[1]) if len(node.inputs) > 1 else None


@axis_rule("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "CumSum")
def trace_softmax_like(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """What relates the numbers along one axis leaves channels along another alone."""
    axes = integers_of(node.inputs[1]) if node.op_type == "CumSum" else [node.attributes.get_int("axis", -1)]
    rank = len(shape_of(input_of(node, 0)))
    if axes is None or channels.axis == count_from_front(axes[0], rank):
        trace.freeze_inputs(node, "related to each other by")
    else:
        pass_on(trace, node, channels)
