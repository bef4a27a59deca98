"""Layers that MXNet's MKL-DNN backend fused into one operator, with the layer's own symbol inside.

The inner symbol is converted as any other. Where the operator works in 8 bits, BatchNorm is folded into the
weights, and these and the bias are quantised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
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
    unrounded,
)
from gcv_edge.exporters.mxnet.operators.quantized_weights import (
    constant,
    following_norm,
    is_constant,
    read_weights,
    rounded_bias,
    stored_bias,
    stored_weight,
    tensor_factors,
    weight_factors,
)
from gcv_edge.exporters.mxnet.registry import converts
from gcv_edge.exporters.mxnet.symbol import Symbol
from gcv_edge.exporters.mxnet.symbol_converter import SymbolConverter
from gcv_edge.graph.values import name_of

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
    values, scale = data_in_levels(graph, attrs, layer, inputs)
    model = convert_layer(graph, attrs.name, layer, values)
    result = emit_quantized(graph, model, values, scale, is_calibrated=ends is not None)
    if ends is None:
        return unrounded(graph, result, (number_type(inputs[0]), ir.DataType.INT8))
    kind = result_type(result)
    added = {value.dtype for value in inputs[1 : len(layer.arguments())] if value.dtype in LEVELS}
    if kind == ir.DataType.UINT8 and ir.DataType.INT8 in added:
        result = cut_to_common(graph, attrs.name, result, kind, *ends)
    return quantize(graph, attrs.name, result, kind, *ends)


def cut_to_common(
    graph: GraphBuilder, name: str, result: ir.Value, kind: ir.DataType, low: ir.Value, high: ir.Value
) -> ir.Value:
    """Cut off all but levels 0 to 127.

    MXNet computes a sum in the memory of what is added, int8 here, and takes the result for uint8: only what
    both can hold remains. The other way round it computes nothing of use (``known_faults``).
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
    values = dequantized_inputs(graph, attrs, layer, inputs)
    result = float_layer(graph, layer, [values[name] for name in layer.arguments()])
    if attrs.get_bool("enable_float_output", False):
        return result
    ends = read_range(graph, attrs)
    if ends is None:
        return unrounded(graph, result, (number_type(inputs[0]), ir.DataType.INT8))
    return quantize(graph, attrs.name, result, result_type(result), *ends)


def result_type(result: ir.Value) -> ir.DataType:
    """Choose the type of a layer's numbers."""
    producer = result.producer()
    is_unsigned = producer is not None and producer.op_type in UNSIGNED_RESULTS
    return ir.DataType.UINT8 if is_unsigned else ir.DataType.INT8


def float_layer(graph: GraphBuilder, layer: Symbol, inputs: Sequence[ir.Value]) -> ir.Value:
    """Convert the inner symbol in place."""
    check_count(inputs, len(layer.arguments()))
    values = dict(zip(layer.arguments(), inputs, strict=True))
    return SymbolConverter(graph, layer, {}, values).values(layer.heads)[0]


def check_count(inputs: Sequence[ir.Value], expected: int) -> None:
    """Refuse another number of inputs than the inner symbol asks for."""
    if len(inputs) != expected:
        raise UnsupportedError(f"{len(inputs)} inputs, its subgraph asks for {expected}")


def dequantized_inputs(
    graph: GraphBuilder, attrs: Attributes, layer: Symbol, inputs: Sequence[ir.Value]
) -> dict[str, ir.Value]:
    """Return the layer's inputs in floating point by name.

    Ranges follow the inputs, a pair for each of the 8-bit ones, in order.
    """
    count = len(layer.arguments())
    values = dict(zip(layer.arguments(), inputs[:count], strict=False))
    names = [name for name, value in values.items() if value.dtype in LEVELS]
    check_count(inputs, count + 2 * max(1, len(names)))
    pairs = zip(inputs[count::2], inputs[count + 1 :: 2], strict=True)
    for name, (low, high) in zip(names, pairs, strict=True):
        values[name] = dequantize(graph, f"{values[name].name}_float", values[name], low, high)
    return values


def data_in_levels(
    graph: GraphBuilder, attrs: Attributes, layer: Symbol, inputs: Sequence[ir.Value]
) -> tuple[dict[str, ir.Value], ir.Value]:
    """Return the layer's inputs in floating point by name, and the size of a level of its data.

    Data whose range is not constant stay in units of a level.
    """
    values, names = dequantized_inputs(graph, attrs, layer, inputs), layer.arguments()
    low, high = inputs[len(names) : len(names) + 2]
    scale = level_size(graph, f"{attrs.name}_input", number_type(inputs[0]), low, high)
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
    outputs = SymbolConverter(inner, layer, weights, inputs).values(layer.heads)
    return inner.model({"result": outputs[0]})


def emit_quantized(
    graph: GraphBuilder,
    model: ir.Model,
    values: Mapping[str, ir.Value],
    scale: ir.Value,
    is_calibrated: bool,
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
            result = emit_convolution(graph, node, folded, emitted[name_of(inputs[0])], scale, is_calibrated)
        else:
            result = emit_copy(graph, node, [emitted_input(graph, emitted, value) for value in inputs])
        emitted[name_of(node.outputs[0])] = result
    return result


def emit_convolution(
    graph: GraphBuilder,
    node: ir.Node,
    norm: ir.Node | None,
    data: ir.Value,
    scale: ir.Value,
    is_calibrated: bool,
) -> ir.Value:
    """Emit a convolution with weights in 8 and bias in 32 bits; a scale per channel where it is calibrated.

    Data whose scale is not constant come in units of a level; then the result is scaled, and the bias rounded
    in the graph.
    """
    weight, bias = read_weights(node, norm)
    name = name_of(node.outputs[0])
    known = constant(scale) if is_constant(scale) else None
    factors = (
        weight_factors(weight, None if known is None else bias, known)
        if is_calibrated
        else tensor_factors(weight)
    )
    if known is not None:
        inputs = [data, stored_weight(graph, name, weight, factors)]
        inputs += [] if bias is None else [stored_bias(graph, name, bias, known, factors)]
        return emit_positions(graph, node, inputs)
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
