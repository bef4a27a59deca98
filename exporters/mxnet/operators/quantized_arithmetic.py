"""Arithmetic, normalisation and layers on 8-bit numbers, as ``quantize_net_v2`` leaves them unfused.

What MXNet keeps in 32-bit numbers until ``_contrib_requantize`` has seen their range stays in floating point
here. Numbers follow src/operator/quantization of MXNet 1.9.1, in its oneDNN form.
"""

from __future__ import annotations

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
    ends = read_range(graph, attrs)
    kinds = [number_type(left), number_type(right)]
    kind = kinds[0] if kinds[0] == kinds[1] else ir.DataType.INT8
    if ends is None and kinds[0] != kinds[1]:
        raise UnsupportedError(
            "int8 and uint8 numbers are added without a calibrated range, which MXNet cannot"
        )
    pairs = zip((left, right), (ranges[:2], ranges[2:]), strict=True)
    terms = [dequantize(graph, f"{attrs.name}_input", data, *pair) for data, pair in pairs]
    if ends is None:
        return unrounded(graph, graph.op("Add", terms, attrs.name))
    for index, own in enumerate(kinds):
        if own != kind:
            terms[index] = dequantize(
                graph,
                f"{attrs.name}_term",
                *quantize(graph, f"{attrs.name}_signed", terms[index], kind, *ends),
            )
    return quantize(graph, attrs.name, graph.op("Add", terms, f"{attrs.name}_sum"), kind, *ends)


@converts("_contrib_quantized_elemwise_mul")
def quantized_multiply(
    graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value, *ranges: ir.Value
) -> ir.Value | Quantized:
    """Product of int8 tensors; levels are cut towards zero, not rounded."""
    if {number_type(left), number_type(right)} != {ir.DataType.INT8}:
        raise UnsupportedError("uint8 numbers are multiplied, which MXNet itself cannot")
    factors = [
        dequantize(graph, f"{attrs.name}_input", data, *pair)
        for data, pair in zip((left, right), (ranges[:2], ranges[2:]), strict=True)
    ]
    product = graph.op("Mul", factors, f"{attrs.name}_product")
    ends = read_range(graph, attrs)
    if attrs.get_bool("enable_float_output", False):
        return product
    if ends is None:
        return unrounded(graph, product, (ir.DataType.INT8, ir.DataType.INT8))
    level = level_size(graph, attrs.name, ir.DataType.INT8, *ends)
    whole = graph.op(
        "Cast", [graph.op("Div", [product, level], f"{attrs.name}_levels")], to=ir.DataType.INT32
    )
    cut = graph.op("Mul", [graph.op("Cast", [whole], to=ir.DataType.FLOAT), level], f"{attrs.name}_cut")
    return quantize(graph, attrs.name, cut, ir.DataType.INT8, *ends)


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
        signed = quantize(graph, f"{attrs.name}_signed", values, ir.DataType.INT8, low, high)
        values = dequantize(graph, f"{attrs.name}_data", *signed)
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
