"""Bilinear and nearest resizing, repeat."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import element_type, read_axis
from gcv_edge.exporters.mxnet.operators.convolution import check_weight
from gcv_edge.exporters.mxnet.registry import converts

MAX_SCALE = 1000
"""MXNet's own limit (``upsampling-inl.h``)."""


@converts("_contrib_BilinearResize2D")
def bilinear_resize(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value | None = None
) -> ir.Value:
    """Resize maps to a given size, by a factor, or to the size of another tensor."""
    mode = attrs.get_str("mode", "size", choices=("size", "like"))
    aligned = attrs.get_bool("align_corners", True)
    scales = [attrs.get_optional_float(key, low=0) for key in ("scale_height", "scale_width")]
    target = attrs.get_int("height", 1, low=1), attrs.get_int("width", 1, low=1)
    size = graph.length(data, 2), graph.length(data, 3)
    if mode == "like":
        if like is None:
            raise attrs.unsupported("mode")
        target = graph.length(like, 2), graph.length(like, 3)
    elif scales[0] is not None and scales[1] is not None:
        target = int(size[0] * scales[0]), int(size[1] * scales[1])
    if min(target) < 1:
        raise attrs.unsupported("scale_height", f"one that leaves something of {size}")
    if target == size:
        return data
    return resize_to(graph, attrs.name, data, target, "align_corners" if aligned else "half_pixel")


def resize_to(
    graph: GraphBuilder, name: str, data: ir.Value, target: tuple[int, int], coordinates: str
) -> ir.Value:
    """Emit a bilinear Resize of maps ``[N, C, h, w]`` to ``target``; the batch may be open."""
    result = graph.op(
        "Resize",
        [data, None, None, full_size(graph, name, data, target)],
        name,
        mode="linear",
        coordinate_transformation_mode=coordinates,
    )
    return graph.declare(result, (*graph.shape(data)[:2], *target))


def full_size(graph: GraphBuilder, name: str, data: ir.Value, target: tuple[int, int]) -> ir.Value:
    """Sizes of all four axes, a constant unless the batch is open."""
    known = [dim for dim in graph.shape(data)[:2] if isinstance(dim, int)]
    if len(known) == 2:
        return graph.constant([*known, *target])
    leading = graph.op("Shape", [data], f"{name}_shape", start=0, end=2)
    return graph.op("Concat", [leading, graph.constant(target)], f"{name}_sizes", axis=0)


@converts("UpSampling")
def upsampling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, *others: ir.Value) -> ir.Value:
    """Nearest upsampling by a factor, or bilinear by a transposed convolution with given weights."""
    kind = attrs.get_str("sample_type", choices=("nearest", "bilinear"))
    scale = attrs.get_int("scale", low=1, high=MAX_SCALE)
    attrs.get_int("num_filter", 0, low=0)
    attrs.get_str("multi_input_mode", "concat", choices=("concat", "sum"))
    if len(others) != (kind == "bilinear"):
        raise attrs.unsupported("num_args")
    if kind == "bilinear":
        return bilinear_upsampling(graph, attrs, data, others[0], scale)
    return repeat_pixels(graph, attrs.name, data, (scale, scale))


def bilinear_upsampling(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, scale: int
) -> ir.Value:
    """Depthwise transposed convolution, as MXNet sets it up (``upsampling.cc``)."""
    kernel = 2 * scale - scale % 2
    channels = graph.length(data, 1)
    check_weight(attrs, "weight", graph.shape(weight), (channels, 1, kernel, kernel))
    return graph.op(
        "ConvTranspose",
        [data, weight],
        attrs.name,
        kernel_shape=(kernel, kernel),
        strides=(scale, scale),
        pads=(scale // 2,) * 4,
        group=channels,
    )


def repeat_pixels(graph: GraphBuilder, name: str, data: ir.Value, factors: tuple[int, int]) -> ir.Value:
    """Repeat each pixel of maps ``[N, C, h, w]`` along height and width."""
    scales = graph.constant(np.array([1, 1, *factors], np.float32))
    result = graph.op(
        "Resize",
        [data, None, scales],
        name,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return graph.declare(result, (*graph.shape(data)[:2], -1, -1))


@converts("repeat")
def repeat(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Repeat each element along an axis, or of all values as one row where ``axis`` is None."""
    count = attrs.get_int("repeats", low=1)
    if attrs.get_optional_int("axis") is None:
        row = graph.op("Reshape", [data, graph.constant([-1])], f"{attrs.name}_row")
        return repeat_elements(graph, attrs, row, 0, count)
    axis = read_axis(graph, attrs, data)
    if is_spatial_axis(graph, data, axis):
        return repeat_pixels(graph, attrs.name, data, (count, 1) if axis == 2 else (1, count))
    return repeat_elements(graph, attrs, data, axis, count)


def is_spatial_axis(graph: GraphBuilder, data: ir.Value, axis: int) -> bool:
    """Tell whether repeating along this axis is nearest upsampling of computed maps."""
    is_maps = len(graph.shape(data)) == 4 and element_type(data) == ir.DataType.FLOAT
    return is_maps and axis >= 2 and data.const_value is None


def repeat_elements(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, axis: int, count: int
) -> ir.Value:
    """Emit a repetition as tiles along an axis of its own, which is merged afterwards."""
    shape = graph.shape(data)
    raised = graph.op("Unsqueeze", [data, graph.constant([axis + 1])], f"{attrs.name}_raised")
    tiles = [count if index == axis + 1 else 1 for index in range(len(shape) + 1)]
    tiled = graph.op("Tile", [raised, graph.constant(tiles)], f"{attrs.name}_tiled")
    behind = [graph.length(data, index) for index in range(axis + 1, len(shape))]
    merged = [0] * axis + [-1] + behind
    result = graph.op("Reshape", [tiled, graph.constant(merged)], attrs.name)
    return graph.declare(result, (*shape[:axis], -1, *behind))
