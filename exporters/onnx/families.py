"""Families of detectors, and how each is recognised: by shapes, names and the end of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.onnx import decoding, pairs, recognition
from gcv_edge.exporters.onnx.decoding import Listed, Pair
from gcv_edge.exporters.onnx.grid_rows import COLUMNS, DECODED, RAW, ROWS, Contents, GridRows
from gcv_edge.exporters.onnx.outputs import Names, Outputs

Find = Callable[[Outputs], Names | None]
Emit = Callable[[GraphBuilder, Sequence[ir.Value], Outputs], Pair | Listed]


@dataclass(frozen=True)
class DetectorFamily:
    """One way in which detectors give their results.

    Attributes:
        name: how the command line calls it.
        layout: what it is, for people.
        find: names the outputs that are used, in order; None where the form is another.
        emit: makes boxes and scores of them, or a list.
        is_set: no object is in it twice.
        first_class: the number of the first class in a list that holds class numbers; None for other forms.
        is_sure: whether the form is this family's alone.
        may_be: whether the form may be this family's, of those that it could be without a grid.
        grid: what is in a row for each cell; None for other forms.
        takes: what the user may say of it, by the fields of ``Adoption``.
    """

    name: str
    layout: str
    find: Find
    emit: Emit
    is_set: bool = False
    first_class: int | None = None
    is_sure: Callable[[Outputs], bool] = lambda _: True
    may_be: Callable[[Outputs], bool] = lambda _: False
    grid: GridRows | None = None
    takes: tuple[str, ...] = ()

    def is_found(self, outputs: Outputs) -> bool:
        """Whether outputs are certainly this family's."""
        return self.is_sure(outputs) and (self.grid is None or self.grid.is_sure(outputs))

    @property
    def is_list(self) -> bool:
        """Whether it lists detections with their class numbers."""
        return self.first_class is not None

    @property
    def assumes_centres(self) -> bool:
        """Whether boxes are taken for centre and size where the user does not say what they are."""
        return self.grid is not None and FORMAT in self.takes


FORMAT, UNITS, BACKGROUND = "box_format", "normalized", "background"


FAMILIES = {
    family.name: family
    for family in (
        DetectorFamily(
            "torchvision",
            "lists of boxes [K, 4], scores [K] and integer labels [K]",
            recognition.find_torchvision,
            decoding.emit_torchvision,
            first_class=1,
            takes=(UNITS,),
        ),
        DetectorFamily(
            "paddle",
            "rows [K, 6] of class, score and corners, and integer counts [N]",
            recognition.find_paddle,
            decoding.emit_paddle,
            first_class=0,
            takes=(UNITS,),
        ),
        DetectorFamily(
            "mmdet",
            "rows [N, K, 5] of corners and score, and integer labels [N, K]",
            recognition.find_mmdet,
            decoding.emit_mmdet,
            first_class=0,
            takes=(UNITS,),
        ),
        DetectorFamily(
            "tensorflow",
            "detection_boxes [N, K, 4], detection_scores [N, K] and detection_classes [N, K]",
            recognition.find_lists,
            decoding.emit_tensorflow,
            first_class=1,
            is_sure=recognition.is_tensorflow,
        ),
        DetectorFamily(
            "lists",
            "boxes [N, K, 4], scores [N, K] and class numbers [N, K] from 0",
            recognition.find_lists,
            decoding.emit_lists,
            first_class=0,
            takes=(FORMAT, UNITS),
        ),
        DetectorFamily(
            "detr",
            "boxes [N, Q, 4] and logits [N, Q, C + 1] of a softmax",
            pairs.find_pair,
            decoding.emit_detr,
            is_set=True,
            is_sure=pairs.is_detr,
            may_be=pairs.has_unsure_queries,
        ),
        DetectorFamily(
            "rtdetr",
            "boxes [N, Q, 4] and logits [N, Q, C]",
            pairs.find_pair,
            decoding.emit_rtdetr,
            is_set=True,
            is_sure=pairs.is_rtdetr,
            may_be=pairs.has_unsure_queries,
        ),
        DetectorFamily(
            "boxes-scores",
            "boxes [N, A, 4] and scores [N, A, C]",
            pairs.find_boxes_and_scores,
            decoding.emit_boxes_and_scores,
            is_sure=pairs.is_no_query,
            takes=("boxes", "scores", FORMAT, UNITS, BACKGROUND),
        ),
        DetectorFamily(
            "fastestdet",
            "a map [N, 5 + C, h, w] of objectness, offsets, sizes and probabilities",
            recognition.find_map,
            decoding.emit_fastestdet,
            is_sure=recognition.joins_fastestdet,
        ),
        DetectorFamily(
            "yolov5",
            "rows [N, A, 5 + C] of centre, size, objectness and probabilities",
            recognition.find_long_rows,
            decoding.emit_yolov5,
            grid=GridRows(ROWS, Contents(objectness=True, boxes=DECODED), anchors=(3,)),
            takes=(FORMAT, UNITS),
        ),
        DetectorFamily(
            "yolox-raw",
            "rows [N, A, 5 + C], boxes in cells of their grids",
            recognition.find_yolox,
            decoding.emit_yolox_raw,
            is_sure=recognition.is_yolox_by_name,
            grid=GridRows(ROWS, Contents(objectness=True, boxes=RAW), anchors=(1,)),
        ),
        DetectorFamily(
            "yolox",
            "rows [N, A, 5 + C], one for each cell, boxes in pixels",
            recognition.find_yolox,
            decoding.emit_yolov5,
            grid=GridRows(ROWS, Contents(objectness=True, boxes=DECODED), anchors=(1,)),
            takes=(FORMAT, UNITS),
        ),
        DetectorFamily(
            "yolov8-rows",
            "rows [N, A, 4 + C] of centre, size and probabilities",
            recognition.find_rows,
            decoding.emit_rows_without_objectness,
            grid=GridRows(ROWS, Contents(objectness=False, boxes=DECODED)),
            takes=(FORMAT, UNITS, BACKGROUND),
        ),
        DetectorFamily(
            "rtdetr-list",
            "rows [N, K, 6] of centre and size in parts of the input's size, score and class",
            recognition.find_listed_rows,
            decoding.emit_rtdetr_list,
            first_class=0,
            is_sure=recognition.is_rtdetr_by_name,
        ),
        DetectorFamily(
            "end2end",
            "rows [N, K, 6] of corners, score and class",
            recognition.find_listed_rows,
            decoding.emit_listed_rows,
            first_class=0,
            is_sure=recognition.chooses,
            takes=(FORMAT, UNITS),
        ),
        DetectorFamily(
            "rtdetr-rows",
            "rows [N, Q, 4 + C] of centre and size in parts of the input's size, and probabilities",
            recognition.find_rows,
            decoding.emit_rtdetr_rows,
            is_set=True,
            is_sure=recognition.is_rows_of_queries,
        ),
        DetectorFamily(
            "yolov8",
            "columns [N, 4 + C, A] of centre, size and probabilities",
            recognition.find_columns,
            decoding.emit_columns,
            grid=GridRows(COLUMNS, Contents(objectness=False, boxes=DECODED)),
            takes=(FORMAT, UNITS, BACKGROUND),
        ),
        DetectorFamily(
            "yolov5-columns",
            "columns [N, 5 + C, A] of centre, size, objectness and probabilities",
            recognition.find_long_columns,
            decoding.emit_columns_of_objectness,
            grid=GridRows(COLUMNS, Contents(objectness=True, boxes=DECODED)),
            takes=(FORMAT, UNITS),
        ),
    )
}
"""In the order in which they are tried."""
