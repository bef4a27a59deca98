"""Activations and softmax."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_axis
from gcv_edge.exporters.mxnet.registry import converts

ACTIVATIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
}
RECTIFIERS = ("leaky", "prelu", "elu", "selu", "gelu", "rrelu")


@converts("Activation")
def activation(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """ReLU, sigmoid, tanh, softplus (``softrelu``), softsign."""
    return graph.op(ACTIVATIONS[attrs.get_str("act_type", choices=tuple(ACTIVATIONS))], [data], attrs.name)


@converts("LeakyReLU")
def leaky_relu(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value | None = None
) -> ir.Value:
    """Leaky, parametric, exponential, scaled and Gaussian-error rectifiers."""
    kind = attrs.get_str("act_type", "leaky", choices=RECTIFIERS)
    slope = attrs.get_float("slope", 0.25)
    bounds = attrs.get_float("lower_bound", 0.125), attrs.get_float("upper_bound", 0.334)
    if kind == "prelu":
        return parametric_relu(graph, attrs, data, gamma)
    if kind == "selu":
        return graph.op("Selu", [data], attrs.name)
    if kind == "gelu":
        return gelu(graph, attrs, data)
    if kind == "elu":
        return graph.op("Elu", [data], attrs.name, alpha=slope)
    return graph.op("LeakyRelu", [data], attrs.name, alpha=sum(bounds) / 2 if kind == "rrelu" else slope)


def parametric_relu(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value | None
) -> ir.Value:
    """PReLU, its slope per channel or shared."""
    if gamma is None:
        raise attrs.unsupported("act_type")
    spatial = len(graph.shape(data)) - 2
    shaped = graph.op("Reshape", [gamma, graph.constant([-1] + [1] * spatial)], f"{attrs.name}_slope")
    return graph.op("PRelu", [data, shaped], attrs.name)


def gelu(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``0.5 x (1 + erf(x / sqrt 2))``."""
    scaled = graph.op("Mul", [data, graph.constant(0.5**0.5)], f"{attrs.name}_scaled")
    shifted = graph.op(
        "Add", [graph.op("Erf", [scaled], f"{attrs.name}_erf"), graph.constant(1.0)], f"{attrs.name}_shifted"
    )
    half = graph.op("Mul", [data, graph.constant(0.5)], f"{attrs.name}_half")
    return graph.op("Mul", [half, shifted], attrs.name)


@converts("softmax")
def softmax(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Softmax along an axis, with a temperature."""
    return softmax_by(graph, attrs, data, "Softmax")


@converts("softmin")
def softmin(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Softmax of the negated input."""
    return softmax_by(graph, attrs, graph.op("Neg", [data], f"{attrs.name}_negated"), "Softmax")


@converts("log_softmax")
def log_softmax(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Logarithm of softmax along an axis, with a temperature."""
    return softmax_by(graph, attrs, data, "LogSoftmax")


def softmax_by(graph: GraphBuilder, attrs: Attributes, data: ir.Value, onnx_op: str) -> ir.Value:
    """Divide by the temperature, then emit a softmax or its logarithm."""
    if attrs.get_bool("use_length", False):
        raise attrs.unsupported("use_length")
    attrs.get_str("dtype", "None", choices=("None", "float16", "float32", "float64"))
    temperature = attrs.get_optional_float("temperature")
    axis = read_axis(graph, attrs, data, -1)
    if temperature not in (None, 1.0):
        data = graph.op("Div", [data, graph.constant(temperature)], f"{attrs.name}_temperature")
    return graph.op(onnx_op, [data], attrs.name, axis=axis)


@converts("SoftmaxActivation")
def softmax_activation(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Softmax over the channels of maps; in mode ``instance``, over the last axis, whatever its name says."""
    mode = attrs.get_str("mode", "instance", choices=("instance", "channel"))
    return graph.op("Softmax", [data], attrs.name, axis=1 if mode == "channel" else -1)


@converts("SoftmaxOutput", "Softmax")
def softmax_output(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Head of the Module API for training: a softmax whose label and loss options play no part here."""
    per_position = attrs.get_bool("multi_output", False)
    per_row = attrs.get_bool("preserve_shape", False)
    attrs.ignore_all()
    if per_position or per_row:
        return graph.op("Softmax", [data], attrs.name, axis=1 if per_position else -1)
    return softmax_of_instances(graph, attrs.name, data)


def softmax_of_instances(graph: GraphBuilder, name: str, data: ir.Value) -> ir.Value:
    """Softmax over all values of each instance together."""
    shape = graph.shape(data)
    if len(shape) == 2:
        return graph.op("Softmax", [data], name, axis=1)
    flat = graph.op(
        "Softmax", [graph.op("Flatten", [data], f"{name}_flat", axis=1)], f"{name}_softmax", axis=1
    )
    back = graph.constant([0, *(graph.length(data, axis) for axis in range(1, len(shape)))])
    return graph.op("Reshape", [flat, back], name)


@converts("LogisticRegressionOutput")
def logistic_regression_output(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Head of the Module API for training: sigmoid."""
    attrs.ignore_all()
    return graph.op("Sigmoid", [data], attrs.name)
