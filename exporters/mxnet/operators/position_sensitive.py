"""Position-sensitive pooling (R-FCN): each cell of a region has channels of its own."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW
from gcv_edge.exporters.mxnet.operators.convolution import check_weight
from gcv_edge.exporters.mxnet.operators.functions import round_to_nearest
from gcv_edge.exporters.mxnet.operators.indexing import slice_between
from gcv_edge.exporters.mxnet.registry import converts

LEAST_SIZE = 0.1
"""Regions are at least so large, in cells of the maps (src/operator/contrib/psroi_pooling.cc)."""


@converts("_contrib_PSROIPooling")
def position_sensitive_pooling(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, regions: ir.Value
) -> ir.Value:
    """Average of each cell of regions ``[R, 5]`` over whole positions, by a product with two 0/1 matrices.

    OpenVINO divides by multiplying with the reciprocal: where the edge of a cell is a whole number but for
    rounding (1 of 300 cells, 7 a side), it takes a row or column more or less.
    """
    bins = attrs.get_int("pooled_size", low=1, high=MAX_WINDOW)
    groups = attrs.get_int("group_size", 0, low=0) or bins
    channels, name = attrs.get_int("output_dim", low=1), attrs.name
    check_weight(attrs, "data", graph.shape(data)[1:2], (channels * groups * groups,))
    cells = own_channels(graph, attrs, data, (channels, groups, bins))
    scale = attrs.get_float("spatial_scale", low=0, high=1)
    rows, columns = (
        memberships(graph, f"{name}_{axis}", regions, axis, bins, graph.length(data, axis), scale)
        for axis in (2, 3)
    )
    across = summed_over_columns(graph, name, cells, columns)
    down = graph.op("Unsqueeze", [rows, graph.constant([0, 1, 2])], f"{name}_down")
    weighed = graph.op("Mul", [across, down], f"{name}_weighed")
    sums = graph.op("ReduceSum", [weighed, graph.constant([4])], f"{name}_sums", keepdims=0)
    chosen = graph.op("Mul", [sums, own_picture(graph, attrs, data, regions)], f"{name}_chosen")
    pooled = graph.op("ReduceSum", [chosen, graph.constant([1])], f"{name}_pooled", keepdims=0)
    return graph.op("Transpose", [pooled], name, perm=(3, 1, 2, 0))


def own_channels(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, counts: tuple[int, int, int]
) -> ir.Value:
    """Channels of each cell ``[columns, N, C, rows, H, W]`` from maps ``[N, C * G * G, H, W]``."""
    channels, groups, bins = counts
    batch, _, height, width = (graph.length(data, axis) for axis in range(4))
    shape = graph.constant([batch, channels, groups, groups, height, width])
    cells = graph.op("Reshape", [data, shape], f"{attrs.name}_groups")
    if groups != bins:
        nearest = graph.constant((np.arange(bins) * groups // bins).tolist())
        for axis in (2, 3):
            cells = graph.op("Gather", [cells, nearest], f"{attrs.name}_cells", axis=axis)
    return graph.op("Transpose", [cells], f"{attrs.name}_by_column", perm=(3, 0, 1, 2, 4, 5))


def memberships(
    graph: GraphBuilder, name: str, regions: ir.Value, axis: int, bins: int, length: int, scale: float
) -> ir.Value:
    """Weights of the positions of an axis in each cell, which sum to 1: ``[cells, positions, R]``."""
    first = 1 if axis == 3 else 2
    factor = graph.constant(scale)
    begin, end = (
        round_to_nearest(graph, f"{name}_corner", slice_between(graph, regions, 1, index, index + 1))
        for index in (first, first + 2)
    )
    end = graph.op("Add", [end, graph.constant(1.0)], f"{name}_behind")
    begin, end = (graph.op("Mul", [corner, factor], f"{name}_scaled") for corner in (begin, end))
    size = graph.op("Max", [graph.op("Sub", [end, begin]), graph.constant(LEAST_SIZE)], f"{name}_size")
    cell = graph.op("Div", [size, graph.constant(float(bins))], f"{name}_cell")
    steps = graph.constant(np.arange(bins + 1, dtype=np.float32)[None])
    edges = cell_edges(graph, name, graph.op("Mul", [steps, cell], f"{name}_steps"), begin)
    low = graph.op("Floor", [slice_between(graph, edges, 0, 0, bins)], f"{name}_low")
    high = graph.op("Ceil", [slice_between(graph, edges, 0, 1, bins + 1)], f"{name}_high")
    inside = between(graph, name, low, high, length)
    count = graph.op("ReduceSum", [inside, graph.constant([1])], f"{name}_count", keepdims=1)
    return graph.op("Div", [inside, graph.op("Max", [count, graph.constant(1.0)])], f"{name}_weights")


def cell_edges(graph: GraphBuilder, name: str, steps: ir.Value, begin: ir.Value) -> ir.Value:
    """Add the beginnings ``[R, 1]`` to steps ``[R, cells + 1]``: ``[cells + 1, R]``.

    The transposition keeps OpenVINO from adding without rounding in between, which MXNet does.
    """
    across = [graph.op("Transpose", [part], f"{name}_across", perm=(1, 0)) for part in (steps, begin)]
    return graph.op("Add", across, f"{name}_edges")


def between(graph: GraphBuilder, name: str, low: ir.Value, high: ir.Value, length: int) -> ir.Value:
    """Return 1 for positions from ``low`` on and under ``high`` ``[cells, R]``: ``[cells, positions, R]``."""
    places = graph.constant(np.arange(length, dtype=np.float32).reshape(1, -1, 1))
    low, high = (graph.op("Unsqueeze", [end, graph.constant([1])]) for end in (low, high))
    over = graph.op("GreaterOrEqual", [places, low], f"{name}_over")
    under = graph.op("Less", [places, high], f"{name}_under")
    both = graph.op("And", [over, under], f"{name}_between")
    return graph.op("Cast", [both], f"{name}_inside", to=int(ir.DataType.FLOAT))


def summed_over_columns(graph: GraphBuilder, name: str, cells: ir.Value, columns: ir.Value) -> ir.Value:
    """Sum each row of the maps over a cell's columns: ``[columns, N, C, rows, H, R]``."""
    shape = [graph.length(cells, axis) for axis in range(6)]
    flat = graph.op("Reshape", [cells, graph.constant([shape[0], -1, shape[5]])], f"{name}_rows")
    sums = graph.op("MatMul", [flat, columns], f"{name}_across")
    return graph.op("Reshape", [sums, graph.constant([*shape[:5], -1])], f"{name}_by_row")


def own_picture(graph: GraphBuilder, attrs: Attributes, data: ir.Value, regions: ir.Value) -> ir.Value:
    """Return 1 where a region is of a picture, else 0: ``[1, N, 1, 1, R]``."""
    numbers = graph.constant(np.arange(graph.length(data, 0), dtype=np.float32)[:, None])
    index = graph.op("Transpose", [slice_between(graph, regions, 1, 0, 1)], perm=(1, 0))
    is_own = graph.op("Equal", [index, numbers], f"{attrs.name}_own")
    own = graph.op("Cast", [is_own], f"{attrs.name}_pictures", to=int(ir.DataType.FLOAT))
    return graph.op("Unsqueeze", [own, graph.constant([0, 2, 3])], f"{attrs.name}_by_picture")
