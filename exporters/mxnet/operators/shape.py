"""Exchanging, adding and dropping axes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW, check_divides, read_axes, read_axis
from gcv_edge.exporters.mxnet.registry import converts


@converts("transpose")
def transpose(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Permute axes; without ``axes``, reverse them."""
    rank = len(graph.shape(data))
    axes = read_axes(graph, attrs, data, "axes") or tuple(reversed(range(rank)))
    if len(axes) != rank:
        raise attrs.unsupported("axes", f"all {rank} axes")
    return graph.op("Transpose", [data], attrs.name, perm=axes)


@converts("SwapAxis", "swapaxes")
def swap_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Exchange two axes."""
    first, second = read_axis(graph, attrs, data, 0, "dim1"), read_axis(graph, attrs, data, 0, "dim2")
    axes = list(range(len(graph.shape(data))))
    axes[first], axes[second] = axes[second], axes[first]
    return graph.op("Transpose", [data], attrs.name, perm=axes)


@converts("expand_dims")
def expand_dims(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Insert an axis of length 1."""
    axis = read_axis(graph, attrs, data, added=1)
    return graph.op("Unsqueeze", [data, graph.constant([axis])], attrs.name)


@converts("squeeze")
def squeeze(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Drop axes of length 1, but never all of them."""
    shape = graph.shape(data)
    axes = read_axes(graph, attrs, data) or tuple(axis for axis, dim in enumerate(shape) if dim == 1)
    axes = axes[1:] if len(axes) == len(shape) else axes
    return graph.op("Squeeze", [data, graph.constant(axes)], attrs.name)


@converts("shape_array")
def shape_array(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Return a tensor's shape as int64; a constant where all of it is known."""
    known = [dim for dim in graph.shape(data) if isinstance(dim, int)]
    if len(known) == len(graph.shape(data)):
        return graph.constant(np.array(known, np.int64), attrs.name)
    return graph.op("Shape", [data], attrs.name)


@converts("size_array")
def size_array(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Return the number of a tensor's elements as int64 ``[1]``."""
    count = graph.op("Size", [data], f"{attrs.name}_count")
    return graph.op("Reshape", [count, graph.constant([1])], attrs.name)


@converts("depth_to_space")
def depth_to_space(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Move channels into space."""
    size = attrs.get_int("block_size", low=1, high=MAX_WINDOW)
    check_divides(attrs, "block_size", graph.length(data, 1), size * size)
    return graph.op("DepthToSpace", [data], attrs.name, blocksize=size, mode="DCR")


@converts("space_to_depth")
def space_to_depth(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Move space into channels."""
    size = attrs.get_int("block_size", low=1, high=MAX_WINDOW)
    for axis in (2, 3):
        check_divides(attrs, "block_size", graph.length(data, axis), size)
    return graph.op("SpaceToDepth", [data], attrs.name, blocksize=size)
