"""Merging nearest upsampling along width and along height into one Resize."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import add_constant, numbers_of


class MergeResizePass(ir.passes.InPlacePass):
    """Replace two nearest upsamplings in a row by one (GluonCV's YOLOv3 repeats width, then height).

    1. Both are Resize in mode nearest with constant whole scales for all axes, each element taken from the
       position that it was repeated from (asymmetric, floor).
    2. The second is the first one's only user, and the first one's result is no output of the graph.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Merge every pair that the rules allow."""
        merged = [merge(model.graph, node) for node in list(model.graph)]
        return ir.passes.PassResult(model, modified=any(merged))


def merge(graph: ir.Graph, second: ir.Node) -> bool:
    """Let a Resize take over the scales of the one before it; return whether the rules allowed it."""
    source = second.inputs[0] if second.inputs else None
    first = source.producer() if source is not None else None
    if source is None or first is None or source.is_graph_output() or len(source.uses()) != 1:
        return False
    before, after = whole_scales(first), whole_scales(second)
    if before is None or after is None:
        return False
    name = f"{second.outputs[0].name}_scales"
    second.replace_input_with(2, add_constant(graph, name, (before * after).astype(np.float32)))
    second.replace_input_with(0, first.inputs[0])
    graph.remove(first, safe=True)
    return True


def whole_scales(node: ir.Node) -> NDArray[np.float64] | None:
    """Scales of a repetition of elements by whole factors; None for any other node."""
    if node.op_type != "Resize" or len(node.inputs) != 3 or "axes" in node.attributes:
        return None
    read = node.attributes
    modes = (
        read.get_string("mode", "nearest"),
        read.get_string("coordinate_transformation_mode", "half_pixel"),
        read.get_string("nearest_mode", "round_prefer_floor"),
    )
    factors = numbers_of(node.inputs[2])
    if modes != ("nearest", "asymmetric", "floor") or factors is None or not factors.size:
        return None
    return factors if bool(((factors == np.floor(factors)) & (factors >= 1)).all()) else None
