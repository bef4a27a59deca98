"""Rounding, roots, logarithms and other functions of single elements that take more than one step."""

from __future__ import annotations

import math

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

LEAST_SIGMA = 1e-6
"""Of ``smooth_l1``, which divides by its square."""


def above(graph: GraphBuilder, name: str, data: ir.Value, limit: float) -> ir.Value:
    """Tell which elements are over a limit."""
    return graph.op("Greater", [data, graph.constant(limit)], f"{name}_above")


def plus(graph: GraphBuilder, name: str, data: ir.Value, number: float) -> ir.Value:
    """Add a number."""
    return graph.op("Add", [data, graph.constant(number)], name)


def times(graph: GraphBuilder, name: str, data: ir.Value, number: float) -> ir.Value:
    """Multiply by a number."""
    return graph.op("Mul", [data, graph.constant(number)], name)


@converts("round")
def round_half_away(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Round to the nearest whole number, halves away from 0 (ONNX's Round goes to the even one)."""
    return round_to_nearest(graph, attrs.name, data)


def round_to_nearest(graph: GraphBuilder, name: str, data: ir.Value) -> ir.Value:
    """Emit rounding as C's ``round`` does it."""
    size = graph.op("Abs", [data], f"{name}_abs")
    whole = graph.op("Floor", [plus(graph, f"{name}_half", size, 0.5)], f"{name}_whole")
    return graph.op("Mul", [graph.op("Sign", [data], f"{name}_sign"), whole], name)


@converts("rint")
def round_half_down(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Round to the nearest whole number, halves downwards, as MXNet does (C's rint goes to the even one)."""
    return graph.op("Ceil", [plus(graph, f"{attrs.name}_half", data, -0.5)], attrs.name)


@converts("fix", "trunc")
def truncate(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Round towards 0."""
    name = attrs.name
    whole = graph.op("Floor", [graph.op("Abs", [data], f"{name}_abs")], f"{name}_whole")
    return graph.op("Mul", [graph.op("Sign", [data], f"{name}_sign"), whole], name)


@converts("cbrt")
def cube_root(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Cube root, of negative numbers too."""
    name = attrs.name
    size = graph.op("Abs", [data], f"{name}_abs")
    root = graph.op("Pow", [size, graph.constant(1 / 3)], f"{name}_root")
    return graph.op("Mul", [graph.op("Sign", [data], f"{name}_sign"), root], name)


@converts("rcbrt")
def inverse_cube_root(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``1 / cbrt(x)``."""
    root = cube_root(graph, attrs, data)
    return graph.op("Reciprocal", [root], f"{attrs.name}_inverse")


@converts("log10")
def log10(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Logarithm to base 10."""
    logarithm = graph.op("Log", [data], f"{attrs.name}_log")
    return graph.op("Div", [logarithm, graph.constant(math.log(10))], attrs.name)


@converts("log1p")
def log1p(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``log(1 + x)``."""
    return graph.op("Log", [plus(graph, f"{attrs.name}_shifted", data, 1.0)], attrs.name)


@converts("expm1")
def expm1(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``exp(x) - 1``."""
    return plus(graph, attrs.name, graph.op("Exp", [data], f"{attrs.name}_exp"), -1.0)


@converts("degrees")
def degrees(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Radians to degrees."""
    return times(graph, attrs.name, data, 180 / math.pi)


@converts("radians")
def radians(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Degrees to radians."""
    return times(graph, attrs.name, data, math.pi / 180)


@converts("smooth_l1")
def smooth_l1(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``0.5 (s x)^2`` up to ``1 / s^2`` from 0, ``|x| - 0.5 / s^2`` beyond."""
    name, square = attrs.name, attrs.get_float("scalar", 1.0, low=LEAST_SIGMA) ** 2
    attrs.get_bool("is_int", True)
    size = graph.op("Abs", [data], f"{name}_abs")
    curved = times(graph, f"{name}_curved", graph.op("Mul", [data, data], f"{name}_square"), 0.5 * square)
    straight = plus(graph, f"{name}_straight", size, -0.5 / square)
    return graph.op("Where", [above(graph, name, size, 1 / square), straight, curved], name)


@converts("_contrib_quadratic")
def quadratic(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """``a x^2 + b x + c``."""
    a, b, c = (attrs.get_float(key, 0.0) for key in "abc")
    linear = plus(graph, f"{attrs.name}_linear", times(graph, f"{attrs.name}_ax", data, a), b)
    return plus(graph, attrs.name, graph.op("Mul", [linear, data], f"{attrs.name}_product"), c)
