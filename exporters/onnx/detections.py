"""What becomes of the outputs of a detector's family, and the notes on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.onnx.boxes import LISTED, as_float, join_list, spread_scores
from gcv_edge.exporters.onnx.families import DetectorFamily
from gcv_edge.exporters.onnx.outputs import Names, Outputs
from gcv_edge.exporters.onnx.reference import Tail
from gcv_edge.metadata import DetectionSettings

FINAL = DetectionSettings(iou_threshold=0.0, nms_topk=-1, post_nms=LISTED)
"""Of a detector whose boxes need no suppression."""
LIST = "list"
"""Scores and class numbers of a list ``[N, K, 2]``, as it has them; looked at, and not exported."""
CHOOSING = {"TopK", "NonMaxSuppression", "Loop", "Scan"}
"""Operators with which graphs sort or suppress."""


def detector_tail(family: DetectorFamily, outputs: Outputs) -> Tail:
    """Make what decodes a family's outputs."""

    def emit(graph: GraphBuilder, taps: Sequence[ir.Value]) -> dict[str, ir.Value]:
        boxes, scores, *ids = family.emit(graph, [as_float(graph, tap) for tap in taps], outputs)
        if family.first_class is None:
            return {"boxes": boxes, "scores": scores}
        matrix = spread_scores(graph, scores, ids[0], outputs.count_classes(), family.first_class)
        return {"boxes": boxes, "scores": matrix, LIST: join_list(graph, scores, ids[0])}

    return emit


def choose_settings(family: DetectorFamily, outputs: Outputs) -> DetectionSettings:
    """Leave suppression to the runtime, unless nothing is left to suppress."""
    return FINAL if family.is_set or (family.is_list and is_chosen(outputs)) else DetectionSettings()


def is_chosen(outputs: Outputs) -> bool:
    """Whether the graph itself sorts or suppresses."""
    return bool(outputs.operators & CHOOSING)


def describe_family(family: DetectorFamily, names: Names, outputs: Outputs) -> Iterator[str]:
    """Say what was recognised, and what is left out."""
    yield f"a detector of the family {family.name} (--head): {family.layout}"
    if family.is_list and not is_chosen(outputs):
        yield "the graph neither sorts its list nor suppresses in it: the runtime does"
    if family.first_class is None and len(names) == 3:
        yield f"scores are multiplied by '{names[2]}'"
    rest = [name for name in outputs.values if name not in names]
    if rest:
        yield f"left out: {', '.join(rest)} (--task tensors exports all)"
