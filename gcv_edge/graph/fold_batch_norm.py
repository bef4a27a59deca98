"""Folding BatchNormalization into the convolution or dense layer before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.nodes import replace_node
from gcv_edge.graph.values import add_constant, constant_of, numbers_of

Weights = NDArray[np.floating[Any]]


class FoldBatchNormPass(ir.passes.InPlacePass):
    """Replace a layer and the BatchNormalization behind it by one layer.

    1. The layer is Conv, ConvTranspose or Gemm (transB=1, no other scaling or transposing), its weights and
       its bias are constant.
    2. The normalisation is its only user, and the layer's result is no output of the graph.
    3. The normalisation's statistics are constant, and only its first output is used.
    4. New weights are computed in float64: w' = w · g/√(v+ε), b' = (b − m) · g/√(v+ε) + β.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Fold every pair that the rules allow."""
        norms = [node for node in model.graph if node.op_type == "BatchNormalization"]
        folded = [fold(model.graph, norm) for norm in norms]
        return ir.passes.PassResult(model, modified=any(folded))


def fold(graph: ir.Graph, norm: ir.Node) -> bool:
    """Fold one normalisation into its producer; return whether the rules allowed it."""
    layer = norm.inputs[0].producer() if norm.inputs[0] is not None else None
    if layer is None or not is_plain_layer(layer) or not is_private(layer, norm):
        return False
    weight, bias = constant_of(layer.inputs[1]), read_bias(layer)
    statistics = [numbers_of(value) for value in norm.inputs[1:5]]
    known = [values for values in statistics if values is not None]
    if weight is None or bias is None or len(known) < 4 or is_training(norm):
        return False
    gamma, beta, mean, variance = known
    factor = gamma / np.sqrt(variance + norm.attributes.get_float("epsilon", 1e-5))
    replace_weights(graph, layer, scale_channels(layer, weight, factor), (bias - mean) * factor + beta)
    replace_node(graph, norm, layer.outputs[0])
    return True


def is_plain_layer(layer: ir.Node) -> bool:
    """Rule 1, but for the constants."""
    if layer.op_type != "Gemm":
        return layer.op_type in ("Conv", "ConvTranspose")
    read = layer.attributes
    scales = read.get_float("alpha", 1.0), read.get_float("beta", 1.0)
    return scales == (1.0, 1.0) and (read.get_int("transA", 0), read.get_int("transB", 0)) == (0, 1)


def is_private(layer: ir.Node, norm: ir.Node) -> bool:
    """Rule 2."""
    result = layer.outputs[0]
    return not result.is_graph_output() and all(user is norm for user, _ in result.uses())


def is_training(norm: ir.Node) -> bool:
    """Rule 3, but for the constants."""
    extra = any(output.uses() or output.is_graph_output() for output in norm.outputs[1:])
    return extra or norm.attributes.get_int("training_mode", 0) == 1


def read_bias(layer: ir.Node) -> Weights | None:
    """Return the bias, 0 where there is none; None where it is computed or not one number per channel."""
    bias = layer.inputs[2] if len(layer.inputs) > 2 else None
    if bias is None:
        return np.zeros(1)
    values = numbers_of(bias)
    return values if values is not None and values.ndim == 1 else None


def scale_channels(layer: ir.Node, weight: Weights, factor: Weights) -> Weights:
    """Multiply the weights of each output channel by its factor, in float64 without a copy of all of them."""
    groups = layer.attributes.get_int("group", 1) if layer.op_type == "ConvTranspose" else 1
    axis = 2 if layer.op_type == "ConvTranspose" else 1
    grouped = weight.reshape(groups, -1, *weight.shape[1:])
    shape = [groups if index == 0 else -1 if index == axis else 1 for index in range(grouped.ndim)]
    scaled: Weights = np.empty(grouped.shape, np.float32)
    np.multiply(grouped, factor.reshape(shape), out=scaled, dtype=np.float64, casting="same_kind")
    return scaled.reshape(weight.shape)


def replace_weights(graph: ir.Graph, layer: ir.Node, weight: Weights, bias: Weights) -> None:
    """Give a layer new weights; the old ones may have other users."""
    name = layer.outputs[0].name or layer.op_type
    layer.replace_input_with(1, add_constant(graph, f"{name}_folded_weight", weight))
    layer.resize_inputs(3)
    layer.replace_input_with(2, add_constant(graph, f"{name}_folded_bias", bias.astype(np.float32)))
