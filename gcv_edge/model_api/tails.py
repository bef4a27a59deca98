"""What wrappers of OpenVINO Model API want behind a network's canonical outputs: an ONNX graph of its own."""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder, Shape
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.metadata import ModelMetadata
from gcv_edge.tasks import DETECTION, GRAPH_NMS_OUTPUTS, SEGMENTATION

OF_NETWORK = "network "
"""Begins the names of a tail's inputs: its outputs may be called as the network's."""

ROW_LENGTH = 5
"""Numbers of a box and its score. Model API knows boxes by this last length, which labels must not have."""


def make_tail(metadata: ModelMetadata, shapes: Mapping[str, Shape]) -> ir.Model | None:
    """Make a graph from a network's outputs to those of the wrapper; None where they are the same.

    Args:
        metadata: the file's.
        shapes: of the outputs, by name.

    Detections become ``boxes [1, D, 5]`` (x1, y1, x2, y2 in input pixels, score; best first, -1 in empty
    rows) and ``labels [1, D]``; the masks of instances stay. The logits of a segmentation become
    probabilities.
    """
    graph = GraphBuilder("wrapper")
    if metadata.task is SEGMENTATION:
        logits = read_output(graph, "logits", shapes)
        return graph.model({"probabilities": graph.op("Softmax", [logits], axis=1)})
    settings = metadata.detection
    if settings is None:
        return None
    suppresses = metadata.task is DETECTION and settings.nms == "runtime"
    names = DETECTION.outputs if suppresses else GRAPH_NMS_OUTPUTS
    inputs = {name: read_output(graph, name, shapes) for name in names}
    if suppresses:
        return graph.model(list_detections(graph, *emit_nms(graph, **inputs, settings=settings)))
    return graph.model(list_detections(graph, **inputs))


def read_output(graph: GraphBuilder, name: str, shapes: Mapping[str, Shape]) -> ir.Value:
    """Declare an input for an output of the network."""
    return graph.input(OF_NETWORK + name, shapes[name])


def list_detections(
    graph: GraphBuilder, ids: ir.Value, scores: ir.Value, boxes: ir.Value
) -> dict[str, ir.Value]:
    """Put scores behind boxes, and make integers of class numbers."""
    if graph.dim(ids, 1) == ROW_LENGTH:
        ids, scores, boxes = (with_empty_row(graph, rows) for rows in (ids, scores, boxes))
    flat = graph.op("Squeeze", [ids, graph.constant([2])], "flat_labels")
    return {
        "boxes": graph.op("Concat", [boxes, scores], "boxes_and_scores", axis=2),
        "labels": graph.op("Cast", [flat], "whole_labels", to=int(ir.DataType.INT64)),
    }


def with_empty_row(graph: GraphBuilder, rows: ir.Value) -> ir.Value:
    """Add a row of -1 to ``[1, D, width]``."""
    return graph.op("Pad", [rows, graph.constant([0, 0, 0, 0, 1, 0]), graph.constant(-1.0)], "one_more")
