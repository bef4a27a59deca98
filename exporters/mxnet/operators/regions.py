"""Operators of two-stage detectors: suppression of proposals, and pooling of the maps below them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW, check_divides
from gcv_edge.exporters.mxnet.operators.indexing import TO_THE_END, slice_between
from gcv_edge.exporters.mxnet.registry import converts
from gcv_edge.exporters.mxnet.row_limits import ROW_LIMIT
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.metadata import DetectionSettings

PROPOSAL_WIDTH = 5
MAX_SAMPLES = 1024
"""Of a cell of ``ROIAlign``, along each axis."""


@converts("_contrib_box_nms")
def box_nms(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Suppression over rows (score, x1, y1, x2, y2) ``[N, A, 5]``: those kept, then rows of -1.

    The rows of a detector's classes are not converted: its head is recognised, and selects elsewhere.
    """
    settings = read_suppression(attrs)
    is_score_first = check_columns(graph, attrs, data)
    score = slice_between(graph, data, 2, 0 if is_score_first else 4, 1 if is_score_first else 5)
    boxes = slice_between(graph, data, 2, int(is_score_first), 4 + int(is_score_first))
    _, scores, kept = emit_nms(graph, boxes, score, settings)
    columns = [scores, kept] if is_score_first else [kept, scores]
    rows = graph.op("Concat", columns, attrs.name, axis=2)
    missing = row_count(graph, attrs, data) - graph.length(rows, 1)
    if not missing:
        return rows
    pads = graph.constant([0, 0, 0, 0, missing, 0])
    return graph.op("Pad", [rows, pads, graph.constant(-1.0)], f"{attrs.name}_rows", mode="constant")


def read_suppression(attrs: Attributes) -> DetectionSettings:
    """Read thresholds and limits; a threshold of 1 or more suppresses nothing."""
    overlap = attrs.get_float("overlap_thresh", 0.5)
    if overlap <= 0:
        raise attrs.unsupported("overlap_thresh")
    for key in ("in_format", "out_format"):
        attrs.get_str(key, "corner", choices=("corner",))
    attrs.get_bool("force_suppress", False)
    attrs.get_int("background_id", -1)
    return DetectionSettings(
        confidence_threshold=attrs.get_float("valid_thresh", 0.0),
        iou_threshold=overlap,
        nms_topk=attrs.get_int("topk", -1),
        post_nms=attrs.get_int(ROW_LIMIT, -1),
        class_agnostic=True,
    )


def check_columns(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> bool:
    """Tell whether the score is the first column (else the last).

    Raises:
        UnsupportedError: there are other columns, class ids among them.
    """
    if attrs.get_int("id_index", -1) != -1:
        raise attrs.unsupported("id_index")
    columns = attrs.get_int("score_index", 1), attrs.get_int("coord_start", 2)
    if columns not in ((0, 1), (4, 0)):
        raise attrs.unsupported("coord_start" if columns[0] in (0, 4) else "score_index")
    if len(graph.shape(data)) != 3 or graph.length(data, 2) != PROPOSAL_WIDTH:
        raise attrs.unsupported("score_index")
    return columns == (0, 1)


def row_count(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> int:
    """Return how many rows are read; where their number is open, MXNet wants at least as many as it reads."""
    limit = attrs.get_int(ROW_LIMIT, -1)
    if limit >= 0 and isinstance(graph.dim(data, 1), str):
        return limit
    rows = graph.length(data, 1)
    return rows if limit < 0 else min(rows, limit)


@converts("_contrib_ROIAlign")
def roi_align(graph: GraphBuilder, attrs: Attributes, data: ir.Value, rois: ir.Value) -> ir.Value:
    """Average of bilinear samples in each cell of regions ``[R, 5]`` (batch index, corners).

    A negative batch index gives zeros: pyramids mark so the regions of other levels.
    """
    height, width = attrs.get_int_tuple("pooled_size", low=1, high=MAX_WINDOW, length=2)
    name = attrs.name
    index = slice_between(graph, rois, 1, 0, 1, f"{name}_column")
    is_real = graph.op("GreaterOrEqual", [index, graph.constant(0.0)], f"{name}_real")
    flat = graph.op("Squeeze", [index, graph.constant([1])], f"{name}_index")
    whole = graph.op("Cast", [graph.op("Relu", [flat], f"{name}_picture")], to=int(ir.DataType.INT64))
    pooled = graph.op(
        "RoiAlign",
        [data, slice_between(graph, rois, 1, 1, TO_THE_END, f"{name}_corners"), whole],
        f"{name}_pooled",
        output_height=height,
        output_width=width,
        sampling_ratio=max(attrs.get_int("sample_ratio", -1, high=MAX_SAMPLES), 0),
        spatial_scale=attrs.get_float("spatial_scale", low=0, high=1),
        mode="avg",
        coordinate_transformation_mode="half_pixel"
        if attrs.get_bool("aligned", False)
        else "output_half_pixel",
    )
    if attrs.get_bool("position_sensitive", False):
        pooled = own_cells(graph, attrs, pooled, (height, width))
    kept = graph.op("Cast", [is_real], f"{name}_kept", to=int(ir.DataType.FLOAT))
    kept = graph.op("Unsqueeze", [kept, graph.constant([2, 3])], f"{name}_mask")
    return graph.op("Mul", [pooled, kept], name)


def own_cells(graph: GraphBuilder, attrs: Attributes, pooled: ir.Value, size: tuple[int, int]) -> ir.Value:
    """Keep of ``[R, C * h * w, h, w]`` the cell that each channel is for: ``[R, C, h, w]``."""
    name, cells = attrs.name, size[0] * size[1]
    channels = graph.length(pooled, 1)
    check_divides(attrs, "pooled_size", channels, cells)
    graph.reserve(cells, cells)
    pairs = graph.op(
        "Reshape", [pooled, graph.constant([-1, channels // cells, cells, cells])], f"{name}_pairs"
    )
    own = graph.op("Mul", [pairs, graph.constant(np.eye(cells, dtype=np.float32))], f"{name}_own")
    chosen = graph.op("ReduceSum", [own, graph.constant([3])], f"{name}_chosen", keepdims=0)
    return graph.op("Reshape", [chosen, graph.constant([-1, channels // cells, *size])], f"{name}_cells")


@converts("ROIPooling")
def roi_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, rois: ir.Value) -> ir.Value:
    """Largest value in each cell of regions ``[R, 5]`` (batch index, corners), rounded to whole positions."""
    return graph.op(
        "MaxRoiPool",
        [data, rois],
        attrs.name,
        pooled_shape=attrs.get_int_tuple("pooled_size", low=1, high=MAX_WINDOW, length=2),
        spatial_scale=attrs.get_float("spatial_scale", low=0, high=1),
    )
