"""Arithmetic, comparison and mathematical functions, element by element."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder, holds
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import element_type, read_type
from gcv_edge.exporters.mxnet.registry import CONVERTERS, Converter, converts

BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div"}
BINARY_ALIASES = {
    "_plus": "Add",
    "_Plus": "Add",
    "_add": "Add",
    "broadcast_plus": "Add",
    "_minus": "Sub",
    "_sub": "Sub",
    "broadcast_minus": "Sub",
    "_mul": "Mul",
    "_div": "Div",
    "_maximum": "Max",
    "_minimum": "Min",
    "broadcast_maximum": "Max",
    "broadcast_minimum": "Min",
    "_power": "Pow",
    "broadcast_power": "Pow",
    "_Minus": "Sub",
    "_Mul": "Mul",
    "_Div": "Div",
    "_Maximum": "Max",
    "_Minimum": "Min",
    "_Power": "Pow",
}
SCALAR = {
    "_plus_scalar": "Add",
    "_minus_scalar": "Sub",
    "_mul_scalar": "Mul",
    "_div_scalar": "Div",
    "_maximum_scalar": "Max",
    "_minimum_scalar": "Min",
    "_power_scalar": "Pow",
    "_PlusScalar": "Add",
    "_MinusScalar": "Sub",
    "_MulScalar": "Mul",
    "_DivScalar": "Div",
    "_MaximumScalar": "Max",
    "_MinimumScalar": "Min",
    "_PowerScalar": "Pow",
}
REVERSED_SCALAR = {
    "_rminus_scalar": "Sub",
    "_rdiv_scalar": "Div",
    "_rpower_scalar": "Pow",
    "_RMinusScalar": "Sub",
    "_RDivScalar": "Div",
    "_RPowerScalar": "Pow",
}
COMPARISONS = {
    "equal": ("Equal", False),
    "not_equal": ("Equal", True),
    "greater": ("Greater", False),
    "greater_equal": ("GreaterOrEqual", False),
    "lesser": ("Less", False),
    "lesser_equal": ("LessOrEqual", False),
}
UNARY = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "floor": "Floor",
    "ceil": "Ceil",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "erf": "Erf",
    "softsign": "Softsign",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "sign": "Sign",
}


def binary(onnx_op: str) -> Converter:
    """Make the converter of an operator with two tensor inputs."""

    def convert_binary(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
        """Arithmetic of two tensors, either expanded where its length is 1."""
        left, right = shrunk(graph, left, right), shrunk(graph, right, left)
        return graph.op(onnx_op, [left, right], attrs.name)

    return convert_binary


def shrunk(graph: GraphBuilder, value: ir.Value, other: ir.Value) -> ir.Value:
    """Replace a constant of one repeated number by that number, where the other input keeps the shape.

    Attention networks add ``ones_like(map)``, which would put whole maps into the file.
    """
    if value.const_value is None or other.const_value is not None:
        return value
    array, shape = value.const_value.numpy(), graph.shape(other)
    if array.size < 2 or array.shape != shape[len(shape) - array.ndim :] or np.ptp(array) != 0:
        return value
    return graph.constant(np.asarray(array.flat[0]), value.name or "constant")


def with_scalar(onnx_op: str, scalar_first: bool) -> Converter:
    """Make the converter of an operator with a tensor and a number."""

    def convert_with_scalar(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
        """Arithmetic of a tensor and a number."""
        number = scalar_like(graph, attrs, data)
        return graph.op(onnx_op, [number, data] if scalar_first else [data, number], attrs.name)

    return convert_with_scalar


def scalar_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Return the attribute ``scalar`` as a constant of the data's type."""
    attrs.get_bool("is_int", True)
    number, numpy_type = attrs.get_float("scalar"), element_type(data).numpy()
    if not holds(numpy_type, number):
        raise attrs.unsupported("scalar", f"a number that {numpy_type.name} holds")
    return graph.constant(np.asarray(number, numpy_type), f"{attrs.name}_scalar")


def comparison(onnx_op: str, negated: bool, scalar: bool) -> Converter:
    """Make the converter of a comparison; MXNet's result is 0 or 1 in the type of the data."""

    def convert_comparison(
        graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value | None = None
    ) -> ir.Value:
        """Compare; 0 or 1 in the type of the data."""
        other = scalar_like(graph, attrs, left) if scalar or right is None else right
        truth = graph.op(onnx_op, [left, other], f"{attrs.name}_bool")
        if negated:
            truth = graph.op("Not", [truth], f"{attrs.name}_not")
        return graph.op("Cast", [truth], attrs.name, to=int(element_type(left)))

    return convert_comparison


