"""Arithmetic with what differs from cell to cell of a grid, as the corners of the cells do."""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "QLinearConv")
SUMS = ("Add", "Sub")
MOST = 200
"""Values between layers and the boxes; heads of detectors have less than 60."""


def has_placing(value: ir.Value) -> bool:
    """Whether values of cells are added, or subtracted, between the nearest layers and a value."""
    return any(node.op_type in SUMS and is_placing(node) for node in walk_back(value))


def find_layers(value: ir.Value) -> set[ir.Node]:
    """Return the nearest layers that a value comes from."""
    return {node for node in walk_back(value) if node.op_type in LAYERS}


def walk_back(value: ir.Value) -> Iterator[ir.Node]:
    """Give the operators before a value, as far as the nearest layers."""
    seen = [value]
    for other in seen:
        node = other.producer()
        if node is None or len(seen) > MOST:
            continue
        yield node
        if node.op_type not in LAYERS:
            inputs = (before for before in node.inputs if before is not None)
            seen += [before for before in inputs if all(before is not known for known in seen)]


def is_placing(node: ir.Node) -> bool:
    """Whether a sum is of two that differ from cell to cell."""
    operands = [value for value in node.inputs if value is not None]
    return not any(map(is_shift, operands, reversed(operands)))


def is_shift(operand: ir.Value, other: ir.Value) -> bool:
    """Whether an operand is one number, or a layer's bias."""
    wide = sum(length(operand, axis) != 1 for axis in range(rank(operand)))
    producer = other.producer()
    return wide == 0 or (wide == 1 and producer is not None and producer.op_type in LAYERS)


def rank(value: ir.Value) -> int:
    """Return the number of axes; 0 where they are not known."""
    return len(value.shape) if value.shape is not None else 0


def length(value: ir.Value, axis: int | None) -> int:
    """Return an axis' length, 1 for no axis, 0 where it is not known."""
    if axis is None:
        return 1
    found = value.shape[axis] if value.shape is not None and axis < rank(value) else 0
    return found if isinstance(found, int) else 0
