"""Layers with weights, and normalisation."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir
import torch
import torch.nn.functional as F  # noqa: N812

from gcv_edge.prune.student.registry import Tensor, computes, refuse
from gcv_edge.prune.student.windows import Window, pad

CONVOLUTIONS = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


@computes("Conv")
def convolve(node: ir.Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolution in groups; padding that differs between the sides is done before."""
    window = Window.of(node, weight.shape[2:], x.shape[2:])
    group = node.attributes.get_int("group", 1)
    function = CONVOLUTIONS[weight.ndim - 3]
    if window.begin == window.end:
        return function(x, weight, bias, window.strides, window.begin, window.dilations, group)
    return function(
        pad(x, window.begin, window.end), weight, bias, window.strides, 0, window.dilations, group
    )


@computes("ConvTranspose")
def convolve_transposed(node: ir.Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Transposed convolution; what is padded is cut off its result."""
    read = node.attributes
    if "output_shape" in read or read.get_string("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise refuse(node, "output_shape or auto_pad")
    rank = weight.ndim - 2
    window = Window.of(node, weight.shape[2:], x.shape[2:])
    extra, group = read.get_ints("output_padding", [0] * rank), read.get_int("group", 1)
    whole = TRANSPOSED[rank - 1](x, weight, bias, window.strides, 0, extra, group, window.dilations)
    return crop(whole, window.begin, window.end)


def crop(x: Tensor, begin: Sequence[int], end: Sequence[int]) -> Tensor:
    """Cut positions off the last axes."""
    for axis, (first, last) in enumerate(zip(begin, end, strict=True), x.ndim - len(begin)):
        x = x.narrow(axis, first, x.shape[axis] - first - last)
    return x


@computes("Gemm")
def connect(node: ir.Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """``alpha A B + beta C``, each of A and B transposed where asked for."""
    read = node.attributes
    first = a.T if read.get_int("transA", 0) else a
    second = b.T if read.get_int("transB", 0) else b
    product = read.get_float("alpha", 1.0) * (first @ second)
    return product if c is None else product + read.get_float("beta", 1.0) * c


@computes("MatMul")
def multiply(node: ir.Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """Product of matrices, or of stacks of them."""
    return a @ b


@computes("BatchNormalization")
def normalize_batch(
    node: ir.Node, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    """With the statistics that the file has; they stay."""
    return F.batch_norm(x, mean, variance, scale, bias, eps=node.attributes.get_float("epsilon", 1e-5))


@computes("InstanceNormalization")
def normalize_instance(node: ir.Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Each channel of each picture by itself."""
    return F.instance_norm(x, weight=scale, bias=bias, eps=node.attributes.get_float("epsilon", 1e-5))


@computes("LayerNormalization")
def normalize_layer(node: ir.Node, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    """Over the last axes together."""
    shape = x.shape[node.attributes.get_int("axis", -1) :]
    return F.layer_norm(x, shape, scale, bias, node.attributes.get_float("epsilon", 1e-5))


@computes("LRN")
def normalize_neighbours(node: ir.Node, x: Tensor) -> Tensor:
    """Each position over neighbouring channels."""
    read = node.attributes
    size, alpha, beta = read.get_int("size"), read.get_float("alpha", 1e-4), read.get_float("beta", 0.75)
    return F.local_response_norm(x, size, alpha, beta, read.get_float("bias", 1.0))


@computes("LpNormalization")
def normalize_length(node: ir.Node, x: Tensor) -> Tensor:
    """By the norm along an axis."""
    axis, order = node.attributes.get_int("axis", -1), node.attributes.get_int("p", 2)
    return x / torch.linalg.vector_norm(x, order, axis, keepdim=True)