def unary(onnx_op: str) -> Converter:
    """Make the converter of a mathematical function."""

    def convert_unary(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
        """Compute a mathematical function of each element."""
        return graph.op(onnx_op, [data], attrs.name)

    return convert_unary


for stem, onnx_name in BINARY.items():
    for prefix in ("elemwise_", "broadcast_"):
        CONVERTERS[prefix + stem] = binary(onnx_name)
for alias, onnx_name in BINARY_ALIASES.items():
    CONVERTERS[alias] = binary(onnx_name)
for operator, onnx_name in SCALAR.items():
    CONVERTERS[operator] = with_scalar(onnx_name, scalar_first=False)
for operator, onnx_name in REVERSED_SCALAR.items():
    CONVERTERS[operator] = with_scalar(onnx_name, scalar_first=True)
for stem, (onnx_name, inverse) in COMPARISONS.items():
    CONVERTERS[f"_{stem}_scalar"] = comparison(onnx_name, inverse, scalar=True)
    CONVERTERS[f"broadcast_{stem}"] = comparison(onnx_name, inverse, scalar=False)
    CONVERTERS[f"_{stem}"] = comparison(onnx_name, inverse, scalar=False)
for operator, onnx_name in UNARY.items():
    CONVERTERS[operator] = unary(onnx_name)


@converts("square")
def square(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Multiply by itself."""
    return graph.op("Mul", [data, data], attrs.name)


@converts("add_n", "ElementWiseSum")
def add_n(graph: GraphBuilder, attrs: Attributes, first: ir.Value, *others: ir.Value) -> ir.Value:
    """Sum of any number of tensors."""
    return graph.op("Sum", [first, *others], attrs.name)


@converts("rsqrt")
def rsqrt(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``1 / sqrt(x)``."""
    return graph.op("Reciprocal", [graph.op("Sqrt", [data], f"{attrs.name}_sqrt")], attrs.name)


@converts("log2")
def log2(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Logarithm to base 2."""
    return graph.op(
        "Div", [graph.op("Log", [data], f"{attrs.name}_log"), graph.constant(math.log(2))], attrs.name
    )


@converts("_mod", "broadcast_mod")
def modulo(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Remainder with the sign of the divisor, as Python's."""
    if element_type(left) != ir.DataType.FLOAT:
        return graph.op("Mod", [left, right], attrs.name)
    rest = graph.op("Mod", [left, right], f"{attrs.name}_rest", fmod=1)
    signs = graph.op("Mul", [rest, right], f"{attrs.name}_signs")
    differ = graph.op("Less", [signs, graph.constant(0.0)], f"{attrs.name}_differ")
    moved = graph.op("Add", [rest, right], f"{attrs.name}_moved")
    return graph.op("Where", [differ, moved, rest], attrs.name)


@converts("_mod_scalar")
def modulo_scalar(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Remainder of a division by a number."""
    return modulo(graph, attrs, data, scalar_like(graph, attrs, data))


@converts("_rmod_scalar")
def scalar_modulo(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Remainder of a number's division by a tensor."""
    return modulo(graph, attrs, scalar_like(graph, attrs, data), data)


@converts("clip")
def clip(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Limit values to ``[a_min, a_max]``."""
    dtype = element_type(data).numpy()
    limits = [graph.constant(np.asarray(attrs.get_float(key), dtype)) for key in ("a_min", "a_max")]
    return graph.op("Clip", [data, *limits], attrs.name)


@converts("hard_sigmoid")
def hard_sigmoid(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``max(0, min(1, alpha x + beta))``."""
    alpha, beta = attrs.get_float("alpha", 0.2), attrs.get_float("beta", 0.5)
    return graph.op("HardSigmoid", [data], attrs.name, alpha=alpha, beta=beta)


@converts("where")
def where(
    graph: GraphBuilder, attrs: Attributes, condition: ir.Value, yes: ir.Value, no: ir.Value
) -> ir.Value:
    """Choose by a condition, of elements or of rows, that is a number: anything but 0 is true."""
    truth = graph.op("Cast", [condition], f"{attrs.name}_bool", to=int(ir.DataType.BOOL))
    missing = len(graph.shape(yes)) - len(graph.shape(condition))
    if missing:
        behind = graph.constant([-1] + [1] * missing)
        truth = graph.op("Reshape", [truth, behind], f"{attrs.name}_rows")
        graph.declare(truth, [*graph.shape(condition), *[1] * missing])
    return graph.op("Where", [truth, yes, no], attrs.name)


@converts("Cast", "cast")
def cast(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Change the element type; all floating-point types are float32 here."""
    dtype = read_type(attrs)
    return data if dtype == data.dtype else graph.op("Cast", [data], attrs.name, to=int(dtype))
