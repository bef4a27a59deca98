"""How an output of an ONNX graph ends: what is taken off it, and what kind of operator gives the rest."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.exporters.builder import Dim, GraphBuilder, Shape
from gcv_edge.exporters.heads import (
    ARGMAX,
    LINEAR,
    NORMALIZATION,
    OTHER,
    RESIZE,
    SIGMOID,
    SOFTMAX,
    TANH,
    Head,
)
from gcv_edge.exporters.masks import find_middle
from gcv_edge.exporters.onnx.inputs import NHWC_TO_NCHW
from gcv_edge.exporters.onnx.written_out import divides_by_norm, softmax_axis, softmax_input
from gcv_edge.graph.values import numbers_of

ENDS = {"ArgMax": ARGMAX, "Softmax": SOFTMAX, "LogSoftmax": SOFTMAX, "Sigmoid": SIGMOID}
RESHAPES = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
UNCHANGED = (*RESHAPES, "Identity", "Cast", "Dropout", "QuantizeLinear", "DequantizeLinear")
"""Operators that give the numbers they are given."""
WITH_CONSTANTS = ("Add", "Sub", "Mul", "Div")
MAKERS = {"Gemm": LINEAR, "Conv": LINEAR, "ConvTranspose": LINEAR, "Resize": RESIZE, "Tanh": TANH,
          "LpNormalization": NORMALIZATION}  # fmt: skip
AVERAGES = ("GlobalAveragePool", "AveragePool", "ReduceMean")


@dataclass(frozen=True)
class Ended:
    """An output, read from its end.

    Attributes:
        head: what it says of itself.
        whole: the output.
        core: what is left of it without its ends.
        is_last: the core has its channels last.
    """

    head: Head
    whole: ir.Value
    core: ir.Value
    is_last: bool


def read_output(
    graph: GraphBuilder,
    name: str,
    value: ir.Value,
    known: Container[str],
    batch: Dim,
    size: tuple[Dim, ...],
) -> Ended:
    """Read an output from its end.

    Args:
        graph: the graph.
        name: what the original calls the output.
        value: the output.
        known: names of the original's tensors; only such are taken.
        batch: length of the input's first axis.
        size: height and width of the input.
    """
    ends: list[str] = []
    core = value
    while (step := take_end(graph, core, known, size)) is not None:
        end, inner = step
        if end != ARGMAX and any(found != ARGMAX for found in ends):
            break  # runtimes make one activation; what is below is the network's own
        core = inner
        ends.append(end)
    is_last = has_channels_last(graph.shape(core), size)
    shape = move_channels(graph.shape(core)) if is_last else graph.shape(core)
    whole, maker, middle = graph.shape(value), find_maker(core), find_middle(core)
    head = Head(name, whole, shape, tuple(ends), maker, batch, size, middle)
    return Ended(head, value, core, is_last)


def take_end(
    graph: GraphBuilder, value: ir.Value, known: Container[str], size: tuple[Dim, ...]
) -> tuple[str, ir.Value] | None:
    """Take the last end off a value; None where it has none.

    Where the converter put something between the end and what the original gave it, that goes too.
    """
    node = behind_unchanged(value)
    found = read_end(node) if node is not None else None
    if node is None or found is None:
        return None
    end, given = found
    rows = graph.shape(given)
    if end != SIGMOID and not (is_over_classes(node, rows, size) and keeps_axes(graph, node, value)):
        return None
    inner: ir.Value | None = given
    while inner is not None and inner.name not in known:
        before = inner.producer()
        inner = before.inputs[0] if before is not None and before.op_type in RESHAPES else None
    if inner is None or (len(rows) == 2 and any(dim != 1 for dim in graph.shape(inner)[2:])):
        return None
    return end, inner


def read_end(node: ir.Node) -> tuple[str, ir.Value] | None:
    """Say which end an operator is, and what it is given; a softmax may be written out."""
    given = node.inputs[0] if node.op_type in ENDS else softmax_input(node)
    return None if given is None else (ENDS.get(node.op_type, SOFTMAX), given)


def behind_unchanged(value: ir.Value) -> ir.Node | None:
    """Return the node that computed a value's numbers."""
    node = value.producer()
    while node is not None and is_unchanged(node) and node.inputs[0] is not None:
        node = node.inputs[0].producer()
    return node


def is_unchanged(node: ir.Node) -> bool:
    """Whether an operator gives the numbers it is given: a cast of fractions to whole numbers does not."""
    if node.op_type != "Cast":
        return node.op_type in UNCHANGED
    before, after = (None if value is None else value.dtype for value in (node.inputs[0], node.outputs[0]))
    return before is None or after is None or after.is_floating_point() or not before.is_floating_point()


def is_over_classes(node: ir.Node, shape: Shape, size: tuple[Dim, ...]) -> bool:
    """Whether an operator goes over the axis of classes: the second, or the last of channels-last maps."""
    if node.op_type == "Div":
        axis = softmax_axis(node)
    else:
        axis = node.attributes.get_int("axis", 0 if node.op_type == "ArgMax" else -1)
    is_last = has_channels_last(shape, size) or (len(shape) == 4 and tuple(shape[1:3]) == (1, 1))
    return axis is not None and axis % len(shape) == (3 if is_last else 1)


def keeps_axes(graph: GraphBuilder, node: ir.Node, value: ir.Value) -> bool:
    """Whether what is behind an operator leaves its axes as they are, but for such of length 1."""
    before, after = (graph.shape(one) for one in (node.outputs[0], value))
    lengths = [sorted(str(dim) for dim in shape[1:] if dim != 1) for shape in (before, after)]
    return lengths[0] == lengths[1]


def has_channels_last(shape: Shape, size: tuple[Dim, ...]) -> bool:
    """Whether maps of the input's size have their channels last."""
    return len(shape) == 4 and shape[1:3] == size and shape[2:] != size


def move_channels(shape: Shape) -> Shape:
    """Shape with the channels second."""
    return tuple(shape[axis] for axis in NHWC_TO_NCHW)


def find_maker(value: ir.Value) -> str:
    """Name the kind of operator that gives a value's numbers, apart from what scales or shifts them."""
    node = behind_unchanged(value)
    while node is not None and node.op_type in WITH_CONSTANTS and has_constant(node):
        inner = next((other for other in node.inputs if numbers_of(other) is None), None)
        node = behind_unchanged(inner) if inner is not None else None
    if node is None:
        return OTHER
    if node.op_type == "Div" and divides_by_norm(node):
        return NORMALIZATION
    if node.op_type == "MatMul":
        return LINEAR if has_constant(node) else OTHER
    if node.op_type == "BatchNormalization" and node.inputs[0] is not None:
        shape = node.inputs[0].shape
        return NORMALIZATION if shape is not None and len(shape) == 2 else OTHER
    if node.op_type in AVERAGES and node.inputs[0] is not None:
        return find_maker(node.inputs[0])
    return MAKERS.get(node.op_type, OTHER)


def has_constant(node: ir.Node) -> bool:
    """Whether one of a node's inputs is constant."""
    return any(numbers_of(value) is not None for value in node.inputs)
