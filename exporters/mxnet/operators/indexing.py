"""Slicing and gathering parts of tensors."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

TO_THE_END = 2**31 - 1


def slice_between(
    graph: GraphBuilder, data: ir.Value, axis: int, begin: int, end: int, name: str = "slice"
) -> ir.Value:
    """Emit the part ``[begin, end)`` along one axis."""
    bounds = [graph.constant([begin]), graph.constant([end]), graph.constant([axis])]
    return graph.op("Slice", [data, *bounds], name)


@converts("slice_axis")
def slice_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Part of one axis; ``end=None`` is the end, negative positions count from there."""
    end = attrs.get_optional_int("end")
    axis, begin = attrs.get_int("axis"), attrs.get_int("begin")
    return slice_between(graph, data, axis, begin, TO_THE_END if end is None else end, attrs.name)


@converts("slice", "crop")
def slice_box(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Part of several leading axes, with steps."""
    begins, ends = attrs.get_optional_ints("begin") or (), attrs.get_optional_ints("end") or ()
    steps = attrs.get_optional_ints("step") or ()
    rank = max(len(begins), len(ends))
    steps = tuple(1 if step is None else step for step in steps) + (1,) * (rank - len(steps))
    starts = [slice_start(begin, step) for begin, step in zip(begins, steps, strict=True)]
    stops = [slice_stop(end, step) for end, step in zip(ends, steps, strict=True)]
    bounds = [graph.constant(list(values)) for values in (starts, stops, range(rank), steps)]
    return graph.op("Slice", [data, *bounds], attrs.name)


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
    axes = attrs.get_optional_int_tuple("axes") or tuple(range(len(shape)))
    axes = tuple(axis % len(shape) for axis in axes)
    ends = [graph.shape(like)[axis] for axis in axes]
    if all(shape[axis] == end for axis, end in zip(axes, ends, strict=True)):
        return data
    if not all(isinstance(end, int) for end in ends):
        extent = graph.op("Gather", [graph.op("Shape", [like]), graph.constant(list(axes))])
    else:
        extent = graph.constant(ends)  # type: ignore[arg-type]
    return graph.op("Slice", [data, graph.constant([0] * len(axes)), extent, graph.constant(list(axes))], attrs.name)


@converts("SliceChannel")
def slice_channel(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ...]:
    """Split an axis into equal parts, dropping it with ``squeeze_axis``."""
    count, axis = attrs.get_int("num_outputs"), attrs.get_int("axis", 1)
    squeeze = attrs.get_bool("squeeze_axis", False)
    parts = (data,) if count == 1 else graph.multi("Split", [data], count, attrs.name, axis=axis, num_outputs=count)
    if not squeeze:
        return parts
    return tuple(graph.op("Squeeze", [part, graph.constant([axis])], attrs.name) for part in parts)


@converts("take")
def take(graph: GraphBuilder, attrs: Attributes, data: ir.Value, indices: ir.Value) -> ir.Value:
    """Rows of a tensor by index; indices beyond the ends are clipped."""
    attrs.get_str("mode", "clip", choices=("clip",))
    axis = attrs.get_int("axis", 0)
    last = int(graph.shape(data)[axis]) - 1
    whole = graph.op("Cast", [indices], f"{attrs.name}_indices", to=int(ir.DataType.INT64))
    inside = graph.op("Clip", [whole, graph.constant(_int64(0)), graph.constant(_int64(last))], f"{attrs.name}_clip")
    return graph.op("Gather", [data, inside], attrs.name, axis=axis)


@converts("Embedding")
def embedding(graph: GraphBuilder, attrs: Attributes, indices: ir.Value, weight: ir.Value) -> ir.Value:
    """Rows of a weight matrix."""
    attrs.ignore_all()
    whole = graph.op("Cast", [indices], f"{attrs.name}_indices", to=int(ir.DataType.INT64))
    return graph.op("Gather", [weight, whole], attrs.name, axis=0)


@converts("gather_nd")
def gather_nd(graph: GraphBuilder, attrs: Attributes, data: ir.Value, indices: ir.Value) -> ir.Value:
    """Elements by coordinates ``[M, ...]``, the coordinate axis first (ONNX wants it last)."""
    whole = graph.op("Cast", [indices], f"{attrs.name}_indices", to=int(ir.DataType.INT64))
    rank = len(graph.shape(indices))
    last = graph.op("Transpose", [whole], f"{attrs.name}_last", perm=[*range(1, rank), 0])
    return graph.op("GatherND", [data, last], attrs.name)


@converts("topk")
def topk(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ...] | ir.Value:
    """Largest or smallest values and their indices, which MXNet gives as float32."""
    kind = attrs.get_str("ret_typ", "indices", choices=("indices", "value", "both"))
    dtype = attrs.get_str("dtype", "float32")
    axis, count = attrs.get_int("axis", -1), attrs.get_int("k", 1)
    ascending = attrs.get_bool("is_ascend", False)
    count = count if count > 0 else int(graph.shape(data)[axis])
    values, indices = graph.multi(
        "TopK", [data, graph.constant([count])], 2, attrs.name, axis=axis, largest=int(not ascending)
    )
    return {"indices": _as(graph, indices, dtype), "value": values, "both": (values, _as(graph, indices, dtype))}[kind]


@converts("argsort")
def argsort(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Indices that sort an axis."""
    axis, ascending = attrs.get_int("axis", -1), attrs.get_bool("is_ascend", True)
    count = graph.constant([int(graph.shape(data)[axis])])
    _, indices = graph.multi("TopK", [data, count], 2, attrs.name, axis=axis, largest=int(not ascending))
    return _as(graph, indices, attrs.get_str("dtype", "float32"))


def _as(graph: GraphBuilder, value: ir.Value, dtype: str) -> ir.Value:
    return graph.op("Cast", [value], to=int(ir.DataType.from_numpy(np.dtype(dtype))))


def _int64(value: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(value, np.int64)
