"""Convolution, Deconvolution, FullyConnected, batch_dot."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.builder import GraphBuilder, Shape
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

CHANNEL_FIRST = ("None", "NCW", "NCHW", "NCDHW")


def check_weight(attrs: Attributes, role: str, found: Shape, expected: Shape) -> None:
    """Refuse a parameter of another shape than the operator's attributes and input ask for."""
    if found != expected:
        raise ParamsMismatchError(f"{attrs.where}: {role} has shape {found}, expected {expected}")


@converts("Convolution")
def convolution(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """1-D, 2-D and 3-D convolution, grouped, dilated, its weights constant or computed."""
    kernel = attrs.get_int_tuple("kernel")
    ones = (1,) * len(kernel)
    groups = attrs.get_int("num_group", 1)
    filters = attrs.get_int("num_filter")
    attrs.get_bool("no_bias", False)
    attrs.get_str("layout", "None", choices=CHANNEL_FIRST)
    channels = graph.shape(data)[1]
    per_group = channels // groups if isinstance(channels, int) else channels
    check_weight(attrs, "weight", graph.shape(weight), (filters, per_group, *kernel))
    if bias is not None:
        check_weight(attrs, "bias", graph.shape(bias), (filters,))
    return graph.op(
        "Conv",
        [data, weight] if bias is None else [data, weight, bias],
        attrs.name,
        kernel_shape=kernel,
        strides=attrs.get_int_tuple("stride", ones) or ones,
        dilations=attrs.get_int_tuple("dilate", ones) or ones,
        pads=(attrs.get_int_tuple("pad", (0,) * len(kernel)) or (0,) * len(kernel)) * 2,
        group=groups,
    )


@converts("Deconvolution")
def deconvolution(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """Transposed convolution; ``target_shape`` overrides ``pad`` and ``adj`` as in MXNet."""
    kernel = attrs.get_int_tuple("kernel")
    rank = len(kernel)
    strides = attrs.get_int_tuple("stride", (1,) * rank) or (1,) * rank
    dilations = attrs.get_int_tuple("dilate", (1,) * rank) or (1,) * rank
    pads = attrs.get_int_tuple("pad", (0,) * rank) or (0,) * rank
    adjust = attrs.get_int_tuple("adj", (0,) * rank) or (0,) * rank
    target = attrs.get_int_tuple("target_shape", ())
    groups = attrs.get_int("num_group", 1)
    filters = attrs.get_int("num_filter")
    attrs.get_bool("no_bias", True)
    attrs.get_str("layout", "None", choices=CHANNEL_FIRST)
    check_weight(attrs, "weight", graph.shape(weight), (graph.shape(data)[1], filters // groups, *kernel))
    if any(target):
        extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
        sizes = graph.shape(data)[2:]
        totals = [
            s * (int(size) - 1) + extent - wanted
            for s, size, extent, wanted in zip(strides, sizes, extents, target, strict=True)
        ]
        if min(totals) < 0:
            raise attrs.unsupported("target_shape")
        adjust = tuple(total % 2 for total in totals)
        pads = tuple((total + 1) // 2 for total in totals)
    return graph.op(
        "ConvTranspose",
        [data, weight] if bias is None else [data, weight, bias],
        attrs.name,
        kernel_shape=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads * 2,
        output_padding=adjust,
        group=groups,
    )


@converts("FullyConnected")
def fully_connected(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """Dense layer over the flattened input, or over the last axis with ``flatten=False``."""
    units = attrs.get_int("num_hidden")
    attrs.get_bool("no_bias", False)
    if attrs.get_bool("flatten", True):
        if len(graph.shape(data)) != 2:
            data = graph.op("Flatten", [data], f"{attrs.name}_flatten", axis=1)
        check_weight(attrs, "weight", graph.shape(weight), (units, graph.shape(data)[1]))
        inputs = [data, weight] if bias is None else [data, weight, bias]
        return graph.op("Gemm", inputs, attrs.name, transB=1)
    check_weight(attrs, "weight", graph.shape(weight), (units, graph.shape(data)[-1]))
    transposed = graph.op("Transpose", [weight], f"{attrs.name}_weight", perm=(1, 0))
    product = graph.op("MatMul", [data, transposed], attrs.name)
    return product if bias is None else graph.op("Add", [product, bias], f"{attrs.name}_bias")


@converts("batch_dot")
def batch_dot(graph: GraphBuilder, attrs: Attributes, left: ir.Value, right: ir.Value) -> ir.Value:
    """Matrix product of each pair in two batches of matrices ``[B, m, k]`` and ``[B, k, n]``."""
    if attrs.get_bool("transpose_a", False):
        left = graph.op("Transpose", [left], f"{attrs.name}_a", perm=(0, 2, 1))
    if attrs.get_bool("transpose_b", False):
        right = graph.op("Transpose", [right], f"{attrs.name}_b", perm=(0, 2, 1))
    return graph.op("MatMul", [left, right], attrs.name)
