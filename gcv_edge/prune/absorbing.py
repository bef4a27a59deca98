"""What layers add to a sum goes into what reads that sum, where that is linear: engines take time to add it.

So it is in networks that normalise before they convolve (ResNet V2, arXiv:1603.05027): their convolutions
have no biases, fits give them some, and what is left of a branch that went is a constant. BatchNorm takes
both in, and so do shortcuts that read the sum itself.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.cleaning import drop_unused
from gcv_edge.graph.values import constant_of, shape_of
from gcv_edge.prune.edits import read_input, replace_constant
from gcv_edge.prune.matrices import Matrix

BIAS, MEAN = 2, 3
"""Inputs of a convolution and of BatchNorm."""
UNPADDED = ("NOTSET", "VALID")


def absorb_biases(model: ir.Model) -> None:
    """Take biases and constants per channel out of sums that only linear layers read, in place."""
    taken: dict[ir.Node, Matrix] = {}
    for node in list(model.graph):
        if node in taken:
            take_in(model.graph, node, taken[node])
        readers = find_readers(node.outputs[0]) if node.op_type in ("Conv", "Add") else None
        constant = take_constant(model.graph, node) if readers else None
        if readers and constant is not None:
            for reader, times in readers.items():
                taken[reader] = taken.get(reader, 0) + times * constant
    drop_unused(model)


def find_readers(value: ir.Value) -> Counter[ir.Node] | None:
    """Return how often linear layers read a tensor, through sums too; None where anything else does."""
    found: Counter[ir.Node] = Counter()
    if value.is_graph_output():
        return None
    for user, place in value.uses():
        if place == 0 and is_linear(user):
            found[user] += 1
            continue
        is_sum = user.op_type == "Add" and shape_of(user.outputs[0]) == shape_of(value)
        later = find_readers(user.outputs[0]) if is_sum else None
        if later is None:
            return None
        found += later
    return found


def is_linear(node: ir.Node) -> bool:
    """Tell whether a constant per channel in front of a node is one behind it: not where there is padding."""
    if any(constant_of(value) is None for value in node.inputs[1:]):
        return False
    read = node.attributes
    is_padded = any(read.get_ints("pads", [])) or read.get_string("auto_pad", "NOTSET") not in UNPADDED
    is_plain = node.op_type == "Conv" and not is_padded and read.get_int("group", 1) == 1
    return is_plain or node.op_type == "BatchNormalization"


def take_in(graph: ir.Graph, node: ir.Node, constant: Matrix) -> None:
    """Let a linear layer give what it gave when its input had a constant per channel more."""
    if node.op_type == "BatchNormalization":
        replace_constant(graph, node, MEAN, (read_input(node, MEAN) - constant).astype(np.float32))
        return
    weight = read_input(node, 1)
    bias = weight.sum(axis=tuple(range(2, weight.ndim))) @ constant
    if len(node.inputs) > BIAS:
        bias = bias + read_input(node, BIAS)
    node.resize_inputs(BIAS + 1)
    replace_constant(graph, node, BIAS, bias.astype(np.float32))


def take_constant(graph: ir.Graph, node: ir.Node) -> Matrix | None:
    """Take a convolution's bias away, or a sum with a constant per channel; return it where there is one."""
    if node.op_type == "Conv":
        if len(node.inputs) <= BIAS or constant_of(node.inputs[BIAS]) is None:
            return None
        bias = read_input(node, BIAS)
        node.resize_inputs(BIAS)
        return bias
    shape = shape_of(node.outputs[0])
    for value, other in (node.inputs, reversed(node.inputs)):
        array = constant_of(value)
        if array is None or other is None or shape_of(other) != shape:
            continue
        if array.shape == (1, shape[1], *[1] * (len(shape) - 2)):
            ir.convenience.replace_all_uses_with(node.outputs[0], other)
            graph.remove(node, safe=True)
            return array.ravel()
    return None
