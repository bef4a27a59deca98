"""mean, sum, max, min over axes."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_axes
from gcv_edge.exporters.mxnet.registry import CONVERTERS, Converter

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
        axes = axes or range(rank)
        result = graph.op(onnx_op, [data, graph.constant(axes)], attrs.name, keepdims=int(keepdims))
        if keepdims or len(axes) < rank:
            return result
        return graph.op("Reshape", [result, graph.constant([1])], f"{attrs.name}_scalar")

    return convert_reduction


for operator, onnx_name in REDUCTIONS.items():
    CONVERTERS[operator] = reduction(onnx_name)
