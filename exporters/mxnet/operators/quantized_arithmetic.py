"""Arithmetic, normalisation and layers on 8-bit numbers, as ``quantize_net_v2`` leaves them unfused.

What MXNet keeps in 32-bit numbers until ``_contrib_requantize`` has seen their range stays in floating point
here. Numbers follow src/operator/quantization of MXNet 1.9.1, in its oneDNN form.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.dense import embedding, fully_connected
from gcv_edge.exporters.mxnet.operators.normalization import batch_norm
from gcv_edge.exporters.mxnet.operators.quantized import (
    Quantized,
    dequantize,
    level_size,
    number_type,
    quantize,
    read_range,
    unrounded,
)
from gcv_edge.exporters.mxnet.registry import converts


@converts("_contrib_quantized_elemwise_add")
def quantized_add(
    graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value, *ranges: ir.Value
) -> Quantized:
    """Sum; of an int8 and a uint8 tensor, the latter is first quantised by the range of the result."""
    ends, kinds = read_range(graph, attrs), (number_type(left), number_type(right))
    terms = operands(graph, attrs, (left, right), ranges)
    if kinds[0] == kinds[1]:
        total = graph.op("Add", terms, f"{attrs.name}_sum")
        return (
            unrounded(graph, total) if ends is None else quantize(graph, attrs.name, total, kinds[0], *ends)
        )
    if ends is None:
        raise UnsupportedError("int8 and uint8 numbers are added without a range, which MXNet itself cannot")
    index = kinds.index(ir.DataType.UINT8)
    terms[index] = rounded_to_int8(graph, attrs, terms[index], *ends)
    total = graph.op("Add", terms, f"{attrs.name}_sum")
    return quantize(graph, attrs.name, total, ir.DataType.INT8, *ends)


def operands(
    graph: GraphBuilder, attrs: Attributes, tensors: tuple[ir.Value, ir.Value], ranges: Sequence[ir.Value]
) -> list[ir.Value]:
    """Return two tensors in floating point; their ranges are pairs of ends."""
    pairs = zip(tensors, (ranges[:2], ranges[2:]), strict=True)
    return [dequantize(graph, f"{attrs.name}_input", data, low, high) for data, (low, high) in pairs]


def rounded_to_int8(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> ir.Value:
    """Round to the levels of int8 in a range; the result is in floating point."""
    signed = quantize(graph, f"{attrs.name}_signed", data, ir.DataType.INT8, low, high)
    return dequantize(graph, f"{attrs.name}_rounded", *signed)


@converts("_contrib_quantized_elemwise_mul")
def quantized_multiply(
    graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value, *ranges: ir.Value
) -> ir.Value | Quantized:
    """Product of int8 tensors; levels are cut towards zero, not rounded."""
    kinds = (number_type(left), number_type(right))
    if ir.DataType.UINT8 in kinds:
        raise UnsupportedError("uint8 numbers are multiplied, which MXNet itself cannot")
    product = graph.op("Mul", operands(graph, attrs, (left, right), ranges), f"{attrs.name}_product")
    ends = read_range(graph, attrs)
    if attrs.get_bool("enable_float_output", False):
        return product
    if ends is None:
        return unrounded(graph, product, kinds)
    level = level_size(graph, attrs.name, ir.DataType.INT8, *ends)
    return quantize(graph, attrs.name, cut_to_levels(graph, attrs, product, level), ir.DataType.INT8, *ends)


def cut_to_levels(graph: GraphBuilder, attrs: Attributes, data: ir.Value, level: ir.Value) -> ir.Value:
    """Bring numbers to the next level towards zero."""
    levels = graph.op("Div", [data, level], f"{attrs.name}_levels")
    whole = graph.op("Cast", [levels], f"{attrs.name}_whole", to=ir.DataType.INT32)
    return graph.op("Mul", [graph.op("Cast", [whole], to=ir.DataType.FLOAT), level], f"{attrs.name}_cut")


@converts("_contrib_quantized_batch_norm")
def quantized_batch_norm(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, *inputs: ir.Value
) -> Quantized:
    """BatchNorm in inference form; makes int8, of uint8 data too, which become int8 before."""
    *parameters, low, high = inputs
    ends = read_range(graph, attrs)
    if ends is None:
        raise attrs.unsupported("max_calib_range")
    values = dequantize(graph, f"{attrs.name}_input", data, low, high)
    if number_type(data) == ir.DataType.UINT8:
        values = rounded_to_int8(graph, attrs, values, low, high)
    result = batch_norm(graph, attrs, values, *parameters)
    return quantize(graph, f"{attrs.name}_quantized", result, ir.DataType.INT8, *ends)


@converts("_contrib_quantized_embedding")
def quantized_embedding(
    graph: GraphBuilder, attrs: Attributes, indices: ir.Value, weight: ir.Value, low: ir.Value, high: ir.Value
) -> Quantized:
    """Rows of a matrix of int8 numbers; indices beyond its ends are clipped."""
    number_type(weight)
    return embedding(graph, attrs, indices, weight), low, high


@converts("_contrib_quantized_fully_connected")
def quantized_fully_connected(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> Quantized:
    """Dense layer with 32-bit results; ranges follow the inputs, a pair for each."""
    count = len(inputs) // 3
    ends = zip(inputs[:count], inputs[count::2], inputs[count + 1 :: 2], strict=True)
    values = [dequantize(graph, f"{data.name}_float", data, low, high) for data, low, high in ends]
    result = fully_connected(graph, attrs, *values)
    return unrounded(graph, result, [number_type(data) for data in inputs[:2]])
