"""Folding BatchNormalization into the convolution or dense layer before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

OUTPUT_AXIS = {"Conv": 0, "ConvTranspose": 1, "Gemm": 0}
"""Axis of the weights along which output channels lie."""


class FoldBatchNormPass(ir.passes.InPlacePass):
    """Replace Conv → BatchNormalization by one Conv.

    1. The layer is Conv, ConvTranspose (not grouped) or Gemm (transB=1), its weights are constant.
    2. The normalisation is its only user, and the layer's result is no output of the graph.
    3. New weights are computed in float64: w' = w · g/√(v+ε), b' = (b − m) · g/√(v+ε) + β.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Fold every pair that the rules allow."""
        folded = [
            node for node in model.graph if node.op_type == "BatchNormalization" and fold(model.graph, node)
        ]
        return ir.passes.PassResult(model, modified=bool(folded))


def fold(graph: ir.Graph, norm: ir.Node) -> bool:
    """Fold one normalisation into its producer; return whether the rules allowed it."""
    layer = norm.inputs[0].producer() if norm.inputs[0] is not None else None
    if layer is None or not is_foldable(layer, norm):
        return False
    gamma, beta, mean, variance = (constant(value) for value in norm.inputs[1:5])
    if gamma is None or beta is None or mean is None or variance is None:
        return False
    weight = constant(layer.inputs[1])
    if weight is None:
        return False
    factor = gamma / np.sqrt(variance + norm.attributes.get_float("epsilon", 1e-5))
    shape = [1] * weight.ndim
    shape[OUTPUT_AXIS[layer.op_type]] = -1
    bias = constant(layer.inputs[2]) if len(layer.inputs) > 2 else np.zeros_like(mean)
    if bias is None:
        return False
    layer.replace_input_with(1, add_constant(graph, norm, "weight", weight * factor.reshape(shape)))
    new_bias = add_constant(graph, norm, "bias", (bias - mean) * factor + beta)
    layer.resize_inputs(3)
    layer.replace_input_with(2, new_bias)
    ir.convenience.replace_all_uses_with(norm.outputs[0], layer.outputs[0], replace_graph_outputs=True)
    graph.remove(norm, safe=True)
    return True


def is_foldable(layer: ir.Node, norm: ir.Node) -> bool:
    """Rules 1 and 2."""
    if layer.op_type not in OUTPUT_AXIS or layer.outputs[0].is_graph_output():
        return False
    if layer.op_type == "ConvTranspose" and layer.attributes.get_int("group", 1) != 1:
        return False
    if layer.op_type == "Gemm" and layer.attributes.get_int("transB", 0) != 1:
        return False
    return all(user is norm for user, _ in layer.outputs[0].uses())


def constant(value: ir.Value | None) -> NDArray[np.float64] | None:
    """Return a constant's numbers in float64; None for a computed value."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return value.const_value.numpy().astype(np.float64)


def add_constant(graph: ir.Graph, norm: ir.Node, role: str, array: NDArray[Any]) -> ir.Value:
    """Register a new float32 initializer named after the normalisation it came from."""
    name = f"{norm.name}_folded_{role}"
    tensor = ir.Tensor(array.astype(np.float32), name=name)
    value = ir.Value(
        name=name, shape=ir.Shape(array.shape), type=ir.TensorType(ir.DataType.FLOAT), const_value=tensor
    )
    graph.register_initializer(value)
    return value
