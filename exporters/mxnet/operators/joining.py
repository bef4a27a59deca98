"""Joining, repeating, broadcasting, reversing and padding."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_axes, read_axis
from gcv_edge.exporters.mxnet.operators.indexing import extents
from gcv_edge.exporters.mxnet.registry import converts


@converts("Concat", "concat", "_rnn_param_concat")
def concat(graph: GraphBuilder, attrs: Attributes, first: ir.Value, *others: ir.Value) -> ir.Value:
    """Join along an axis."""
    axis = read_axis(graph, attrs, first, 1, "dim")
    return graph.op("Concat", [first, *others], attrs.name, axis=axis) if others else first


@converts("stack")
def stack(graph: GraphBuilder, attrs: Attributes, first: ir.Value, *others: ir.Value) -> ir.Value:
    """Join along a new axis."""
    axis = read_axis(graph, attrs, first, 0, added=1)
    raised = [
        graph.op("Unsqueeze", [value, graph.constant([axis])], attrs.name) for value in (first, *others)
    ]
    return raised[0] if len(raised) == 1 else graph.op("Concat", raised, attrs.name, axis=axis)


@converts("tile")
def tile(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Repeat a whole tensor along its axes; missing axes are added in front."""
    reps, rank = list(attrs.get_int_tuple("reps", low=1)), len(graph.shape(data))
    if len(reps) > rank:
        lead = graph.constant(list(range(len(reps) - rank)))
        data = graph.op("Unsqueeze", [data, lead], f"{attrs.name}_lead")
    reps = [1] * (rank - len(reps)) + reps
    result = graph.op("Tile", [data, graph.constant(reps)], attrs.name)
    lengths = zip(graph.shape(data), reps, strict=True)
    return graph.declare(result, [dim if count == 1 else -1 for dim, count in lengths])


@converts("broadcast_like")
def broadcast_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value) -> ir.Value:
    """Expand to the shape of another tensor, or axes of length 1 to given axes of it."""
    own, others = read_axes(graph, attrs, data, "lhs_axes"), read_axes(graph, attrs, like, "rhs_axes")
    if len(own) != len(others):
        raise attrs.unsupported("lhs_axes")
    if not own:
        wanted = graph.shape(like)
        result = graph.op("Expand", [data, extents(graph, attrs, like, range(len(wanted)))], attrs.name)
        return graph.declare(result, wanted)
    lengths = [1] * len(graph.shape(data))
    for axis, other in zip(own, others, strict=True):
        lengths[axis] = graph.length(like, other)
    return graph.op("Expand", [data, graph.constant(lengths)], attrs.name)


@converts("broadcast_axis", "broadcast_axes")
def broadcast_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Expand axes of length 1."""
    sizes, axes = attrs.get_int_tuple("size", (), low=1), read_axes(graph, attrs, data)
    if len(sizes) != len(axes):
        raise attrs.unsupported("size")
    wanted = [1] * len(graph.shape(data))
    for axis, size in zip(axes, sizes, strict=True):
        wanted[axis] = size
    return graph.op("Expand", [data, graph.constant(wanted)], attrs.name)


@converts("broadcast_to")
def broadcast_to(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Expand to a shape; 0 keeps a dimension."""
    rank = len(graph.shape(data))
    wanted = [size or 1 for size in attrs.get_int_tuple("shape", low=0, length=rank)]
    return graph.op("Expand", [data, graph.constant(wanted)], attrs.name)


@converts("reverse", "flip")
def reverse(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Turn axes round."""
    axes = read_axes(graph, attrs, data)
    bounds = ([-1] * len(axes), [-(2**31) + 1] * len(axes), axes, [-1] * len(axes))
    return graph.op("Slice", [data, *(graph.constant(values) for values in bounds)], attrs.name)


@converts("Pad", "pad")
def pad(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Pad by a constant, by the edge or by reflection; widths come in pairs per axis."""
    mode = attrs.get_str("mode", choices=("constant", "edge", "reflect"))
    shape = graph.shape(data)
    widths = attrs.get_int_tuple("pad_width", low=0, length=2 * len(shape))
    pairs = zip(widths[::2], widths[1::2], shape, strict=True)
    if mode == "reflect" and any(isinstance(dim, int) and max(pair) >= dim for *pair, dim in pairs):
        raise attrs.unsupported("pad_width", f"less than the lengths {shape}")
    value = graph.constant(attrs.get_float("constant_value", 0.0))
    pads = graph.constant([*widths[::2], *widths[1::2]])
    return graph.op("Pad", [data, pads, value] if mode == "constant" else [data, pads], attrs.name, mode=mode)
