"""Instance segmentation: the selection stays in the graph, for masks are computed of what it keeps."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.detection_head import MaskBranch
from gcv_edge.exporters.nms import emit_nms, over
from gcv_edge.metadata import DetectionSettings

KEPT = "D"
"""Name of the open dimension: detections that a picture has, or 1 where it has none."""


def emit_instances(
    graph: GraphBuilder,
    converter: SymbolConverter,
    branch: MaskBranch,
    boxes: ir.Value,
    scores: ir.Value,
    settings: DetectionSettings,
) -> dict[str, ir.Value]:
    """Select detections, and convert the branch for those alone.

    Returns:
        ``ids [1, D, 1]``, ``scores [1, D, 1]``, ``boxes [1, D, 4]`` and ``masks [1, D, h, w]``, the
        probability of the detection's own class; a single row of -1 where nothing is found.
    """
    rows = emit_nms(graph, boxes, scores, settings)
    end = count_kept(graph, rows[1])
    ids, found, corners = (leading_rows(graph, part, end) for part in rows)
    flat = graph.op("Squeeze", [corners, graph.constant([0])], "instances_flat")
    regions = graph.op("Pad", [flat, graph.constant([0, 1, 0, 0]), graph.constant(0.0)], "instances_regions")
    converter.give(branch.regions, graph.declare(regions, (KEPT, 5)))
    logits = converter.values([branch.logits])[0]
    masks = graph.op("Sigmoid", [own_class(graph, logits, ids)], "instances_masks")
    masks = graph.op("Unsqueeze", [masks, graph.constant([0])], "masks")
    return {"ids": ids, "scores": found, "boxes": corners, "masks": masks}


def count_kept(graph: GraphBuilder, scores: ir.Value) -> ir.Value:
    """Count the rows that are detections, at least 1 so that no tensor is empty."""
    real = graph.op("Cast", [over(graph, scores, 0.0)], "instances_real", to=int(ir.DataType.INT64))
    count = graph.op("ReduceSum", [real, graph.constant([0, 1, 2])], "instances_count", keepdims=0)
    count = graph.op("Reshape", [count, graph.constant([1])], "instances_row_count")
    return graph.op("Max", [count, graph.constant([1])], "instances_rows")


def leading_rows(graph: GraphBuilder, rows: ir.Value, end: ir.Value) -> ir.Value:
    """Cut ``[1, R, width]`` off after the detections, which come first."""
    cut = graph.op("Slice", [rows, graph.constant([0]), end, graph.constant([1])], "instances_kept")
    return graph.declare(cut, (1, KEPT, graph.length(rows, 2)))


def own_class(graph: GraphBuilder, logits: ir.Value, ids: ir.Value) -> ir.Value:
    """Take from ``[D, C, h, w]`` the map of each row's class; of the first where it has none."""
    index = graph.op("Relu", [graph.op("Squeeze", [ids, graph.constant([0])], "instances_ids")])
    index = graph.op("Cast", [index], "instances_classes", to=int(ir.DataType.INT64))
    return graph.op("GatherND", [logits, index], "instances_own_class", batch_dims=1)
