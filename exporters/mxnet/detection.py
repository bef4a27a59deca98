"""Recognising detection heads in a symbol, whatever the base network or the number of classes.

Known are the heads of GluonCV, which list detections as (class ids, scores, boxes), and of MXNet's own SSD
example. Found are the tensors from before a head selects among candidates; operators that bring them into
the canonical form are added to the symbol itself, so that MXNet computes the very tensors that the exported
file has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.anchor_heads import find_anchor_head
from gcv_edge.exporters.mxnet.center_head import find_center_head
from gcv_edge.exporters.mxnet.detection_head import NMS, DetectionHead
from gcv_edge.exporters.mxnet.inference import needed_nodes
from gcv_edge.exporters.mxnet.mask_head import find_mask_head
from gcv_edge.exporters.mxnet.multibox_head import find_multibox_head
from gcv_edge.exporters.mxnet.region_head import find_region_head
from gcv_edge.exporters.mxnet.symbol import NodeEntry, Symbol
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor, SymbolReader

COLUMNS = ((0, 1), (1, 2), (2, 6))
"""Class ids, scores and boxes in the rows of a ``box_nms``."""

FINDERS: tuple[Callable[[SymbolReader], DetectionHead | None], ...] = (
    find_multibox_head,
    find_center_head,
    find_anchor_head,
    find_region_head,
    find_mask_head,
)


def find_detection_head(symbol: Symbol) -> DetectionHead | None:
    """Recognise a detector; None where the heads come from neither a known form nor a ``box_nms``.

    Raises:
        UnsupportedError: there is a ``box_nms``, but not in a form known here.
    """
    for heads, covered in candidates(symbol):
        reader = SymbolReader(heads)
        for find in FINDERS:
            head = find(reader)
            if head is not None:
                return replace(head, covered=head.covered or covered)
    needed = (symbol.nodes[place] for place in sorted(needed_nodes(symbol, symbol.heads)))
    nms = next((node for node in needed if node.op == NMS), None)
    if nms is not None:
        raise UnsupportedError(f"{NMS} '{nms.name}': this form of detection head is not supported")
    return None


def candidates(symbol: Symbol) -> Iterator[tuple[Symbol, tuple[NodeEntry, ...]]]:
    """Give symbols whose heads may be a detector's, and the network's own heads that they stand for.

    All heads; three that follow each other, where a network lists more than its detections; and the columns
    of a head that is the rows of a ``box_nms``.
    """
    yield symbol, symbol.heads
    for start in range(len(symbol.heads) - 2 if len(symbol.heads) > 3 else 0):
        heads = symbol.heads[start : start + 3]
        yield replace(symbol, heads=heads), heads
    for head in symbol.heads:
        if is_rows(symbol, head):
            yield with_columns(symbol, head), (head,)


def is_rows(symbol: Symbol, head: NodeEntry) -> bool:
    """Tell the rows that a ``box_nms`` gives, all or the first of them."""
    reader = SymbolReader(symbol)
    return reader.is_op(reader.behind(head, "slice_axis", "identity", "_copy", "BlockGrad"), NMS)


def with_columns(symbol: Symbol, rows: NodeEntry) -> Symbol:
    """Return a symbol whose heads are the columns of rows."""
    editor = SymbolEditor(symbol)
    heads = tuple(editor.add("slice_axis", rows, axis=-1, begin=low, end=high) for low, high in COLUMNS)
    return replace(editor.symbol(), heads=heads)
