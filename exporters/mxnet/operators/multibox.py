"""Anchors and detections of MXNet's own SSD example: MultiBoxPrior, MultiBoxDetection."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters import nms
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.box import decode_offsets
from gcv_edge.exporters.mxnet.operators.indexing import TO_THE_END, slice_between
from gcv_edge.exporters.mxnet.registry import converts
from gcv_edge.metadata import DetectionSettings

NOTHING = -1.0
"""What MXNet fills rows with that hold no detection."""

LEAST_RATIO = 1e-6
"""Of the sizes of an anchor and of its width to its height: it is divided by."""


@converts("_contrib_MultiBoxPrior")
def multibox_prior(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Anchors ``[1, h * w * (sizes + ratios - 1), 4]`` of a map: corners, in parts of the picture."""
    height, width = graph.length(data, 2), graph.length(data, 3)
    steps = attrs.get_float_tuple("steps", (-1.0, -1.0), length=2)
    offsets = attrs.get_float_tuple("offsets", (0.5, 0.5), length=2)
    shapes = half_sizes(attrs, height / width)
    graph.reserve(height, width, len(shapes), 4)
    pitch = [step if step > 0 else 1 / size for step, size in zip(steps, (height, width), strict=True)]
    rows, columns = (np.arange(size) for size in (height, width))
    y, x = np.meshgrid((rows + offsets[0]) * pitch[0], (columns + offsets[1]) * pitch[1], indexing="ij")
    centers = np.stack([x, y], axis=-1)[:, :, None]
    corners = np.concatenate([centers - shapes, centers + shapes], axis=-1).reshape(1, -1, 4)
    if attrs.get_bool("clip", False):
        corners = corners.clip(0, 1)
    return graph.constant(corners.astype(np.float32), attrs.name)


def half_sizes(attrs: Attributes, aspect: float) -> NDArray[np.float64]:
    """Half width and height of the anchors of a position: all sizes of the first ratio, then the others."""
    sizes, ratios = (attrs.get_float_tuple(key, (1.0,), low=LEAST_RATIO) for key in ("sizes", "ratios"))
    if not sizes or not ratios:
        raise attrs.unsupported("ratios" if sizes else "sizes")
    shapes = [(size, math.sqrt(ratios[0])) for size in sizes]
    shapes += [(sizes[0], math.sqrt(ratio)) for ratio in ratios[1:]]
    return np.array([(size * aspect * root / 2, size / root / 2) for size, root in shapes])


@dataclass(frozen=True)
class MultiBoxSettings:
    """What MultiBoxDetection's attributes say.

    Attributes:
        variances: factors of the four offsets.
        clip: whether boxes end at the picture's edges.
        selection: how it selects; without suppression nothing is sorted or cut off either.
    """

    variances: NDArray[np.float32]
    clip: bool
    selection: DetectionSettings


def read_multibox(attrs: Attributes) -> MultiBoxSettings:
    """Read the attributes; ``background_id`` says nothing, for MXNet takes class 0 for it always."""
    attrs.get_int("background_id", 0)
    overlap, topk = attrs.get_float("nms_threshold", 0.5), attrs.get_int("nms_topk", -1)
    suppresses = 0 < overlap <= 1
    variances = attrs.get_float_tuple("variances", (0.1, 0.1, 0.2, 0.2), length=4)
    return MultiBoxSettings(
        np.array(variances, np.float32),
        attrs.get_bool("clip", True),
        DetectionSettings(
            confidence_threshold=attrs.get_float("threshold", 0.01),
            iou_threshold=just_below(overlap, 1) if suppresses and overlap == 1 else overlap * suppresses,
            nms_topk=topk if suppresses and topk > 0 else -1,
            post_nms=-1,
            class_agnostic=attrs.get_bool("force_suppress", False),
        ),
    )


def just_below(value: float, steps: int) -> float:
    """Return the float32 number a few steps under a value: what is over it has reached the value."""
    number = np.float32(value)
    for _ in range(steps):
        number = np.nextafter(number, np.float32(-np.inf))
    return float(number)


@converts("_contrib_MultiBoxDetection")
def multibox_detection(
    graph: GraphBuilder, attrs: Attributes, probabilities: ir.Value, offsets: ir.Value, anchors: ir.Value
) -> ir.Value:
    """Rows (class, score, corners) ``[N, A, 6]``; those that another suppresses have lost only their class.

    ``probabilities [N, 1 + C, A]`` begin with the background; every anchor has only its best class.
    """
    settings, name = read_multibox(attrs), attrs.name
    found = best_classes(graph, attrs, probabilities, offsets, anchors, settings)
    rows = in_front(graph, name, found, settings.selection.confidence_threshold)
    if settings.selection.iou_threshold <= 0:
        return rows
    classes = graph.length(probabilities, 1) - 1
    kept = suppressed(graph, name, found, classes, settings.selection)
    cut = graph.length(kept, 1)
    if cut == graph.length(rows, 1):
        return kept
    rest = slice_between(graph, rows, 1, cut, TO_THE_END, f"{name}_rest")
    unlisted = graph.constant(np.array([NOTHING, *[np.inf] * 5], np.float32))
    return graph.op("Concat", [kept, graph.op("Min", [rest, unlisted], f"{name}_unlisted")], name, axis=1)


