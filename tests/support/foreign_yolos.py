"""Foreign files of YOLO's families: random layers whose outputs are joined as each family's exporter does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from tests.support.foreign_files import ForeignFile, floats

SIDE, CLASSES = 64, 3
STRIDES = (8, 16, 32)
ANCHORS = ((10, 13, 16, 30, 33, 23), (30, 61, 62, 45, 59, 119), (116, 90, 156, 198, 373, 326))
"""Widths and heights of YOLOv5's anchors, a row for each stride."""


def count_cells(side: int) -> int:
    return sum((side // stride) ** 2 for stride in STRIDES)


def grid(side: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Places of all cells in cells ``[A, 2]`` and their strides ``[A, 1]``."""
    places = [
        (x + shift, y + shift, stride)
        for stride in STRIDES
        for y in range(side // stride)
        for x in range(side // stride)
    ]
    table = np.array(places, np.float32)
    return table[:, :2], table[:, 2:]


class YoloFile(ForeignFile):
    """A file whose input is pictures of one size."""

    def __init__(self, side: int = SIDE, batch: int | str = 1, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.side, self.batch, self.has_bias_apart = side, batch, False
        self.data = self.input("images", [batch, 3, side, side])

    def whole(self, *numbers: int) -> str:
        return self.constant(numbers, np.int64)

    def layer(self, x: str, width: int, centre: float) -> str:
        """A convolution whose results are about ``centre``."""
        weight = self.constant(self.random.standard_normal((width, 3, 3, 3)) / 27**0.5)
        bias = centre + self.random.standard_normal(width) / 4
        if not self.has_bias_apart:
            return self.op("Conv", x, weight, self.constant(bias), pads=[1] * 4)
        maps = self.op("Conv", x, weight, pads=[1] * 4)
        return self.op("Add", maps, self.op("Reshape", self.constant(bias), self.whole(1, -1, 1, 1)))

    def branch(self, width: int, curve: str | None = None, centre: float = 0.0) -> list[str]:
        """Maps ``[N, width, h, w]`` of each stride, from a layer of their own."""
        pooled = [
            self.op("AveragePool", self.data, kernel_shape=[stride] * 2, strides=[stride] * 2)
            for stride in STRIDES
        ]
        maps = [self.layer(x, width, centre) for x in pooled]
        return [self.op(curve, x) for x in maps] if curve else maps

    def join(self, maps: Sequence[str], width: int) -> str:
        """Columns ``[N, width, A]``."""
        return self.op("Concat", *(self.op("Reshape", x, self.whole(0, width, -1)) for x in maps), axis=2)

    def rows(self, x: str) -> str:
        return self.op("Transpose", x, perm=[0, 2, 1])

    def cut(self, x: str, begin: int, end: int, axis: int) -> str:
        return self.op("Slice", x, *(self.whole(number) for number in (begin, end, axis)))

    def finish(self, path: Path, *shape: int) -> Path:
        return self.save(path, {"output": floats(self.batch, *shape)})


def distances(file: YoloFile, curve: str | None) -> str:
    """Distances from the cells' centres to the sides, made positive by a curve: columns ``[N, 4, A]``."""
    if curve != "Square":
        return file.join(file.branch(4, curve, centre=2.0), 4)
    twice = file.op("Mul", file.join(file.branch(4, "Sigmoid"), 4), file.constant(2.0))
    return file.op("Pow", twice, file.constant(2.0))


def boxes_of_distances(file: YoloFile, x: str, is_corners: bool = False, unit: float = 1.0) -> str:
    """dist2bbox of YOLOv6 and YOLOv8, in pixels or another unit: columns ``[N, 4, A]``."""
    places, strides = grid(file.side, 0.5)
    centres = file.constant(places.T[None])
    low = file.op("Sub", centres, file.cut(x, 0, 2, 1))
    high = file.op("Add", centres, file.cut(x, 2, 4, 1))
    parts = [low, high]
    if not is_corners:
        middle = file.op("Div", file.op("Add", low, high), file.constant(2.0))
        parts = [middle, file.op("Sub", high, low)]
    return file.op("Mul", file.op("Concat", *parts, axis=1), file.constant(strides.T * unit))


def yolov6(
    path: Path, side: int = SIDE, classes: int = CLASSES, curve: str | None = "Relu", corners: bool = False
) -> Path:
    """Boxes decoded without an exponential, a column of ones, probabilities. Source: YOLOv6's Detect."""
    file = YoloFile(side)
    boxes = file.rows(boxes_of_distances(file, distances(file, curve), corners))
    scores = file.rows(file.join(file.branch(classes, "Sigmoid"), classes))
    ones = file.constant(np.ones((1, count_cells(side), 1)))
    file.op("Concat", boxes, ones, scores, name="output", axis=2)
    return file.finish(path, count_cells(side), 5 + classes)


def yolov8(
    path: Path,
    batch: int | str = 1,
    seed: int = 0,
    side: int = SIDE,
    classes: int = CLASSES,
    is_rows: bool = False,
    has_objectness: bool = False,
    unit: float = 1.0,
) -> Path:
    """Columns ``[N, 4 + C, A]``, or rows, or with an objectness. Source: Detect of YOLOv8."""
    file = YoloFile(side, batch, seed)
    parts = [boxes_of_distances(file, distances(file, "Softplus"), unit=unit)]
    for width in (1, classes) if has_objectness else (classes,):
        parts.append(file.op("Sigmoid", file.join(file.branch(width), width)))
    joined = file.op("Concat", *parts, name=None if is_rows else "output", axis=1)
    width = 4 + has_objectness + classes
    if not is_rows:
        return file.finish(path, width, count_cells(side))
    file.op("Transpose", joined, name="output", perm=[0, 2, 1])
    return file.finish(path, count_cells(side), width)


def yolox_rows(file: YoloFile, classes: int) -> str:
    """What YOLOX's head gives before it is decoded: its three branches joined, grid by grid."""
    branches = [file.branch(4), file.branch(1, "Sigmoid"), file.branch(classes, "Sigmoid")]
    maps = [file.op("Concat", *parts, axis=1) for parts in zip(*branches, strict=True)]
    return file.rows(file.join(maps, 5 + classes))


def yolox_raw(
    path: Path,
    side: int = SIDE,
    classes: int = CLASSES,
    has_exp: bool = False,
    has_bias_apart: bool = False,
) -> Path:
    """Not decoded; with an exponential elsewhere, as in some activations, or biases that are added apart."""
    file = YoloFile(side)
    if has_exp:
        file.data = file.op("Log", file.op("Exp", file.data))
    file.has_bias_apart = has_bias_apart
    file.op("Identity", yolox_rows(file, classes), name="output")
    return file.finish(path, count_cells(side), 5 + classes)


def yolox_raw_with_names(
    path: Path, names: Sequence[str] = ("reg_preds", "obj_preds", "cls_preds"), **shape: int
) -> Path:
    """Not decoded, with the names that the weights of the three branches have in the network's code."""
    model = onnx.load(yolox_raw(path, **shape))
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for index, layer in enumerate(layers):
        name = f"head.{names[index // len(STRIDES)]}.{index % len(STRIDES)}.weight"
        constants[layer.input[1]].name = layer.input[1] = name
    path.write_bytes(model.SerializeToString())
    return path


def yolox(path: Path, side: int = SIDE, classes: int = CLASSES) -> Path:
    """Source: decode_outputs of YOLOX."""
    file = YoloFile(side)
    rows = yolox_rows(file, classes)
    places, strides = (file.constant(table[None]) for table in grid(side))
    centre = file.op("Mul", file.op("Add", file.cut(rows, 0, 2, 2), places), strides)
    extent = file.op("Mul", file.op("Exp", file.cut(rows, 2, 4, 2)), strides)
    file.op("Concat", centre, extent, file.cut(rows, 4, 5 + classes, 2), name="output", axis=2)
    return file.finish(path, count_cells(side), 5 + classes)


def yolox_written(path: Path, side: int = SIDE, classes: int = CLASSES) -> Path:
    """As YOLOX, whose first version writes the boxes into the rows."""
    file = YoloFile(side)
    rows = yolox_rows(file, classes)
    places, strides = (file.constant(table[None]) for table in grid(side))
    centre = file.op("Mul", file.op("Add", file.cut(rows, 0, 2, 2), places), strides)
    once = file.op("ScatterND", rows, file.constant(columns_index(side, 0), np.int64), centre)
    extent = file.op("Mul", file.op("Exp", file.cut(once, 2, 4, 2)), strides)
    file.op("ScatterND", once, file.constant(columns_index(side, 2), np.int64), extent, name="output")
    return file.finish(path, count_cells(side), 5 + classes)


def columns_index(side: int, first: int) -> np.ndarray:
    """Places of two columns of all rows ``[1, A, 2, 3]``."""
    index = np.mgrid[:1, : count_cells(side), first : first + 2]
    return np.moveaxis(index, 0, -1)


def yolov5(path: Path, side: int = SIDE, classes: int = CLASSES) -> Path:
    """One layer for all of three anchors. Source: Detect of YOLOv5."""
    file, width = YoloFile(side), 5 + classes
    found = []
    for maps, stride, anchors in zip(file.branch(3 * width), STRIDES, ANCHORS, strict=True):
        cells = side // stride
        split = file.op("Reshape", maps, file.whole(1, 3, width, cells, cells))
        moved = file.op("Sigmoid", file.op("Transpose", split, perm=[0, 1, 3, 4, 2]))
        names = [f"{part}{stride}" for part in ("xy", "wh", "conf")]
        xy, wh, conf = file.ops("Split", moved, file.whole(2, 2, 1 + classes), names=names, axis=4)
        y, x = np.mgrid[:cells, :cells]
        corners = np.stack([x, y], axis=-1)[None, None] - 0.5
        placed = file.op("Add", file.op("Mul", xy, file.constant(2.0)), file.constant(corners))
        centre = file.op("Mul", placed, file.constant(float(stride)))
        square = file.op("Pow", file.op("Mul", wh, file.constant(2.0)), file.constant(2.0))
        extent = file.op("Mul", square, file.constant(np.reshape(anchors, (1, 3, 1, 1, 2))))
        joined = file.op("Concat", centre, extent, conf, axis=4)
        found.append(file.op("Reshape", joined, file.whole(1, 3 * cells**2, width)))
    file.op("Concat", *found, name="output", axis=1)
    return file.finish(path, 3 * count_cells(side), width)


def anchors_without_objectness(path: Path, side: int = SIDE, classes: int = CLASSES) -> Path:
    """Rows of three anchors for each cell, boxes and probabilities of layers of their own."""
    file = YoloFile(side)
    boxes, scores = (
        file.op("Concat", *(anchor_rows(file, x, width) for x in file.branch(3 * width)), axis=1)
        for width in (4, classes)
    )
    places, strides = (file.constant(np.repeat(table, 3, axis=0)[None]) for table in grid(side))
    centre = file.op("Mul", file.op("Add", file.cut(boxes, 0, 2, 2), places), strides)
    extent = file.op("Mul", file.op("Exp", file.cut(boxes, 2, 4, 2)), strides)
    file.op("Concat", centre, extent, file.op("Sigmoid", scores), name="output", axis=2)
    return file.finish(path, 3 * count_cells(side), 4 + classes)


def anchor_rows(file: YoloFile, maps: str, width: int) -> str:
    """Turn maps ``[N, 3 * width, h, w]`` into rows ``[N, 3 * h * w, width]``."""
    last = file.op("Transpose", maps, perm=[0, 2, 3, 1])
    return file.op("Reshape", last, file.whole(1, -1, width))


def one_layer(path: Path, side: int = SIDE, classes: int = CLASSES, is_columns: bool = False) -> Path:
    """Boxes and probabilities of one layer: nothing tells whether the first of them is an objectness."""
    file = YoloFile(side)
    x = file.rows(file.join(file.branch(4 + classes), 4 + classes))
    places, strides = (file.constant(table[None]) for table in grid(side))
    centre = file.op("Mul", file.op("Add", file.cut(x, 0, 2, 2), places), strides)
    extent = file.op("Mul", file.op("Exp", file.cut(x, 2, 4, 2)), strides)
    scores = file.op("Sigmoid", file.cut(x, 4, 4 + classes, 2))
    shape = count_cells(side), 4 + classes
    rows = file.op("Concat", centre, extent, scores, name=None if is_columns else "output", axis=2)
    if is_columns:
        file.op("Transpose", rows, name="output", perm=[0, 2, 1])
    return file.finish(path, *(shape[::-1] if is_columns else shape))


def key_points(path: Path, side: int = SIDE) -> Path:
    """Columns of box, one probability and 51 numbers of key points. Source: Pose of YOLOv8."""
    file = YoloFile(side)
    boxes = boxes_of_distances(file, distances(file, "Softplus"))
    points = file.op("Mul", file.join(file.branch(51), 51), file.constant(float(side)))
    scores = file.join(file.branch(1, "Sigmoid"), 1)
    file.op("Concat", boxes, scores, points, name="output", axis=1)
    return file.finish(path, 56, count_cells(side))


def unplaced(path: Path, side: int = SIDE, classes: int = CLASSES) -> Path:
    """Rows whose boxes are half decoded: offsets in their cells."""
    file = YoloFile(side)
    boxes = file.op("Sigmoid", file.join(file.branch(4), 4))
    rest = [file.join(file.branch(width, "Sigmoid"), width) for width in (1, classes)]
    file.op("Transpose", file.op("Concat", boxes, *rest, axis=1), name="output", perm=[0, 2, 1])
    return file.finish(path, count_cells(side), 5 + classes)
