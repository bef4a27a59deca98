"""FullyConnected, batch_dot, Embedding."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_type
from gcv_edge.exporters.mxnet.operators.convolution import check_weight
from gcv_edge.exporters.mxnet.operators.indexing import clipped_indices
from gcv_edge.exporters.mxnet.registry import converts


@converts("FullyConnected")
def fully_connected(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """Dense layer over the flattened input, or over the last axis with ``flatten=False``."""
    units = attrs.get_int("num_hidden")
    attrs.get_bool("no_bias", False)
    flat = attrs.get_bool("flatten", True)
    if flat and len(graph.shape(data)) != 2:
        data = graph.op("Flatten", [data], f"{attrs.name}_flatten", axis=1)
    check_weight(attrs, "weight", graph.shape(weight), (units, graph.length(data, -1)))
    if bias is not None:
        check_weight(attrs, "bias", graph.shape(bias), (units,))
    if flat:
        return graph.op(
            "Gemm", [data, weight] if bias is None else [data, weight, bias], attrs.name, transB=1
        )
    transposed = graph.op("Transpose", [weight], f"{attrs.name}_weight", perm=(1, 0))
    product = graph.op("MatMul", [data, transposed], attrs.name)
    return product if bias is None else graph.op("Add", [product, bias], f"{attrs.name}_bias")


@converts("batch_dot")
def batch_dot(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Matrix product of each pair in two batches of matrices ``[B, m, k]`` and ``[B, k, n]``."""
    attrs.get_str("forward_stype", "None", choices=("None", "default"))
    if attrs.get_bool("transpose_a", False):
        left = graph.op("Transpose", [left], f"{attrs.name}_a", perm=(0, 2, 1))
    if attrs.get_bool("transpose_b", False):
        right = graph.op("Transpose", [right], f"{attrs.name}_b", perm=(0, 2, 1))
    return graph.op("MatMul", [left, right], attrs.name)


@converts("Embedding")
def embedding(graph: GraphBuilder, attrs: Attributes, indices: ir.Value, weight: ir.Value) -> ir.Value:
    """Rows of a weight matrix; indices beyond its ends are clipped."""
    expected = attrs.get_int("input_dim"), attrs.get_int("output_dim")
    check_weight(attrs, "weight", graph.shape(weight), expected)
    read_type(attrs, "float32")
    attrs.get_bool("sparse_grad", False)
    return graph.op(
        "Gather", [weight, clipped_indices(graph, attrs, indices, expected[0])], attrs.name, axis=0
    )
