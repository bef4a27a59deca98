"""Foreign files of detectors but YOLO: a few random layers that end as each family's exports do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from tests.support.foreign_files import ForeignFile, floats, integers

SIDE, CLASSES = 64, 3
STRIDES = (8, 16, 32)
CELLS = sum((SIDE // stride) ** 2 for stride in STRIDES)
Files = Callable[[Path], Path]


def start(batch: int | str = 1, seed: int = 0) -> ForeignFile:
    file = ForeignFile(seed=seed)
    file.input("images", [batch, 3, SIDE, SIDE])
    return file


def columns(file: ForeignFile, width: int, anchors: int = 1) -> str:
    """Numbers ``[N, width, anchors * CELLS]`` of the cells of three grids, about -1 to 1."""
    parts = []
    for stride in STRIDES:
        pooled = file.op("AveragePool", "images", kernel_shape=[stride] * 2, strides=[stride] * 2)
        maps = file.conv(pooled, 3, width * anchors)
        parts.append(file.op("Reshape", maps, integers_of(file, 0, width, -1)))
    return file.op("Concat", *parts, axis=2)


def integers_of(file: ForeignFile, *numbers: int) -> str:
    return file.constant(numbers, np.int64)


def column(file: ForeignFile, x: str) -> str:
    return file.op("Unsqueeze", x, integers_of(file, -1))


def cut(file: ForeignFile, x: str, begin: int, end: int, axis: int) -> str:
    return file.op("Slice", x, *(integers_of(file, number) for number in (begin, end, axis)))


def probabilities(file: ForeignFile, x: str) -> str:
    return file.op("Sigmoid", x)


def centred_boxes(file: ForeignFile, x: str, scale: float, axis: int) -> str:
    """Centre and size within the input, in the first four numbers along an axis."""
    inside = file.op("Sigmoid", cut(file, x, 0, 4, axis))
    return file.op("Mul", inside, file.constant(scale))


def corner_boxes(file: ForeignFile, x: str, scale: float) -> str:
    """Corners in the first four columns of rows."""
    half = file.op("Sigmoid", cut(file, x, 0, 4, 2))
    low = file.op("Mul", cut(file, half, 0, 2, 2), file.constant(scale / 2))
    extent = file.op("Mul", cut(file, half, 2, 4, 2), file.constant(scale / 2))
    return file.op("Concat", low, file.op("Add", low, extent), axis=2)


def rows(file: ForeignFile, width: int, anchors: int = 1) -> str:
    return file.op("Transpose", columns(file, width, anchors), perm=[0, 2, 1])


def best(file: ForeignFile, x: str, count: int) -> tuple[str, str, str]:
    """Boxes ``[N, K, 4]``, scores ``[N, K]`` and class numbers ``[N, K]`` of the highest scores of rows."""
    scores = probabilities(file, cut(file, x, 4, 4 + CLASSES, 2))
    highest = file.op("ReduceMax", scores, axes=[2], keepdims=0)
    values, index = file.ops("TopK", highest, integers_of(file, count), names=["top", "top_index"])
    ids = file.op("GatherElements", file.op("ArgMax", scores, axis=2, keepdims=0), index, axis=1)
    four = file.op("Expand", column(file, index), integers_of(file, 1, 1, 4))
    return file.op("GatherElements", corner_boxes(file, x, SIDE), four, axis=1), values, ids


def end2end(path: Path) -> Path:
    file = start()
    boxes, scores, ids = best(file, rows(file, 4 + CLASSES), 20)
    parts = (scores, file.op("Cast", ids, to=1))
    file.op("Concat", boxes, *(column(file, part) for part in parts), name="output0", axis=2)
    return file.save(path, {"output0": floats(1, 20, 6)})


def class_before_score(path: Path) -> Path:
    """As end2end, with the last two columns the other way round."""
    file = start()
    boxes, scores, ids = best(file, rows(file, 4 + CLASSES), 30)
    parts = (file.op("Cast", ids, to=1), scores)
    file.op("Concat", boxes, *(column(file, part) for part in parts), name="output0", axis=2)
    return file.save(path, {"output0": floats(1, 30, 6)})


def rtdetr_list(path: Path) -> Path:
    """As end2end, with centre and size in parts of the input's size."""
    source = onnx.load(end2end(path))
    last = source.graph.node[-1]
    file = start()
    file.nodes, file.constants = list(source.graph.node), list(source.graph.initializer)
    last.output[0] = "listed"
    corners = file.op("Div", cut(file, "listed", 0, 4, 2), file.constant(float(SIDE)))
    low, high = cut(file, corners, 0, 2, 2), cut(file, corners, 2, 4, 2)
    centre = file.op("Div", file.op("Add", low, high), file.constant(2.0))
    file.op("Concat", centre, file.op("Sub", high, low), cut(file, "listed", 4, 6, 2), name="output0", axis=2)
    return file.save(path, {"output0": floats(1, 20, 6)})


def mmdet(path: Path) -> Path:
    file = start()
    boxes, scores, ids = best(file, rows(file, 4 + CLASSES), 20)
    file.op("Concat", boxes, column(file, scores), name="dets", axis=2)
    file.op("Identity", ids, name="labels")
    return file.save(path, {"dets": floats(1, 20, 5), "labels": integers(1, 20)})


def lists(path: Path) -> Path:
    """As RT-DETR's own export: the second input holds the size that boxes are scaled to."""
    file = start()
    file.input("orig_target_sizes", [1, 2], 7)
    boxes, scores, ids = best(file, rows(file, 4 + CLASSES), 20)
    parts = file.op("Div", boxes, file.constant(float(SIDE)))
    twice = file.op("Cast", file.op("Concat", "orig_target_sizes", "orig_target_sizes", axis=1), to=1)
    file.op("Mul", parts, file.op("Unsqueeze", twice, integers_of(file, 1)), name="boxes")
    file.op("Identity", scores, name="scores")
    file.op("Identity", ids, name="labels")
    return file.save(path, {"labels": integers(1, 20), "boxes": floats(1, 20, 4), "scores": floats(1, 20)})


