"""Recognising boxes and scores, or queries, that are outputs of their own."""

from __future__ import annotations

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import Shape
from gcv_edge.exporters.onnx.ends import behind_unchanged
from gcv_edge.exporters.onnx.grids import walk_back
from gcv_edge.exporters.onnx.outputs import Names, Outputs


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
    if any(word in scores.lower() for word in OTHER_WORDS):
        return None
    return [*boxes, scores] if outputs.shapes[boxes[0]][1] == outputs.shapes[scores][1] else None


def is_box_a_row(shape: Shape) -> bool:
    """Whether a shape is ``[N, A, 1, 4]``, as that of boxes which all classes have in common."""
    return len(shape) == 4 and tuple(shape[2:]) == (1, 4)


BOX_WORDS = ("box", "loc", "reg")
"""Parts of names of outputs that hold boxes."""
OTHER_WORDS = ("landm", "lmk", "ldm", "kpt", "keyp", "point", "mask", "proto", "embed", "angle")
"""Parts of names of outputs that hold no scores."""


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
    """Whether there is a logit for every named class, or for COCO's 80."""
    names = find_pair(outputs)
    if names is None or not has_box_sigmoid(outputs):
        return False
    return outputs.shapes[names[1]][2] == (outputs.classes or COCO_CLASSES)


def has_unsure_queries(outputs: Outputs) -> bool:
    """Whether the last logit may stand for nothing or for a class: 91 may be COCO's numbers or 90 and one."""
    return not outputs.classes and has_box_sigmoid(outputs)


COCO_CLASSES, COCO_IDS = 80, 91


def is_no_query(outputs: Outputs) -> bool:
    """Whether boxes and scores are not those of DETR's family, whose kind is not sure then."""
    return not has_box_sigmoid(outputs)
