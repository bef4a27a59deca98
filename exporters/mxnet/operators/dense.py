"""FullyConnected, matrix products, Embedding."""

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
    units = attrs.get_int("num_hidden", low=1)
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
    return matrix_product(graph, attrs, left, right)


def matrix_product(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Emit the product over the last two axes, either factor transposed where the attributes say so."""
    if attrs.get_bool("transpose_a", False):
        left = with_matrices_transposed(graph, f"{attrs.name}_a", left)
    if attrs.get_bool("transpose_b", False):
        right = with_matrices_transposed(graph, f"{attrs.name}_b", right)
    return graph.op("MatMul", [left, right], attrs.name)


def with_matrices_transposed(graph: GraphBuilder, name: str, data: ir.Value) -> ir.Value:
    """Exchange the last two axes."""
    rank = len(graph.shape(data))
    return graph.op("Transpose", [data], name, perm=[*range(rank - 2), rank - 1, rank - 2])


@converts("_linalg_gemm2")
def matrix_multiply(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Matrix product over the last two axes, times ``alpha``."""
    if attrs.get_int("axis", -2) != -2:
        raise attrs.unsupported("axis")
    return scaled(graph, attrs, matrix_product(graph, attrs, left, right), "alpha")


@converts("_linalg_gemm")
def matrix_multiply_add(
    graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value, added: ir.Value
) -> ir.Value:
    """Matrix product over the last two axes times ``alpha``, plus a tensor times ``beta``."""
    product = matrix_multiply(graph, attrs, left, right)
    return graph.op("Add", [product, scaled(graph, attrs, added, "beta")], f"{attrs.name}_sum")


def scaled(graph: GraphBuilder, attrs: Attributes, data: ir.Value, key: str) -> ir.Value:
    """Multiply by an attribute."""
    factor = attrs.get_float(key, 1.0)
    return data if factor == 1 else graph.op("Mul", [data, graph.constant(factor)], f"{attrs.name}_{key}")


@converts("dot")
def dot(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Sum over the last axis of one and the first of the other, or, transposed, the first and the last."""
    attrs.get_str("forward_stype", "None", choices=("None", "default"))
    name = attrs.name
    if attrs.get_bool("transpose_a", False):
        left = with_axis_moved(graph, f"{name}_a", left, 0, -1)
    if attrs.get_bool("transpose_b", False):
        right = with_axis_moved(graph, f"{name}_b", right, -1, 0)
    dims = [*graph.shape(left)[:-1], *graph.shape(right)[1:]]
    rows = graph.op("Reshape", [left, graph.constant([-1, graph.length(left, -1)])], f"{name}_left")
    columns = graph.op("Reshape", [right, graph.constant([graph.length(right, 0), -1])], f"{name}_right")
    product = graph.op("MatMul", [rows, columns], f"{name}_product")
    if sum(isinstance(dim, str) for dim in dims) > 1:
        raise attrs.unsupported("transpose_a")
    spelled = [dim if isinstance(dim, int) else -1 for dim in dims] or [1]
    return graph.declare(graph.op("Reshape", [product, graph.constant(spelled)], name), dims or [1])


def with_axis_moved(graph: GraphBuilder, name: str, data: ir.Value, source: int, target: int) -> ir.Value:
    """Move the first axis to the end or the last to the front."""
    order = list(range(len(graph.shape(data))))
    order.insert(target % len(order), order.pop(source))
    return graph.op("Transpose", [data], name, perm=order)


@converts("_contrib_div_sqrt_dim")
def divide_by_root_of_length(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Divide by the root of the last axis' length (attention)."""
    return graph.op("Mul", [data, graph.constant(graph.length(data, -1) ** -0.5)], attrs.name)


@converts("Embedding")
def embedding(graph: GraphBuilder, attrs: Attributes, indices: ir.Value, weight: ir.Value) -> ir.Value:
    """Rows of a weight matrix; indices beyond its ends are clipped."""
    expected = attrs.get_int("input_dim", low=1), attrs.get_int("output_dim", low=1)
    check_weight(attrs, "weight", graph.shape(weight), expected)
    read_type(attrs, "float32")
    attrs.get_bool("sparse_grad", False)
    return graph.op(
        "Gather", [weight, clipped_indices(graph, attrs, indices, expected[0])], attrs.name, axis=0
    )
