"""Softmaxes and norms that a graph writes out in smaller operators."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import numbers_of

NORM_STEPS = ("Clip", "Max", "Add", "Expand", "Unsqueeze", "Reshape", "Cast")
"""Operators between a norm and the division by it, and between a sum of squares and its root."""


def softmax_input(node: ir.Node) -> ir.Value | None:
    """Return what ``exp(x) / sum(exp(x))`` takes; None for anything else."""
    if node.op_type != "Div":
        return None
    power, total = (value.producer() if value is not None else None for value in node.inputs)
    if power is None or total is None or (power.op_type, total.op_type) != ("Exp", "ReduceSum"):
        return None
    return power.inputs[0] if total.inputs[0] is node.inputs[0] else None


def softmax_axis(node: ir.Node) -> int | None:
    """Axis of a softmax that is written out; None where its sum goes over several."""
    total = node.inputs[1].producer() if node.inputs[1] is not None else None
    return read_axis(total) if total is not None else None


def read_axis(total: ir.Node) -> int | None:
    """Return the only axis that a sum which keeps its axes goes over; None for several."""
    axes = numbers_of(total.inputs[1]) if len(total.inputs) > 1 else None
    keeps = total.attributes.get_int("keepdims", 1) == 1
    return int(axes.item()) if keeps and axes is not None and axes.size == 1 else None


def divides_by_norm(node: ir.Node) -> bool:
    """Whether a division is by the norm of what is divided."""
    below = behind_steps(node.inputs[1])
    if below is None or below.op_type == "ReduceL2":
        return below is not None
    is_root = below.op_type == "Sqrt" or (below.op_type == "Pow" and is_number(below.inputs[1], 0.5))
    total = behind_steps(below.inputs[0]) if is_root else None
    return total is not None and sums_squares(total)


def behind_steps(value: ir.Value | None) -> ir.Node | None:
    """Return what gives a number, apart from what keeps it from being 0."""
    below = value.producer() if value is not None else None
    while below is not None and below.op_type in NORM_STEPS and below.inputs[0] is not None:
        below = below.inputs[0].producer()
    return below


def sums_squares(total: ir.Node) -> bool:
    """Whether an operator gives the sum of squares."""
    square = total.inputs[0].producer() if total.inputs[0] is not None else None
    if total.op_type != "ReduceSum" or square is None:
        return total.op_type == "ReduceSumSquare"
    return (square.op_type == "Pow" and is_number(square.inputs[1], 2)) or (
        square.op_type == "Mul" and square.inputs[0] is square.inputs[1]
    )


def is_number(value: ir.Value | None, number: float) -> bool:
    """Whether a value is a constant number."""
    constant = numbers_of(value)
    return constant is not None and bool(np.all(constant == number))
