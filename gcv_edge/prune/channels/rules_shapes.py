"""Rules of operators that move channels about: reshapes, transposes, joints, parts and sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import constant_of, input_of, integers_of, shape_of
from gcv_edge.prune.channels.edits import ChannelIds, set_indices, set_length, set_slice, set_split
from gcv_edge.prune.channels.tracing import (
    ChannelAxis,
    Trace,
    axis_rule,
    count_from_front,
    describe_node,
    present,
    rule,
)

OPEN = 1_000_003
"""Stands for an open length; a prime that no product of others contains."""

SIZED = ("Reshape", "Resize", "Expand")
"""Operators that take lengths."""


@axis_rule("Transpose")
def transpose(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """The axis moves."""
    rank = len(shape_of(input_of(node, 0)))
    order = list(node.attributes.get_ints("perm", None) or reversed(range(rank)))
    trace.set_channel_axis(node.outputs[0], order.index(channels.axis), channels.ids)


@axis_rule("Flatten", "Squeeze", "Unsqueeze", "Reshape")
def reshape(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Axes are split and merged; a length in a constant shape is rewritten."""
    moved = regroup(trace, shape_of(input_of(node, 0)), shape_of(node.outputs[0]), channels)
    if moved is None:
        trace.freeze_inputs(node, "mixed with other axes by")
    elif node.op_type != "Reshape" or count_channels(trace, node, 1, moved):
        trace.set_channel_axis(node.outputs[0], *moved)


def regroup(
    trace: Trace, before: Sequence[int | str], after: Sequence[int | str], channels: ChannelAxis
) -> ChannelAxis | None:
    """Follow the channels of a tensor through a change of its shape.

    1. The axes that make up others are found by their products.
    2. Where the channels end up along one axis, its ids are theirs.
    3. Where they are split over several axes, the longest keeps them, and channels that differ in the others
       only are tied (groups of a shuffle, squares of pixels).

    Returns:
        Axis and ids; None where the axis is merged with an open one.
    """
    names = {length for length in (*before, *after) if isinstance(length, str)}
    if len(names) > 1 or "?" in names:
        return None
    old, new = ([OPEN if isinstance(n, str) else n for n in lengths] for lengths in (before, after))
    source, target = find_merged_axes(old, new, channels.axis)
    if OPEN in old[source] or not new[target]:
        return None
    inside = [1] * len(old[source])
    inside[channels.axis - source.start] = -1
    table = np.broadcast_to(channels.ids.reshape(inside), old[source]).reshape(new[target])
    axis, ids = choose_axis(trace, table)
    return ChannelAxis(target.start + axis, ids)


def find_merged_axes(old: Sequence[int], new: Sequence[int], axis: int) -> tuple[slice, slice]:
    """Find the smallest runs of axes, old (with a given axis) and new, that have as many elements.

    Where there are none, both are empty.
    """
    i = j = 0
    while i < len(old) and j < len(new):
        first = (i, j)
        left, right = old[i], new[j]
        while left != right:
            if left < right and i + 1 < len(old):
                i += 1
                left *= old[i]
            elif right < left and j + 1 < len(new):
                j += 1
                right *= new[j]
            else:
                return slice(0), slice(0)
        i, j = i + 1, j + 1
        if all(length == 1 for length in (*old[i:], *new[j:])):
            i, j = len(old), len(new)
        if first[0] <= axis < i:
            return slice(first[0], i), slice(first[1], j)
    return slice(0), slice(0)


def choose_axis(trace: Trace, table: ChannelIds) -> tuple[int, ChannelIds]:
    """Choose the axis that keeps the channels, and tie what differs along others."""
    for axis in np.argsort([-length for length in table.shape], kind="stable").tolist():
        line = ids_along(table, axis)
        if bool((table == line).all()):
            return axis, line.ravel()
    axis = int(np.argmax(table.shape))
    line = ids_along(table, axis)
    trace.tie(line, table)
    return axis, line.ravel()