def tensorflow(path: Path) -> Path:
    """Channels last, bytes, corners y, x, y, x in parts of the input, classes from 1."""
    file = ForeignFile()
    file.input("input_tensor", [1, SIDE, SIDE, 3], 2)
    floating = file.op("Cast", "input_tensor", to=1)
    scaled = file.op("Mul", file.op("Transpose", floating, perm=[0, 3, 1, 2]), file.constant(1 / 255))
    file.op("Identity", scaled, name="images")
    boxes, scores, ids = best(file, rows(file, 4 + CLASSES), 20)
    swapped = file.op("Gather", boxes, integers_of(file, 1, 0, 3, 2), axis=2)
    file.op("Div", swapped, file.constant(float(SIDE)), name="detection_boxes")
    file.op("Identity", scores, name="detection_scores")
    file.op("Add", file.op("Cast", ids, to=1), file.constant(1.0), name="detection_classes")
    outputs = {"detection_boxes": floats(1, 20, 4), "detection_classes": floats(1, 20)}
    return file.save(path, {**outputs, "detection_scores": floats(1, 20)})


def kept_rows(file: ForeignFile) -> tuple[str, str, str]:
    """Boxes ``[K, 4]``, scores ``[K]`` and class numbers ``[K]`` over a threshold: as many as there are."""
    boxes, scores, ids = (
        file.op("Squeeze", part, integers_of(file, 0)) for part in best(file, rows(file, 4 + CLASSES), 40)
    )
    kept = file.op("NonZero", file.op("Greater", scores, file.constant(0.876)))
    index = file.op("Squeeze", kept, integers_of(file, 0))
    return tuple(file.op("Gather", part, index) for part in (boxes, scores, ids))  # type: ignore[return-value]


def torchvision(path: Path) -> Path:
    file = start()
    boxes, scores, ids = kept_rows(file)
    file.op("Identity", boxes, name="boxes")
    file.op("Add", ids, integers_of(file, 1), name="labels")
    file.op("Identity", scores, name="scores")
    return file.save(path, {"boxes": floats("k", 4), "labels": integers("k"), "scores": floats("k")})


def paddle(path: Path) -> Path:
    """Sizes of the picture as inputs: its boxes are divided by what it was resized with."""
    file = ForeignFile()
    file.input("im_shape", [1, 2])
    file.input("image", ["N", 3, SIDE, SIDE])
    file.input("scale_factor", ["N", 2])
    file.op("Identity", "image", name="images")
    boxes, scores, ids = kept_rows(file)
    twice = file.op("Concat", "scale_factor", "scale_factor", axis=1)
    limits = file.op("Concat", "im_shape", "im_shape", axis=1)
    placed = file.op("Min", file.op("Div", boxes, twice), limits)
    parts = [
        file.op("Unsqueeze", part, integers_of(file, -1)) for part in (file.op("Cast", ids, to=1), scores)
    ]
    file.op("Concat", *parts, placed, name="rows", axis=1)
    count = file.op("Slice", file.op("Shape", "rows"), *(integers_of(file, number) for number in (0, 1)))
    file.op("Cast", count, name="counts", to=6)
    return file.save(path, {"rows": floats("k", 6), "counts": (6, (1,))})


def queries(path: Path, classes: int) -> Path:
    file = start()
    x = rows(file, 4 + classes)
    file.op("Sigmoid", cut(file, x, 0, 4, 2), name="pred_boxes")
    logits = file.op("MatMul", cut(file, x, 4, 4 + classes, 2), file.numbers(classes, classes))
    file.op("Add", logits, file.numbers(classes), name="logits")
    return file.save(path, {"logits": floats(1, CELLS, classes), "pred_boxes": floats(1, CELLS, 4)})


def detr(path: Path) -> Path:
    return queries(path, CLASSES + 1)


def rtdetr(path: Path) -> Path:
    return queries(path, CLASSES)


def rtdetr_rows(path: Path) -> Path:
    file = start()
    x = rows(file, 4 + CLASSES)
    scores = probabilities(file, cut(file, x, 4, 4 + CLASSES, 2))
    file.op("Concat", file.op("Sigmoid", cut(file, x, 0, 4, 2)), scores, name="output0", axis=2)
    return file.save(path, {"output0": floats(1, CELLS, 4 + CLASSES)})


def fastestdet(path: Path) -> Path:
    file = start()
    pooled = file.op("AveragePool", "images", kernel_shape=[16] * 2, strides=[16] * 2)
    objectness = file.op("Sigmoid", file.conv(pooled, 3, 1))
    classes = file.op("Softmax", file.conv(pooled, 3, CLASSES), axis=1)
    file.op("Concat", objectness, file.conv(pooled, 3, 4), classes, name="maps", axis=1)
    return file.save(path, {"maps": floats(1, 5 + CLASSES, 4, 4)})


def ssd(path: Path) -> Path:
    """Normalised centre and size, and a softmax whose first class is the background."""
    file = start()
    x = rows(file, 5 + CLASSES)
    file.op("Softmax", cut(file, x, 4, 5 + CLASSES, 2), name="probs", axis=2)
    file.op("Sigmoid", cut(file, x, 0, 4, 2), name="locations")
    return file.save(path, {"locations": floats(1, CELLS, 4), "probs": floats(1, CELLS, 1 + CLASSES)})
