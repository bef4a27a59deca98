"""Rules of operators that move channels about: reshapes, transposes, joints, parts and sizes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import constant_of, integers_of, shape_of
from gcv_edge.prune.edits import SetIndices, SetLength, SetSlice, SetSplit
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.regrouping import regroup
from gcv_edge.prune.rules import describe, first_input, normalize_axis, rule
from gcv_edge.prune.trace import Carrier, Trace, present


@rule("Transpose")
def transpose(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """The axis moves."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is not None:
        rank = len(shape_of(first_input(node)))
        order = list(node.attributes.get_ints("perm", None) or reversed(range(rank)))
        trace.carry(node.outputs[0], order.index(carrier.axis), carrier.labels)


@rule("Flatten", "Squeeze", "Unsqueeze", "Reshape")
def reshape(trace: Trace, index: int, node: ir.Node) -> None:
    """Axes are split and merged; a length in a constant shape is rewritten."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    moved = regroup(trace.store, shape_of(first_input(node)), shape_of(node.outputs[0]), carrier)
    if moved is None:
        trace.freeze_inputs(node, f"mixed with other axes by {describe(node)}")
        return
    if node.op_type != "Reshape" or set_length(trace, index, node, 1, moved):
        trace.carry(node.outputs[0], *moved)


def set_length(trace: Trace, index: int, node: ir.Node, place: int, carrier: Carrier) -> bool:
    """Note that an entry of a shape is the number of channels; freeze them where that cannot be known."""
    value = node.inputs[place]
    lengths = trace.lengths.get(value.name or "") if value is not None else None
    if constant_of(value) is not None:
        trace.edits.append(SetLength(index, place, carrier.axis, carrier.labels))
        return True
    counted = lengths[carrier.axis] if lengths is not None else None
    if counted is not None and len(counted) == len(carrier.labels):
        trace.store.tie(counted, carrier.labels)
        return True
    trace.freeze_inputs(node, f"of computed size in {describe(node)}")
    return False


@rule("Concat")
def concatenate(trace: Trace, index: int, node: ir.Node) -> None:
    """Joined along the channels, labels follow each other; along another axis, they are tied."""
    rank = len(shape_of(node.outputs[0]))
    axis = normalize_axis(node.attributes.get_int("axis", 0), rank)
    found = [carrier for value in node.inputs if (carrier := trace.carrier(value)) is not None]
    if rank == 1:
        join_lengths(trace, node)
    if not found:
        return
    place = found[0].axis
    if any(carrier.axis != place for carrier in found):
        trace.freeze_inputs(node, f"meets channels along another axis in {describe(node)}")
    elif place == axis:
        reason = f"joined with others by {describe(node)}"
        parts = [trace.labels_of(value, axis, reason) for _, value in present(node.inputs)]
        trace.carry(node.outputs[0], axis, np.concatenate(parts))
    else:
        tie_parts(trace, index, node, Carrier(place, found[0].labels))


def tie_parts(trace: Trace, index: int, node: ir.Node, carrier: Carrier) -> None:
    """Let all that is joined along another axis have the same channels."""
    for place, value in present(node.inputs):
        other = trace.carrier(value)
        if other is not None:
            trace.store.tie(carrier.labels, other.labels)
        elif constant_of(value) is not None:
            trace.cut(index, place, carrier.axis, carrier.labels)
        else:
            trace.store.freeze(carrier.labels, f"meets '{value.name}' in {describe(node)}")
    trace.carry(node.outputs[0], *carrier)


def join_lengths(trace: Trace, node: ir.Node) -> None:
    """Join vectors of lengths, where one of them is of followed channels."""
    if any(value.name in trace.lengths for _, value in present(node.inputs)):
        entries: list[Labels | None] = []
        for _, value in present(node.inputs):
            entries += trace.lengths.get(value.name or "", [None] * int(shape_of(value)[0]))
        trace.lengths[node.outputs[0].name or ""] = entries


@rule("Shape")
def take_shape(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """Remember which entry is a number of channels."""
    carrier = trace.carrier(node.inputs[0])
    rank = len(shape_of(first_input(node)))
    read = node.attributes
    axes = range(rank)[slice(read.get_int("start", 0), read.get_int("end", rank))]
    if carrier is not None and carrier.axis in axes:
        output = node.outputs[0]
        trace.lengths[output.name or ""] = [carrier.labels if axis == carrier.axis else None for axis in axes]
        if any(user.op_type != "Concat" and user.op_type not in SIZED for user, _ in output.uses()):
            trace.freeze_inputs(node, f"counted by {describe(node)}")


SIZED = ("Reshape", "Resize", "Expand")
"""Operators that take lengths."""


@rule("Slice")
def cut_out(trace: Trace, index: int, node: ir.Node) -> None:
    """A slice of the channels begins and ends at other numbers."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    rank = len(shape_of(first_input(node)))
    starts, ends = integers_of(node.inputs[1]), integers_of(node.inputs[2])
    axes = optional_integers(node, 3, list(range(len(starts or ()))))
    steps = optional_integers(node, 4, [1] * len(starts or ()))
    if starts is None or ends is None or axes is None or steps is None:
        trace.freeze_inputs(node, f"cut at computed numbers by {describe(node)}")
        return
    entry = next((i for i, axis in enumerate(axes) if normalize_axis(axis, rank) == carrier.axis), None)
    labels = carrier.labels
    if entry is not None:
        if steps[entry] != 1:
            trace.freeze_inputs(node, f"taken in steps by {describe(node)}")
            return
        start, stop, _ = slice(starts[entry], ends[entry]).indices(len(labels))
        trace.edits.append(SetSlice(index, entry, start, stop, labels))
        labels = labels[start:stop]
    trace.carry(node.outputs[0], carrier.axis, labels)


