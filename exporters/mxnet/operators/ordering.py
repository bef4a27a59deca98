"""topk, sort, argsort, argmax, argmin: MXNet gives indices as float32 unless told otherwise."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_axis, read_type
from gcv_edge.exporters.mxnet.registry import converts


@converts("topk")
def topk(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> tuple[ir.Value, ...]:
    """Largest or smallest values, their indices, or both."""
    kind = attrs.get_str("ret_typ", "indices", choices=("indices", "value", "both"))
    axis = read_axis(graph, attrs, data, -1)
    count = attrs.get_int("k", 1, high=graph.length(data, axis))
    values, indices = ordered(graph, attrs, data, axis, count, attrs.get_bool("is_ascend", False))
    return {"indices": (indices,), "value": (values,), "both": (values, indices)}[kind]


@converts("argsort")
def argsort(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Indices that sort an axis."""
    axis = read_axis(graph, attrs, data, -1)
    return ordered(graph, attrs, data, axis, 0, attrs.get_bool("is_ascend", True))[1]


@converts("sort")
def sort(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Sort an axis."""
    axis = read_axis(graph, attrs, data, -1)
    return ordered(graph, attrs, data, axis, 0, attrs.get_bool("is_ascend", True))[0]


@converts("argmax_channel")
def argmax_channel(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Index of the largest value of the last axis of rows."""
    index = graph.op("ArgMax", [data], f"{attrs.name}_index", axis=-1, keepdims=0)
    return graph.op("Cast", [index], attrs.name, to=int(ir.DataType.FLOAT))


def ordered(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, axis: int, count: int, ascending: bool
) -> tuple[ir.Value, ir.Value]:
    """Sort an axis and keep the first ``count`` (0: all); return values, and indices of type ``dtype``."""
    wanted = graph.constant([count if count > 0 else graph.length(data, axis)])
    values, indices = graph.multi(
        "TopK", [data, wanted], 2, attrs.name, axis=axis, largest=int(not ascending)
    )
    dtype = int(read_type(attrs, "float32"))
    return values, graph.op("Cast", [indices], f"{attrs.name}_indices", to=dtype)


@converts("argmax")
def argmax(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Index of the largest value of an axis."""
    return extreme(graph, attrs, data, "ArgMax")


@converts("argmin")
def argmin(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Index of the smallest value of an axis."""
    return extreme(graph, attrs, data, "ArgMin")


def extreme(graph: GraphBuilder, attrs: Attributes, data: ir.Value, onnx_op: str) -> ir.Value:
    """Emit an index along an axis, as float32."""
    axis, keepdims = read_axis(graph, attrs, data), attrs.get_bool("keepdims", False)
    index = graph.op(onnx_op, [data], f"{attrs.name}_index", axis=axis, keepdims=int(keepdims))
    return graph.op("Cast", [index], attrs.name, to=int(ir.DataType.FLOAT))
