"""Spatial transformers: grids of places, and maps sampled there."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

KINDS = ("affine", "warp")


@converts("BilinearSampler")
def bilinear_sampler(graph: GraphBuilder, attrs: Attributes, data: ir.Value, grid: ir.Value) -> ir.Value:
    """Sample maps at places ``[N, 2, h, w]``: (x, y) from -1 to 1, the centres of the corner pixels."""
    return sample(graph, attrs.name, data, grid)


def sample(graph: GraphBuilder, name: str, data: ir.Value, grid: ir.Value) -> ir.Value:
    """Emit the sampling; what lies outside counts as 0."""
    points = graph.op("Transpose", [grid], f"{name}_points", perm=(0, 2, 3, 1))
    result = graph.op(
        "GridSample", [data, points], name, mode="bilinear", padding_mode="zeros", align_corners=1
    )
    return graph.declare(result, (*graph.shape(data)[:2], *graph.shape(grid)[2:]))


@converts("GridGenerator")
def grid_generator(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Places ``[N, 2, h, w]`` by an affine map ``[N, 6]`` of a regular grid, or by a flow in pixels."""
    kind = attrs.get_str("transform_type", choices=KINDS)
    target = attrs.get_int_tuple("target_shape", (0, 0))
    if kind == "affine":
        return affine_grid(graph, attrs, data, target)
    return warped_grid(graph, attrs, data)


@converts("SpatialTransformer")
def spatial_transformer(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, location: ir.Value
) -> ir.Value:
    """Maps sampled on a regular grid after an affine map ``[N, 6]``."""
    attrs.get_str("transform_type", choices=("affine",))
    attrs.get_str("sampler_type", choices=("bilinear",))
    grid = affine_grid(graph, attrs, location, attrs.get_int_tuple("target_shape", (0, 0)))
    return sample(graph, f"{attrs.name}_sampled", data, grid)


def affine_grid(graph: GraphBuilder, attrs: Attributes, data: ir.Value, target: tuple[int, ...]) -> ir.Value:
    """Emit the product of matrices ``[N, 2, 3]`` and the places (x, y, 1) of a regular grid."""
    if len(target) != 2 or min(target) < 2:
        raise attrs.unsupported("target_shape", "two numbers from 2 on")
    name = attrs.name
    graph.reserve(3, *target)
    matrices = graph.op("Reshape", [data, graph.constant([-1, 2, 3])], f"{name}_matrices")
    moved = graph.op("MatMul", [matrices, graph.constant(regular_grid(*target))], f"{name}_moved")
    grid = graph.op("Reshape", [moved, graph.constant([-1, 2, *target])], name)
    return graph.declare(grid, (graph.shape(data)[0], 2, *target))


def regular_grid(height: int, width: int) -> NDArray[np.float32]:
    """Rows x, y and 1 of all pixels ``[3, h * w]``, from -1 to 1."""
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    places = [x * 2.0 / (width - 1) - 1, y * 2.0 / (height - 1) - 1, np.ones(height * width)]
    return np.asarray(places, np.float32)


def warped_grid(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Emit pixel places moved by a flow ``[N, 2, h, w]``, scaled to -1 .. 1."""
    height, width = graph.length(data, 2), graph.length(data, 3)
    graph.reserve(2, height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    halves = np.array([(width - 1) / 2, (height - 1) / 2], np.float32).reshape(1, 2, 1, 1)
    moved = graph.op("Add", [data, graph.constant(np.stack([x, y])[None])], f"{attrs.name}_moved")
    scaled = graph.op("Div", [moved, graph.constant(halves)], f"{attrs.name}_scaled")
    return graph.op("Sub", [scaled, graph.constant(1.0)], attrs.name)
