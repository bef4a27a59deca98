"""Layers with weights, normalisation and pools, as a student computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir
import torch
import torch.nn.functional as F  # noqa: N812

from gcv_edge.graph.windows import UNPADDED, SlidingWindow
from gcv_edge.prune.distillation.operators import Tensor, computes, refuse

CONVOLUTIONS = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MAX_POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


@dataclass(frozen=True)
class Window:
    """A window, with a number for each axis that it slides along.

    Attributes:
        kernel, strides, dilations: as ONNX has them.
        begin, end: positions that are padded.
        group: number of groups.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]
    group: int = 1

    @classmethod
    def of(cls, node: ir.Node, kernel: Sequence[int], lengths: Sequence[int]) -> Window:
        """Read a node's attributes; ``auto_pad`` depends on the lengths of the map."""
        rank = len(kernel)
        read = SlidingWindow.of(node, rank)
        begin, end = read.pads[:rank], read.pads[rank:]
        window = cls(tuple(kernel), read.strides, read.dilations, begin, end, read.group)
        if read.auto_pad in UNPADDED:
            return window
        return window.pad_same(lengths, read.auto_pad == "SAME_LOWER")

    @property
    def reach(self) -> list[int]:
        """Positions from the window's first to its last, both counted."""
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]

    def pad_same(self, lengths: Sequence[int], lower: bool) -> Window:
        """Pad so that a map becomes shorter by the strides alone; an odd position goes to the lower side."""
        each = zip(lengths, self.strides, self.reach, strict=True)
        sums = [max(0, (math.ceil(n / stride) - 1) * stride + reach - n) for n, stride, reach in each]
        less, more = tuple(n // 2 for n in sums), tuple(n - n // 2 for n in sums)
        return replace(self, begin=more if lower else less, end=less if lower else more)

    def round_up(self, lengths: Sequence[int]) -> tuple[int, ...]:
        """Return positions missing after the map for a last window that begins inside it or its padding."""
        missing = []
        each = zip(lengths, self.strides, self.reach, self.begin, self.end, strict=True)
        for length, stride, reach, begin, end in each:
            count = math.ceil((length + begin + end - reach) / stride) + 1
            if (count - 1) * stride >= length + begin:
                count -= 1
            missing.append(max(0, (count - 1) * stride + reach - length - begin - end))
        return tuple(missing)


def pad(x: Tensor, begin: Sequence[int], end: Sequence[int], value: float = 0.0) -> Tensor:
    """Add positions around the last axes."""
    pairs = [number for pair in reversed(list(zip(begin, end, strict=True))) for number in pair]
    return F.pad(x, pairs, value=value) if any(pairs) else x


@computes("Conv")
def convolve(node: ir.Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolution in groups; padding that differs between the sides is done before."""
    window = Window.of(node, weight.shape[2:], x.shape[2:])
    function = CONVOLUTIONS[weight.ndim - 3]
    if window.begin == window.end:
        return function(x, weight, bias, window.strides, window.begin, window.dilations, window.group)
    padded = pad(x, window.begin, window.end)
    return function(padded, weight, bias, window.strides, 0, window.dilations, window.group)


@computes("ConvTranspose")
def convolve_transposed(node: ir.Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Transposed convolution; what is padded is cut off its result."""
    read = node.attributes
    if "output_shape" in read or read.get_string("auto_pad", "NOTSET") not in UNPADDED:
        raise refuse(node, "output_shape or auto_pad")
    rank = weight.ndim - 2
    window = Window.of(node, weight.shape[2:], x.shape[2:])
    extra = read.get_ints("output_padding", [0] * rank)
    whole = TRANSPOSED[rank - 1](x, weight, bias, window.strides, 0, extra, window.group, window.dilations)
    return crop(whole, window.begin, window.end)


def crop(x: Tensor, begin: Sequence[int], end: Sequence[int]) -> Tensor:
    """Cut positions off the last axes."""
    for axis, (first, last) in enumerate(zip(begin, end, strict=True), x.ndim - len(begin)):
        x = x.narrow(axis, first, x.shape[axis] - first - last)
    return x


@computes("Gemm")
def gemm(node: ir.Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
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


@computes("MaxPool")
def pool_maximum(node: ir.Node, x: Tensor) -> Tensor:
    """Largest number in each window."""
    window = Window.of(node, node.attributes.get_ints("kernel_shape"), x.shape[2:])
    padded = pad(x, window.begin, add(window.end, rounding(node, window, x)), -math.inf)
    function = MAX_POOLS[len(window.kernel) - 1]
    return function(padded, window.kernel, window.strides, 0, window.dilations)


@computes("AveragePool")
def pool_average(node: ir.Node, x: Tensor) -> Tensor:
    """Mean of each window; what is padded counts where the node says so, what is rounded up to never does."""
    window = Window.of(node, node.attributes.get_ints("kernel_shape"), x.shape[2:])
    rounded = rounding(node, window, x)
    counted = x.new_ones(1, 1, *x.shape[2:])
    value = float(node.attributes.get_int("count_include_pad", 0))
    counts = slide_sum(
        pad(pad(counted, window.begin, window.end, value), [0] * len(rounded), rounded), window
    )
    return slide_sum(pad(x, window.begin, add(window.end, rounded)), window) / counts


def slide_sum(x: Tensor, window: Window) -> Tensor:
    """Sum of each window, by a convolution of every channel for itself."""
    channels, rank = x.shape[1], len(window.kernel)
    ones = x.new_ones(channels, 1, *window.kernel)
    return CONVOLUTIONS[rank - 1](x, ones, None, window.strides, 0, window.dilations, channels)


def rounding(node: ir.Node, window: Window, x: Tensor) -> tuple[int, ...]:
    """Return what ``ceil_mode`` adds after the map."""
    return (
        window.round_up(x.shape[2:]) if node.attributes.get_int("ceil_mode", 0) else (0,) * len(window.kernel)
    )


def add(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """Add lengths axis by axis."""
    return tuple(a + b for a, b in zip(first, second, strict=True))


@computes("GlobalAveragePool")
def pool_all(node: ir.Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """Mean of each map."""
    return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)


@computes("GlobalMaxPool")
def pool_all_maximum(node: ir.Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """Largest number of each map."""
    return x.amax(dim=tuple(range(2, x.ndim)), keepdim=True)
