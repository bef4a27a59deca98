"""Families of detectors, and how each is recognised: by shapes, names and the end of the graph."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.onnx import decoding, recognition
from gcv_edge.exporters.onnx.decoding import Pair
from gcv_edge.exporters.onnx.outputs import Outputs
from gcv_edge.exporters.onnx.recognition import Names

Find = Callable[[Outputs], Names | None]
Emit = Callable[[GraphBuilder, Sequence[ir.Value], Outputs], Pair]


@dataclass(frozen=True)
class Family:
    """One way in which detectors give their results.

    Attributes:
        name: how the command line calls it.
        layout: what it is, for people.
        find: names the outputs that are used, in order; None where the form is another.
        emit: makes boxes and scores of them.
        is_list: nothing is left to suppress.
        is_sure: whether the form is this family's alone.
    """

    name: str
    layout: str
    find: Find
    emit: Emit
    is_list: bool = False
    is_sure: Callable[[Outputs], bool] = lambda _: True


def find_family(outputs: Outputs) -> tuple[Family, Names] | None:
    """Recognise a detector; None where the form is no detector's and none is asked for.

    Raises:
        UsageError: there is no family of the name asked for, or a detector is asked for and not recognised.
        UnsupportedError: the outputs have another form than the family's.
    """
    wanted = outputs.adoption.head
    if wanted != "auto":
        family = FAMILIES.get(wanted)
        if family is None:
            close = difflib.get_close_matches(wanted, FAMILIES, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"expected auto, {', '.join(FAMILIES)}"
            raise UsageError(f"--head {wanted}: {hint}")
        names = family.find(outputs)
        if names is None:
            raise UnsupportedError(
                f"{outputs.source}: found outputs {describe(outputs)}, expected {family.layout} "
                f"for --head {wanted}"
            )
        return family, names
    for family in FAMILIES.values():
        names = family.find(outputs)
        if names is not None and family.is_sure(outputs):
            return family, names
    if not outputs.is_asked:
        return None
    raise UsageError(
        f"{outputs.source}: outputs {describe(outputs)} are of no detector that is recognised: give --boxes "
        f"and --scores, or --head {', '.join(FAMILIES)}"
    )


def describe(outputs: Outputs) -> str:
    """List outputs with their shapes."""
    return ", ".join(f"{name} {list(shape)}" for name, shape in outputs.shapes.items())


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "torchvision",
            "lists of boxes [K, 4], scores [K] and integer labels [K]",
            recognition.find_torchvision,
            decoding.emit_torchvision,
            is_list=True,
        ),
        Family(
            "paddle",
            "rows [K, 6] of class, score and corners, and integer counts [N]",
            recognition.find_paddle,
            decoding.emit_paddle,
            is_list=True,
        ),
        Family(
            "mmdet",
            "rows [N, K, 5] of corners and score, and integer labels [N, K]",
            recognition.find_mmdet,
            decoding.emit_mmdet,
            is_list=True,
        ),
        Family(
            "tensorflow",
            "detection_boxes [N, K, 4], detection_scores [N, K] and detection_classes [N, K]",
            recognition.find_lists,
            decoding.emit_tensorflow,
            is_list=True,
            is_sure=recognition.is_tensorflow,
        ),
        Family(
            "lists",
            "boxes [N, K, 4], scores [N, K] and class numbers [N, K] from 0",
            recognition.find_lists,
            decoding.emit_lists,
            is_list=True,
        ),
        Family(
            "detr",
            "boxes [N, Q, 4] and logits [N, Q, C + 1] of a softmax",
            recognition.find_pair,
            decoding.emit_detr,
            is_list=True,
            is_sure=recognition.is_detr,
        ),
        Family(
            "rtdetr",
            "boxes [N, Q, 4] and logits [N, Q, C]",
            recognition.find_pair,
            decoding.emit_rtdetr,
            is_list=True,
            is_sure=recognition.is_rtdetr,
        ),
        Family(
            "boxes-scores",
            "boxes [N, A, 4] and scores [N, A, C]",
            recognition.find_boxes_and_scores,
            decoding.emit_boxes_and_scores,
            is_sure=recognition.is_no_query,
        ),
        Family(
            "fastestdet",
            "a map [N, 5 + C, h, w] of objectness, offsets, sizes and probabilities",
            recognition.find_map,
            decoding.emit_fastestdet,
            is_sure=recognition.joins_fastestdet,
        ),
        Family(
            "yolov5",
            "rows [N, A, 5 + C] of centre, size, objectness and probabilities",
            recognition.find_rows,
            decoding.emit_yolov5,
            is_sure=recognition.has_three_anchors,
        ),
        Family(
            "yolox-raw",
            "rows [N, A, 5 + C], boxes in cells of their grids",
            recognition.find_yolox,
            decoding.emit_yolox_raw,
            is_sure=recognition.is_undecoded,
        ),
        Family(
            "yolox",
            "rows [N, A, 5 + C], one for each cell, boxes in pixels",
            recognition.find_yolox,
            decoding.emit_yolov5,
        ),
        Family(
            "rtdetr-list",
            "rows [N, K, 6] of centre and size in parts of the input's size, score and class",
            recognition.find_listed_rows,
            decoding.emit_rtdetr_list,
            is_list=True,
            is_sure=recognition.is_rtdetr_by_name,
        ),
        Family(
            "end2end",
            "rows [N, K, 6] of corners, score and class",
            recognition.find_listed_rows,
            decoding.emit_listed_rows,
            is_list=True,
            is_sure=recognition.chooses,
        ),
        Family(
            "rtdetr-rows",
            "rows [N, Q, 4 + C] of centre and size in parts of the input's size, and probabilities",
            recognition.find_rows,
            decoding.emit_rtdetr_rows,
            is_list=True,
            is_sure=recognition.is_rows_of_queries,
        ),
        Family(
            "yolov8",
            "columns [N, 4 + C, A] of centre, size and probabilities",
            recognition.find_columns,
            decoding.emit_columns,
            is_sure=recognition.is_columns_of_cells,
        ),
    )
}
"""In the order in which they are tried."""
