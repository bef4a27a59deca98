"""Pooling and adaptive average pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

LOWEST = -3.402823466e38
"""What MXNet gives for a max-pooling window that lies wholly in the padding."""


@converts("Pooling")
def pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Max, average and sum pooling, local and global, conventions ``valid`` and ``full``."""
    kind = attrs.get_str("pool_type", "max", choices=("max", "avg", "sum"))
    convention = attrs.get_str("pooling_convention", "valid", choices=("valid", "full"))
    counts_pad = attrs.get_bool("count_include_pad", True)
    kernel = attrs.get_int_tuple("kernel", ())
    strides = attrs.get_int_tuple("stride", ()) or (1,) * len(kernel)
    pads = attrs.get_int_tuple("pad", ()) or (0,) * len(kernel)
    attrs.get_str("layout", "None", choices=("None", "NCW", "NCHW", "NCDHW"))
    if attrs.get_bool("global_pool", False):
        return global_pooling(graph, attrs, data, kind)
    overruns = [
        overrun(size, k, s, p) if convention == "full" else 0
        for size, k, s, p in zip(graph.shape(data)[2:], kernel, strides, pads, strict=True)
    ]
    ends = [p + extra for p, extra in zip(pads, overruns, strict=True)]
    if kind == "max":
        return max_pooling(graph, attrs, data, kernel, strides, pads, ends)
    average = average_pooling(graph, attrs, data, kernel, strides, pads, ends, counts_pad or kind == "sum")
    if kind == "avg":
        return average
    if any(overruns):
        raise attrs.unsupported("pooling_convention")
    return graph.op("Mul", [average, graph.constant(float(math.prod(kernel)))], f"{attrs.name}_sum")


def overrun(size: int | str, kernel: int, stride: int, pad: int) -> int:
    """How far the last window of convention ``full`` reaches beyond the padded edge."""
    room = int(size) + 2 * pad - kernel
    return -(-room // stride) * stride - room


def global_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value, kind: str) -> ir.Value:
    """Pool whole maps to 1x1."""
    if kind == "sum":
        axes = graph.constant(list(range(2, len(graph.shape(data)))))
        return graph.op("ReduceSum", [data, axes], attrs.name, keepdims=1)
    return graph.op("GlobalMaxPool" if kind == "max" else "GlobalAveragePool", [data], attrs.name)


def max_pooling(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    kernel: Sequence[int],
    strides: Sequence[int],
    begins: Sequence[int],
    ends: Sequence[int],
) -> ir.Value:
    """Max pooling with explicit padding; a window may lie wholly in it only when it is real data."""
    if any(end >= k for end, k in zip(ends, kernel, strict=True)):
        data = pad_spatial(graph, attrs, data, begins, ends, LOWEST)
        begins = ends = [0] * len(kernel)
    return graph.op(
        "MaxPool", [data], attrs.name, kernel_shape=kernel, strides=strides, pads=[*begins, *ends]
    )


def average_pooling(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    kernel: Sequence[int],
    strides: Sequence[int],
    begins: Sequence[int],
    ends: Sequence[int],
    counts_pad: bool,
) -> ir.Value:
    """Average pooling whose divisor never counts the overrun, and the padding only when asked to."""
    if counts_pad and list(begins) != list(ends):
        if any(begins):
            data = pad_spatial(graph, attrs, data, begins, begins, 0.0)
        ends = [end - begin for begin, end in zip(begins, ends, strict=True)]
        begins = [0] * len(kernel)
        counts_pad = False
    return graph.op(
        "AveragePool",
        [data],
        attrs.name,
        kernel_shape=kernel,
        strides=strides,
        pads=[*begins, *ends],
        count_include_pad=int(counts_pad),
    )


def pad_spatial(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    begins: Sequence[int],
    ends: Sequence[int],
    value: float,
) -> ir.Value:
    """Pad the spatial axes of an NC... tensor with a constant."""
    pads = graph.constant([0, 0, *begins, 0, 0, *ends])
    return graph.op("Pad", [data, pads, graph.constant(value)], f"{attrs.name}_pad")


@converts("_contrib_AdaptiveAvgPooling2D")
def adaptive_average_pooling(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Average over bins that overlap where the sizes do not divide (as in Torch).

    Equal bins become AveragePool; others a product with two constant bin matrices.
    """
    output = attrs.get_int_tuple("output_size", ()) or (1,)
    height, width = (int(size) for size in graph.shape(data)[2:])
    rows, columns = (output[0], output[0]) if len(output) == 1 else output
    if (rows, columns) == (1, 1):
        return graph.op("GlobalAveragePool", [data], attrs.name)
    if height % rows == 0 and width % columns == 0:
        kernel = (height // rows, width // columns)
        return graph.op("AveragePool", [data], attrs.name, kernel_shape=kernel, strides=kernel)
    across = graph.constant(bin_matrix(width, columns).T.copy(), f"{attrs.name}_columns")
    down = graph.constant(bin_matrix(height, rows), f"{attrs.name}_rows")
    narrow = graph.op("MatMul", [data, across], f"{attrs.name}_across")
    return graph.op("MatMul", [down, narrow], attrs.name)


def bin_matrix(size: int, bins: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Matrix ``[bins, size]`` that averages ``size`` values over adaptive bins."""
    matrix = np.zeros((bins, size), np.float32)
    for index in range(bins):
        begin, end = index * size // bins, -(-(index + 1) * size // bins)
        matrix[index, begin:end] = 1.0 / (end - begin)
    return matrix
