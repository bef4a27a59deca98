"""Rules of the operators with weights: they read channels and open new ones."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import constant_of, shape_of
from gcv_edge.prune.edits import SetGroup
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.rules import describe, first_input, rule
from gcv_edge.prune.trace import Layer, Trace


@rule("Conv", "ConvTranspose")
def convolve(trace: Trace, index: int, node: ir.Node) -> None:
    """All inputs go into all outputs of their group."""
    weight = constant_of(node.inputs[1])
    if weight is None or (len(node.inputs) > 2 and constant_of(node.inputs[2]) is None):
        trace.freeze_inputs(node, f"has computed weights in {describe(node)}")
        return
    group = node.attributes.get_int("group", 1)
    is_transposed = node.op_type == "ConvTranspose"
    inputs = trace.labels_of(first_input(node), 1, input_reason(node))
    count = weight.shape[1] * group if is_transposed else weight.shape[0]
    outputs = trace.store.new(count)
    if group > 1:
        tie_groups(trace, index, inputs, outputs, group)
    cut_weights(trace, index, node, inputs, outputs, group, is_transposed)
    image = first_input(node) if is_transposed else node.outputs[0]
    open_channels(trace, index, node, inputs, outputs, group, math.prod(weight.shape[2:]), image)


def input_reason(node: ir.Node) -> str:
    """Say why the channels that a layer reads stay where they come from no other layer."""
    return f"read by {describe(node)} from tensors whose channels are not followed"


def tie_groups(trace: Trace, index: int, inputs: Labels, outputs: Labels, group: int) -> None:
    """Tie what must go together in a grouped convolution.

    Where there are at least as many groups as channels in one, whole groups go; else as many of each.
    """
    reads, writes = inputs.reshape(group, -1), outputs.reshape(group, -1)
    if group >= reads.shape[1]:
        members = np.concatenate([reads, writes], axis=1)
        trace.store.tie(np.broadcast_to(members[:, :1], members.shape), members)
        trace.edits.append(SetGroup(index, inputs, reads.shape[1]))
        return
    for table in (reads, writes):
        trace.store.tie(np.broadcast_to(table[:1], table.shape), table)


def cut_weights(
    trace: Trace,
    index: int,
    node: ir.Node,
    inputs: Labels,
    outputs: Labels,
    group: int,
    is_transposed: bool,
) -> None:
    """Note which axes of weights and bias are channels; within groups, those of the first stand for all."""
    write, read = (1, 0) if is_transposed else (0, 1)
    whole = group >= len(inputs) // group
    if group == 1:
        trace.cut(index, 1, read, inputs)
        trace.cut(index, 1, write, outputs)
    elif is_transposed:
        trace.cut(index, 1, 0, inputs)
        if not whole:
            trace.cut(index, 1, 1, outputs[: len(outputs) // group])
    else:
        trace.cut(index, 1, 0, outputs)
        if not whole:
            trace.cut(index, 1, 1, inputs[: len(inputs) // group])
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        trace.cut(index, 2, 0, outputs)


def open_channels(
    trace: Trace,
    index: int,
    node: ir.Node,
    inputs: Labels,
    outputs: Labels,
    group: int,
    kernel: int,
    image: ir.Value,
) -> None:
    """Enter the layer, and let its result have the new channels."""
    axis = 1 if node.op_type in ("Conv", "ConvTranspose", "Gemm") else len(shape_of(node.outputs[0])) - 1
    lengths = [n for i, n in enumerate(shape_of(image)) if i not in (0, axis) and isinstance(n, int)]
    name = node.name or node.outputs[0].name or ""
    layer = Layer(index, name, node.op_type, inputs, outputs, group, kernel, math.prod(lengths))
    trace.layers.append(layer)
    trace.carry(node.outputs[0], axis, outputs)


@rule("Gemm")
def connect(trace: Trace, index: int, node: ir.Node) -> None:
    """A dense layer reads vectors of channels."""
    read = node.attributes
    weight = constant_of(node.inputs[1])
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if weight is None or read.get_int("transA", 0) == 1 or (bias is not None and constant_of(bias) is None):
        trace.freeze_inputs(node, f"has computed weights in {describe(node)}")
        return
    write = 0 if read.get_int("transB", 0) else 1
    inputs = trace.labels_of(first_input(node), 1, input_reason(node))
    outputs = trace.store.new(weight.shape[write])
    trace.cut(index, 1, 1 - write, inputs)
    trace.cut(index, 1, write, outputs)
    if bias is not None and shape_of(bias) and shape_of(bias)[-1] == len(outputs):
        trace.cut(index, 2, len(shape_of(bias)) - 1, outputs)
    open_channels(trace, index, node, inputs, outputs, 1, 1, node.outputs[0])


@rule("MatMul")
def multiply(trace: Trace, index: int, node: ir.Node) -> None:
    """By a constant matrix: a dense layer over the last axis, or maps scaled along the last two."""
    first, second = node.inputs[0], node.inputs[1]
    assert first is not None
    assert second is not None
    weight, carrier = constant_of(second), trace.carrier(first)
    if scales_maps(trace, first, second) or scales_maps(trace, second, first):
        held = trace.carrier(first) or trace.carrier(second)
        assert held is not None
        trace.carry(node.outputs[0], *held)
    elif weight is not None and weight.ndim == 2 and carrier is not None:
        last = len(shape_of(first)) - 1
        inputs = trace.labels_of(first, last, input_reason(node))
        outputs = trace.store.new(weight.shape[1])
        trace.cut(index, 1, 0, inputs)
        trace.cut(index, 1, 1, outputs)
        open_channels(trace, index, node, inputs, outputs, 1, 1, node.outputs[0])
    else:
        trace.freeze_inputs(node, f"multiplied with computed numbers by {describe(node)}")


def scales_maps(trace: Trace, maps: ir.Value, matrix: ir.Value) -> bool:
    """Tell whether a constant matrix changes the last two axes of maps, before which the channels are."""
    carrier, numbers = trace.carrier(maps), constant_of(matrix)
    return (
        carrier is not None
        and numbers is not None
        and numbers.ndim == 2
        and carrier.axis < len(shape_of(maps)) - 2
    )
