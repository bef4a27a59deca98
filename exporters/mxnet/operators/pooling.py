"""Pooling and adaptive average pooling."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import read_spatial
from gcv_edge.exporters.mxnet.registry import converts

LOWEST = float(np.finfo(np.float32).min)
"""What MXNet gives for a max-pooling window that lies wholly in the padding."""

CHANNEL_FIRST = ("None", "NCW", "NCHW", "NCDHW")


@dataclass(frozen=True)
class Windows:
    """The windows along one spatial axis.

    Attributes:
        size: length of the data; 0 where it is open.
        pad: padding on either side.
        overrun: how far the last window of convention ``full`` reaches beyond the padding.
        is_counted_late: the convention is ``full`` and the size open: the engine counts the windows.
    """

    size: int
    kernel: int
    stride: int
    pad: int
    overrun: int
    is_counted_late: bool = False

    @property
    def number(self) -> int:
        """How many windows there are."""
        return (self.size + 2 * self.pad + self.overrun - self.kernel) // self.stride + 1

    def counts(self, with_pad: bool) -> NDArray[np.int64]:
        """Return how many positions each window covers, padding included or not, the overrun never."""
        begins = np.arange(0, self.size + self.pad + self.overrun - self.kernel + self.pad + 1, self.stride)
        ends = np.minimum(begins + self.kernel, self.size + 2 * self.pad)
        if not with_pad:
            begins, ends = np.maximum(begins, self.pad), np.minimum(ends, self.size + self.pad)
        counts: NDArray[np.int64] = np.maximum(ends - begins, 0)
        return counts


@converts("Pooling")
def pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Max, average and sum pooling, local and global, conventions ``valid`` and ``full``."""
    kind = attrs.get_str("pool_type", "max", choices=("max", "avg", "sum"))
    counts_pad = attrs.get_bool("count_include_pad", True)
    attrs.get_str("layout", "None", choices=CHANNEL_FIRST)
    if attrs.get_bool("global_pool", False):
        for key in ("kernel", "stride", "pad", "pooling_convention"):
            attrs.get_str(key, "")
        return global_pooling(graph, attrs, data, kind)
    axes = read_windows(graph, attrs, data)
    if any(axis.size and axis.size + 2 * axis.pad < axis.kernel for axis in axes):
        raise attrs.unsupported("kernel", f"one that fits into {graph.shape(data)}")
    check_counted_late(attrs, axes, kind)
    if kind == "max":
        return max_pooling(graph, attrs, data, axes)
    if kind == "sum":
        return summed(graph, attrs, data, axes, np.ones(1))
    return average_pooling(graph, attrs, data, axes, counts_pad)


def read_windows(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> list[Windows]:
    """Read the windows of each spatial axis."""
    convention = attrs.get_str("pooling_convention", "valid", choices=("valid", "full"))
    rank = len(graph.shape(data)) - 2
    kernel = read_spatial(attrs, "kernel", rank, 1)
    strides, pads = read_spatial(attrs, "stride", rank, 1), read_spatial(attrs, "pad", rank, 0)
    axes = []
    for axis, (k, stride, pad) in enumerate(zip(kernel, strides, pads, strict=True)):
        size, is_full = graph.dim(data, axis + 2), convention == "full"
        if isinstance(size, int):
            axes.append(Windows(size, k, stride, pad, (k - size - 2 * pad) % stride if is_full else 0))
        else:
            axes.append(Windows(0, k, stride, pad, 0, is_full and stride > 1))
    return axes


def check_counted_late(attrs: Attributes, axes: Sequence[Windows], kind: str) -> None:
    """Refuse what ONNX's ``ceil_mode`` and MXNet's ``full`` count in different ways.

    Raises:
        UnsupportedError: the size is open, and the last window may lie outside the data, or counts it anew.
    """
    if any(
        axis.is_counted_late and (axis.pad or axis.kernel < axis.stride or kind == "sum") for axis in axes
    ):
        raise attrs.unsupported("pooling_convention", "valid while the input's size is open")


def global_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, kind: str) -> ir.Value:
    """Pool whole maps to 1x1."""
    if kind == "sum":
        axes = graph.constant(list(range(2, len(graph.shape(data)))))
        return graph.op("ReduceSum", [data, axes], attrs.name, keepdims=1)
    return graph.op("GlobalMaxPool" if kind == "max" else "GlobalAveragePool", [data], attrs.name)


def max_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, axes: Sequence[Windows]) -> ir.Value:
    """Max pooling; padding that may fill a whole window becomes real data."""
    pads = spread_pads(axes)
    if any(axis.pad + axis.overrun >= axis.kernel for axis in axes):
        amounts = graph.constant([0, 0, *pads[: len(axes)], 0, 0, *pads[len(axes) :]])
        data = graph.op("Pad", [data, amounts, graph.constant(LOWEST)], f"{attrs.name}_pad")
        pads = [0] * len(pads)
    kernel, strides = [axis.kernel for axis in axes], [axis.stride for axis in axes]
    return graph.op(
        "MaxPool",
        [data],
        attrs.name,
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        ceil_mode=ceil_mode(axes),
    )