@dataclass(frozen=True)
class Found:
    """The best class of each anchor.

    Attributes:
        ids, scores: ``[N, A]``, both float32.
        boxes: ``[N, A, 4]``.
    """

    ids: ir.Value
    scores: ir.Value
    boxes: ir.Value


def best_classes(
    graph: GraphBuilder,
    attrs: Attributes,
    probabilities: ir.Value,
    offsets: ir.Value,
    anchors: ir.Value,
    settings: MultiBoxSettings,
) -> Found:
    """Decode the boxes, and pick the best class but the background."""
    name = attrs.name
    classes = slice_between(graph, probabilities, 1, 1, TO_THE_END, f"{name}_classes")
    scores = graph.op("ReduceMax", [classes, graph.constant([1])], f"{name}_scores", keepdims=0)
    ids = graph.op("ArgMax", [classes], f"{name}_ids", axis=1, keepdims=0)
    ids = graph.op("Cast", [ids], f"{name}_classes", to=int(ir.DataType.FLOAT))
    by_anchor = graph.op("Reshape", [offsets, graph.constant([0, -1, 4])], f"{name}_offsets")
    boxes = decode_offsets(graph, f"{name}_boxes", by_anchor, anchors, settings.variances)
    if settings.clip:
        boxes = graph.op("Clip", [boxes, graph.constant(0.0), graph.constant(1.0)], f"{name}_clipped")
    return Found(ids, scores, boxes)


def in_front(graph: GraphBuilder, name: str, found: Found, threshold: float) -> ir.Value:
    """List the anchors whose score reaches the threshold, in their own order, before rows of -1."""
    anchors = graph.length(found.scores, 1)
    is_valid = nms.over(graph, found.scores, just_below(threshold, 1))
    places = graph.constant(np.arange(anchors, 0, -1, dtype=np.float32)[None])
    places = nms.masked(graph, places, is_valid, NOTHING)
    order = graph.multi("TopK", [places, graph.constant([anchors])], 2, f"{name}_listed", axis=1)
    is_row = nms.column(graph, nms.over(graph, order[0], 0.0))
    rows = graph.op("Concat", columns(graph, found), f"{name}_candidates", axis=2)
    return nms.masked(graph, nms.gather_rows(graph, rows, order[1]), is_row, NOTHING)


def columns(graph: GraphBuilder, found: Found) -> list[ir.Value]:
    """Shape what was found as columns of rows."""
    return [nms.column(graph, found.ids), nms.column(graph, found.scores), found.boxes]


def suppressed(
    graph: GraphBuilder, name: str, found: Found, classes: int, selection: DetectionSettings
) -> ir.Value:
    """List the best anchors sorted; those that another suppresses have the class -1.

    Not every runtime sorts stably; the keys say in which order equal scores are.
    """
    limit, threshold = selection.confidence_threshold, just_below(selection.confidence_threshold, 1)
    settings = DetectionSettings(
        threshold, just_below(selection.iou_threshold, 2), -1, -1, selection.class_agnostic
    )
    count = nms.limit(selection.nms_topk, graph.length(found.scores, 1))
    valid = nms.masked(graph, found.scores, nms.over(graph, found.scores, threshold), just_below(limit, 9))
    scores, order = graph.multi("TopK", [valid, graph.constant([count])], 2, f"{name}_sorted", axis=1)
    ids = graph.op("GatherElements", [found.ids, order], f"{name}_sorted_ids", axis=1)
    boxes = nms.gather_rows(graph, found.boxes, order)
    keys = nms.order_keys(graph, scores, order, settings)
    whole = graph.op("Cast", [ids], f"{name}_sorted_classes", to=int(ir.DataType.INT64))
    candidates = nms.Candidates(boxes, scores, whole, keys)
    survives = nms.suppression_mask(graph, candidates, classes, settings)
    listed = Found(nms.masked(graph, ids, survives, NOTHING), scores, boxes)
    rows = graph.op("Concat", columns(graph, listed), f"{name}_rows", axis=2)
    is_row = nms.column(graph, nms.over(graph, scores, threshold))
    rows = nms.masked(graph, rows, is_row, NOTHING)
    _, settled = graph.multi("TopK", [keys, graph.constant([count])], 2, f"{name}_settled", axis=1)
    return nms.gather_rows(graph, rows, settled)
