"""What the numbers in a row of YOLO's kind are, as the end of the graph and the class names tell.

A row, or column, for each cell holds a box, then an objectness or none, then a probability for each class.
Its length alone does not say which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gcv_edge.exporters.onnx.boxes import count_anchors
from gcv_edge.exporters.onnx.grids import LAYERS, find_layers, has_placing
from gcv_edge.exporters.onnx.outputs import Outputs
from gcv_edge.exporters.onnx.tracing import PLACED, PLACING, WRITTEN, Column, trace

COLUMNS, ROWS = 1, 2
"""Axis of the numbers in a row."""
BOX = 4
RAW, DECODED = "raw", "decoded"
PROBABILITIES = ("Sigmoid", "HardSigmoid")


@dataclass(frozen=True)
class Contents:
    """What is in a row; None for what is not certain.

    Attributes:
        objectness: whether it is between the box and the classes.
        boxes: ``raw``, as a layer gives them, or ``decoded``, placed on the picture.
    """

    objectness: bool | None
    boxes: str | None

    def may_be(self, other: Contents) -> bool:
        """Whether nothing that is certain speaks against other contents."""
        return self.objectness in (None, other.objectness) and self.boxes in (None, other.boxes)


@dataclass(frozen=True)
class GridRows:
    """A form of detections: a row for each cell of YOLO's grids, or several.

    Attributes:
        axis: of the numbers in a row.
        contents: what they are.
        anchors: how many rows a cell may have.
    """

    axis: int
    contents: Contents
    anchors: tuple[int, ...] = (1, 3)

    def is_sure(self, outputs: Outputs) -> bool:
        """Whether outputs certainly have this form."""
        return read_contents(outputs, self.axis, self.anchors) == self.contents

    def may_be(self, outputs: Outputs) -> bool:
        """Whether outputs have as many rows, and nothing that is certain speaks against the contents."""
        found = read_contents(outputs, self.axis, self.anchors)
        return found is not None and found.may_be(self.contents)


def read_contents(outputs: Outputs, axis: int, anchors: Sequence[int]) -> Contents | None:
    """Read what is along an axis of the only output; None where its rows are not one for each anchor.

    Columns of any number are read where a detector is asked for.
    """
    (name,) = outputs.values
    count = count_anchors(outputs.shapes[name][ROWS + COLUMNS - axis], outputs.size)
    if count not in anchors and not (axis == COLUMNS and outputs.is_asked):
        return None
    columns = trace(outputs.values[name], axis)
    is_said = outputs.adoption.box_format is not None
    state = DECODED if is_said else find_state(columns[:BOX])
    return Contents(find_objectness(columns, outputs.classes, count), state)


def find_objectness(columns: Sequence[Column], classes: int, anchors: int) -> bool | None:
    """Tell whether an objectness precedes the classes, of which so many are named (0: none)."""
    if len(columns) == BOX + 1:
        return False
    rest = [(column, len(list(same))) for column, same in groupby(columns[BOX:])]
    is_cut = columns[BOX - 1] != columns[BOX]
    if is_cut and len(rest) == 2 and rest[0][1] == 1:
        return True if gives_probabilities(rest[1][0]) else None
    if len(rest) > 1 or (not is_cut and len(set(columns)) > 1):
        return None
    named = {len(columns) - BOX - 1: True, len(columns) - BOX: False}.get(classes)
    return named if named is not None else find_shared(columns[0], columns[BOX], anchors)


def find_shared(box: Column, score: Column, anchors: int) -> bool | None:
    """Tell an objectness by the layers: only heads with anchors make boxes and scores in one of them."""
    boxes, scores = (set().union(*map(find_layers, column.sources)) for column in (box, score))
    if boxes & scores:
        return True if anchors > 1 else None
    return False if boxes and score.makers <= {*LAYERS} else None


def gives_probabilities(column: Column) -> bool:
    """Whether a column ends in a sigmoid or a softmax."""
    steps = [step for step in column.steps if step not in (WRITTEN, PLACED)]
    return steps[0] in PROBABILITIES if steps else column.makers <= {"Softmax"}


def find_state(box: Sequence[Column]) -> str | None:
    """Tell whether boxes are as a layer gives them, apart from a bias, or placed on the picture."""
    if all(column.makers and column.makers <= {*LAYERS} and {*column.steps} <= {"Add"} for column in box):
        return RAW
    return DECODED if any(map(is_placed, box)) else None


def is_placed(column: Column) -> bool:
    """Whether the corners of cells, or what stands for them, were added."""
    return bool({PLACING, PLACED} & {*column.steps}) or any(map(has_placing, column.sources))
