"""Non-maximum suppression inside an ONNX graph, with GluonCV's meaning."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.metadata import DetectionSettings


def emit_nms(
    graph: GraphBuilder, boxes: ir.Value, scores: ir.Value, settings: DetectionSettings
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Select from ``boxes [N, A, 4]`` and ``scores [N, A, C]`` as MXNet's ``box_nms`` does.

    The best ``nms_topk`` of all classes together take part; a box suppresses lower ones of its own class.
    ONNX's operator limits what is KEPT per class, so the candidates are cut before it.

    Returns:
        ids ``[N, D, 1]``, scores ``[N, D, 1]``, boxes ``[N, D, 4]``, best first; what is left is -1.
    """
    anchors, classes = (int(dim) for dim in graph.shape(scores)[1:])
    count = limit(settings.nms_topk, anchors * classes)
    by_class = graph.op("Transpose", [scores], "nms_by_class", perm=(0, 2, 1))
    flat = graph.op("Reshape", [by_class, graph.constant([0, -1])], "nms_flat")
    valid = masked(graph, flat, over(graph, flat, settings.confidence_threshold))
    best, index = graph.multi("TopK", [valid, graph.constant([count])], 2, "nms_candidates", axis=1)
    class_ids = graph.op("Div", [index, graph.constant(np.asarray(anchors, np.int64))], "nms_class_ids")
    anchor_ids = graph.op("Mod", [index, graph.constant(np.asarray(anchors, np.int64))], "nms_anchor_ids")
    candidates = gather_rows(graph, boxes, anchor_ids)
    kept = keep_mask(graph, candidates, best, class_ids, classes, settings)
    final, order = graph.multi(
        "TopK",
        [masked(graph, best, kept), graph.constant([limit(settings.post_nms, count)])],
        2,
        "nms_kept",
        axis=1,
    )
    ids = graph.op("Cast", [class_ids], "nms_ids", to=int(ir.DataType.FLOAT))
    ids = graph.op("GatherElements", [ids, order], "nms_kept_ids", axis=1)
    is_real = column(graph, over(graph, final, settings.confidence_threshold))
    rows = (column(graph, ids), column(graph, final), gather_rows(graph, candidates, order))
    ids, final, selected = (
        graph.op("Where", [is_real, row, graph.constant(-1.0)], "nms_rows") for row in rows
    )
    return ids, final, selected


def limit(wanted: int, available: int) -> int:
    """Resolve a limit of which a negative value means none."""
    return available if wanted < 0 else min(wanted, available)


def over(graph: GraphBuilder, values: ir.Value, threshold: float) -> ir.Value:
    """Tell which values are over a threshold."""
    return graph.op("Greater", [values, graph.constant(float(threshold))], "nms_over")


def masked(graph: GraphBuilder, values: ir.Value, mask: ir.Value) -> ir.Value:
    """Put -1 where a mask is false."""
    return graph.op("Where", [mask, values, graph.constant(-1.0)], "nms_masked")


def column(graph: GraphBuilder, values: ir.Value) -> ir.Value:
    """Add a last axis of length 1."""
    return graph.op("Unsqueeze", [values, graph.constant([-1])], "nms_column")


def gather_rows(graph: GraphBuilder, rows: ir.Value, index: ir.Value) -> ir.Value:
    """Rows ``[N, A, 4]`` by an index ``[N, K]`` within each picture."""
    return graph.op("GatherND", [rows, column(graph, index)], "nms_rows", batch_dims=1)


def keep_mask(
    graph: GraphBuilder,
    boxes: ir.Value,
    scores: ir.Value,
    class_ids: ir.Value,
    classes: int,
    settings: DetectionSettings,
) -> ir.Value:
    """Tell which candidates ``[N, K]`` survive, each scored in its own class alone."""
    if not 0 < settings.iou_threshold < 1:
        return over(graph, scores, settings.confidence_threshold)
    per_class = graph.op("Unsqueeze", [scores, graph.constant([1])], "nms_all_classes")
    if not settings.class_agnostic:
        ids = graph.op("Unsqueeze", [class_ids, graph.constant([1])], "nms_id_row")
        own = graph.op("Equal", [ids, graph.constant(np.arange(classes).reshape(1, -1, 1))], "nms_own_class")
        per_class = masked(graph, per_class, own)
    selected = graph.op(
        "NonMaxSuppression",
        [
            boxes,
            per_class,
            graph.constant([graph.shape(scores)[1]]),  # type: ignore[list-item]
            graph.constant(np.array([settings.iou_threshold], np.float32)),
            graph.constant(np.array([settings.confidence_threshold], np.float32)),
        ],
        "nms_selected",
    )
    where = graph.op("Gather", [selected, graph.constant([0, 2])], "nms_where", axis=1)
    ones = graph.op(
        "Expand",
        [
            graph.constant(1.0),
            graph.op("Slice", [graph.op("Shape", [where]), *(graph.constant(bound) for bound in ([0], [1]))]),
        ],
        "nms_ones",
    )
    nothing = graph.op("Mul", [scores, graph.constant(0.0)], "nms_nothing")
    marks = graph.op("ScatterND", [nothing, where, ones], "nms_marks")
    return graph.op("Greater", [marks, graph.constant(0.5)], "nms_kept_mask")
