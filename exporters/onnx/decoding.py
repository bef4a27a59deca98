"""What each family of detectors gives, decoded in the graph to canonical boxes and scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.onnx import boxes as emit
from gcv_edge.exporters.onnx.outputs import Outputs

Pair = tuple[ir.Value, ir.Value]
"""Boxes ``[N, A, 4]``, corners in input pixels, and scores ``[N, A, C]``."""

Listed = tuple[ir.Value, ir.Value, ir.Value]
"""Boxes ``[N, K, 4]``, corners in input pixels, scores ``[N, K]`` and class numbers ``[N, K]``."""


def finish_boxes(graph: GraphBuilder, boxes: ir.Value, outputs: Outputs, box_format: str) -> ir.Value:
    """Emit corners in pixels; in parts of the input's size where the user says so."""
    corners = emit.to_corners(graph, boxes, box_format)
    return emit.to_pixels(graph, corners, outputs.size) if outputs.adoption.normalized else corners


def emit_boxes_and_scores(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Boxes ``[N, A, 4]`` in the format that the user says, scores ``[N, A, C]``, and an objectness or none.

    Raises:
        UnsupportedError: the shapes do not fit each other.
    """
    boxes, scores, *objectness = values
    if len(graph.shape(boxes)) == 4:
        boxes = graph.op("Squeeze", [boxes, graph.constant([2])], "boxes_of_rows")
    if graph.shape(boxes)[-1] != 4 or graph.shape(scores)[1] != graph.shape(boxes)[1]:
        raise UnsupportedError(
            f"{outputs.source}: found boxes {list(graph.shape(boxes))} and scores "
            f"{list(graph.shape(scores))}, expected [N, A, 4] and [N, A, C]"
        )
    for weight in objectness:
        is_flat = len(graph.shape(weight)) == 2
        column = graph.op("Unsqueeze", [weight, graph.constant([-1])], "objectness") if is_flat else weight
        scores = graph.op("Mul", [scores, column], "weighed_scores")
    corners = finish_boxes(graph, boxes, outputs, outputs.adoption.box_format or "xyxy")
    return corners, class_scores(graph, scores, outputs)


def class_scores(graph: GraphBuilder, scores: ir.Value, outputs: Outputs) -> ir.Value:
    """Leave out the background's score where the user says which it is."""
    bounds = {"first": (1, graph.length(scores, -1)), "last": (0, -1)}.get(outputs.adoption.background or "")
    return emit.columns(graph, scores, *bounds) if bounds is not None else scores


def emit_columns(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Centre, size and class probabilities in each column. Source: Detect of Ultralytics YOLOv8 and later."""
    return emit_rows_without_objectness(graph, [emit.rows_last(graph, values[0])], outputs)


def emit_rows_without_objectness(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Rows ``[N, A, 4 + C]`` of centre, size and class probabilities."""
    boxes = emit.columns(graph, values[0], 0, 4)
    corners = finish_boxes(graph, boxes, outputs, outputs.adoption.box_format or "cxcywh")
    return corners, class_scores(graph, emit.all_columns(graph, values[0], 4), outputs)


def emit_yolov5(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Centre, size, objectness and class probabilities in each row. Source: Detect of YOLOv5."""
    boxes = emit.columns(graph, values[0], 0, 4)
    corners = finish_boxes(graph, boxes, outputs, outputs.adoption.box_format or "cxcywh")
    return corners, emit.weigh_scores(graph, values[0], 4)


def emit_columns_of_objectness(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """As YOLOv5, in columns."""
    return emit_yolov5(graph, [emit.rows_last(graph, values[0])], outputs)


def emit_yolox_raw(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """As YOLOv5, with boxes in cells of their grids and sizes as logarithms."""
    placed = emit.place_on_grid(graph, values[0], outputs.size)
    return emit.to_corners(graph, placed, "cxcywh"), emit.weigh_scores(graph, values[0], 4)


def emit_listed_rows(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Rows of corners, score and class. Source: Ultralytics with nms=True, YOLOv10, YOLO26."""
    boxes = emit.columns(graph, values[0], 0, 4)
    corners = finish_boxes(graph, boxes, outputs, outputs.adoption.box_format or "xyxy")
    return (corners, *last_columns(graph, values[0]))


def emit_rtdetr_list(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Rows of centre and size in parts of the input's size, score and class. Source: Ultralytics RT-DETR."""
    boxes = emit.to_corners(graph, emit.columns(graph, values[0], 0, 4), "cxcywh")
    return (emit.to_pixels(graph, boxes, outputs.size), *last_columns(graph, values[0]))


def last_columns(graph: GraphBuilder, rows: ir.Value) -> Pair:
    """Emit scores and class numbers of rows that end in these."""
    scores, ids = (squeeze(graph, emit.columns(graph, rows, at, at + 1)) for at in (4, 5))
    return scores, ids


def emit_detr(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Boxes in parts of the input's size and logits of a softmax, the last of which stands for nothing.

    Each query has one class: the others' scores are 0. Source: PostProcess of DETR.
    """
    boxes, logits = values
    probabilities = graph.op("Softmax", [logits], "probabilities", axis=-1)
    scores = emit.columns(graph, probabilities, 0, -1)
    best = graph.op("ReduceMax", [scores, graph.constant([-1])], "best_scores", keepdims=1)
    is_best = graph.op("Equal", [scores, best], "is_best")
    kept = graph.op("Where", [is_best, scores, graph.constant(0.0)], "scores_of_best")
    return emit.to_pixels(graph, emit.to_corners(graph, boxes, "cxcywh"), outputs.size), kept


def emit_rtdetr(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Boxes in parts of the input's size and a logit for each class. Source: RT-DETR, Deformable DETR."""
    boxes, logits = values
    corners = emit.to_pixels(graph, emit.to_corners(graph, boxes, "cxcywh"), outputs.size)
    return corners, graph.op("Sigmoid", [logits], "scores")


def emit_rtdetr_rows(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Centre and size in parts of the input's size, and probabilities. Source: Ultralytics RT-DETR."""
    boxes = emit.to_corners(graph, emit.columns(graph, values[0], 0, 4), "cxcywh")
    return emit.to_pixels(graph, boxes, outputs.size), emit.all_columns(graph, values[0], 4)


def emit_torchvision(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Lists of one picture. Source: torchvision.models.detection."""
    boxes, scores, ids = (emit.fill_list(graph, value) for value in values)
    return finish_boxes(graph, boxes, outputs, "xyxy"), scores, ids


def emit_paddle(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Rows of class, score and corners. Source: multiclass_nms of PaddleDetection."""
    rows = emit.fill_list(graph, values[0])
    ids, scores = (squeeze(graph, emit.columns(graph, rows, at, at + 1)) for at in (0, 1))
    return finish_boxes(graph, emit.columns(graph, rows, 2, 6), outputs, "xyxy"), scores, ids


def emit_mmdet(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Rows of corners and score, and class numbers. Source: end-to-end exports of MMDeploy."""
    rows, ids = values
    scores = squeeze(graph, emit.columns(graph, rows, 4, 5))
    return finish_boxes(graph, emit.columns(graph, rows, 0, 4), outputs, "xyxy"), scores, ids


def emit_lists(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Corners, scores and class numbers. Source: RT-DETR's own export, MMDeploy, many others."""
    boxes, scores, ids = values
    return finish_boxes(graph, boxes, outputs, outputs.adoption.box_format or "xyxy"), scores, ids


def emit_tensorflow(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Listed:
    """Corners y, x, y, x in parts of the input's size. Source: TensorFlow's Object Detection API."""
    boxes, scores, ids = values
    return emit.to_pixels(graph, emit.swap_axes(graph, boxes), outputs.size), scores, ids


def emit_fastestdet(graph: GraphBuilder, values: Sequence[ir.Value], outputs: Outputs) -> Pair:
    """Objectness, offset, size and class probabilities of every cell.

    The centre is off its cell's corner by a hyperbolic tangent, sizes are sigmoids, and a score is
    ``objectness ** 0.6 * probability ** 0.4``. Source: handle_preds of FastestDet.
    """
    _, width, rows, cols = (int(dim) for dim in graph.shape(values[0]))
    flat = graph.op("Reshape", [values[0], graph.constant([0, width, rows * cols])], "cells_in_a_row")
    cells = emit.rows_last(graph, flat)
    corners = graph.constant(emit.make_grid((rows, cols), (1,))[0], "cells")
    offset = graph.op("Tanh", [emit.columns(graph, cells, 1, 3)], "offsets")
    grid = graph.constant(np.array([cols, rows], np.float32), "grid")
    centre = graph.op("Div", [graph.op("Add", [offset, corners], "centres_in_cells"), grid], "centres")
    extent = graph.op("Sigmoid", [emit.columns(graph, cells, 3, 5)], "extents")
    boxes = graph.op("Concat", [centre, extent], "boxes_of_cells", axis=-1)
    objectness = graph.op("Pow", [emit.columns(graph, cells, 0, 1), graph.constant(0.6)], "objectness")
    classes = graph.op("Pow", [emit.all_columns(graph, cells, 5), graph.constant(0.4)], "class_scores")
    pixels = emit.to_pixels(graph, emit.to_corners(graph, boxes, "cxcywh"), outputs.size)
    return pixels, graph.op("Mul", [objectness, classes], "scores")


def squeeze(graph: GraphBuilder, value: ir.Value) -> ir.Value:
    """Drop a last axis of length 1."""
    return graph.op("Squeeze", [value, graph.constant([-1])], "list_column")
