"""The head of Faster R-CNN: every proposal has a score and a box of its own for each class.

GluonCV selects class by class (gluoncv/model_zoo/rcnn/faster_rcnn/faster_rcnn.py): the batch axis of its
``box_nms`` counts the classes, so that ``nms_topk`` holds for each. With ``force_nms`` all classes are one
list. Its networks are written for a batch of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.mxnet.detection_head import NMS, DetectionHead, read_nms, rows_behind
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor, SymbolReader

IN_PROPORTION = Resizing("fit_to_window", "bilinear")
"""Source: gluoncv/data/transforms/presets/rcnn.py."""


def find_region_head(reader: SymbolReader) -> DetectionHead | None:
    """Recognise the head of Faster R-CNN."""
    return find_selection(reader, reader.symbol.heads)


def find_selection(reader: SymbolReader, heads: Sequence[NodeEntry]) -> DetectionHead | None:
    """Match slices of stack(reshape(box_nms(concat(ids, scores, boxes))))."""
    rows = rows_behind(reader, heads)
    selected = reader.chain(rows, "stack", "Reshape") if rows is not None else None
    if selected is None or not reader.is_op(selected, NMS):
        return None
    listed = reader.node(selected).inputs[0]
    by_class = reader.behind(listed, "Reshape")
    triple = reader.joined(by_class, axis=-1)
    masked = reader.chain(triple[1], "SliceChannel", "Reshape", "transpose") if len(triple) == 3 else None
    if masked is None or not reader.is_op(masked, "where"):
        return None
    truth, scores, _ = reader.node(masked).inputs
    settings = read_nms(reader.attrs(selected), -1)
    threshold = reader.attrs(truth).get_float("scalar") if reader.is_op(truth, "_greater_scalar") else 0.0
    settings = replace(
        settings,
        confidence_threshold=max(threshold, settings.confidence_threshold),
        topk_per_class=listed == by_class,
    )
    editor = SymbolEditor(reader.symbol)
    boxes = add_boxes(editor, triple[2])
    return DetectionHead(editor.symbol(), boxes, scores, settings, IN_PROPORTION, one_by_one=True)


def add_boxes(editor: SymbolEditor, by_class: NodeEntry) -> NodeEntry:
    """Bring boxes ``[C, A, 4]`` of the one picture into ``[1, A, C, 4]``."""
    by_proposal = editor.add("transpose", by_class, axes=(1, 0, 2))
    return editor.add("expand_dims", by_proposal, axis=0)
