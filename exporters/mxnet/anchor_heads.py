"""The heads of SSD and YOLOv3.

Both list every box once per class as rows (class id, score, x1, y1, x2, y2), and run ``box_nms`` over the
rows (gluoncv/model_zoo/ssd/ssd.py, gluoncv/model_zoo/yolo/yolo3.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.detection_head import NMS, DetectionHead, read_nms, rows_behind
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor, SymbolReader
from gcv_edge.metadata import DetectionSettings

Pair = tuple[NodeEntry, NodeEntry]
"""Boxes and their class scores."""

BY_SIZE = Resizing("standard", "by_size")
"""Source: gluoncv/data/transforms/presets/ssd.py, yolo.py."""


def find_anchor_head(reader: SymbolReader) -> DetectionHead | None:
    """Recognise the head of SSD or YOLOv3."""
    rows = rows_behind(reader, reader.symbol.heads)
    if rows is None:
        return None
    listed, settings = read_selection(reader, rows)
    pieces = reader.joined(listed, axis=1)
    scales = [yolo_scale(reader, piece) for piece in pieces]
    editor = SymbolEditor(reader.symbol)
    if None not in scales:
        found: Pair | None = join_scales(editor, [scale for scale in scales if scale is not None])
    else:
        found = ssd_boxes(reader, pieces)
    return None if found is None else DetectionHead(editor.symbol(), *found, settings, BY_SIZE, any_size=True)


def read_selection(reader: SymbolReader, rows: NodeEntry) -> tuple[NodeEntry, DetectionSettings]:
    """Read ``post_nms`` and the attributes of ``box_nms``; without either, all is kept."""
    limit = reader.slice_of(rows)
    post_nms = -1
    if limit is not None and limit.axis == 1 and limit.begin == 0 and limit.end is not None:
        rows, post_nms = limit.data, limit.end
    node = reader.node(rows)
    if node.op != NMS:
        return rows, DetectionSettings(iou_threshold=0.0, nms_topk=-1, post_nms=post_nms)
    return node.inputs[0], read_nms(Attributes(node), post_nms)


def yolo_scale(reader: SymbolReader, piece: NodeEntry) -> Pair | None:
    """Match one scale: reshape(transpose(concat(ids, expand(transpose(scores)), tile(boxes)))).

    Both are ``[N, positions, anchors, ...]``.
    """
    columns = reader.chain(piece, "Reshape", "transpose")
    triple = reader.joined(columns, axis=-1) if columns is not None else ()
    if len(triple) != 3:
        return None
    scores = reader.chain(triple[1], "expand_dims", "transpose")
    boxes = reader.chain(triple[2], "tile")
    return None if scores is None or boxes is None else (boxes, scores)


def join_scales(editor: SymbolEditor, scales: Sequence[Pair]) -> Pair:
    """Merge positions and anchors of each scale, and join the scales."""
    boxes, scores = (
        [editor.add("Reshape", pair[side], shape=(0, -3, 0)) for pair in scales] for side in (0, 1)
    )
    count = len(scales)
    return editor.add("Concat", *boxes, dim=1, num_args=count), editor.add(
        "Concat", *scores, dim=1, num_args=count
    )


def ssd_boxes(reader: SymbolReader, pieces: Sequence[NodeEntry]) -> Pair | None:
    """Match per-class rows: concat(slice(ids, c), slice(where(mask, scores, 0), c), boxes) for each c."""
    found = set()
    for index, piece in enumerate(pieces):
        triple = reader.joined(piece, axis=-1)
        column = reader.slice_of(triple[1]) if len(triple) == 3 else None
        if column is None or (column.begin, column.end) != (index, index + 1):
            return None
        masked = reader.node(column.data)
        if masked.op != "where" or len(masked.inputs) != 3:
            return None
        found.add((triple[2], masked.inputs[1]))
    return found.pop() if len(found) == 1 else None
