"""The head of MXNet's own SSD example, and of networks built after it: MultiBoxDetection.

Of every anchor only the best class takes part (src/operator/contrib/multibox_detection.cc). Corners are in
parts of the picture; its size in pixels is taken from the variable at the bottom of the network.
"""

from __future__ import annotations

from dataclasses import replace

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.mxnet.detection_head import DetectionHead
from gcv_edge.exporters.mxnet.operators.multibox import MultiBoxSettings, read_multibox
from gcv_edge.exporters.mxnet.symbol import NodeEntry, Symbol
from gcv_edge.exporters.mxnet.symbol_walk import SymbolEditor, SymbolReader

DETECTION = "_contrib_MultiBoxDetection"
TRAINED = ("SoftmaxOutput", "Softmax")
WRAPPERS = ("MakeLoss", "make_loss", "BlockGrad", "identity", "_copy")

STRETCHED = Resizing()
"""Source: example/ssd/dataset/iterator.py in MXNet."""


def find_multibox_head(reader: SymbolReader) -> DetectionHead | None:
    """Recognise a MultiBoxDetection among the heads; beside it a training network has its losses."""
    heads = {head: reader.behind(head, *WRAPPERS) for head in reader.symbol.heads}
    covered = next((head for head, entry in heads.items() if reader.is_op(entry, DETECTION)), None)
    if covered is None:
        return None
    found = heads[covered]
    attrs = reader.attrs(found)
    settings = read_multibox(attrs)
    if settings.selection.confidence_threshold < 0:
        raise attrs.unsupported("threshold")
    probabilities, offsets, anchors = reader.node(found).inputs
    editor = SymbolEditor(reader.symbol)
    probabilities = without_labels(reader, editor, probabilities)
    size = add_size(editor, find_picture(editor.symbol(), probabilities))
    boxes = editor.add("broadcast_mul", add_boxes(editor, offsets, anchors, settings), size)
    scores = add_best_scores(editor, probabilities)
    rows = editor.add(DETECTION, probabilities, offsets, anchors, **reader.node(found).attrs)
    listed = add_columns(editor, rows, size)
    symbol = replace(editor.symbol(), heads=listed)
    return DetectionHead(symbol, boxes, scores, settings.selection, STRETCHED, covered=(covered,))


def find_picture(symbol: Symbol, entry: NodeEntry) -> NodeEntry:
    """Follow the longest way down to a variable, which is what a network of maps is computed from.

    Parameters lie at the ends of short ways, and may be a node's first input: MXNet's example multiplies
    ``relu4_3_scale`` by a map.

    Raises:
        UnsupportedError: a constant lies there.
    """
    depths: list[int] = []
    for node in symbol.nodes:
        depths.append(1 + max((depths[below.node] for below in node.inputs), default=0))
    node = symbol.nodes[entry.node]
    while not node.is_variable:
        if not node.inputs:
            raise UnsupportedError(f"{node.op} '{node.name}': scores that are not computed from a picture")
        entry = max(node.inputs, key=lambda below: depths[below.node])
        node = symbol.nodes[entry.node]
    return entry


def add_size(editor: SymbolEditor, picture: NodeEntry) -> NodeEntry:
    """Add (width, height, width, height) of a picture, as it scales corners ``[1, 1, 4]``."""
    width, height = (
        editor.add("sum", editor.add("ones_like", editor.add("_contrib_arange_like", picture, axis=axis)))
        for axis in (3, 2)
    )
    joined = editor.add("Concat", width, height, width, height, dim=0, num_args=4)
    return editor.add("Reshape", joined, shape=(1, 1, 4))


def without_labels(reader: SymbolReader, editor: SymbolEditor, entry: NodeEntry) -> NodeEntry:
    """Put a plain softmax where a training network has one with a loss, which asks for labels."""
    node = reader.node(entry)
    return editor.add("softmax", node.inputs[0], axis=1) if node.op in TRAINED else entry


def add_boxes(
    editor: SymbolEditor, offsets: NodeEntry, anchors: NodeEntry, settings: MultiBoxSettings
) -> NodeEntry:
    """Add the corners ``[N, A, 4]`` of all anchors' boxes, in parts of the picture."""
    by_anchor = editor.add("Reshape", offsets, shape=(0, -1, 4))
    factors = {f"std{index}": factor for index, factor in enumerate(settings.variances.tolist())}
    boxes = editor.add("_contrib_box_decode", by_anchor, anchors, format="corner", clip=-1.0, **factors)
    return editor.add("clip", boxes, a_min=0, a_max=1) if settings.clip else boxes


def add_best_scores(editor: SymbolEditor, probabilities: NodeEntry) -> NodeEntry:
    """Add the scores ``[N, A, C]`` of ``[N, 1 + C, A]``: the background left out, all but the best 0."""
    by_anchor = editor.add("transpose", probabilities, axes=(0, 2, 1))
    classes = editor.add("slice_axis", by_anchor, axis=2, begin=1, end=None)
    best = editor.add("max", classes, axis=2, keepdims=True)
    return editor.add("elemwise_mul", classes, editor.add("broadcast_equal", classes, best))


def add_columns(editor: SymbolEditor, rows: NodeEntry, size: NodeEntry) -> tuple[NodeEntry, ...]:
    """Add the columns of the rows that MXNet lists: ids, scores, and corners in pixels."""
    bounds = ((0, 1), (1, 2), (2, 6))
    ids, scores, corners = (
        editor.add("slice_axis", rows, axis=2, begin=low, end=high) for low, high in bounds
    )
    return ids, scores, editor.add("broadcast_mul", corners, size)
