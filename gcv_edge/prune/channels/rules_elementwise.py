"""Rules of operators that treat each channel by itself: activations, pools, sums of tensors, reductions.

Where tensors are added up, as at the end of a residual block, their channels are tied (``broadcast``).
"""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.graph.values import constant_of, input_of, integers_of, shape_of
from gcv_edge.prune.channels.edits import ChannelIds
from gcv_edge.prune.channels.tracing import (
    ChannelAxis,
    Trace,
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
