"""Layers that MXNet's MKL-DNN backend fused into one operator, with the layer's own symbol inside.

The inner symbol is converted as any other. Where the operator works in 8 bits, BatchNorm is folded into the
weights, and these and the bias are quantised, in the same float32 steps as MXNet 1.9.1 takes
(src/operator/subgraph/mkldnn/mkldnn_conv.cc): a weight on the edge of two levels must fall to the same side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder, name_of
from gcv_edge.exporters.mxnet import convert
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.quantized import (
    LEVELS,
    Quantized,
    dequantize,
    level_size,
    number_type,
    quantize,
    read_levels,
    read_range,
)
from gcv_edge.exporters.mxnet.registry import converts
from gcv_edge.exporters.mxnet.symbol import Symbol

FUSIONS = (
    "with_bn",
    "with_act",
    "with_sum",
    "with_postsum_act",
    "with_relu",
    "with_postsum_relu",
    "with_eltwise",
)
"""What was fused; the inner symbol says the same."""

UNSIGNED_RESULTS = frozenset({"Relu", "Sigmoid", "Softplus", "Clip"})
"""Operators whose results are not negative: at a layer's end they make its numbers uint8."""

BIAS_LIMIT = float(np.iinfo(np.int32).max) / 2

Floats = NDArray[np.float32]


def read_layer(attrs: Attributes) -> Symbol:
    """Read the inner symbol, which says what was fused and in which order."""
    if len(attrs.subgraphs) != 1:
        raise attrs.unsupported("subgraphs")
    for key in FUSIONS:
        attrs.get_bool(key, False)
    return attrs.subgraphs[0]


