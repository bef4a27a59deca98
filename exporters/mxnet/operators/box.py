"""Decoding of predicted boxes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.indexing import slice_between
from gcv_edge.exporters.mxnet.registry import converts


@converts("_contrib_box_decode")
def box_decode(graph: GraphBuilder, attrs: Attributes, data: ir.Value, anchors: ir.Value) -> ir.Value:
    """Offsets ``[N, A, 4]`` against anchors ``[1, A, 4]`` to corners ``[N, A, 4]`` (SSD, R-CNN)."""
    stds = np.array([attrs.get_float(f"std{i}", 1.0) for i in range(4)], np.float32)
    limit = attrs.get_float("clip", -1.0)
    corner = attrs.get_str("format", "center", choices=("center", "corner")) == "corner"
    return decode_offsets(graph, attrs.name, data, anchors, stds, limit, corner)


def decode_offsets(
    graph: GraphBuilder,
    name: str,
    data: ir.Value,
    anchors: ir.Value,
    stds: NDArray[np.float32],
    limit: float = -1.0,
    corner: bool = True,
) -> ir.Value:
    """Emit the corners of boxes from offsets ``[N, A, 4]``, a factor each, against anchors ``[1, A, 4]``.

    Growth of a size, as a logarithm, ends at ``limit`` where that is positive.
    """
    centers, sizes = anchor_centers(graph, name, anchors, corner)
    spread = graph.op(
        "Mul", [slice_between(graph, data, 2, 0, 2), graph.constant(stds[:2])], f"{name}_spread"
    )
    shift = graph.op("Mul", [spread, sizes], f"{name}_shift")
    middle = graph.op("Add", [shift, centers], f"{name}_middle")
    growth = graph.op(
        "Mul", [slice_between(graph, data, 2, 2, 4), graph.constant(stds[2:])], f"{name}_growth"
    )
    if limit > 0:
        growth = graph.op("Min", [growth, graph.constant(limit)], f"{name}_clip")
    halves = graph.op("Mul", [sizes, graph.constant(0.5)], f"{name}_halves")
    reach = graph.op("Mul", [graph.op("Exp", [growth], f"{name}_exp"), halves], f"{name}_reach")
    low = graph.op("Sub", [middle, reach], f"{name}_low")
    high = graph.op("Add", [middle, reach], f"{name}_high")
    return graph.op("Concat", [low, high], name, axis=2)


def anchor_centers(
    graph: GraphBuilder, name: str, anchors: ir.Value, corner: bool
) -> tuple[ir.Value, ir.Value]:
    """Centres and sizes of anchors given as (cx, cy, w, h) or as corners."""
    first, second = slice_between(graph, anchors, 2, 0, 2), slice_between(graph, anchors, 2, 2, 4)
    if not corner:
        return first, second
    sizes = graph.op("Sub", [second, first], f"{name}_sizes")
    halves = graph.op("Mul", [sizes, graph.constant(0.5)], f"{name}_anchor_halves")
    return graph.op("Add", [first, halves], f"{name}_centers"), sizes
