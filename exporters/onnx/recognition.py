"""Recognising a detector's outputs by their shapes, their names and the end of the graph.

``find_...`` names the outputs that a family uses, in order, or returns None where their form is another.
``is_...`` and ``has_...`` say whether a form that several families share is this one's.
"""

from __future__ import annotations

from collections.abc import Sequence

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import Shape
from gcv_edge.exporters.onnx.boxes import count_anchors, count_cells
from gcv_edge.exporters.onnx.ends import behind_unchanged
from gcv_edge.exporters.onnx.grid_rows import ROWS
from gcv_edge.exporters.onnx.grids import walk_back
from gcv_edge.exporters.onnx.outputs import Outputs
from gcv_edge.exporters.onnx.provenance import is_stretched_rtdetr
from gcv_edge.exporters.onnx.tracing import trace

Names = Sequence[str]


def find_boxes_and_scores(outputs: Outputs) -> Names | None:
    """Outputs of the names given, else of the usual names, else the only two that fit each other.

    An objectness that weighs the scores follows.
    """
    given = (outputs.adoption.boxes, outputs.adoption.scores)
    if any(name is not None for name in given):
        found = [name or usual for name, usual in zip(given, USUAL_NAMES, strict=True)]
    elif all(name in outputs.values for name in USUAL_NAMES):
        found = [*USUAL_NAMES]
    else:
        return find_pair(outputs)
    boxes, scores = (named_output(outputs, name) for name in found)
    return [boxes, scores, *find_objectness(outputs, boxes, scores)]


USUAL_NAMES = ("boxes", "scores")


def named_output(outputs: Outputs, name: str) -> str:
    """Check an output that is given by name.

    Raises:
        UsageError: there is none of that name.
        UnsupportedError: it is no list of boxes, as the raw head of a detector.
    """
    if name not in outputs.values:
        raise UsageError(
            f"{outputs.source}: no output '{name}' among {', '.join(outputs.values)}: "
            "give --boxes and --scores"
        )
    if len(outputs.shapes[name]) != 3 and not is_box_a_row(outputs.shapes[name]):
        raise UnsupportedError(
            f"{outputs.source}: output '{name}' has shape {list(outputs.shapes[name])}, expected "
            "[N, A, ...]: decoded boxes and scores per box"
        )
    return name


def find_objectness(outputs: Outputs, boxes: str, scores: str) -> Names:
    """Name the output that scores are still to be weighed with; none where there is none.

    Raises:
        UsageError: another output is one number for each box, and nobody says that it does not count.
    """
    rest = [
        name for name in outputs.values if name not in (boxes, scores) and is_one_a_box(outputs, name, boxes)
    ]
    found = [name for name in rest if "obj" in name.lower()]
    unsure = [name for name in rest if name not in found]
    if len(found) > 1 or (unsure and outputs.adoption.scores is None):
        raise UsageError(
            f"{outputs.source}: whether {' or '.join(rest)} weighs the scores is not certain: "
            "give --boxes and --scores to leave it out, or --task tensors"
        )
    return [name for name in found if not is_weighed(outputs, scores, name)]


def is_one_a_box(outputs: Outputs, name: str, boxes: str) -> bool:
    """Whether an output ``[N, A, 1]`` or ``[N, A]`` is one number for each box."""
    shape, rows = outputs.shapes[name], tuple(outputs.shapes[boxes][:2])
    return tuple(shape) in (rows, (*rows, 1)) and not outputs.is_whole(name)


def is_weighed(outputs: Outputs, scores: str, objectness: str) -> bool:
    """Whether the graph makes scores of the objectness."""
    maker = behind_unchanged(outputs.values[objectness])
    return any(node is maker for node in walk_back(outputs.values[scores]))


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


def find_pair(outputs: Outputs) -> Names | None:
    """The only two outputs, ``[N, A, 4]`` and ``[N, A, C]``; where C is 4 too, names must tell them apart."""
    single = [name for name in outputs.find(4, is_whole=False) if is_box_a_row(outputs.shapes[name])]
    both = [*outputs.find(3, is_whole=False), *single]
    boxes = single or outputs.find(3, last=4, is_whole=False)
    if len(boxes) > 1:
        boxes = [name for name in boxes if any(word in name.lower() for word in BOX_WORDS)]
    if len(both) != 2 or len(outputs.values) != 2 or len(boxes) != 1:
        return None
    (scores,) = set(both) - set(boxes)
    return [*boxes, scores] if outputs.shapes[boxes[0]][1] == outputs.shapes[scores][1] else None


def is_box_a_row(shape: Shape) -> bool:
    """Whether a shape is ``[N, A, 1, 4]``, as that of boxes which all classes have in common."""
    return len(shape) == 4 and tuple(shape[2:]) == (1, 4)


BOX_WORDS = ("box", "loc", "reg")
"""Parts of names of outputs that hold boxes."""


def has_box_sigmoid(outputs: Outputs) -> bool:
    """Whether boxes come out of a sigmoid and class scores are logits, as in DETR's family."""
    names = find_pair(outputs)
    if names is None:
        return False
    boxes, logits = (behind_unchanged(outputs.values[name]) for name in names)
    return (
        boxes is not None
        and logits is not None
        and boxes.op_type == "Sigmoid"
        and logits.op_type in ("Add", "Gemm", "MatMul")
    )


def is_detr(outputs: Outputs) -> bool:
    """Whether one more class than is named, or than COCO's 91, says that there is none."""
    names = find_pair(outputs)
    if names is None or not has_box_sigmoid(outputs):
        return False
    return outputs.shapes[names[1]][2] == (outputs.classes or COCO_IDS) + 1


def is_rtdetr(outputs: Outputs) -> bool:
    """Whether there is a logit for every named class, or for COCO's 80 or 91."""
    names = find_pair(outputs)
    if names is None or not has_box_sigmoid(outputs):
        return False
    classes = (outputs.classes,) if outputs.classes else (COCO_CLASSES, COCO_IDS)
    return outputs.shapes[names[1]][2] in classes


COCO_CLASSES, COCO_IDS = 80, 91


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


def is_no_query(outputs: Outputs) -> bool:
    """Whether boxes and scores are not those of DETR's family, whose kind is not sure then."""
    return not has_box_sigmoid(outputs)


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
