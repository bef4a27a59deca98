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
) -> int:
    """Read the number of one of the data's axes, counted from the front.

    Raises:
        UnsupportedError: the axis is None (all values as one row) or the data has no such axis.
    """
    axis = attrs.get_optional_int(key, None if isinstance(default, Required) else default)
    rank = len(graph.shape(data))
    if axis is None or not -rank <= axis < rank:
        raise attrs.unsupported(key)
    return axis % rank


def read_axes(graph: GraphBuilder, attrs: Attributes, data: ir.Value, key: str = "axis") -> tuple[int, ...]:
    """Read any number of the data's axes, counted from the front; empty where absent or None.

    Raises:
        UnsupportedError: the data has no such axis.
    """
    rank = len(graph.shape(data))
    axes = attrs.get_optional_int_tuple(key) or ()
    if any(not -rank <= axis < rank for axis in axes):
        raise attrs.unsupported(key)
    return tuple(axis % rank for axis in axes)


def read_spatial(attrs: Attributes, key: str, rank: int, default: int) -> tuple[int, ...]:
    """Read a number per spatial axis; absent or empty means the default for each.

    Raises:
        UnsupportedError: there are more or fewer numbers than axes.
    """
    values = attrs.get_int_tuple(key, ()) or (default,) * rank
    if len(values) != rank:
        raise attrs.unsupported(key)
    return values
