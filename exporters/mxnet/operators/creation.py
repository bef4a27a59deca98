"""Operators that make tensors: ranges, zeros, ones."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import element_type, read_axis, read_type
from gcv_edge.exporters.mxnet.registry import converts

FARTHEST = 2.0**53
"""Up to here, a float64 holds every whole number."""


@converts("_arange")
def arange(graph: GraphBuilder, attrs: Attributes) -> ir.Value:
    """Evenly spaced values; with ``stop=None``, ``start`` is the end (as in ``range(n)``)."""
    limits = {"low": -FARTHEST, "high": FARTHEST}
    start, stop = attrs.get_float("start", 0.0, **limits), attrs.get_optional_float("stop", **limits)
    step, repeat = attrs.get_float("step", 1.0, **limits), attrs.get_int("repeat", 1, low=1)
    if attrs.get_bool("infer_range", False):
        raise attrs.unsupported("infer_range")
    attrs.get_str("ctx", "")
    if stop is None:
        start, stop = 0.0, start
    if step == 0 or (stop - start) / step <= 0:
        raise attrs.unsupported("step", f"one that leads from {start:g} to {stop:g}")
    graph.reserve(math.ceil((stop - start) / step), repeat)
    values = np.arange(start, stop, step).astype(read_type(attrs, "float32").numpy())
    return graph.constant(np.repeat(values, repeat), attrs.name)


@converts("_contrib_arange_like")
def arange_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Evenly spaced values, as many as one axis of another tensor is long."""
    start, step = attrs.get_float("start", 0.0), attrs.get_float("step", 1.0)
    if attrs.get_int("repeat", 1) != 1:
        raise attrs.unsupported("repeat")
    attrs.get_str("ctx", "")
    axis = read_axis(graph, attrs, data)
    count = graph.dim(data, axis)
    if isinstance(count, str):
        return open_range(graph, attrs.name, data, axis, start, step)
    graph.reserve(count)
    return graph.constant((start + step * np.arange(count)).astype(np.float32), attrs.name)


def open_range(
    graph: GraphBuilder, name: str, data: ir.Value, axis: int, start: float, step: float
) -> ir.Value:
    """Emit ``start + step * k`` for each place of an axis whose length is open."""
    zero, one, place = (graph.constant(np.array(number, np.int64)) for number in (0, 1, axis))
    length = graph.op("Gather", [graph.op("Shape", [data], f"{name}_shape"), place], f"{name}_length")
    counted = graph.op("Range", [zero, length, one], f"{name}_counted")
    places = graph.op("Cast", [counted], name, to=int(ir.DataType.FLOAT))
    for op_type, number, neutral in (("Mul", step, 1.0), ("Add", start, 0.0)):
        if number != neutral:
            places = graph.op(op_type, [places, graph.constant(number)], name)
    return graph.declare(places, [graph.dim(data, axis)])


@converts("zeros_like")
def zeros_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Zeros in the shape of the input."""
    return filled_like(graph, attrs, data, 0)


@converts("ones_like")
def ones_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Ones in the shape of the input."""
    return filled_like(graph, attrs, data, 1)


def filled_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, number: int) -> ir.Value:
    """Make a tensor of one number; MXNet takes the data's type and ignores ``dtype``."""
    attrs.get_str("dtype", "None")
    dtype = element_type(data).numpy()
    shape = [dim for dim in graph.shape(data) if isinstance(dim, int)]
    if len(shape) == len(graph.shape(data)):
        graph.reserve(*shape)
        return graph.constant(np.full(shape, number, dtype), attrs.name)
    extent = graph.op("Shape", [data], f"{attrs.name}_shape")
    result = graph.op("Expand", [graph.constant(np.asarray(number, dtype)), extent], attrs.name)
    return graph.declare(result, graph.shape(data))


@converts("_full")
def full(graph: GraphBuilder, attrs: Attributes) -> ir.Value:
    """One number in a given shape."""
    return filled(graph, attrs, attrs.get_float("value"))


@converts("_eye")
def eye(graph: GraphBuilder, attrs: Attributes) -> ir.Value:
    """Ones on a diagonal."""
    rows = attrs.get_int("N", low=1)
    columns = attrs.get_int("M", 0, low=0) or rows
    attrs.get_str("ctx", "")
    dtype = read_type(attrs, "float32").numpy()
    graph.reserve(rows, columns)
    return graph.constant(np.eye(rows, columns, attrs.get_int("k", 0), dtype), attrs.name)


@converts("_zeros")
def zeros(graph: GraphBuilder, attrs: Attributes) -> ir.Value:
    """Zeros of a given shape."""
    return filled(graph, attrs, 0)


@converts("_ones")
def ones(graph: GraphBuilder, attrs: Attributes) -> ir.Value:
    """Ones of a given shape."""
    return filled(graph, attrs, 1)


def filled(graph: GraphBuilder, attrs: Attributes, number: float) -> ir.Value:
    """Make a constant tensor of one number.

    A batch of 0 is one that MXNet infers from what the tensor meets (the first state of recurrent cells, of
    fused ones behind the layers): one row, which the arithmetic that it meets repeats.
    """
    attrs.get_str("ctx", "")
    dtype = read_type(attrs, "float32").numpy()
    shape = attrs.get_int_tuple("shape", low=0)
    unknown = [axis for axis, length in enumerate(shape) if length == 0]
    if unknown not in ([], [0]) and (unknown, len(shape)) != ([1], 3):
        raise attrs.unsupported("shape")
    lengths = [length or 1 for length in shape]
    graph.reserve(*lengths)
    return graph.constant(np.full(lengths, number, dtype), attrs.name)
