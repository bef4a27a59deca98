"""Slicing and gathering parts of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.budget import check_outputs
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import check_divides, read_axes, read_axis, read_type
from gcv_edge.exporters.mxnet.registry import converts

TO_THE_END = 2**31 - 1
ON_AND_OFF = (("on_value", 1.0), ("off_value", 0.0))


def slice_between(
    graph: GraphBuilder, data: ir.Value, axis: int, begin: int, end: int, name: str = "slice"
) -> ir.Value:
    """Emit the part ``[begin, end)`` along one axis."""
    bounds = [graph.constant([begin]), graph.constant([end]), graph.constant([axis])]
    return graph.op("Slice", [data, *bounds], name)


@converts("slice_axis")
def slice_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Part of one axis; ``end=None`` is the end, negative positions count from there."""
    axis = read_axis(graph, attrs, data)
    dim = graph.dim(data, axis)
    length = dim if isinstance(dim, int) else TO_THE_END
    begin = attrs.get_int("begin", low=-length, high=length - 1)
    end = attrs.get_optional_int("end", low=-length, high=length)
    return slice_between(graph, data, axis, begin, TO_THE_END if end is None else end, attrs.name)


@converts("slice", "crop")
def slice_box(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Part of several leading axes, with steps."""
    begins, ends = attrs.get_optional_ints("begin") or (), attrs.get_optional_ints("end") or ()
    steps = [1 if step is None else step for step in attrs.get_optional_ints("step") or [1] * len(begins)]
    if 0 in steps:
        raise attrs.unsupported("step", "no 0")
    bounds = list(zip(begins, ends, steps, strict=False))
    if not len(begins) == len(ends) == len(steps) <= len(graph.shape(data)):
        raise attrs.unsupported("begin")
    axes = [axis for axis, bound in enumerate(bounds) if bound not in ((None, None, 1), (0, None, 1))]
    starts = [slice_start(bounds[axis][0], bounds[axis][2]) for axis in axes]
    stops = [slice_stop(bounds[axis][1], bounds[axis][2]) for axis in axes]
    constants = [graph.constant(values) for values in (starts, stops, axes, [steps[axis] for axis in axes])]
    return graph.op("Slice", [data, *constants], attrs.name) if axes else data


def slice_start(begin: int | None, step: int) -> int:
    """Spell an absent begin."""
    return begin if begin is not None else 0 if step > 0 else TO_THE_END


def slice_stop(end: int | None, step: int) -> int:
    """Spell an absent end."""
    return end if end is not None else TO_THE_END if step > 0 else -TO_THE_END


@converts("slice_like")
def slice_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value) -> ir.Value:
    """Leading part of a tensor, in the extent of another one along given axes."""
    shape = graph.shape(data)
    axes = read_axes(graph, attrs, data, "axes") or tuple(range(len(shape)))
    axes = tuple(axis for axis in axes if graph.dim(like, axis) != shape[axis])
    if not axes:
        return data
    bounds = (graph.constant([0] * len(axes)), extents(graph, attrs, like, axes), graph.constant(axes))
    wanted = [graph.shape(like)[axis] if axis in axes else dim for axis, dim in enumerate(shape)]
    return graph.declare(graph.op("Slice", [data, *bounds], attrs.name), wanted)


def extents(graph: GraphBuilder, attrs: Attributes, data: ir.Value, axes: Sequence[int]) -> ir.Value:
    """Lengths of some axes, as a constant where they are known."""
    dims = [graph.shape(data)[axis] for axis in axes]
    known = [dim for dim in dims if isinstance(dim, int)]
    if len(known) == len(dims):
        return graph.constant(known)
    whole = graph.op("Shape", [data], f"{attrs.name}_shape")
    return graph.op("Gather", [whole, graph.constant(axes)], f"{attrs.name}_extents")


@converts("SliceChannel", "split")
def slice_channel(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ...]:
    """Split an axis into equal parts, dropping it with ``squeeze_axis``."""
    count, axis = attrs.get_int("num_outputs", low=1), read_axis(graph, attrs, data, 1)
    check_outputs(count)
    if isinstance(dim := graph.dim(data, axis), int):
        check_divides(attrs, "num_outputs", dim, count)
    squeeze = attrs.get_bool("squeeze_axis", False)
    parts: tuple[ir.Value, ...] = (data,)
    if count > 1:
        parts = graph.multi("Split", [data], count, attrs.name, axis=axis, num_outputs=count)
    if not squeeze:
        return parts
    return tuple(graph.op("Squeeze", [part, graph.constant([axis])], attrs.name) for part in parts)


@converts("_split_v2")
def split_at(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ...]:
    """Split an axis at given places, or into equal parts."""
    lengths = read_parts(attrs, graph.length(data, axis := read_axis(graph, attrs, data, 1)))
    parts: tuple[ir.Value, ...] = (data,)
    if len(lengths) > 1:
        inputs = [data, graph.constant(lengths)]
        parts = graph.multi("Split", inputs, len(lengths), attrs.name, axis=axis)
    if not attrs.get_bool("squeeze_axis", False):
        return parts
    return tuple(graph.op("Squeeze", [part, graph.constant([axis])], attrs.name) for part in parts)


def read_parts(attrs: Attributes, length: int) -> list[int]:
    """Read the lengths of the parts of an axis."""
    starts, sections = attrs.get_int_tuple("indices", ()), attrs.get_int("sections", 0, low=0)
    if sections:
        check_outputs(sections)
        check_divides(attrs, "sections", length, sections)
        return [length // sections] * sections
    lengths = [end - begin for begin, end in pairwise((*starts, length))]
    if not starts or starts[0] != 0 or min(lengths) < 1:
        raise attrs.unsupported("indices", f"increasing numbers from 0 to {length - 1}")
    return lengths


@converts("Crop")
def crop(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value | None = None) -> ir.Value:
    """Part of maps: of a size given or of other maps, at an offset or in the middle (FCN of old)."""
    offsets = attrs.get_int_tuple("offset", (0, 0), low=0, length=2)
    sizes = attrs.get_int_tuple("h_w", (0, 0), low=0, length=2)
    if like is not None:
        sizes = graph.length(like, 2), graph.length(like, 3)
    if attrs.get_bool("center_crop", False):
        offsets = tuple((graph.length(data, axis) - sizes[axis - 2]) // 2 for axis in (2, 3))
    ends = [begin + size for begin, size in zip(offsets, sizes, strict=True)]
    too_far = any(end > graph.length(data, axis + 2) for axis, end in enumerate(ends))
    if too_far or min(sizes) < 1 or min(offsets) < 0:
        raise attrs.unsupported("h_w")
    bounds = [graph.constant(offsets), graph.constant(ends), graph.constant([2, 3])]
    return graph.op("Slice", [data, *bounds], attrs.name)


@converts("take")
def take(graph: GraphBuilder, attrs: Attributes, data: ir.Value, indices: ir.Value) -> ir.Value:
    """Rows of a tensor by index; indices beyond the ends are clipped or wrapped."""
    mode = attrs.get_str("mode", "clip", choices=("clip", "wrap"))
    axis = read_axis(graph, attrs, data, 0)
    length = graph.length(data, axis)
    find = clipped_indices if mode == "clip" else wrapped_indices
    return graph.op("Gather", [data, find(graph, attrs, indices, length)], attrs.name, axis=axis)


def clipped_indices(graph: GraphBuilder, attrs: Attributes, indices: ir.Value, length: int) -> ir.Value:
    """Indices as int64, what is beyond the ends moved to the first or last."""
    low, high = (graph.constant(np.asarray(end, np.int64)) for end in (0, length - 1))
    return graph.op("Clip", [whole(graph, attrs, indices), low, high], f"{attrs.name}_clip")


def wrapped_indices(graph: GraphBuilder, attrs: Attributes, indices: ir.Value, length: int) -> ir.Value:
    """Indices as int64, modulo the length."""
    return graph.op("Mod", [whole(graph, attrs, indices), graph.constant([length])], f"{attrs.name}_wrap")


def whole(graph: GraphBuilder, attrs: Attributes, indices: ir.Value) -> ir.Value:
    """Indices, which MXNet keeps as floating-point numbers, as int64."""
    return graph.op("Cast", [indices], f"{attrs.name}_indices", to=int(ir.DataType.INT64))


@converts("pick")
def pick(graph: GraphBuilder, attrs: Attributes, data: ir.Value, indices: ir.Value) -> ir.Value:
    """One element of each row along an axis; indices beyond the ends are clipped or wrapped."""
    axis, mode = read_axis(graph, attrs, data, -1), attrs.get_str("mode", "clip", choices=("clip", "wrap"))
    keepdims, axes = attrs.get_bool("keepdims", False), graph.constant([axis])
    if len(graph.shape(indices)) < len(graph.shape(data)):
        indices = graph.op("Unsqueeze", [indices, axes], f"{attrs.name}_column")
    find = clipped_indices if mode == "clip" else wrapped_indices
    places = find(graph, attrs, indices, graph.length(data, axis))
    chosen = graph.op("GatherElements", [data, places], attrs.name, axis=axis)
    return chosen if keepdims else graph.op("Squeeze", [chosen, axes], f"{attrs.name}_rows")


@converts("one_hot")
def one_hot(graph: GraphBuilder, attrs: Attributes, indices: ir.Value) -> ir.Value:
    """A number at each index and another elsewhere; an index beyond the ends has its number nowhere."""
    depth, dtype = attrs.get_int("depth", low=1), read_type(attrs, "float32").numpy()
    graph.reserve(depth)
    values = [graph.constant(np.asarray(attrs.get_float(*pair), dtype)) for pair in ON_AND_OFF]
    behind = graph.constant([-1])
    own = graph.op("Unsqueeze", [whole(graph, attrs, indices), behind], f"{attrs.name}_own")
    is_own = graph.op("Equal", [own, graph.constant(np.arange(depth))], f"{attrs.name}_is_own")
    return graph.op("Where", [is_own, *values], attrs.name)


@converts("gather_nd")
def gather_nd(graph: GraphBuilder, attrs: Attributes, data: ir.Value, indices: ir.Value) -> ir.Value:
    """Elements by coordinates ``[M, ...]``, the coordinate axis first (ONNX wants it last)."""
    rank = len(graph.shape(indices))
    last = graph.op(
        "Transpose", [whole(graph, attrs, indices)], f"{attrs.name}_last", perm=[*range(1, rank), 0]
    )
    return graph.op("GatherND", [data, last], attrs.name)
