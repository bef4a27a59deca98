"""Operators on tensors of 8-bit numbers, which MXNet passes on with the two ends of the range they span.

A level is ``max(|low|, |high|) / 127.5`` for int8 and ``/ 255.5`` for uint8, and zero is zero, whatever the
range (src/operator/quantization/quantization_utils.h of MXNet 1.9.1). What lies beyond the last level is cut
off; numbers are rounded to the nearest level, ties to the even one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.activation import activation
from gcv_edge.exporters.mxnet.operators.joining import concat
from gcv_edge.exporters.mxnet.operators.pooling import pooling
from gcv_edge.exporters.mxnet.operators.reshaping import flatten
from gcv_edge.exporters.mxnet.registry import converts

LEVELS = {ir.DataType.INT8: 127.5, ir.DataType.UINT8: 255.5}
"""How many levels there are from zero to the end of the range."""

SMALLEST_RANGE = 1e-30
"""End of a range that is empty, instead of 0."""

Quantized = tuple[ir.Value, ir.Value, ir.Value]
"""Numbers (int8 or uint8), and the ends of their range (float32 scalars)."""


def number_type(value: ir.Value) -> ir.DataType:
    """Return INT8 or UINT8.

    Raises:
        UnsupportedError: the numbers are of another type.
    """
    if value.dtype not in LEVELS:
        raise UnsupportedError(f"numbers of type {value.dtype} are not supported, expected int8 or uint8")
    return value.dtype


def level_size(graph: GraphBuilder, name: str, kind: ir.DataType, low: ir.Value, high: ir.Value) -> ir.Value:
    """Compute the difference of one level; a constant where the range is one."""
    known = [end.const_value.numpy() for end in (low, high) if end.const_value is not None]
    if len(known) == 2:
        ends = [np.abs(end).max() for end in known]
        largest = np.float32(max(*ends, SMALLEST_RANGE))
        return graph.constant(np.asarray(largest / np.float32(LEVELS[kind])), f"{name}_scale")
    return graph.op(
        "Div", [largest_end(graph, name, low, high), graph.constant(LEVELS[kind])], f"{name}_scale"
    )


def largest_end(graph: GraphBuilder, name: str, low: ir.Value, high: ir.Value) -> ir.Value:
    """Return the end of a range that is further from zero, as a positive number."""
    ends = [graph.op("Abs", [end], f"{name}_end") for end in (low, high)]
    return graph.op("Max", [*ends, graph.constant(SMALLEST_RANGE)], f"{name}_largest")


def zero_point(graph: GraphBuilder, kind: ir.DataType) -> ir.Value:
    """Return the number that stands for zero: 0."""
    return graph.constant(np.zeros((), kind.numpy()), "zero_point")


def quantize(
    graph: GraphBuilder, name: str, data: ir.Value, kind: ir.DataType, low: ir.Value, high: ir.Value
) -> Quantized:
    """Turn floating point into 8-bit numbers.

    A range that is not constant becomes a product: engines compute in 8 bits by constant scales only.
    """
    scale = level_size(graph, name, kind, low, high)
    if scale.const_value is None:
        factor = [graph.constant(LEVELS[kind]), largest_end(graph, name, low, high)]
        data = graph.op("Mul", [data, graph.op("Div", factor, f"{name}_factor")], f"{name}_levels")
        scale = graph.constant(1.0)
    return graph.op("QuantizeLinear", [data, scale, zero_point(graph, kind)], name), low, high


def dequantize(graph: GraphBuilder, name: str, data: ir.Value, low: ir.Value, high: ir.Value) -> ir.Value:
    """Turn 8-bit numbers back into floating point."""
    scale = level_size(graph, name, number_type(data), low, high)
    if scale.const_value is not None:
        return graph.op("DequantizeLinear", [data, scale, zero_point(graph, number_type(data))], name)
    return graph.op("Mul", [read_levels(graph, f"{name}_levels", data), scale], name)


def read_levels(graph: GraphBuilder, name: str, data: ir.Value) -> ir.Value:
    """Return 8-bit numbers as floating point, in units of a level."""
    return graph.op(
        "DequantizeLinear", [data, graph.constant(1.0), zero_point(graph, number_type(data))], name
    )


def read_range(graph: GraphBuilder, attrs: Attributes) -> tuple[ir.Value, ir.Value] | None:
    """Read the range that calibration found; None where there was none."""
    ends = [attrs.get_optional_float(f"{end}_calib_range") for end in ("min", "max")]
    known = [graph.constant(np.asarray(end, np.float32), "range") for end in ends if end is not None]
    return (known[0], known[1]) if len(known) == 2 else None


@converts("_contrib_quantize_v2")
def quantize_v2(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> Quantized:
    """Quantise by the calibrated range, else symmetrically by the largest number found in the whole batch."""
    return quantize(graph, attrs.name, data, *choose_range(graph, attrs, data))


@converts("_contrib_requantize")
def requantize(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> Quantized:
    """Quantise 32-bit numbers likewise, but to 127 (or 255) levels at the end of the range."""
    kind, *ends = choose_range(graph, attrs, data)
    shrunk = graph.op("Mul", [data, graph.constant(1 / end_gain(kind))], f"{attrs.name}_shrunk")
    return quantize(graph, attrs.name, shrunk, kind, *ends)


def choose_range(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value
) -> tuple[ir.DataType, ir.Value, ir.Value]:
    """Return the type of numbers, and the calibrated range, else the symmetric one of the whole batch."""
    kind = attrs.get_str("out_type", "int8", choices=("auto", "int8", "uint8"))
    ends = read_range(graph, attrs)
    if kind == "auto":
        is_positive = ends is not None and attrs.get_float("min_calib_range") >= 0
        kind = "uint8" if is_positive else "int8"
    if ends is None:
        magnitude = graph.op("Abs", [data], f"{attrs.name}_abs")
        high = graph.op("ReduceMax", [magnitude], f"{attrs.name}_max", keepdims=0)
        ends = graph.op("Neg", [high], f"{attrs.name}_min"), high
    return ir.DataType[kind.upper()], *ends


def end_gain(kind: ir.DataType) -> float:
    """Return how much larger a level is where MXNet counts 127 (255) of them to the end of a range."""
    return LEVELS[kind] / (LEVELS[kind] - 0.5)


def unrounded(graph: GraphBuilder, result: ir.Value, factors: Sequence[ir.DataType] = ()) -> Quantized:
    """Return what MXNet keeps in 32-bit numbers until it is requantised, which needs no range here.

    Args:
        graph: the graph.
        result: in floating point.
        factors: types of the numbers whose products it sums up: MXNet takes a level of the result for a
            product of their ranges over 127 or 255.
    """
    if factors:
        gain = math.prod(map(end_gain, factors))
        result = graph.op("Mul", [result, graph.constant(gain)], f"{result.name}_gained")
    return result, graph.constant(0.0), graph.constant(0.0)


@converts("_contrib_dequantize")
def dequantize_tensor(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> ir.Value:
    """Give floating point back."""
    attrs.get_str("out_type", "float32", choices=("float32",))
    return dequantize(graph, attrs.name, data, low, high)


def computed_in_levels(
    graph: GraphBuilder,
    attrs: Attributes,
    convert: Callable[[GraphBuilder, Attributes, ir.Value], ir.Value],
    data: ir.Value,
) -> ir.Value:
    """Use an operator's ordinary converter on the levels themselves, where halves are exact."""
    levels = read_levels(graph, f"{attrs.name}_levels", data)
    zero = zero_point(graph, number_type(data))
    return graph.op("QuantizeLinear", [convert(graph, attrs, levels), graph.constant(1.0), zero], attrs.name)