@converts("_sg_mkldnn_conv")
def fused_convolution(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> ir.Value | Quantized:
    """Convolution with BatchNorm, activation, sum and activation of the sum, in 8 bits or floating point."""
    layer = read_layer(attrs)
    if not attrs.get_bool("quantized", False):
        return float_layer(graph, layer, inputs)
    ends = read_range(graph, attrs)
    if ends is None:
        raise attrs.unsupported("max_calib_range")
    values, scale = dequantized_inputs(graph, attrs, layer, inputs)
    result = emit_quantized(graph, convert_layer(graph, attrs.name, layer, values), values, scale)
    kind = result_type(result)
    added = [value for value in inputs[1 : len(layer.arguments())] if value.dtype in LEVELS]
    if any(number_type(value) != kind for value in added):
        result = cut_to_common(graph, attrs.name, result, kind, *ends)
    return quantize(graph, attrs.name, result, kind, *ends)


def cut_to_common(
    graph: GraphBuilder, name: str, result: ir.Value, kind: ir.DataType, low: ir.Value, high: ir.Value
) -> ir.Value:
    """Cut off all but levels 0 to 127.

    MXNet computes a sum in the memory of what is added, hence within that one's number type, and takes the
    result for one of its own type: only what both can hold remains.
    """
    level = level_size(graph, name, kind, low, high)
    top = graph.op("Mul", [level, graph.constant(127.0)], f"{name}_top")
    return graph.op("Clip", [result, graph.constant(0.0), top], f"{name}_cut")


@converts("_sg_mkldnn_fully_connected")
def fused_fully_connected(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> ir.Value | Quantized:
    """Dense layer with activation, in 8 bits or floating point; 8-bit weights come so from the file."""
    layer = read_layer(attrs)
    if not attrs.get_bool("quantized", False):
        return float_layer(graph, layer, inputs)
    values, _ = dequantized_inputs(graph, attrs, layer, inputs)
    result = float_layer(graph, layer, [values[name] for name in layer.arguments()])
    if attrs.get_bool("enable_float_output", False):
        return result
    return quantize_result(graph, attrs, result)


def quantize_result(graph: GraphBuilder, attrs: Attributes, result: ir.Value) -> Quantized:
    """Quantise a layer's result by its calibrated range: uint8 where it cannot be negative."""
    ends = read_range(graph, attrs)
    if ends is None:
        raise attrs.unsupported("max_calib_range")
    return quantize(graph, attrs.name, result, result_type(result), *ends)


def result_type(result: ir.Value) -> ir.DataType:
    """Choose the type of a layer's numbers."""
    producer = result.producer()
    is_unsigned = producer is not None and producer.op_type in UNSIGNED_RESULTS
    return ir.DataType.UINT8 if is_unsigned else ir.DataType.INT8


def float_layer(graph: GraphBuilder, layer: Symbol, inputs: Sequence[ir.Value]) -> ir.Value:
    """Convert the inner symbol in place."""
    values = dict(zip(layer.arguments(), inputs, strict=True))
    return convert.SymbolConverter(graph, layer, {}, values).values(layer.heads)[0]


def dequantized_inputs(
    graph: GraphBuilder, attrs: Attributes, layer: Symbol, inputs: Sequence[ir.Value]
) -> tuple[dict[str, ir.Value], ir.Value]:
    """Return the layer's inputs in floating point by name, and the size of a level of its data.

    Ranges follow the inputs, a pair for each of the 8-bit ones, in order. Data whose range is not constant
    stay in units of a level.
    """
    count = len(layer.arguments())
    values = dict(zip(layer.arguments(), inputs[:count], strict=True))
    names = [name for name, value in values.items() if value.dtype in LEVELS]
    pairs = list(zip(inputs[count::2], inputs[count + 1 :: 2], strict=True))
    first = inputs[0]
    scale = level_size(graph, f"{attrs.name}_input", number_type(first), *pairs[0])
    for name, (low, high) in zip(names, pairs, strict=True):
        values[name] = dequantize(graph, f"{values[name].name}_float", values[name], low, high)
    if not is_constant(scale):
        values[names[0]] = read_levels(graph, f"{attrs.name}_levels", inputs[0])
    return values, scale


def convert_layer(graph: GraphBuilder, name: str, layer: Symbol, values: Mapping[str, ir.Value]) -> ir.Model:
    """Convert the inner symbol to a small model of its own, in floating point."""
    inner = GraphBuilder(name)
    weights = {key: constant(value) for key, value in values.items() if is_constant(value)}
    inputs = {
        key: inner.input(key, graph.shape(value)) for key, value in values.items() if not is_constant(value)
    }
    outputs = convert.SymbolConverter(inner, layer, weights, inputs).values(layer.heads)
    return inner.model({"result": outputs[0]})


def emit_quantized(
    graph: GraphBuilder, model: ir.Model, values: Mapping[str, ir.Value], scale: ir.Value
) -> ir.Value:
    """Emit the operators of a layer, weights and bias of its convolution in 8 and 32 bits."""
    emitted = {name: value for name, value in values.items() if not is_constant(value)}
    folded: ir.Node | None = None
    result = next(iter(emitted.values()))
    for node in model.graph:
        inputs = [value for value in node.inputs if value is not None]
        if node is folded or node.op_type == "Identity":
            result = emitted[name_of(inputs[0])]
        elif node.op_type == "Conv":
            folded = following_norm(node)
            result = emit_convolution(graph, node, folded, emitted[name_of(inputs[0])], scale)
        else:
            result = emit_copy(graph, node, [emitted_input(graph, emitted, value) for value in inputs])
        emitted[name_of(node.outputs[0])] = result
    return result


def emit_convolution(
    graph: GraphBuilder, node: ir.Node, norm: ir.Node | None, data: ir.Value, scale: ir.Value
) -> ir.Value:
    """Emit a convolution with weights in 8 and bias in 32 bits.

    Data whose scale is not constant come in units of a level; then the result is scaled, and the bias rounded
    in the graph.
    """
    weight, bias = read_weights(node, norm)
    name = name_of(node.outputs[0])
    if is_constant(scale):
        factors = weight_factors(weight, bias, constant(scale))
        inputs = [data, stored_weight(graph, name, weight, factors)]
        inputs += [] if bias is None else [stored_bias(graph, name, bias, constant(scale), factors)]
        return emit_positions(graph, node, inputs)
    factors = weight_factors(weight, None, None)
    result = emit_positions(graph, node, [data, stored_weight(graph, name, weight, factors)])
    if bias is not None:
        shape = [-1] + [1] * (weight.ndim - 2)
        shift = rounded_bias(graph, name, bias.reshape(shape), scale, factors.reshape(shape))
        result = graph.op("Add", [result, shift], f"{name}_shifted")
    return graph.op("Mul", [result, scale], f"{name}_scaled")


def emit_positions(graph: GraphBuilder, node: ir.Node, inputs: Sequence[ir.Value]) -> ir.Value:
    """Emit a convolution; where one of 1x1 skips positions, they are dropped before it.

    OpenVINO moves such a stride in front of the dequantisation, and then computes in floating point.
    """
    kernel, strides = node.attributes["kernel_shape"].as_ints(), node.attributes["strides"].as_ints()
    if max(kernel) > 1 or max(strides) == 1 or any(node.attributes["pads"].as_ints()):
        return emit_copy(graph, node, inputs)
    name = f"{name_of(node.outputs[0])}_positions"
    dropped = graph.op("MaxPool", [inputs[0]], name, kernel_shape=kernel, strides=strides)
    return emit_copy(graph, node, [dropped, *inputs[1:]], strides=[1] * len(strides))


def emit_copy(graph: GraphBuilder, node: ir.Node, inputs: Sequence[ir.Value], **changes: object) -> ir.Value:
    """Emit an operator like another, with inputs and some attributes of its own."""
    attributes = {key: attribute.value for key, attribute in node.attributes.items()}
    return graph.op(node.op_type, inputs, name_of(node.outputs[0]), **attributes | changes)


def emitted_input(graph: GraphBuilder, emitted: Mapping[str, ir.Value], value: ir.Value) -> ir.Value:
    """Return what stands for a value of the layer."""
    if is_constant(value):
        return graph.constant(constant(value), name_of(value))
    return emitted[name_of(value)]


def is_constant(value: ir.Value) -> bool:
    """Tell a parameter from what is computed."""
    return value.const_value is not None


def constant(value: ir.Value) -> NDArray[Any]:
    """Return a parameter's numbers."""
    assert value.const_value is not None
    return value.const_value.numpy()


def following_norm(layer: ir.Node) -> ir.Node | None:
    """Find the BatchNormalization behind a convolution."""
    users = [node for node, _ in layer.outputs[0].uses()]
    return users[0] if len(users) == 1 and users[0].op_type == "BatchNormalization" else None


def stored_weight(graph: GraphBuilder, name: str, weight: Floats, factors: Floats) -> ir.Value:
    """Store weights in 8 bits, by levels per unit of each output channel."""
    levels = np.rint(weight * spread(factors, weight)).clip(-128, 127)
    return stored(graph, f"{name}_weight", levels.astype(np.int8), 1 / factors)


def stored_bias(graph: GraphBuilder, name: str, bias: Floats, scale: Floats, factors: Floats) -> ir.Value:
    """Store a bias in 32 bits, in units of weight times data."""
    steps = (scale / factors).astype(np.float32)
    levels = np.rint(bias.astype(np.float64) / steps).clip(-(2.0**31), 2.0**31 - 1)
    return stored(graph, f"{name}_bias", levels.astype(np.int32), steps)


def rounded_bias(graph: GraphBuilder, name: str, bias: Floats, scale: ir.Value, factors: Floats) -> ir.Value:
    """Round a bias to units of weight times data; the result is in units of a level of the data."""
    steps = graph.op("Div", [graph.constant(bias * factors, f"{name}_bias"), scale], f"{name}_bias_steps")
    whole = graph.op("Round", [steps], f"{name}_bias_rounded")
    return graph.op("Mul", [whole, graph.constant(1 / factors)], f"{name}_bias_levels")


def read_weights(layer: ir.Node, norm: ir.Node | None) -> tuple[Floats, Floats | None]:
    """Read a convolution's weights and bias, a BatchNormalization folded into them."""
    weight, *rest = [constant(value) for value in layer.inputs[1:] if value is not None]
    bias = rest[0] if rest else None
    if norm is None:
        return weight, bias
    gamma, beta, mean, variance = (constant(value) for value in norm.inputs[1:] if value is not None)
    epsilon = norm.attributes.get_float("epsilon", 1e-5)
    alpha = (gamma / np.sqrt(variance.astype(np.float64) + epsilon)).astype(np.float32)
    shift = alpha * (-mean if bias is None else bias - mean)
    return weight * spread(alpha, weight), beta + shift


def spread(factors: Floats, weight: Floats) -> Floats:
    """Shape a number per output channel for the product with weights."""
    return factors.reshape(-1, *[1] * (weight.ndim - 1))


def weight_factors(weight: Floats, bias: Floats | None, scale: Floats | None) -> Floats:
    """Levels per unit of each output channel: 127.5 for its largest weight.

    Fewer where the bias, which has the finer steps of weight times data, would leave half of int32.
    """
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    factors = np.float32(LEVELS[ir.DataType.INT8]) / np.where(largest > 0, largest, np.float32(1))
    if bias is not None and scale is not None:
        limits = BIAS_LIMIT * scale / np.maximum(np.abs(bias), np.finfo(np.float32).tiny, dtype=np.float64)
        factors = np.minimum(factors, limits)
    limited: Floats = factors.astype(np.float32)
    return limited


def stored(graph: GraphBuilder, name: str, levels: NDArray[Any], scales: Floats) -> ir.Value:
    """Store whole numbers with a scale per channel (axis 0)."""
    inputs = [
        graph.constant(levels, f"{name}_quantized"),
        graph.constant(scales.astype(np.float32), f"{name}_scale"),
        graph.constant(np.zeros(len(scales), levels.dtype), f"{name}_zero_point"),
    ]
    return graph.op("DequantizeLinear", inputs, name, axis=0)
