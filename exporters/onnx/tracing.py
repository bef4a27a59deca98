"""Where the columns of a detector's rows come from: each is followed back to the layer that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import onnx_ir as ir

from gcv_edge.exporters.onnx.ends import RESHAPES, UNCHANGED
from gcv_edge.exporters.onnx.grids import SUMS, has_placing, length, rank
from gcv_edge.graph.values import constant_of

CURVES = ("Sigmoid", "HardSigmoid", "Exp", "Tanh", "Relu", "LeakyRelu", "Softplus", "Sqrt", "Neg", "Clip")
ARITHMETIC = (*SUMS, "Mul", "Div", "Pow", "Max", "Min")
PLACING = "placing"
"""A step that adds what differs from cell to cell, as the corners of a grid do."""
WRITTEN, PLACED = "written", "written placed"
"""A step that writes into some columns, which are not known: what is computed, or placed on a grid."""
DEEPEST = 100
"""Operators in a row; heads of detectors have less than 20."""


@dataclass(frozen=True)
class Column:
    """What makes the numbers of one column.

    Attributes:
        sources: what they are traced back to; one for each of the grids that are joined.
        steps: element-wise operators behind that, the last first.
    """

    sources: tuple[ir.Value, ...]
    steps: tuple[str, ...] = ()

    @property
    def makers(self) -> set[str]:
        """Kinds of operators that give the sources."""
        return {producer.op_type for source in self.sources if (producer := source.producer()) is not None}


def trace(value: ir.Value, axis: int | None, depth: int = 0) -> list[Column]:
    """Say where each column along an axis comes from; None for a value of which all is one."""
    node = value.producer()
    follow = FOLLOW.get(node.op_type) if node is not None else None
    if node is None or follow is None or depth == DEEPEST or node.inputs[0] is None:
        found = None
    else:
        found = follow(TracedOperator(node, node.inputs[0], value, axis, depth + 1))
    width = length(value, axis)
    return found if found is not None and len(found) == width else [Column((value,))] * width


@dataclass(frozen=True)
class TracedOperator:
    """An operator that a value is followed through.

    Attributes:
        node: the operator.
        first: its first input.
        value: the output that is followed.
        axis: of the output, along which the columns lie.
        depth: operators that were followed already.
    """

    node: ir.Node
    first: ir.Value
    value: ir.Value
    axis: int | None
    depth: int

    def trace(self, value: ir.Value, axis: int | None) -> list[Column]:
        """Follow an input."""
        return trace(value, axis, self.depth)

    @property
    def own_axis(self) -> int:
        """The attribute ``axis``, counted from the first."""
        axis: int = self.node.attributes.get_int("axis", 0)
        return axis % rank(self.first)


Found = list[Column] | None


def follow_unchanged(place: TracedOperator) -> Found:
    """Go through an operator that gives what it is given."""
    return place.trace(place.first, place.axis)


def follow_transpose(place: TracedOperator) -> Found:
    """Find the axis that a transposition moved."""
    if place.axis is None:
        return place.trace(place.first, None)
    perm = place.node.attributes.get_ints("perm", tuple(reversed(range(rank(place.first)))))
    return place.trace(place.first, perm[place.axis])


def follow_reshape(place: TracedOperator) -> Found:
    """Find the axis of the same length with as many numbers behind it; without one, all is one."""
    if place.axis is None:
        return place.trace(place.first, None)
    wanted = stretch(place.value, place.axis)
    same = [axis for axis in range(rank(place.first)) if stretch(place.first, axis) == wanted]
    return place.trace(place.first, same[-1]) if same else place.trace(place.first, None) * wanted[0]


def follow_concat(place: TracedOperator) -> Found:
    """Join columns, or the grids that they are of."""
    if place.axis is None:
        return None
    traced = [place.trace(value, place.axis) for value in place.node.inputs if value is not None]
    if place.own_axis == place.axis:
        return [column for columns in traced for column in columns]
    return [merge(columns) for columns in zip(*traced, strict=False)]


def merge(columns: Sequence[Column]) -> Column:
    """Make one column of those of several grids."""
    sources = dict.fromkeys(source for column in columns for source in column.sources)
    return Column(tuple(sources), columns[0].steps)


def follow_slice(place: TracedOperator) -> Found:
    """Take the columns that a slice takes."""
    bounds = [constant_of(value) for value in place.node.inputs[1:]]
    if place.axis is None or any(bound is None for bound in bounds) or len(bounds) < 3:
        return None
    starts, ends, axes, *more = (bound.tolist() for bound in bounds if bound is not None)
    steps = more[0] if more else [1] * len(starts)
    columns = place.trace(place.first, place.axis)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if axis % rank(place.first) == place.axis:
            columns = columns[start:end:step]
    return columns


def follow_split(place: TracedOperator) -> Found:
    """Take the columns of one part of several."""
    if place.axis is None:
        return None
    columns = place.trace(place.first, place.axis)
    if place.own_axis != place.axis:
        return columns
    index = place.value.index() or 0
    begin = sum(length(value, place.axis) for value in place.node.outputs[:index])
    return columns[begin : begin + length(place.value, place.axis)]


def follow_gather(place: TracedOperator) -> Found:
    """Take the columns of constant numbers."""
    index = constant_of(place.node.inputs[1])
    if place.axis is None or index is None or index.ndim != 1 or place.own_axis != place.axis:
        return None
    columns = place.trace(place.first, place.axis)
    return [columns[number] for number in index.tolist() if number < len(columns)]


def follow_step(place: TracedOperator) -> Found:
    """Go through an operator of one input, and remember it."""
    return add_step(place.trace(place.first, place.axis), place.node.op_type)


def follow_arithmetic(place: TracedOperator) -> Found:
    """Go through arithmetic of one value with a constant, or with what is the same in all cells."""
    for value, other in (place.node.inputs[:2], place.node.inputs[1::-1]):
        if value is not None and other is not None and goes_through(place, value, other):
            is_placing = place.node.op_type in SUMS and is_of_cells(other, place)
            return add_step(place.trace(value, place.axis), PLACING if is_placing else place.node.op_type)
    return None


def follow_writing(place: TracedOperator) -> Found:
    """Go through what writes numbers into some of a value's columns."""
    written = place.node.inputs[2]
    is_placed = written is not None and has_placing(written)
    return add_step(place.trace(place.first, place.axis), PLACED if is_placed else WRITTEN)