@converts("_contrib_quantized_pooling")
def quantized_pooling(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> Quantized:
    """Max and average pooling; an average is rounded to the nearest level."""
    return computed_in_levels(graph, attrs, pooling, data), low, high


@converts("_contrib_quantized_act")
def quantized_activation(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> Quantized:
    """ReLU."""
    attrs.get_str("act_type", choices=("relu",))
    return computed_in_levels(graph, attrs, activation, data), low, high


@converts("_contrib_quantized_flatten")
def quantized_flatten(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, low: ir.Value, high: ir.Value
) -> Quantized:
    """Flatten all axes but the first."""
    return flatten(graph, attrs, data), low, high


@converts("_contrib_quantized_concat")
def quantized_concat(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> Quantized:
    """Join tensors over the union of their ranges; int8 where one of them is."""
    count = attrs.get_int("num_args")
    if len(inputs) != 3 * count:
        raise UnsupportedError(f"{len(inputs)} inputs, expected {3 * count}")
    tensors, lows, highs = inputs[:count], inputs[count::2], inputs[count + 1 :: 2]
    parts = [
        dequantize(graph, f"{attrs.name}_input", data, low, high)
        for data, low, high in zip(tensors, lows, highs, strict=True)
    ]
    kinds = {number_type(data) for data in tensors}
    kind = ir.DataType.INT8 if ir.DataType.INT8 in kinds else ir.DataType.UINT8
    joined = concat(graph, attrs, *parts)
    low = extreme(graph, f"{attrs.name}_min", "Min", lows)
    high = extreme(graph, f"{attrs.name}_max", "Max", highs)
    return quantize(graph, f"{attrs.name}_quantized", joined, kind, low, high)


def extreme(graph: GraphBuilder, name: str, onnx_op: str, ends: Sequence[ir.Value]) -> ir.Value:
    """Least or greatest of several ends and zero."""
    return graph.op(onnx_op, [*ends, graph.constant(0.0)], name)