def ids_along(table: ChannelIds, axis: int) -> ChannelIds:
    """Return the ids along one axis at the beginning of all others, which have the length 1."""
    return table[tuple(slice(None) if i == axis else slice(1) for i in range(table.ndim))]


def count_channels(trace: Trace, node: ir.Node, place: int, channels: ChannelAxis) -> bool:
    """Note that an entry of a shape is the number of channels; freeze them where that cannot be known."""
    value = node.inputs[place]
    if constant_of(value) is not None:
        trace.edit(set_length, place, *channels)
        return True
    lengths = trace.lengths.get(value.name or "") if value is not None else None
    counted = lengths[channels.axis] if lengths is not None else None
    if counted is not None and len(counted) == len(channels.ids):
        trace.tie(counted, channels.ids)
        return True
    trace.freeze_inputs(node, "of computed size in")
    return False


@axis_rule("Shape")
def take_shape(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Remember which entry is a number of channels."""
    rank, read = len(shape_of(input_of(node, 0))), node.attributes
    axes = range(rank)[slice(read.get_int("start", 0), read.get_int("end", rank))]
    if channels.axis in axes:
        output = node.outputs[0]
        entries = [channels.ids if axis == channels.axis else None for axis in axes]
        trace.lengths[output.name or ""] = entries
        if any(user.op_type != "Concat" and user.op_type not in SIZED for user, _ in output.uses()):
            trace.freeze_inputs(node, "counted by")


@axis_rule("Resize", "Upsample")
def resize(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Sizes name the number of channels; they are not scaled themselves."""
    if is_scaled(node, channels.axis) or "axes" in node.attributes:
        trace.freeze_inputs(node, "scaled by")
    elif len(node.inputs) < 4 or count_channels(trace, node, 3, channels):
        trace.set_channel_axis(node.outputs[0], *channels)


def is_scaled(node: ir.Node, axis: int) -> bool:
    """Tell whether the number of channels itself changes."""
    return shape_of(input_of(node, 0))[axis] != shape_of(node.outputs[0])[axis]


@axis_rule("Expand")
def expand(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Other axes may be repeated."""
    after, wanted = shape_of(node.outputs[0]), input_of(node, 1)
    moved = channels._replace(axis=channels.axis + len(after) - len(shape_of(input_of(node, 0))))
    entries = integers_of(wanted)
    if after[moved.axis] != len(channels.ids) or len(after) != shape_of(wanted)[0]:
        trace.freeze_inputs(node, "repeated by")
    elif (entries is not None and entries[moved.axis] == 1) or count_channels(trace, node, 1, moved):
        trace.set_channel_axis(node.outputs[0], *moved)


@axis_rule("Pad", "Tile")
def extend(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Other axes may become longer."""
    if is_scaled(node, channels.axis):
        trace.freeze_inputs(node, "made longer by")
    else:
        trace.set_channel_axis(node.outputs[0], *channels)


@axis_rule("DepthToSpace", "SpaceToDepth")
def shuffle(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Positions and channels are exchanged in squares; all that make one channel are tied."""
    square = node.attributes.get_int("blocksize", 1) ** 2
    if node.op_type == "SpaceToDepth":
        trace.set_channel_axis(node.outputs[0], 1, np.tile(channels.ids, square))
        return
    is_inner = node.attributes.get_string("mode", "DCR") == "CRD"
    table = channels.ids.reshape(-1, square).T if is_inner else channels.ids.reshape(square, -1)
    trace.tie(table[:1], table)
    trace.set_channel_axis(node.outputs[0], 1, table[0])


@rule("Concat")
def concatenate(trace: Trace, node: ir.Node) -> None:
    """Joined along the channels, ids follow each other; along another axis, they are tied."""
    rank = len(shape_of(node.outputs[0]))
    axis = count_from_front(node.attributes.get_int("axis", 0), rank)
    found = [channels for value in node.inputs if (channels := trace.axis_of(value)) is not None]
    if rank == 1:
        join_lengths(trace, node)
    if not found:
        return
    if any(channels.axis != found[0].axis for channels in found):
        trace.freeze_inputs(node, "meets channels along another axis in")
    elif found[0].axis == axis:
        reason = f"joined with others by {describe_node(node)}"
        parts = [trace.ids_of(value, axis, reason) for _, value in present(node.inputs)]
        trace.set_channel_axis(node.outputs[0], axis, np.concatenate(parts))
    else:
        tie_parts(trace, node, found[0])


def join_lengths(trace: Trace, node: ir.Node) -> None:
    """Join vectors of lengths, where one of them is of followed channels."""
    if any(value.name in trace.lengths for _, value in present(node.inputs)):
        entries: list[ChannelIds | None] = []
        for _, value in present(node.inputs):
            entries += trace.lengths.get(value.name or "", [None] * int(shape_of(value)[0]))
        trace.lengths[node.outputs[0].name or ""] = entries


def tie_parts(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Let all that is joined along another axis have the same channels."""
    for place, value in present(node.inputs):
        other = trace.axis_of(value)
        if other is not None:
            trace.tie(channels.ids, other.ids)
        elif constant_of(value) is not None:
            trace.cut(place, *channels)
        else:
            trace.freeze_ids(channels.ids, f"meets '{value.name}' in {describe_node(node)}")
    trace.set_channel_axis(node.outputs[0], *channels)


@axis_rule("Slice")
def cut_out(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """A slice of the channels begins and ends at other numbers."""
    rank = len(shape_of(input_of(node, 0)))
    starts, ends = integers_of(node.inputs[1]), integers_of(node.inputs[2])
    axes = optional_integers(node, 3, list(range(len(starts or ()))))
    steps = optional_integers(node, 4, [1] * len(starts or ()))
    if starts is None or ends is None or axes is None or steps is None:
        trace.freeze_inputs(node, "cut at computed numbers by")
        return
    ids = channels.ids
    places = [count_from_front(axis, rank) for axis in axes]
    if channels.axis in places:
        entry = places.index(channels.axis)
        if steps[entry] != 1:
            trace.freeze_inputs(node, "taken in steps by")
            return
        start, stop, _ = slice(starts[entry], ends[entry]).indices(len(ids))
        trace.edit(set_slice, entry, (start, stop), ids)
        ids = ids[start:stop]
    trace.set_channel_axis(node.outputs[0], channels.axis, ids)


def optional_integers(node: ir.Node, place: int, default: list[int]) -> list[int] | None:
    """Return an optional constant input; None where it is computed."""
    value = node.inputs[place] if len(node.inputs) > place else None
    return integers_of(value) if value is not None else default


@axis_rule("Split")
def split(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Parts of the channels become shorter."""
    axis = count_from_front(node.attributes.get_int("axis", 0), len(shape_of(input_of(node, 0))))
    if axis != channels.axis:
        for output in node.outputs:
            trace.set_channel_axis(output, *channels)
        return
    ends = np.cumsum([int(shape_of(output)[axis]) for output in node.outputs])
    parts = np.split(channels.ids, ends[:-1].tolist())
    trace.edit(set_split, parts)
    for output, ids in zip(node.outputs, parts, strict=True):
        trace.set_channel_axis(output, axis, ids)


@axis_rule("Gather")
def gather(trace: Trace, node: ir.Node, channels: ChannelAxis) -> None:
    """Chosen channels have other numbers; a choice along another axis leaves them alone."""
    indices, rank = constant_of(node.inputs[1]), len(shape_of(input_of(node, 0)))
    axis, ids = count_from_front(node.attributes.get_int("axis", 0), rank), channels.ids
    if axis != channels.axis:
        shift = len(shape_of(node.outputs[0])) - rank if axis < channels.axis else 0
        trace.set_channel_axis(node.outputs[0], channels.axis + shift, ids)
    elif indices is not None and indices.ndim == 1:
        chosen = indices.astype(np.int64) % len(ids)
        trace.edit(set_indices, ids, chosen)
        trace.set_channel_axis(node.outputs[0], axis, ids[chosen])
    else:
        trace.freeze_inputs(node, "chosen among by")
