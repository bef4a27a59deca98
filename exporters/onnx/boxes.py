"""Boxes and scores of detectors, emitted from the forms that they come in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UsageError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.metadata import BOX_FORMATS

Size = tuple[int, int]
"""Height and width of the input."""

STRIDES = (8, 16, 32)
"""Steps of the three grids of YOLO networks, in input pixels."""

GRIDS = (STRIDES, (*STRIDES, 64), (4, *STRIDES), (16, 32))
"""Strides of YOLO networks, of their P6 and P2 networks, and of tiny YOLOv3."""

LISTED = 300
"""Rows that a list of no fixed length is filled up to; no detector lists more of a picture."""


def columns(graph: GraphBuilder, value: ir.Value, begin: int, end: int) -> ir.Value:
    """Emit columns of the last axis; a negative end counts from the last."""
    bounds = [graph.constant([number]) for number in (begin, end, -1)]
    return graph.op("Slice", [value, *bounds], "columns")


def all_columns(graph: GraphBuilder, value: ir.Value, begin: int) -> ir.Value:
    """Emit the columns of the last axis from one on."""
    return columns(graph, value, begin, graph.length(value, -1))


def to_corners(graph: GraphBuilder, boxes: ir.Value, box_format: str) -> ir.Value:
    """Emit corners of boxes ``[..., 4]`` given by centre and size, or by corner and size.

    Raises:
        UsageError: the format is none of BOX_FORMATS.
    """
    if box_format not in BOX_FORMATS:
        raise UsageError(f"box format '{box_format}': expected one of {', '.join(BOX_FORMATS)}")
    if box_format == "xyxy":
        return boxes
    anchor, size = columns(graph, boxes, 0, 2), columns(graph, boxes, 2, 4)
    if box_format == "cxcywh":
        half = graph.op("Mul", [size, graph.constant(0.5)], "half_sizes")
        anchor = graph.op("Sub", [anchor, half], "low_corners")
    return graph.op("Concat", [anchor, graph.op("Add", [anchor, size], "high_corners")], "corners", axis=-1)


def to_pixels(graph: GraphBuilder, boxes: ir.Value, size: Size) -> ir.Value:
    """Scale boxes from parts of the input's size to its pixels."""
    height, width = size
    scale = graph.constant(np.array([width, height, width, height], np.float32), "input_size")
    return graph.op("Mul", [boxes, scale], "boxes_in_pixels")


def swap_axes(graph: GraphBuilder, boxes: ir.Value) -> ir.Value:
    """Turn y, x, y, x into x, y, x, y."""
    return graph.op("Gather", [boxes, graph.constant([1, 0, 3, 2])], "boxes_xyxy", axis=-1)


def rows_last(graph: GraphBuilder, value: ir.Value) -> ir.Value:
    """Turn ``[N, C, A]`` into ``[N, A, C]``."""
    return graph.op("Transpose", [value], "rows", perm=(0, 2, 1))


def weigh_scores(graph: GraphBuilder, rows: ir.Value, begin: int) -> ir.Value:
    """Emit what a box's objectness, in column ``begin``, leaves of its class probabilities behind it."""
    objectness = columns(graph, rows, begin, begin + 1)
    return graph.op("Mul", [all_columns(graph, rows, begin + 1), objectness], "weighed_scores")


def count_cells(size: Size, strides: Sequence[int] = STRIDES) -> int:
    """Count the cells of all grids."""
    height, width = size
    return sum(-(-height // stride) * -(-width // stride) for stride in strides)


def find_grid(rows: int | str, size: Size, anchors: int = 1) -> tuple[int, ...] | None:
    """Find the strides of the grids that have so many rows, some for each cell; None where there are none."""
    return next((strides for strides in GRIDS if rows == anchors * count_cells(size, strides)), None)


def count_anchors(rows: int | str, size: Size) -> int:
    """Return how many rows there are for each cell of YOLO's grids: 1, 3, or 0 for rows of anything else."""
    return next((anchors for anchors in (1, 3) if find_grid(rows, size, anchors) is not None), 0)


def make_grid(
    size: Size, strides: Sequence[int] = STRIDES
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the corner ``[A, 2]`` (x, y) of every cell, in cells, row by row, and its stride ``[A, 1]``."""
    height, width = size
    corners, steps = [], []
    for stride in strides:
        y, x = np.mgrid[: -(-height // stride), : -(-width // stride)]
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        steps.append(np.full((x.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(steps).astype(np.float32)


def place_on_grid(graph: GraphBuilder, rows: ir.Value, size: Size) -> ir.Value:
    """Emit centre and size in pixels of ``[N, A, 4+]`` given in cells, sizes as logarithms.

    Source: decode_outputs of YOLOX (yolox/models/yolo_head.py).
    """
    corners, steps = make_grid(size, find_grid(graph.length(rows, 1), size) or STRIDES)
    stride = graph.constant(steps, "strides")
    centre = graph.op("Add", [columns(graph, rows, 0, 2), graph.constant(corners, "cells")], "centres")
    extent = graph.op("Exp", [columns(graph, rows, 2, 4)], "extents")
    boxes = graph.op("Concat", [centre, extent], "boxes_in_cells", axis=-1)
    return graph.op("Mul", [boxes, stride], "boxes_of_cells")


def spread_scores(graph: GraphBuilder, scores: ir.Value, ids: ir.Value, classes: int, first: int) -> ir.Value:
    """Make a matrix ``[N, K, C]`` of a list's scores ``[N, K]``: each at its own class, 0 elsewhere.

    Args:
        graph: the graph.
        scores: of the list.
        ids: class numbers ``[N, K]``, of any type; what is no class number gives a row of 0.
        classes: how many there are.
        first: number of the first class.
    """
    numbers = graph.constant(np.arange(first, first + classes, dtype=np.float32))
    column = graph.op("Unsqueeze", [as_float(graph, ids), graph.constant([-1])], "list_ids")
    is_own = graph.op("Equal", [column, numbers], "list_is_own")
    weights = as_float(graph, is_own)
    return graph.op(
        "Mul", [weights, graph.op("Unsqueeze", [scores, graph.constant([-1])], "list_scores")], "scores"
    )


def join_list(graph: GraphBuilder, scores: ir.Value, ids: ir.Value) -> ir.Value:
    """Join a list's scores and class numbers ``[N, K]`` to ``[N, K, 2]``."""
    parts = [graph.op("Unsqueeze", [as_float(graph, part), graph.constant([-1])]) for part in (scores, ids)]
    return graph.op("Concat", parts, "list", axis=-1)


def fill_list(graph: GraphBuilder, rows: ir.Value) -> ir.Value:
    """Make ``[1, LISTED, ...]`` of a list of no fixed length ``[K, ...]``: rows of 0 follow."""
    columns = [int(length) for length in graph.shape(rows)[1:]]
    rest = graph.constant(np.zeros((LISTED, *columns), np.float32), "no_detections")
    filled = graph.op("Concat", [as_float(graph, rows), rest], "filled_list", axis=0)
    bounds = [graph.constant([number]) for number in (0, LISTED, 0)]
    cut = graph.declare(graph.op("Slice", [filled, *bounds], "cut_list"), (LISTED, *columns))
    return graph.op("Unsqueeze", [cut, graph.constant([0])], "list_of_picture")


def as_float(graph: GraphBuilder, value: ir.Value) -> ir.Value:
    """Emit float32 of any numbers."""
    if value.dtype == ir.DataType.FLOAT:
        return value
    return graph.op("Cast", [value], "float32", to=int(ir.DataType.FLOAT))
