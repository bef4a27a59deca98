"""mean, sum, max, min, norms over axes, running sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_axes, read_axis
from gcv_edge.exporters.mxnet.registry import CONVERTERS, Converter, converts

REDUCTIONS = {
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "sum_axis": "ReduceSum",
    "max": "ReduceMax",
    "max_axis": "ReduceMax",
    "min": "ReduceMin",
    "min_axis": "ReduceMin",
    "prod": "ReduceProd",
}


def reduction(onnx_op: str) -> Converter:
    """Make the converter of a reduction over ``axis`` (empty: all; with ``exclude``: the others)."""

    def convert_reduction(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
        """Reduce axes, all of them or all others."""
        rank = len(graph.shape(data))
        axes: Sequence[int] = read_axes(graph, attrs, data)
        keepdims = attrs.get_bool("keepdims", False)
        if attrs.get_bool("exclude", False):
            axes = [axis for axis in range(rank) if axis not in axes]
        return reduced(graph, attrs, onnx_op, data, axes, keepdims)

    return convert_reduction


def reduced(
    graph: GraphBuilder,
    attrs: Attributes,
    onnx_op: str,
    data: ir.Value,
    axes: Sequence[int],
    keepdims: bool,
) -> ir.Value:
    """Emit a reduction over axes, or over all where none are given; one number has the shape ``[1]``."""
    rank = len(graph.shape(data))
    axes = axes or range(rank)
    result = graph.op(onnx_op, [data, graph.constant(axes)], attrs.name, keepdims=int(keepdims))
    if keepdims or len(axes) < rank:
        return result
    return graph.op("Reshape", [result, graph.constant([1])], f"{attrs.name}_scalar")


for operator, onnx_name in REDUCTIONS.items():
    CONVERTERS[operator] = reduction(onnx_name)


@converts("norm")
def norm(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Sum of absolute values, or root of the sum of squares, over axes; all of them where none are given."""
    order = attrs.get_int("ord", 2)
    if order not in (1, 2):
        raise attrs.unsupported("ord")
    attrs.get_str("out_dtype", "None", choices=("None", "float32", "float16", "float64"))
    axes = read_axes(graph, attrs, data)
    if order == 1 and len(axes) == 2:
        raise attrs.unsupported("ord")
    onnx_op = "ReduceL1" if order == 1 else "ReduceL2"
    return reduced(graph, attrs, onnx_op, data, axes, attrs.get_bool("keepdims", False))


@converts("moments")
def moments(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Mean and variance over axes."""
    axes, keepdims = read_axes(graph, attrs, data, "axes"), attrs.get_bool("keepdims", False)
    everywhere = axes or range(len(graph.shape(data)))
    center = graph.op("ReduceMean", [data, graph.constant(everywhere)], f"{attrs.name}_center", keepdims=1)
    distance = graph.op("Sub", [data, center], f"{attrs.name}_distance")
    squares = graph.op("Mul", [distance, distance], f"{attrs.name}_squares")
    mean, variance = (reduced(graph, attrs, "ReduceMean", part, axes, keepdims) for part in (data, squares))
    return mean, variance


@converts("cumsum")
def cumulative_sum(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Running sums along an axis, or over all values as one row."""
    attrs.get_str("dtype", "None", choices=("None", "float32"))
    if attrs.get_optional_int("axis") is None:
        row = graph.op("Reshape", [data, graph.constant([-1])], f"{attrs.name}_row")
        return graph.op("CumSum", [row, graph.constant(np.asarray(0, np.int64))], attrs.name)
    axis = graph.constant(np.asarray(read_axis(graph, attrs, data), np.int64))
    return graph.op("CumSum", [data, axis], attrs.name)
