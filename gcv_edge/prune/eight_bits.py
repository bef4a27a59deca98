"""8-bit forms of networks and layers, to find out how fast they are before there is anything to calibrate."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.qdq_nodes import quantize
from gcv_edge.calibration.qdq_placement import AVERAGING, place
from gcv_edge.calibration.quantization_parameters import find_target

KEEPING_SIGNS = (*AVERAGING, "MaxPool", "Flatten", "Reshape", "Transpose")
NEVER_NEGATIVE = ("Relu", "Sigmoid")


def in_8_bits(model: ir.Model) -> ir.Model:
    """Return a copy whose layers compute in 8 bits.

    It is as fast as the network will be when it is calibrated (x86), and of no other use: that numbers can be
    negative is read from the graph, how large they are is not known.
    """
    copy = prepare(model.clone())
    placement = place(copy.graph)
    lows = {value: 0.0 if is_never_negative(value) else -1.0 for value in placement.values}
    quantize(copy, {value.name or "": (low, 1.0) for value, low in lows.items()}, find_target("x86"))
    return copy


def is_never_negative(value: ir.Value) -> bool:
    """Tell whether what computes a value leaves nothing below zero."""
    node = value.producer()
    if node is None:
        return False
    if node.op_type in (*KEEPING_SIGNS, "Concat"):
        read = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        return all(source is not None and is_never_negative(source) for source in read)
    return node.op_type in NEVER_NEGATIVE
