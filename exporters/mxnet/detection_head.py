"""What is known of a detector once its head has been recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import NodeEntry, Symbol
from gcv_edge.exporters.mxnet.symbol_walk import SymbolReader
from gcv_edge.metadata import DetectionSettings

NMS = "_contrib_box_nms"


@dataclass(frozen=True)
class MaskBranch:
    """What a network computes for detections that have been selected.

    Attributes:
        regions: where it takes them from: rows (0, x1, y1, x2, y2).
        logits: masks of all classes ``[D, C, h, w]`` of those rows.
    """

    regions: NodeEntry
    logits: NodeEntry


@dataclass(frozen=True)
class DetectionHead:
    """What a detector computes before it selects, and how it selects.

    Attributes:
        symbol: the network's, with the operators that give the two entries.
        boxes: corners ``[N, A, 4]``, or ``[N, A, C, 4]`` where every class has its own.
        scores: ``[N, A, C]``.
        settings: thresholds and limits of the selection.
        resizing: how GluonCV's evaluation of the family resizes pictures (docs/gluoncv.md).
        one_by_one: the network takes one picture at a time, whatever the batch.
        any_size: it takes pictures of any size where that is asked for, as GluonCV's ``load_test`` makes
            them; one that is ``one_by_one`` does so always.
        masks: what follows the selection, in networks for instance segmentation.
        covered: the network's own heads that these are.
    """

    symbol: Symbol
    boxes: NodeEntry
    scores: NodeEntry
    settings: DetectionSettings
    resizing: Resizing
    one_by_one: bool = False
    any_size: bool = False
    masks: MaskBranch | None = None
    covered: tuple[NodeEntry, ...] = ()


def rows_behind(reader: SymbolReader, heads: Sequence[NodeEntry]) -> NodeEntry | None:
    """Return the tensor of rows whose columns 0, 1 and 2.. are three heads (ids, scores, boxes)."""
    if len(heads) != 3:
        return None
    columns = [reader.slice_of(head) for head in heads]
    found = [column for column in columns if column is not None and column.axis in (-1, 2)]
    bounds = [(column.begin, column.end) for column in found]
    if bounds not in ([(0, 1), (1, 2), (2, 6)], [(0, 1), (1, 2), (2, None)]):
        return None
    return found[0].data if len({column.data for column in found}) == 1 else None


def read_nms(attrs: Attributes, post_nms: int) -> DetectionSettings:
    """Read the attributes of a ``box_nms`` over rows (id, score, corners).

    Raises:
        UnsupportedError: the rows are in another order, or boxes not in corners.
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
