"""Recognising a detector's outputs by their shapes, their names and the end of the graph.

``find_...`` names the outputs that a family uses, in order, or returns None where their form is another.
``is_...`` and ``has_...`` say whether a form that several families share is this one's.
"""

from __future__ import annotations

from gcv_edge.exporters.onnx.boxes import count_anchors, count_cells
from gcv_edge.exporters.onnx.ends import behind_unchanged
from gcv_edge.exporters.onnx.grid_rows import BOX, ROWS
from gcv_edge.exporters.onnx.outputs import Names, Outputs
from gcv_edge.exporters.onnx.provenance import is_stretched_rtdetr
from gcv_edge.exporters.onnx.tracing import trace


def find_columns(outputs: Outputs) -> Names | None:
    """One output ``[N, 4 + C, A]``."""
    name = outputs.single()
    if name is None:
        return None
    _, width, anchors = outputs.shapes[name]
    return [name] if is_length(width, 5) and is_length(anchors, int(width)) else None


def find_long_columns(outputs: Outputs) -> Names | None:
    """One output ``[N, 5 + C, A]``."""
    names = find_columns(outputs)
    return names if names is not None and is_length(outputs.shapes[names[0]][1], 6) else None


def is_length(length: int | str, least: int) -> bool:
    """Whether a length is known and large enough."""
    return isinstance(length, int) and length >= least


def find_rows(outputs: Outputs) -> Names | None:
    """One output ``[N, A, 4 + C]``."""
    name = outputs.single()
    return [name] if name is not None and is_length(outputs.shapes[name][2], 5) else None


def find_long_rows(outputs: Outputs) -> Names | None:
    """One output ``[N, A, 5 + C]``."""
    names = find_rows(outputs)
    return names if names is not None and is_length(outputs.shapes[names[0]][2], 6) else None


def count_rows(outputs: Outputs) -> int | str:
    """Number of rows of the only output."""
    return next(iter(outputs.shapes.values()))[1]


def find_yolox(outputs: Outputs) -> Names | None:
    """One output ``[N, A, 5 + C]``, a row for every cell; names of A - 4 classes say it is by columns."""
    names = find_long_rows(outputs)
    if names is None or count_anchors(count_rows(outputs), outputs.size) != 1:
        return None
    return names if outputs.classes != int(count_rows(outputs)) - 4 else None


def find_listed_rows(outputs: Outputs) -> Names | None:
    """One output ``[N, K, 6]``."""
    names = find_rows(outputs)
    return names if names is not None and outputs.shapes[names[0]][2] == 6 else None


def chooses(outputs: Outputs) -> bool:
    """Whether the graph itself sorts or suppresses, and lists less than YOLO's grids have cells."""
    is_choosing = bool(outputs.operators & {"TopK", "NonMaxSuppression"})
    rows = count_rows(outputs)
    is_short = isinstance(rows, int) and rows < count_cells(outputs.size)
    return is_choosing and is_short and not has_class_before_score(outputs)


def has_class_before_score(outputs: Outputs) -> bool:
    """Whether one of the first five columns is of whole numbers, as class numbers are."""
    columns = trace(next(iter(outputs.values.values())), ROWS)
    types = [source.dtype for column in columns[:5] for source in column.sources]
    return any(dtype is not None and dtype.is_integer() for dtype in types)


def is_rows_of_queries(outputs: Outputs) -> bool:
    """Whether 100 to 1000 rows, which the graph itself chose and joined of two parts, may be queries."""
    node = behind_unchanged(next(iter(outputs.values.values())))
    rows = count_rows(outputs)
    return (
        outputs.is_asked
        and find_listed_rows(outputs) is None
        and node is not None
        and node.op_type == "Concat"
        and rows in range(100, 1001)
        and "TopK" in outputs.operators
    )


def is_yolox_by_name(outputs: Outputs) -> bool:
    """Whether weights are called as in YOLOX; rows of FCOS, whose boxes are four distances, look alike."""
    columns = trace(next(iter(outputs.values.values())), ROWS)
    layers = [source.producer() for source in columns[BOX].sources]
    weights = [value for layer in layers if layer is not None for value in layer.inputs[1:2]]
    return bool(weights) and all("obj_preds" in (value.name or "") for value in weights if value is not None)


def is_rtdetr_by_name(outputs: Outputs) -> bool:
    """Whether the file says that it is Ultralytics' RT-DETR, whose rows look like any other list."""
    return is_stretched_rtdetr(outputs.notes)


def find_torchvision(outputs: Outputs) -> Names | None:
    """Lists of one picture: boxes ``[K, 4]``, scores ``[K]`` and class numbers ``[K]``."""
    boxes, ids = outputs.find(2, last=4, is_whole=False), outputs.find(1, is_whole=True)
    scores = outputs.find(1, is_whole=False)
    return [*boxes, *scores, *ids] if len(boxes) == len(ids) == len(scores) == 1 else None


def find_paddle(outputs: Outputs) -> Names | None:
    """Rows of all pictures together ``[K, 6]``, and how many each has ``[N]``."""
    rows, counts = outputs.find(2, last=6, is_whole=False), outputs.find(1, is_whole=True)
    return rows if len(rows) == len(counts) == 1 else None


def find_mmdet(outputs: Outputs) -> Names | None:
    """Rows ``[N, K, 5]`` and class numbers ``[N, K]``."""
    rows, ids = outputs.find(3, last=5, is_whole=False), outputs.find(2, is_whole=True)
    return [*rows, *ids] if len(rows) == len(ids) == 1 else None


def find_lists(outputs: Outputs) -> Names | None:
    """Boxes ``[N, K, 4]``, scores ``[N, K]`` and class numbers ``[N, K]``."""
    boxes, vectors = outputs.find(3, last=4, is_whole=False), outputs.find(2)
    ids = [name for name in vectors if outputs.is_whole(name) or "class" in name or "label" in name]
    scores = [name for name in vectors if name not in ids]
    return [*boxes, *scores, *ids] if len(boxes) == len(ids) == len(scores) == 1 else None


def is_tensorflow(outputs: Outputs) -> bool:
    """Whether outputs are called as TensorFlow's Object Detection API calls them."""
    return any(name.startswith("detection_boxes") for name in outputs.values)


def find_map(outputs: Outputs) -> Names | None:
    """One output ``[N, 5 + C, h, w]``."""
    name = outputs.single(rank=4)
    return [name] if name is not None and is_length(outputs.shapes[name][1], 6) else None


def joins_fastestdet(outputs: Outputs) -> bool:
    """Whether a sigmoid, regressions and a softmax are joined, in that order."""
    node = behind_unchanged(next(iter(outputs.values.values())))
    if node is None or node.op_type != "Concat" or len(node.inputs) != 3:
        return False
    kinds = [behind_unchanged(value) for value in node.inputs if value is not None]
    first, _, last = (kind.op_type if kind is not None else "" for kind in kinds)
    return (first, last) == ("Sigmoid", "Softmax")