def goes_through(place: TracedOperator, value: ir.Value, other: ir.Value) -> bool:
    """Whether one operand is what is followed, and the other a constant or the same in all cells."""
    is_whole = rank(value) == rank(place.value) and length(value, place.axis) == length(
        place.value, place.axis
    )
    is_aside = constant_of(other) is not None or not is_of_cells(other, place)
    return is_whole and is_aside and constant_of(value) is None


def is_of_cells(other: ir.Value, place: TracedOperator) -> bool:
    """Whether an operand differs along another axis than the batch's and the columns'."""
    column = 1 if place.axis is None else place.axis
    first = rank(place.value) - rank(other)
    return any(length(other, axis) != 1 for axis in range(rank(other)) if first + axis not in (0, column))


def add_step(columns: Sequence[Column], step: str) -> list[Column]:
    """Put a step behind columns."""
    return [replace(column, steps=(step, *column.steps)) for column in columns]


def stretch(value: ir.Value, axis: int) -> tuple[int, int]:
    """Return an axis' length, and how many numbers there are behind it."""
    return length(value, axis), prod(length(value, later) for later in range(axis + 1, rank(value)))


FOLLOW: dict[str, Callable[[TracedOperator], Found]] = {
    **dict.fromkeys(UNCHANGED, follow_unchanged),
    **dict.fromkeys(RESHAPES, follow_reshape),
    **dict.fromkeys(CURVES, follow_step),
    **dict.fromkeys(ARITHMETIC, follow_arithmetic),
    "Transpose": follow_transpose,
    "Concat": follow_concat,
    "Slice": follow_slice,
    "Split": follow_split,
    "Gather": follow_gather,
    "ScatterND": follow_writing,
}
