"""Activations, softmax, and operators that do nothing at inference."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

ACTIVATIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
}


@converts("Activation")
def activation(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """ReLU, sigmoid, tanh, softplus (``softrelu``), softsign."""
    return graph.op(ACTIVATIONS[attrs.get_str("act_type", choices=tuple(ACTIVATIONS))], [data], attrs.name)


@converts("LeakyReLU")
def leaky_relu(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, gamma: ir.Value | None = None
) -> ir.Value:
    """Leaky, parametric, exponential, scaled and Gaussian-error rectifiers."""
    kind = attrs.get_str("act_type", "leaky", choices=("leaky", "prelu", "elu", "selu", "gelu", "rrelu"))
    slope = attrs.get_float("slope", 0.25)
    lower, upper = attrs.get_float("lower_bound", 0.125), attrs.get_float("upper_bound", 0.334)
    if kind == "prelu":
        return parametric_relu(graph, attrs, data, gamma)
    if kind == "selu":
        return graph.op("Selu", [data], attrs.name)
    if kind == "gelu":
        return gelu(graph, attrs, data)
    if kind == "elu":
        return graph.op("Elu", [data], attrs.name, alpha=slope)
    alpha = (lower + upper) / 2 if kind == "rrelu" else slope
    return graph.op("LeakyRelu", [data], attrs.name, alpha=alpha)


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
    if attrs.get_bool("use_length", False):
        raise attrs.unsupported("use_length")
    temperature = attrs.get_optional_float("temperature")
    attrs.get_str("dtype", "None", choices=("None", "float32"))
    if temperature not in (None, 1.0):
        data = graph.op("Div", [data, graph.constant(float(temperature))], f"{attrs.name}_temperature")
    return graph.op("Softmax", [data], attrs.name, axis=attrs.get_int("axis", -1))


@converts("log_softmax")
def log_softmax(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Logarithm of softmax along an axis."""
    return graph.op("LogSoftmax", [data], attrs.name, axis=attrs.get_int("axis", -1))


@converts("SoftmaxActivation")
def softmax_activation(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Softmax over channels of a map, or over a flattened instance."""
    mode = attrs.get_str("mode", "instance", choices=("instance", "channel"))
    if mode == "instance" and len(graph.shape(data)) != 2:
        raise attrs.unsupported("mode")
    return graph.op("Softmax", [data], attrs.name, axis=1)


@converts("SoftmaxOutput", "Softmax")
def softmax_output(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, label: ir.Value | None = None
) -> ir.Value:
    """Training head of the Module API: softmax over axis 1; label and loss options play no part here."""
    attrs.ignore_all()
    return graph.op("Softmax", [data], attrs.name, axis=1)


@converts("Dropout", "BlockGrad", "MakeLoss", "_copy", "identity", "amp_cast")
def identity(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Operators that pass their input on at inference."""
    attrs.ignore_all()
    return data


@converts("amp_multicast")
def amp_multicast(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> tuple[ir.Value, ...]:
    """Brings inputs to a common precision; all is float32 here."""
    attrs.ignore_all()
    return inputs
