"""Recognising detection heads in a symbol, whatever the base network or the number of classes.

Known are the heads of GluonCV, which list detections as (class ids, scores, boxes), and of MXNet's own SSD
example. Found are the tensors from before a head selects among candidates; operators that bring them into
the canonical form are added to the symbol itself, so that MXNet computes the very tensors that the exported
file has.
"""

from __future__ import annotations

from collections.abc import Callable

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.anchor_heads import find_anchor_head
from gcv_edge.exporters.mxnet.center_head import find_center_head
from gcv_edge.exporters.mxnet.detection_head import NMS, DetectionHead
from gcv_edge.exporters.mxnet.mask_head import find_mask_head
from gcv_edge.exporters.mxnet.multibox_head import find_multibox_head
from gcv_edge.exporters.mxnet.region_head import find_region_head
from gcv_edge.exporters.mxnet.symbol import Symbol
from gcv_edge.exporters.mxnet.symbol_walk import SymbolReader

FINDERS: tuple[Callable[[SymbolReader], DetectionHead | None], ...] = (
    find_multibox_head,
    find_center_head,
    find_anchor_head,
    find_region_head,
    find_mask_head,
)


def find_detection_head(symbol: Symbol) -> DetectionHead | None:
    """Recognise a detector; None where the symbol has neither a known head nor a ``box_nms``.

    Raises:
        UnsupportedError: there is a ``box_nms``, but not in a form known here.
    """
    reader = SymbolReader(symbol)
    for find in FINDERS:
        head = find(reader)
        if head is not None:
            return head
    nms = next((node for node in symbol.nodes if node.op == NMS), None)
    if nms is not None:
        raise UnsupportedError(f"{NMS} '{nms.name}': this form of detection head is not supported")
    return None
