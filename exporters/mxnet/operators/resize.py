"""Bilinear and nearest resizing, repeat."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts


@converts("_contrib_BilinearResize2D")
def bilinear_resize(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value | None = None
) -> ir.Value:
    """Resize maps to a given size, by a factor, or to the size of another tensor."""
    mode = attrs.get_str("mode", "size", choices=("size", "like"))
    aligned = attrs.get_bool("align_corners", True)
    height, width = (int(size) for size in graph.shape(data)[2:])
    scales = attrs.get_optional_float("scale_height"), attrs.get_optional_float("scale_width")
    target = attrs.get_int("height", 1), attrs.get_int("width", 1)
    if mode == "like":
        if like is None:
            raise attrs.unsupported("mode")
        target = int(graph.shape(like)[2]), int(graph.shape(like)[3])
    elif scales[0] is not None and scales[1] is not None:
        target = int(height * scales[0]), int(width * scales[1])
    if target == (height, width):
        return data
    return resize_to(graph, attrs.name, data, target, "align_corners" if aligned else "half_pixel")


def resize_to(
    graph: GraphBuilder, name: str, data: ir.Value, target: tuple[int, int], coordinates: str
) -> ir.Value:
    """Emit a bilinear Resize of maps ``[N, C, h, w]`` to ``target``; the batch may be open."""
    height, width = graph.shape(data)[2:]
    if isinstance(graph.shape(data)[0], int):
        sizes = graph.constant([*graph.shape(data)[:2], *target])  # type: ignore[list-item]
        inputs = [data, None, None, sizes]
    else:
        scales = np.array([1, 1, target[0] / int(height), target[1] / int(width)], np.float32)
        inputs = [data, None, graph.constant(scales)]
    return graph.op(
        "Resize", inputs, name, mode="linear", coordinate_transformation_mode=coordinates
    )


@converts("UpSampling")
def upsampling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, *others: ir.Value) -> ir.Value:
    """Nearest upsampling by a factor, or bilinear by a transposed convolution with given weights."""
    kind = attrs.get_str("sample_type", choices=("nearest", "bilinear"))
    scale = attrs.get_int("scale")
    attrs.get_int("num_filter", 0)
    attrs.get_str("multi_input_mode", "concat", choices=("concat", "sum"))
    if kind == "bilinear":
        return bilinear_upsampling(graph, attrs, data, others[0], scale)
    if others:
        raise attrs.unsupported("num_args")
    return repeat_pixels(graph, attrs.name, data, (scale, scale))


def bilinear_upsampling(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, scale: int
) -> ir.Value:
    """Depthwise transposed convolution, as MXNet sets it up: kernel ``2s - s % 2``, pad ``(s - 1) / 2`` up."""
    kernel = 2 * scale - scale % 2
    pad = -(-(scale - 1) // 2)
    return graph.op(
        "ConvTranspose",
        [data, weight],
        attrs.name,
        kernel_shape=(kernel, kernel),
        strides=(scale, scale),
        pads=(pad,) * 4,
        group=int(graph.shape(data)[1]),
    )


def repeat_pixels(graph: GraphBuilder, name: str, data: ir.Value, factors: tuple[int, int]) -> ir.Value:
    """Repeat each pixel of maps ``[N, C, h, w]`` along height and width."""
    scales = graph.constant(np.array([1, 1, *factors], np.float32))
    return graph.op(
        "Resize",
        [data, None, scales],
        name,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


@converts("repeat")
def repeat(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Repeat each element along an axis; along a map's height or width that is nearest upsampling."""
    count = attrs.get_int("repeats")
    axis = attrs.get_optional_int("axis")
    shape = graph.shape(data)
    if axis is None:
        raise attrs.unsupported("axis")
    axis %= len(shape)
    if len(shape) == 4 and axis >= 2 and data.const_value is None:
        return repeat_pixels(graph, attrs.name, data, (count, 1) if axis == 2 else (1, count))
    raised = graph.op("Unsqueeze", [data, graph.constant([axis + 1])], f"{attrs.name}_raised")
    tiles = [1] * (len(shape) + 1)
    tiles[axis + 1] = count
    tiled = graph.op("Tile", [raised, graph.constant(tiles)], f"{attrs.name}_tiled")
    merged = [0] * (axis + 1) + list(shape[axis + 1 :])
    merged[axis] = -1
    return graph.op("Reshape", [tiled, graph.constant(merged)], attrs.name)  # type: ignore[arg-type]
