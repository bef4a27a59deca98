"""Recognising GluonCV's SSD and YOLOv3 heads in a symbol, whatever the base network or class number.

Both heads list every box once per class as rows (class id, score, x1, y1, x2, y2), and run ``box_nms`` over
the rows (gluoncv/model_zoo/ssd/ssd.py, gluoncv/model_zoo/yolo/yolo3.py). Found here are the tensors from
before that expansion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Entry, Node, Symbol
from gcv_edge.metadata import DetectionSettings

NMS = "_contrib_box_nms"


@dataclass(frozen=True)
class BoxesAndScores:
    """Boxes ``[N, ..., 4]`` and their class scores ``[N, ..., C]``, the same dimensions between."""

    boxes: Entry
    scores: Entry


@dataclass(frozen=True)
class DetectionHead:
    """What a detector computes before it expands boxes by classes, and how it selects among them."""

    parts: tuple[BoxesAndScores, ...]
    settings: DetectionSettings


def find_detection_head(symbol: Symbol) -> DetectionHead | None:
    """Recognise a one-stage detector; None where the symbol has neither its rows nor a ``box_nms``.

    Raises:
        UnsupportedError: there is a ``box_nms``, but not in a form known here.
    """
    reader = SymbolReader(symbol)
    rows = reader.rows_behind_heads()
    nms = next((node for node in symbol.nodes if node.op == NMS), None)
    if rows is None:
        if nms is not None:
            raise UnsupportedError(f"{NMS} '{nms.name}': this form of detection head is not supported")
        return None
    selection = reader.selection(rows)
    parts = reader.parts(selection.rows)
    if parts is None:
        where = f"{NMS} '{nms.name}'" if nms else "head"
        raise UnsupportedError(f"{where}: its rows are not in the form of GluonCV's SSD or YOLOv3")
    return DetectionHead(parts, selection.settings)


@dataclass(frozen=True)
class Selection:
    """The rows that go into suppression, and its settings."""

    rows: Entry
    settings: DetectionSettings


class SymbolReader:
    """Walks a symbol from its heads towards its inputs."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol

    def node(self, entry: Entry) -> Node:
        """Return the node that gives an entry."""
        return self.symbol.nodes[entry.node]

    def rows_behind_heads(self) -> Entry | None:
        """Return the tensor of rows whose columns 0, 1 and 2.. are the three heads (ids, scores, boxes)."""
        if len(self.symbol.heads) != 3:
            return None
        columns = [self.slice_of(head) for head in self.symbol.heads]
        if any(column is None or column.axis not in (-1, 2) for column in columns):
            return None
        found = [column for column in columns if column is not None]
        bounds = [(column.begin, column.end) for column in found]
        if bounds[:2] != [(0, 1), (1, 2)] or bounds[2] not in [(2, 6), (2, None)]:
            return None
        return found[0].data if len({column.data for column in found}) == 1 else None

    def selection(self, rows: Entry) -> Selection:
        """Read ``post_nms`` and the attributes of ``box_nms``; without either, all is kept."""
        limit = self.slice_of(rows)
        post_nms = -1
        if limit is not None and limit.axis == 1 and limit.begin == 0 and limit.end is not None:
            rows, post_nms = limit.data, limit.end
        node = self.node(rows)
        if node.op != NMS:
            return Selection(rows, DetectionSettings(iou_threshold=0.0, nms_topk=-1, post_nms=post_nms))
        return Selection(node.inputs[0], read_nms(Attributes(node), post_nms))

    def parts(self, rows: Entry) -> tuple[BoxesAndScores, ...] | None:
        """Return boxes and scores per scale (YOLOv3) or of all anchors (SSD)."""
        pieces = self.joined(rows, axis=1)
        yolo = [self.yolo_part(piece) for piece in pieces]
        if all(part is not None for part in yolo):
            return tuple(part for part in yolo if part is not None)
        ssd = self.ssd_part(pieces)
        return None if ssd is None else (ssd,)

    def yolo_part(self, piece: Entry) -> BoxesAndScores | None:
        """Match one scale: reshape(transpose(concat(ids, expand(transpose(scores)), tile(boxes))))."""
        columns = self.chain(piece, "Reshape", "transpose")
        if columns is None:
            return None
        triple = self.joined(columns, axis=-1)
        if len(triple) != 3:
            return None
        scores = self.chain(triple[1], "expand_dims", "transpose")
        boxes = self.chain(triple[2], "tile")
        return None if scores is None or boxes is None else BoxesAndScores(boxes, scores)

    def ssd_part(self, pieces: Sequence[Entry]) -> BoxesAndScores | None:
        """Match per-class rows: concat(slice(ids, c), slice(where(mask, scores, 0), c), boxes) for each c."""
        found = set()
        for index, piece in enumerate(pieces):
            triple = self.joined(piece, axis=-1)
            column = self.slice_of(triple[1]) if len(triple) == 3 else None
            if column is None or (column.begin, column.end) != (index, index + 1):
                return None
            masked = self.node(column.data)
            if masked.op != "where" or len(masked.inputs) != 3:
                return None
            found.add(BoxesAndScores(triple[2], masked.inputs[1]))
        return found.pop() if len(found) == 1 else None

    def chain(self, entry: Entry, *ops: str) -> Entry | None:
        """Follow first inputs through given operators; None where another one stands in the way."""
        for op in ops:
            node = self.node(entry)
            if node.op != op:
                return None
            entry = node.inputs[0]
        return entry

    def joined(self, entry: Entry, axis: int) -> tuple[Entry, ...]:
        """Return the inputs of a concatenation along an axis, or the entry itself."""
        node = self.node(entry)
        if node.op == "Concat" and Attributes(node).get_int("dim", 1) == axis:
            return node.inputs
        return (entry,)

    def slice_of(self, entry: Entry) -> Slice | None:
        """Return what a ``slice_axis`` cuts; None for another operator."""
        node = self.node(entry)
        if node.op != "slice_axis":
            return None
        attrs = Attributes(node)
        end = attrs.get_optional_int("end")
        return Slice(node.inputs[0], attrs.get_int("axis"), attrs.get_int("begin"), end)


@dataclass(frozen=True)
class Slice:
    """``data[begin:end]`` along an axis."""

    data: Entry
    axis: int
    begin: int
    end: int | None


def read_nms(attrs: Attributes, post_nms: int) -> DetectionSettings:
    """Read the attributes of ``box_nms``.

    Raises:
        UnsupportedError: the rows are in another order than (id, score, box), or boxes not in corners.
    """
    expected = {"id_index": 0, "score_index": 1, "coord_start": 2, "background_id": -1}
    for key, value in expected.items():
        if attrs.get_int(key, value) != value:
            raise attrs.unsupported(key)
    for key in ("in_format", "out_format"):
        attrs.get_str(key, "corner", choices=("corner",))
    return DetectionSettings(
        confidence_threshold=attrs.get_float("valid_thresh", 0.0),
        iou_threshold=attrs.get_float("overlap_thresh", 0.5),
        nms_topk=attrs.get_int("topk", -1),
        post_nms=post_nms,
        class_agnostic=attrs.get_bool("force_suppress", False),
    )
