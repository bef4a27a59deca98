"""Logical operators, whose inputs and results are numbers: anything but 0 is true."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import element_type
from gcv_edge.exporters.mxnet.operators.elementwise import scalar_like
from gcv_edge.exporters.mxnet.registry import CONVERTERS, Converter, converts

CONNECTIVES = {"and": "And", "or": "Or", "xor": "Xor"}


def truth_of(graph: GraphBuilder, name: str, value: ir.Value) -> ir.Value:
    """Tell which numbers are not 0."""
    return graph.op("Cast", [value], f"{name}_bool", to=int(ir.DataType.BOOL))


def connective(onnx_op: str, scalar: bool) -> Converter:
    """Make the converter of a connective of two tensors, or of a tensor and a number."""

    def convert_connective(
        graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value | None = None
    ) -> ir.Value:
        """And, or, exclusive or; 0 or 1 in the type of the data."""
        other = scalar_like(graph, attrs, left) if scalar or right is None else right
        truths = [truth_of(graph, attrs.name, value) for value in (left, other)]
        truth = graph.op(onnx_op, truths, f"{attrs.name}_truth")
        return graph.op("Cast", [truth], attrs.name, to=int(element_type(left)))

    return convert_connective


for stem, onnx_name in CONNECTIVES.items():
    CONVERTERS[f"broadcast_logical_{stem}"] = connective(onnx_name, scalar=False)
    CONVERTERS[f"_logical_{stem}"] = connective(onnx_name, scalar=False)
    CONVERTERS[f"_logical_{stem}_scalar"] = connective(onnx_name, scalar=True)


@converts("logical_not")
def logical_not(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """1 where the number is 0, else 0."""
    truth = graph.op("Not", [truth_of(graph, attrs.name, data)], f"{attrs.name}_truth")
    return graph.op("Cast", [truth], attrs.name, to=int(element_type(data)))
