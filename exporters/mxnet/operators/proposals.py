"""Proposal and MultiProposal: boxes of a region proposal network, as MXNet's own R-CNN example uses them.

A box has its last pixel inside, so that its width is ``x2 - x1 + 1`` (src/operator/contrib/proposal.cc).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW
from gcv_edge.exporters.mxnet.operators.indexing import TO_THE_END, slice_between
from gcv_edge.exporters.mxnet.registry import converts
from gcv_edge.exporters.nms import emit_nms, gather_rows, over
from gcv_edge.metadata import DetectionSettings

LAST_PIXEL = np.array([0, 0, 1, 1], np.float32)
"""What turns the corners into bounds between which all pixels lie."""

LEAST_SHAPE = 1e-6
"""Of the scale of an anchor and of its height to its width: it is divided by."""

REJECTED = -1.0
"""Score that MXNet gives boxes outside the picture or too small; they come last, but are not left out."""


@dataclass(frozen=True)
class AnchorGrid:
    """The anchors of all positions of a map, in the order row, column, shape.

    Attributes:
        boxes: corners ``[1, h * w * A, 4]``.
        rows, columns: position of each ``[1, h * w * A]``.
    """

    boxes: NDArray[np.float32]
    rows: NDArray[np.float32]
    columns: NDArray[np.float32]


@converts("_contrib_Proposal", "_contrib_MultiProposal")
def proposal(
    graph: GraphBuilder, attrs: Attributes, scores: ir.Value, deltas: ir.Value, sizes: ir.Value
) -> tuple[ir.Value, ...]:
    """Best boxes of each picture ``[N * post_nms, 5]`` (picture, corners); too few are repeated.

    Takes ``scores [N, 2 A, h, w]`` (background first), ``deltas [N, 4 A, h, w]`` and each picture's height,
    width and scale ``[N, 3]``.
    """
    name, stride = attrs.name, attrs.get_int("feature_stride", 16, low=1, high=MAX_WINDOW)
    shapes = base_anchors(attrs, stride)
    height, width = graph.length(scores, 2), graph.length(scores, 3)
    graph.reserve(height, width, len(shapes), 6)
    grid = spread_anchors(shapes, height, width, stride)
    boxes = clipped(graph, name, moved(graph, attrs, deltas, grid), sizes)
    ranks = by_position(graph, f"{name}_scores", slice_between(graph, scores, 1, len(shapes), TO_THE_END), 1)
    is_bad = outside(graph, name, grid, sizes, stride)
    smallest = graph.op(
        "Mul", [column(graph, sizes, 2), graph.constant(attrs.get_float("rpn_min_size", 16.0, low=0))]
    )
    boxes, is_small = widened(graph, name, boxes, smallest)
    is_bad = graph.op("Or", [is_bad, is_small], f"{name}_bad")
    ranks = graph.op("Where", [spread(graph, is_bad), rejected(graph, boxes), ranks], f"{name}_ranks")
    return listed(graph, attrs, boxes, ranks)


def base_anchors(attrs: Attributes, stride: int) -> NDArray[np.float64]:
    """Corners ``[A, 4]`` of the anchors of the first position, a ratio after the other."""
    scales = attrs.get_float_tuple("scales", (4.0, 8.0, 16.0, 32.0), low=LEAST_SHAPE)
    ratios = attrs.get_float_tuple("ratios", (0.5, 1.0, 2.0), low=LEAST_SHAPE)
    if not scales or not ratios:
        raise attrs.unsupported("ratios" if scales else "scales", "a number or more")
    center, anchors = (stride - 1) / 2, []
    for ratio in ratios:
        width = math.floor(math.sqrt(math.floor(stride * stride / ratio)) + 0.5)
        height = math.floor(width * ratio + 0.5)
        halves = np.array([width, height])
        anchors += [(halves * scale - 1) / 2 for scale in scales]
    sizes = np.array(anchors)
    return np.concatenate([center - sizes, center + sizes], axis=1)


def spread_anchors(shapes: NDArray[np.float64], height: int, width: int, stride: int) -> AnchorGrid:
    """Repeat the anchors at every position."""
    rows, columns = (axis.reshape(-1, 1) for axis in np.mgrid[:height, :width])
    shifts = np.concatenate([columns, rows, columns, rows], axis=1) * stride
    boxes = (shifts[:, None] + shapes[None]).reshape(1, -1, 4).astype(np.float32)
    places = [np.repeat(axis, len(shapes)).astype(np.float32)[None] for axis in (rows, columns)]
    return AnchorGrid(boxes, *places)


def by_position(graph: GraphBuilder, name: str, maps: ir.Value, width: int) -> ir.Value:
    """Turn maps ``[N, A * width, h, w]`` into ``[N, h * w * A, width]``."""
    last = graph.op("Transpose", [maps], f"{name}_last", perm=(0, 2, 3, 1))
    return graph.op("Reshape", [last, graph.constant([0, -1, width])], name)


def moved(graph: GraphBuilder, attrs: Attributes, deltas: ir.Value, grid: AnchorGrid) -> ir.Value:
    """Apply what the network predicts to the anchors: ``[N, h * w * A, 4]``."""
    name = attrs.name
    change = by_position(graph, f"{name}_deltas", deltas, 4)
    if attrs.get_bool("iou_loss", False):
        return graph.op("Add", [change, graph.constant(grid.boxes)], f"{name}_moved")
    sizes = grid.boxes[..., 2:] - grid.boxes[..., :2] + 1
    centers = grid.boxes[..., :2] + (sizes - 1) / 2
    shift = graph.op("Mul", [slice_between(graph, change, 2, 0, 2), graph.constant(sizes)], f"{name}_shift")
    middle = graph.op("Add", [shift, graph.constant(centers)], f"{name}_middle")
    growth = graph.op("Exp", [slice_between(graph, change, 2, 2, 4)], f"{name}_growth")
    whole = graph.op("Mul", [growth, graph.constant(sizes)], f"{name}_sizes")
    reach = graph.op("Sub", [whole, graph.constant(1.0)], f"{name}_spans")
    reach = graph.op("Mul", [reach, graph.constant(0.5)], f"{name}_reach")
    corners = [graph.op(op, [middle, reach], f"{name}_corners") for op in ("Sub", "Add")]
    return graph.op("Concat", corners, f"{name}_moved", axis=2)


def clipped(graph: GraphBuilder, name: str, boxes: ir.Value, sizes: ir.Value) -> ir.Value:
    """Move corners outside the picture to its edges."""
    ends = graph.op("Gather", [sizes, graph.constant([1, 0, 1, 0])], f"{name}_ends", axis=1)
    ends = graph.op("Sub", [ends, graph.constant(1.0)], f"{name}_last")
    limits = graph.op("Unsqueeze", [ends, graph.constant([1])], f"{name}_limits")
    inside = graph.op("Min", [boxes, limits], f"{name}_inside")
    return graph.op("Max", [inside, graph.constant(0.0)], f"{name}_clipped")


def column(graph: GraphBuilder, sizes: ir.Value, index: int) -> ir.Value:
    """One number of each picture ``[N, 1]``."""
    return slice_between(graph, sizes, 1, index, index + 1)


def spread(graph: GraphBuilder, values: ir.Value) -> ir.Value:
    """Add a last axis."""
    return graph.op("Unsqueeze", [values, graph.constant([2])], "column")


def outside(graph: GraphBuilder, name: str, grid: AnchorGrid, sizes: ir.Value, stride: int) -> ir.Value:
    """Tell which positions ``[N, h * w * A]`` are of padding alone."""
    found = []
    for index, places in enumerate((grid.rows, grid.columns)):
        cells = graph.op("Div", [column(graph, sizes, index), graph.constant(float(stride))], f"{name}_cells")
        count = graph.op("Floor", [cells], f"{name}_count")
        found.append(graph.op("GreaterOrEqual", [graph.constant(places), count], f"{name}_beyond"))
    return graph.op("Or", found, f"{name}_outside")


def widened(graph: GraphBuilder, name: str, boxes: ir.Value, smallest: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Enlarge boxes under the least size, on all sides, and tell which these are ``[N, h * w * A]``."""
    low, high = slice_between(graph, boxes, 2, 0, 2), slice_between(graph, boxes, 2, 2, 4)
    spans = graph.op("Sub", [high, low], f"{name}_widths")
    spans = graph.op("Add", [spans, graph.constant(1.0)], f"{name}_extents")
    least = graph.op("ReduceMin", [spans, graph.constant([2])], f"{name}_least", keepdims=0)
    is_small = graph.op("Less", [least, smallest], f"{name}_small")
    sides = graph.constant(np.array([-0.5, -0.5, 0.5, 0.5], np.float32))
    growth = graph.op("Mul", [spread(graph, smallest), sides], f"{name}_widening")
    wide = graph.op("Add", [boxes, growth], f"{name}_wide")
    return graph.op("Where", [spread(graph, is_small), wide, boxes], f"{name}_boxes"), is_small