def ceil_mode(axes: Sequence[Windows]) -> int | None:
    """Whether the engine is to count the last window too where it is not whole; None: as is usual."""
    return 1 if any(axis.is_counted_late for axis in axes) else None


def average_pooling(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, axes: Sequence[Windows], counts_pad: bool
) -> ir.Value:
    """Average pooling whose divisor never counts the overrun, and the padding only when asked to.

    ONNX counts all padding or none of it; other divisors are a constant factor behind the plain average.
    So is counted padding of some axes only, which ONNX Runtime before 1.25 divides by a wrong number.
    """
    overruns, pads = any(axis.overrun for axis in axes), any(axis.pad for axis in axes)
    filled = any(axis.pad + axis.overrun >= axis.kernel for axis in axes)
    if filled or (counts_pad and pads and overruns):
        if not all(axis.size for axis in axes):
            raise attrs.unsupported("pad", "one smaller than the kernel while the input's size is open")
        graph.reserve(*(axis.number for axis in axes))
        return summed(graph, attrs, data, axes, 1.0 / divisors(axes, counts_pad))
    if counts_pad and pads and not all(axis.pad for axis in axes):
        return summed(graph, attrs, data, axes, np.array(1.0 / math.prod(axis.kernel for axis in axes)))
    return graph.op(
        "AveragePool",
        [data],
        attrs.name,
        kernel_shape=[axis.kernel for axis in axes],
        strides=[axis.stride for axis in axes],
        pads=spread_pads(axes),
        count_include_pad=int(counts_pad and pads),
        ceil_mode=ceil_mode(axes),
    )


def summed(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    axes: Sequence[Windows],
    factors: NDArray[np.float64],
) -> ir.Value:
    """Sum each window by a depthwise convolution with ones, and multiply by a constant map of factors.

    ONNX Runtime refuses pooling with padding as long as the window, and folds a Pad in front into it.
    """
    channels = graph.length(data, 1)
    kernel = [axis.kernel for axis in axes]
    graph.reserve(channels, *kernel)
    sums = graph.op(
        "Conv",
        [data, graph.constant(np.ones((channels, 1, *kernel), np.float32), f"{attrs.name}_ones")],
        f"{attrs.name}_sums",
        kernel_shape=kernel,
        strides=[axis.stride for axis in axes],
        pads=spread_pads(axes),
        group=channels,
    )
    return graph.op("Mul", [sums, graph.constant(factors.astype(np.float32))], attrs.name)


def divisors(axes: Sequence[Windows], counts_pad: bool) -> NDArray[np.int64]:
    """Number of positions that each window averages over, at least 1."""
    counts = functools.reduce(np.multiply.outer, [axis.counts(counts_pad) for axis in axes])
    return np.maximum(counts, 1)


def spread_pads(axes: Sequence[Windows]) -> list[int]:
    """Padding before all axes, then behind all axes, the overrun with it."""
    return [axis.pad for axis in axes] + [axis.pad + axis.overrun for axis in axes]


@converts("_contrib_AdaptiveAvgPooling2D")
def adaptive_average_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Average over bins that overlap where the sizes do not divide (as in Torch).

    Equal bins become AveragePool; others a product with two constant bin matrices.
    """
    output = attrs.get_int_tuple("output_size", (), low=1) or (1,)
    if len(output) > 2:
        raise attrs.unsupported("output_size", "one or two numbers")
    rows, columns = (output[0], output[-1])
    if (rows, columns) == (1, 1):
        return graph.op("GlobalAveragePool", [data], attrs.name)
    height, width = graph.length(data, 2), graph.length(data, 3)
    if height % rows == 0 and width % columns == 0:
        kernel = (height // rows, width // columns)
        return graph.op("AveragePool", [data], attrs.name, kernel_shape=kernel, strides=kernel)
    graph.reserve(rows * height + columns * width)
    across = graph.constant(bin_matrix(width, columns).T.copy(), f"{attrs.name}_columns")
    down = graph.constant(bin_matrix(height, rows), f"{attrs.name}_rows")
    narrow = graph.op("MatMul", [data, across], f"{attrs.name}_across")
    return graph.op("MatMul", [down, narrow], attrs.name)


def bin_matrix(size: int, bins: int) -> NDArray[np.float32]:
    """Matrix ``[bins, size]`` that averages ``size`` values over adaptive bins."""
    matrix = np.zeros((bins, size), np.float32)
    for index in range(bins):
        begin, end = index * size // bins, -(-(index + 1) * size // bins)
        matrix[index, begin:end] = 1.0 / (end - begin)
    return matrix
