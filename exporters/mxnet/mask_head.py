"""The head of Mask R-CNN: masks of the detections that Faster R-CNN's head selects.

GluonCV pools the best ``rcnn_max_dets`` rows again, those that mean nothing included, and lists the mask of
each row's class (gluoncv/model_zoo/rcnn/mask_rcnn/mask_rcnn.py). Found is the branch between rows and masks.
"""

from __future__ import annotations

from dataclasses import replace

from gcv_edge.exporters.mxnet.detection_head import DetectionHead, MaskBranch
from gcv_edge.exporters.mxnet.region_head import find_selection
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.mxnet.symbol_walk import SymbolReader


def find_mask_head(reader: SymbolReader) -> DetectionHead | None:
    """Recognise the head: ids, scores and boxes gathered from a selection, and masks of these."""
    if len(reader.symbol.heads) != 4:
        return None
    *listed, masks = reader.symbol.heads
    gathered = [reader.chain(head, "Reshape") for head in listed]
    rows = [reader.chain(entry, "gather_nd") if entry is not None else None for entry in gathered]
    head = find_selection(reader, [row for row in rows if row is not None])
    logits = reader.chain(masks, "sigmoid", "Reshape", "gather_nd", "Reshape")
    regions = find_regions(reader, listed[2])
    if head is None or logits is None or regions is None or gathered[0] is None:
        return None
    settings = replace(head.settings, post_nms=count_rows(reader, gathered[0]))
    return replace(head, settings=settings, masks=MaskBranch(regions, logits))


def find_regions(reader: SymbolReader, boxes: NodeEntry) -> NodeEntry | None:
    """Return the rows concat(batch index, reshape(boxes))."""
    for index, node in enumerate(reader.symbol.nodes):
        if node.op == "Concat" and len(node.inputs) == 2 and reader.chain(node.inputs[1], "Reshape") == boxes:
            return NodeEntry(index, 0)
    return None


def count_rows(reader: SymbolReader, gathered: NodeEntry) -> int:
    """Return how many of the rows, sorted by score, are listed: the end of a slice of their order."""
    _, index = reader.node(gathered).inputs
    rows = reader.node(index).inputs[1] if reader.is_op(index, "stack") else index
    order = reader.slice_of(reader.behind(rows, "Reshape"))
    return order.end if order is not None and order.end is not None else -1