def rejected(graph: GraphBuilder, boxes: ir.Value) -> ir.Value:
    """Scores for what comes last ``[1, h * w * A, 1]``: unlike each other, so that their order is settled."""
    count = graph.length(boxes, 1)
    return graph.constant(np.linspace(REJECTED, REJECTED - 1, count, dtype=np.float32).reshape(1, -1, 1))


def listed(graph: GraphBuilder, attrs: Attributes, boxes: ir.Value, ranks: ir.Value) -> tuple[ir.Value, ...]:
    """Suppress, and fill what is missing with the first again."""
    name, wanted = attrs.name, attrs.get_int("rpn_post_nms_top_n", 300, low=1)
    graph.reserve(wanted)
    bounds = graph.op("Add", [boxes, graph.constant(LAST_PIXEL)], f"{name}_bounds")
    ids, scores, kept = emit_nms(graph, bounds, ranks, read_selection(attrs, wanted))
    is_row = graph.op("Cast", [over(graph, ids, -0.5)], f"{name}_rows", to=int(ir.DataType.INT64))
    count = graph.op("ReduceSum", [is_row, graph.constant([1])], f"{name}_kept", keepdims=0)
    turns = graph.op("Mod", [graph.constant(np.arange(wanted)[None]), count], f"{name}_turns")
    corners = graph.op("Sub", [gather_rows(graph, kept, turns), graph.constant(LAST_PIXEL)], f"{name}_kept")
    rows = graph.op("Concat", [pictures(graph, name, corners), corners], f"{name}_listed", axis=2)
    outputs = [graph.op("Reshape", [rows, graph.constant([-1, 5])], name)]
    if attrs.get_bool("output_score", False):
        best = graph.op("Max", [gather_rows(graph, scores, turns), graph.constant(REJECTED)], f"{name}_best")
        outputs.append(graph.op("Reshape", [best, graph.constant([-1, 1])], f"{name}_score"))
    return tuple(outputs)


def read_selection(attrs: Attributes, wanted: int) -> DetectionSettings:
    """Read thresholds and limits; every score counts."""
    overlap, before = attrs.get_float("threshold", 0.7), attrs.get_int("rpn_pre_nms_top_n", 6000)
    if overlap <= 0:
        raise attrs.unsupported("threshold")
    return DetectionSettings(
        confidence_threshold=2 * REJECTED - 1,
        iou_threshold=overlap,
        nms_topk=before if before > 0 else -1,
        post_nms=wanted,
        class_agnostic=True,
    )


def pictures(graph: GraphBuilder, name: str, rows: ir.Value) -> ir.Value:
    """Number of each row's picture ``[N, R, 1]``, for any N."""
    nothing = graph.op("Mul", [slice_between(graph, rows, 2, 0, 1), graph.constant(0.0)], f"{name}_zeros")
    ones = graph.op("Add", [nothing, graph.constant(1.0)], f"{name}_ones")
    axis = graph.constant(np.asarray(0, np.int64))
    return graph.op("CumSum", [ones, axis], f"{name}_pictures", exclusive=1)
