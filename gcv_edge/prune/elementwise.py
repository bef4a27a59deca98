"""Rules of operators that treat each channel by itself."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.graph.values import constant_of, integers_of, shape_of
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.rules import describe, first_input, normalize_axis, read_axes, rule
from gcv_edge.prune.trace import Carrier, Trace, present

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


@rule(*UNARY)
def pass_on(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """Channels stay where they are."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is not None:
        trace.carry(node.outputs[0], *carrier)


@rule(*POOLING)
def pool(trace: Trace, index: int, node: ir.Node) -> None:
    """Windows lie behind the channels; positions of maxima are not followed."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    if carrier.axis != 1 or any(value.uses() for value in node.outputs[1:]):
        trace.freeze_inputs(node, f"pooled over by {describe(node)}")
    else:
        pass_on(trace, index, node)


@rule("BatchNormalization", "InstanceNormalization")
def normalize(trace: Trace, index: int, node: ir.Node) -> None:
    """Each channel has its own constants."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    constants = list(present(node.inputs))[1:]
    if carrier.axis != 1 or any(constant_of(value) is None for _, value in constants):
        trace.freeze_inputs(node, f"normalised by computed numbers in {describe(node)}")
        return
    for place, _ in constants:
        trace.cut(index, place, 0, carrier.labels)
    trace.carry(node.outputs[0], *carrier)


@rule(*BROADCAST)
def broadcast(trace: Trace, index: int, node: ir.Node) -> None:
    """Channels that meet are tied; constants per channel are cut."""
    output = node.outputs[0]
    rank = len(shape_of(output))
    carried = [aligned(trace.carrier(value), value, rank) for _, value in present(node.inputs)]
    found = [carrier for carrier in carried if carrier is not None]
    if not found:
        return
    axis = found[0].axis
    if any(carrier.axis != axis for carrier in found):
        trace.freeze_inputs(node, f"meets channels along another axis in {describe(node)}")
        return
    labels = max((carrier.labels for carrier in found), key=len)
    if shape_of(output)[axis] != len(labels):
        trace.freeze_inputs(node, f"repeated by {describe(node)}")
        return
    for place, value in present(node.inputs):
        meet(trace, index, node, place, value, axis - rank, labels)
    trace.carry(output, axis, labels)


def aligned(carrier: Carrier | None, value: ir.Value, rank: int) -> Carrier | None:
    """Count the axis in the result, whose shape may begin with more dimensions."""
    return carrier and Carrier(carrier.axis + rank - len(shape_of(value)), carrier.labels)


def meet(
    trace: Trace, index: int, node: ir.Node, place: int, value: ir.Value, axis: int, labels: Labels
) -> None:
    """Let an input meet the channels, which it has (or not) at an axis counted from the end."""
    carrier, shape = trace.carrier(value), shape_of(value)
    length = shape[axis] if len(shape) >= -axis else 1
    if carrier is not None and len(carrier.labels) == len(labels):
        trace.store.tie(labels, carrier.labels)
    elif carrier is not None:
        trace.freeze(value, f"repeated by {describe(node)}")
    elif length != 1 and constant_of(value) is not None:
        trace.cut(index, place, axis + len(shape), labels)
    elif length != 1:
        trace.store.freeze(labels, f"meets '{value.name}', whose channels are fixed, in {describe(node)}")


@rule(*REDUCTIONS)
def reduce(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """Other axes than the channels' may vanish."""
    carrier, axes = trace.carrier(node.inputs[0]), read_axes(node, 1)
    if carrier is None:
        return
    rank = len(shape_of(first_input(node)))
    gone = {normalize_axis(axis, rank) for axis in axes} if axes is not None else set(range(rank))
    if carrier.axis in gone:
        trace.freeze_inputs(node, f"summed up over its channels by {describe(node)}")
        return
    shift = 0 if node.attributes.get_int("keepdims", 1) else sum(axis < carrier.axis for axis in gone)
    trace.carry(node.outputs[0], carrier.axis - shift, carrier.labels)


@rule("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "CumSum")
def along_axis(trace: Trace, index: int, node: ir.Node) -> None:
    """What relates the numbers along one axis leaves channels along another alone."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    axes = integers_of(node.inputs[1]) if node.op_type == "CumSum" else [node.attributes.get_int("axis", -1)]
    if axes is None or carrier.axis == normalize_axis(axes[0], len(shape_of(first_input(node)))):
        trace.freeze_inputs(node, f"related to each other by {describe(node)}")
    else:
        pass_on(trace, index, node)
