"""The head of CenterNet: the best peaks of a heat map are the centres of boxes.

GluonCV lists the ``topk`` best of all classes (gluoncv/model_zoo/center_net/center_net.py, and
CenterNetDecoder in gluoncv/nn/coder.py) and suppresses nothing: the peak test, which sets what is no peak to
0, stays in the graph. Here every position has its box, computed as GluonCV computes those of the best.
"""

from __future__ import annotations

from dataclasses import dataclass

from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.mxnet.detection_head import DetectionHead
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor, SymbolReader
from gcv_edge.metadata import DetectionSettings


@dataclass(frozen=True)
class CenterMaps:
    """What the network gives per position, channels first: centre offsets and sizes, in cells."""

    offsets: NodeEntry
    sizes: NodeEntry


AFFINE = Resizing("affine", "warp")
"""Source: gluoncv/data/transforms/presets/center_net.py."""


def find_center_head(reader: SymbolReader) -> DetectionHead | None:
    """Recognise the head of CenterNet: ids and scores of a ``topk``, boxes gathered by its indices."""
    if len(reader.symbol.heads) != 3:
        return None
    _, scores, boxes = reader.symbol.heads
    corners = reader.chain(boxes, "_mul_scalar")
    peaks = reader.chain(scores, "topk", "Reshape")
    maps = find_maps(reader, corners) if corners is not None else None
    if peaks is None or maps is None or scores.output != 0:
        return None
    editor = SymbolEditor(reader.symbol)
    scale = reader.attrs(boxes).get_float("scalar")
    limit = reader.attrs(scores).get_int("k", 1)
    settings = DetectionSettings(confidence_threshold=0.0, iou_threshold=0.0, nms_topk=limit, post_nms=limit)
    canonical = add_boxes(editor, maps, scale), listed(editor, peaks)
    return DetectionHead(editor.symbol(), *canonical, settings, AFFINE, any_size=True)


def find_maps(reader: SymbolReader, corners: NodeEntry) -> CenterMaps | None:
    """Match x1 = (column + gathered offset) - gathered width / 2."""
    pieces = reader.joined(corners, axis=-1)
    left = reader.chain(pieces[0], "expand_dims") if len(pieces) == 4 else None
    if left is None or not reader.is_op(left, "elemwise_sub"):
        return None
    center, half = reader.node(left).inputs
    if not reader.is_op(center, "elemwise_add") or not reader.is_op(half, "_div_scalar"):
        return None
    offsets = gathered_map(reader, reader.node(center).inputs[1])
    sizes = gathered_map(reader, reader.node(half).inputs[0])
    return None if offsets is None or sizes is None else CenterMaps(offsets, sizes)


def gathered_map(reader: SymbolReader, entry: NodeEntry) -> NodeEntry | None:
    """Return the map ``[N, 2, H, W]`` whose cells a ``gather_nd`` takes."""
    cells = reader.behind(entry, "Cast", "Reshape")
    return reader.chain(cells, "gather_nd", "Reshape", "transpose")


def add_boxes(editor: SymbolEditor, maps: CenterMaps, scale: float) -> NodeEntry:
    """Add the corners ``[N, H*W, 4]`` of the boxes of all positions."""
    low, high = [], []
    for channel, axis in ((0, 3), (1, 2)):
        cells = editor.add("_contrib_arange_like", maps.offsets, axis=axis)
        spread = (1, 1, 1, -1) if axis == 3 else (1, 1, -1, 1)
        cells = editor.add("Reshape", cells, shape=spread)
        offset, size = (
            editor.add("slice_axis", part, axis=1, begin=channel, end=channel + 1)
            for part in (maps.offsets, maps.sizes)
        )
        center = editor.add("broadcast_add", offset, cells)
        half = editor.add("_div_scalar", size, scalar=2)
        low.append(editor.add("elemwise_sub", center, half))
        high.append(editor.add("elemwise_add", center, half))
    corners = editor.add("Concat", *low, *high, dim=1, num_args=4)
    return editor.add("_mul_scalar", listed(editor, corners), scalar=scale)


def listed(editor: SymbolEditor, maps: NodeEntry) -> NodeEntry:
    """Add ``[N, H*W, C]`` of maps ``[N, C, H, W]``."""
    flat = editor.add("Reshape", maps, shape=(0, 0, -1))
    return editor.add("transpose", flat, axes=(0, 2, 1))
