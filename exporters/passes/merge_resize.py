"""Merging nearest upsampling along width and along height into one Resize."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir


class MergeResizePass(ir.passes.InPlacePass):
    """Replace two nearest upsamplings in a row by one (GluonCV's YOLOv3 repeats width, then height).

    1. Both are Resize in mode nearest with constant whole scales.
    2. The second is the first one's only user, and the first one's result is no output of the graph.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Merge every pair that the rules allow."""
        merged = [node for node in model.graph if merge(model.graph, node)]
        return ir.passes.PassResult(model, modified=bool(merged))


def merge(graph: ir.Graph, second: ir.Node) -> bool:
    """Let a Resize take over the scales of the one before it; return whether the rules allowed it."""
    factors = whole_scales(second)
    if factors is None or second.inputs[0] is None:
        return False
    first = second.inputs[0].producer()
    before = whole_scales(first) if first is not None else None
    if first is None or before is None or len(first.outputs[0].uses()) != 1:
        return False
    if first.outputs[0].is_graph_output():
        return False
    name = f"{second.name}_scales"
    array = (factors * before).astype(np.float32)
    scales = ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=ir.TensorType(ir.DataType.FLOAT),
        const_value=ir.Tensor(array, name=name),
    )
    graph.register_initializer(scales)
    second.replace_input_with(2, scales)
    second.replace_input_with(0, first.inputs[0])
    graph.remove(first, safe=True)
    return True


def whole_scales(node: ir.Node) -> np.ndarray | None:  # type: ignore[type-arg]
    """Scales of a nearest upsampling by whole factors; None for any other node."""
    if node.op_type != "Resize" or node.attributes.get_string("mode", "nearest") != "nearest":
        return None
    scales = node.inputs[2] if len(node.inputs) > 2 else None
    if scales is None or scales.const_value is None:
        return None
    factors = scales.const_value.numpy()
    return factors if factors.size and bool((factors == np.floor(factors)).all()) else None
