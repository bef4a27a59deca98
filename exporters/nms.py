"""Non-maximum suppression inside an ONNX graph, with GluonCV's meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.metadata import DetectionSettings

LOWEST = float(np.finfo(np.float32).min)
"""Score of what is not a candidate."""

PAIRS_LIMIT = 1 << 22
"""Up to this many pairs of candidates, equal scores are put in order by comparing each with each."""


@dataclass(frozen=True)
class Candidates:
    """The best entries (box, class) of each picture.

    Attributes:
        boxes: ``[N, K, 4]``.
        scores: ``[N, K]``.
        class_ids: ``[N, K]``, int64.
        keys: ``[N, K]``, from K for the first down to 1, or -1: unlike scores, no two are equal.
    """

    boxes: ir.Value
    scores: ir.Value
    class_ids: ir.Value
    keys: ir.Value


def emit_nms(
    graph: GraphBuilder, boxes: ir.Value, scores: ir.Value, settings: DetectionSettings
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Select from ``boxes [N, A, 4]`` or ``[N, A, C, 4]``, and ``scores [N, A, C]``, as ``box_nms`` does.

    The best ``nms_topk`` of all classes together take part; a box suppresses lower ones of its own class.
    Of equal scores that of the lower class, then of the lower box is first, as in MXNet, which sorts rows
    listed class by class (ONNX operators sort stably in some runtimes only).

    Returns:
        ids ``[N, D, 1]``, scores ``[N, D, 1]``, boxes ``[N, D, 4]``, best first; what is left is -1.
    """
    if settings.topk_per_class:
        return select_per_class(graph, boxes, scores, settings)
    candidates = find_candidates(graph, boxes, scores, settings)
    keys = candidates.keys
    if 0 < settings.iou_threshold < 1:
        classes = graph.length(scores, 2)
        keys = masked(graph, keys, suppression_mask(graph, candidates, classes, settings), -1.0)
    count = graph.constant([limit(settings.post_nms, graph.length(keys, 1))])
    final, order = graph.multi("TopK", [keys, count], 2, "nms_kept", axis=1)
    is_kept = column(graph, over(graph, final, 0.0))
    ids = graph.op("Cast", [candidates.class_ids], "nms_ids", to=int(ir.DataType.FLOAT))
    rows = (
        column(graph, graph.op("GatherElements", [ids, order], "nms_kept_ids", axis=1)),
        column(graph, graph.op("GatherElements", [candidates.scores, order], "nms_kept_scores", axis=1)),
        gather_rows(graph, candidates.boxes, order),
    )
    kept_ids, kept_scores, kept_boxes = (masked(graph, row, is_kept, -1.0) for row in rows)
    return kept_ids, kept_scores, kept_boxes


