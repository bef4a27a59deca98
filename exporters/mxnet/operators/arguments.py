"""Attributes that many operators share: axes and element types."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import REQUIRED, Attributes, Required

ELEMENT_TYPES = {
    "float16": ir.DataType.FLOAT,
    "float32": ir.DataType.FLOAT,
    "float64": ir.DataType.FLOAT,
    "uint8": ir.DataType.UINT8,
    "int8": ir.DataType.INT8,
    "int32": ir.DataType.INT32,
    "int64": ir.DataType.INT64,
    "bool": ir.DataType.BOOL,
}
"""All floating-point numbers are float32 in an exported network, as its parameters are."""

MAX_WINDOW = 65_536
"""Larger than any kernel, stride or padding; bounds what a damaged file can ask for."""


def read_type(attrs: Attributes, default: str | Required = REQUIRED) -> ir.DataType:
    """Read ``dtype``."""
    return ELEMENT_TYPES[attrs.get_str("dtype", default, choices=tuple(ELEMENT_TYPES))]


def element_type(value: ir.Value) -> ir.DataType:
    """Return the element type of a value."""
    return value.dtype or ir.DataType.FLOAT


def read_axis(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    default: int | Required = REQUIRED,
    key: str = "axis",
    added: int = 0,
) -> int:
    """Read the number of one of the data's axes, or of those of a result with ``added`` more, from the front.

    Raises:
        UnsupportedError: the axis is None (all values as one row) or the data has no such axis.
    """
    axis = attrs.get_optional_int(key, None if isinstance(default, Required) else default)
    rank = len(graph.shape(data)) + added
    if axis is None or not -rank <= axis < rank:
        raise attrs.unsupported(key, f"one of {rank} axes")
    return axis % rank


def read_axes(graph: GraphBuilder, attrs: Attributes, data: ir.Value, key: str = "axis") -> tuple[int, ...]:
    """Read any number of the data's axes, counted from the front; empty where absent or None.

    Raises:
        UnsupportedError: the data has no such axis, or one is there twice.
    """
    rank = len(graph.shape(data))
    given = attrs.get_optional_int_tuple(key) or ()
    axes = tuple(axis % rank for axis in given if -rank <= axis < rank)
    if len(set(axes)) != len(given):
        raise attrs.unsupported(key, f"different ones of {rank} axes")
    return axes


def read_spatial(attrs: Attributes, key: str, rank: int, default: int) -> tuple[int, ...]:
    """Read a number per spatial axis; absent or empty means the default for each, which is the least too.

    Raises:
        UnsupportedError: there are more or fewer numbers than axes, or smaller ones.
    """
    values = attrs.get_int_tuple(key, (), low=default, high=MAX_WINDOW) or (default,) * rank
    if len(values) != rank:
        raise attrs.unsupported(key, f"{rank} numbers")
    return values


def check_divides(attrs: Attributes, key: str, length: int, divisor: int) -> None:
    """Refuse an attribute that does not divide a length of its input."""
    if length % divisor:
        raise attrs.unsupported(key, f"a divisor of {length}")