def optional_integers(node: ir.Node, place: int, default: list[int]) -> list[int] | None:
    """Return an optional constant input; None where it is computed."""
    value = node.inputs[place] if len(node.inputs) > place else None
    return integers_of(value) if value is not None else default


@rule("Split")
def split(trace: Trace, index: int, node: ir.Node) -> None:
    """Parts of the channels become shorter."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    axis = normalize_axis(node.attributes.get_int("axis", 0), len(shape_of(first_input(node))))
    if axis != carrier.axis:
        for output in node.outputs:
            trace.carry(output, *carrier)
        return
    ends = np.cumsum([int(shape_of(output)[axis]) for output in node.outputs])
    parts = np.split(carrier.labels, ends[:-1].tolist())
    trace.edits.append(SetSplit(index, tuple(parts)))
    for output, labels in zip(node.outputs, parts, strict=True):
        trace.carry(output, axis, labels)


@rule("Gather")
def gather(trace: Trace, index: int, node: ir.Node) -> None:
    """Chosen channels have other numbers; a choice along another axis leaves them alone."""
    carrier, indices = trace.carrier(node.inputs[0]), constant_of(node.inputs[1])
    if carrier is None:
        return
    rank = len(shape_of(first_input(node)))
    axis = normalize_axis(node.attributes.get_int("axis", 0), rank)
    if axis != carrier.axis:
        shift = len(shape_of(node.outputs[0])) - rank if axis < carrier.axis else 0
        trace.carry(node.outputs[0], carrier.axis + shift, carrier.labels)
    elif indices is not None and indices.ndim == 1:
        chosen = indices.astype(np.int64) % len(carrier.labels)
        trace.edits.append(SetIndices(index, carrier.labels, chosen))
        trace.carry(node.outputs[0], axis, carrier.labels[chosen])
    else:
        trace.freeze_inputs(node, f"chosen among by {describe(node)}")


@rule("Resize", "Upsample")
def resize(trace: Trace, index: int, node: ir.Node) -> None:
    """Sizes name the number of channels; they are not scaled themselves."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    if is_scaled(node, carrier.axis) or "axes" in node.attributes:
        trace.freeze_inputs(node, f"scaled by {describe(node)}")
    elif len(node.inputs) < 4 or set_length(trace, index, node, 3, carrier):
        trace.carry(node.outputs[0], *carrier)


def is_scaled(node: ir.Node, axis: int) -> bool:
    """Tell whether the number of channels itself changes."""
    return shape_of(first_input(node))[axis] != shape_of(node.outputs[0])[axis]


@rule("Expand")
def expand(trace: Trace, index: int, node: ir.Node) -> None:
    """Other axes may be repeated."""
    carrier, rank = trace.carrier(node.inputs[0]), len(shape_of(node.outputs[0]))
    if carrier is None:
        return
    axis = carrier.axis + rank - len(shape_of(first_input(node)))
    entries, shift = (
        integers_of(node.inputs[1]),
        rank - int(shape_of(node.inputs[1])[0] if node.inputs[1] else 0),
    )
    moved = Carrier(axis, carrier.labels)
    if shape_of(node.outputs[0])[axis] != len(carrier.labels) or shift:
        trace.freeze_inputs(node, f"repeated by {describe(node)}")
    elif (entries is not None and entries[axis] == 1) or set_length(trace, index, node, 1, moved):
        trace.carry(node.outputs[0], *moved)


@rule("Pad", "Tile")
def extend(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """Other axes may become longer."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    if is_scaled(node, carrier.axis):
        trace.freeze_inputs(node, f"made longer by {describe(node)}")
    else:
        trace.carry(node.outputs[0], *carrier)


@rule("DepthToSpace", "SpaceToDepth")
def shuffle(trace: Trace, index: int, node: ir.Node) -> None:  # noqa: ARG001
    """Positions and channels are exchanged in squares; all that make one channel are tied."""
    carrier = trace.carrier(node.inputs[0])
    if carrier is None:
        return
    square = node.attributes.get_int("blocksize", 1) ** 2
    if node.op_type == "SpaceToDepth":
        trace.carry(node.outputs[0], 1, np.tile(carrier.labels, square))
        return
    is_inner = node.attributes.get_string("mode", "DCR") == "CRD"
    table = carrier.labels.reshape(-1, square).T if is_inner else carrier.labels.reshape(square, -1)
    tie_rows(trace, table)
    trace.carry(node.outputs[0], 1, table[0])


def tie_rows(trace: Trace, table: Labels) -> None:
    """Tie each row of labels to the first."""
    for row in table[1:]:
        trace.store.tie(table[0], row)
