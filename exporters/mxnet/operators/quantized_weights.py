"""Weights and biases of quantised layers, in the float32 steps that MXNet 1.9.1 takes.

A weight on the edge of two levels must fall to the same side as there
(src/operator/subgraph/mkldnn/mkldnn_conv.cc, mkldnn_common.h).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.operators.quantized import LEVELS, SMALLEST_RANGE

BIAS_LIMIT = float(np.iinfo(np.int32).max) / 2

Floats = NDArray[np.float32]


def is_constant(value: ir.Value) -> bool:
    """Tell a parameter from what is computed."""
    return value.const_value is not None


def constant(value: ir.Value) -> NDArray[Any]:
    """Return a parameter's numbers.

    Raises:
        UnsupportedError: it is computed.
    """
    if value.const_value is None:
        raise UnsupportedError(f"'{value.name}' is computed: only parameters can be quantised")
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


def tensor_factors(weight: Floats) -> Floats:
    """Levels per unit of each output channel, the same for all: 127.5 for the largest weight."""
    largest = max(np.abs(weight).max(), SMALLEST_RANGE)
    return np.full(len(weight), LEVELS[ir.DataType.INT8] / largest, np.float32)


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