def select_per_class(
    graph: GraphBuilder, boxes: ir.Value, scores: ir.Value, settings: DetectionSettings
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Select from ``boxes [1, A, C, 4]`` class by class, as if each were a picture, and list all together."""
    classes = graph.length(scores, 2)
    own_boxes = graph.op("Squeeze", [by_class(graph, boxes), graph.constant([0])], "nms_pictures")
    own_scores = graph.op("Transpose", [scores], "nms_scores_of_class", perm=(2, 1, 0))
    alone = replace(settings, topk_per_class=False, class_agnostic=True)
    ids, found, rows = emit_nms(graph, own_boxes, own_scores, alone)
    numbers = graph.constant(np.arange(classes, dtype=np.float32).reshape(-1, 1, 1))
    ids = graph.op("Where", [over(graph, ids, -0.5), numbers, ids], "nms_ids")
    count = classes * graph.length(found, 1)
    ids, found, rows = (
        graph.op("Reshape", [part, graph.constant([1, count, width])], "nms_all")
        for part, width in ((ids, 1), (found, 1), (rows, 4))
    )
    flat = graph.op("Squeeze", [found, graph.constant([2])], "nms_all_scores")
    wanted = graph.constant([limit(settings.post_nms, count)])
    _, order = graph.multi("TopK", [flat, wanted], 2, "nms_listed", axis=1)
    ids, found, rows = (gather_rows(graph, part, order) for part in (ids, found, rows))
    return ids, found, rows


def by_class(graph: GraphBuilder, boxes: ir.Value) -> ir.Value:
    """Turn ``[N, A, C, 4]`` into ``[N, C, A, 4]``."""
    return graph.op("Transpose", [boxes], "nms_boxes_by_class", perm=(0, 2, 1, 3))


def find_candidates(
    graph: GraphBuilder, boxes: ir.Value, scores: ir.Value, settings: DetectionSettings
) -> Candidates:
    """Take the best entries over the score threshold, of all classes together."""
    if isinstance(graph.dim(scores, 1), str):
        boxes, scores = with_spare_rows(graph, boxes, scores, settings.nms_topk)
    anchors, classes = graph.dim(scores, 1), graph.length(scores, 2)
    entries = -1 if isinstance(anchors, str) else anchors * classes
    count = settings.nms_topk if entries < 0 else limit(settings.nms_topk, entries)
    listed = graph.op("Transpose", [scores], "nms_by_class", perm=(0, 2, 1))
    flat = graph.op("Reshape", [listed, graph.constant([0, entries])], "nms_flat")
    is_valid = over(graph, flat, settings.confidence_threshold)
    valid = masked(graph, flat, is_valid, LOWEST)
    best, index = (
        graph.declare(part, (graph.dim(scores, 0), count))
        for part in graph.multi("TopK", [valid, graph.constant([count])], 2, "nms_candidates", axis=1)
    )
    per_class = row_number(graph, scores)
    if len(graph.shape(boxes)) == 4:
        rows = graph.constant([0, entries, 4])
        listed_boxes = graph.op("Reshape", [by_class(graph, boxes), rows], "nms_flat_boxes")
        chosen = gather_rows(graph, listed_boxes, index)
    else:
        chosen = gather_rows(graph, boxes, graph.op("Mod", [index, per_class], "nms_anchor_ids"))
    return Candidates(
        boxes=chosen,
        scores=best,
        class_ids=graph.op("Div", [index, per_class], "nms_class_ids"),
        keys=order_keys(graph, best, index, settings),
    )


def with_spare_rows(
    graph: GraphBuilder, boxes: ir.Value, scores: ir.Value, spare: int
) -> tuple[ir.Value, ir.Value]:
    """Add rows that are no candidates where the number of rows is open, so that there are always enough.

    Raises:
        UnsupportedError: all rows take part: their number must be known.
    """
    if spare < 0:
        graph.length(scores, 1)
    pads = graph.constant([0, 0, 0, 0, spare, 0])
    padded = graph.op("Pad", [boxes, pads, graph.constant(0.0)], "nms_enough_boxes")
    return padded, graph.op("Pad", [scores, pads, graph.constant(LOWEST)], "nms_enough_scores")


def row_number(graph: GraphBuilder, scores: ir.Value) -> ir.Value:
    """Return A of ``[N, A, C]``, a constant unless it is open."""
    rows = graph.dim(scores, 1)
    if isinstance(rows, int):
        return graph.constant(np.asarray(rows, np.int64))
    return graph.op("Shape", [scores], "nms_row_number", start=1, end=2)


def order_keys(
    graph: GraphBuilder, scores: ir.Value, index: ir.Value, settings: DetectionSettings
) -> ir.Value:
    """Number sorted candidates downwards, equal scores by their index; -1 for what is no candidate."""
    count = graph.length(scores, 1)
    keys = graph.constant(np.arange(count, 0, -1, dtype=np.float32)[None])
    pictures = graph.shape(scores)[0]
    if count**2 * (pictures if isinstance(pictures, int) else 1) <= PAIRS_LIMIT:
        is_tie_ahead = graph.op(
            "And",
            [compared(graph, "Equal", scores), compared(graph, "Less", index)],
            "nms_ties",
        )
        is_ahead = graph.op("Or", [compared(graph, "Greater", scores), is_tie_ahead], "nms_ahead")
        ahead = graph.op("Cast", [is_ahead], "nms_ahead_counts", to=int(ir.DataType.FLOAT))
        rank = graph.op("ReduceSum", [ahead, graph.constant([2])], "nms_rank", keepdims=0)
        keys = graph.op("Sub", [graph.constant(float(count)), rank], "nms_keys")
    return masked(graph, keys, over(graph, scores, settings.confidence_threshold), -1.0)


def compared(graph: GraphBuilder, onnx_op: str, values: ir.Value) -> ir.Value:
    """Compare each of ``[N, K]`` with each: element ``[n, i, j]`` tells whether j stands so to i."""
    others = graph.op("Unsqueeze", [values, graph.constant([1])], "nms_others")
    return graph.op(onnx_op, [others, column(graph, values)], "nms_pairs")


def suppression_mask(
    graph: GraphBuilder, candidates: Candidates, classes: int, settings: DetectionSettings
) -> ir.Value:
    """Tell which candidates ``[N, K]`` survive, each with a score in its own class alone.

    ONNX's operator limits what is KEPT per class, so the candidates are cut before it; of one class no more
    can be listed than of all. Overlaps over the
    threshold count; OpenVINO suppresses equal ones too, hence the next number.
    """
    above = np.nextafter(np.float32(settings.iou_threshold), np.float32(1))
    keys = graph.op("Unsqueeze", [candidates.keys, graph.constant([1])], "nms_all_classes")
    if not settings.class_agnostic:
        ids = graph.op("Unsqueeze", [candidates.class_ids, graph.constant([1])], "nms_id_row")
        every_class = graph.constant(np.arange(classes).reshape(1, -1, 1))
        keys = masked(graph, keys, graph.op("Equal", [ids, every_class], "nms_own_class"), -1.0)
    limits = (
        graph.constant([limit(settings.post_nms, graph.length(keys, 2))]),
        graph.constant(np.array([above], np.float32)),
        graph.constant(np.array([0.5], np.float32)),
    )
    selected = graph.op("NonMaxSuppression", [candidates.boxes, keys, *limits], "nms_selected")
    return marked(graph, candidates.keys, graph.op("Gather", [selected, graph.constant([0, 2])], axis=1))


def marked(graph: GraphBuilder, like: ir.Value, positions: ir.Value) -> ir.Value:
    """Make a mask ``[N, K]`` that is true at the positions ``[M, 2]``."""
    count = graph.op("Gather", [graph.op("Shape", [positions]), graph.constant([0])], "nms_count")
    ones = graph.op("Expand", [graph.constant(1.0), count], "nms_ones")
    nothing = graph.op("Mul", [like, graph.constant(0.0)], "nms_nothing")
    return over(graph, graph.op("ScatterND", [nothing, positions, ones], "nms_marks"), 0.5)


def limit(wanted: int, available: int) -> int:
    """Resolve a limit of which a negative value means none."""
    return available if wanted < 0 else min(wanted, available)


def over(graph: GraphBuilder, values: ir.Value, threshold: float) -> ir.Value:
    """Tell which values are over a threshold."""
    return graph.op("Greater", [values, graph.constant(float(threshold))], "nms_over")


def masked(graph: GraphBuilder, values: ir.Value, mask: ir.Value, other: float) -> ir.Value:
    """Put another number where a mask is false."""
    return graph.op("Where", [mask, values, graph.constant(other)], "nms_masked")


def column(graph: GraphBuilder, values: ir.Value) -> ir.Value:
    """Add a last axis of length 1."""
    return graph.op("Unsqueeze", [values, graph.constant([-1])], "nms_column")


def gather_rows(graph: GraphBuilder, rows: ir.Value, index: ir.Value) -> ir.Value:
    """Rows ``[N, A, ...]`` by an index ``[N, K]`` within each picture."""
    return graph.op("GatherND", [rows, column(graph, index)], "nms_rows", batch_dims=1)
