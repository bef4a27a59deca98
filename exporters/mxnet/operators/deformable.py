"""Deformable convolution, as sampling at the shifted places followed by a convolution of size 1.

ONNX's own operator (DeformConv) is missing in OpenVINO's reader; GridSample is in every runtime.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import check_divides
from gcv_edge.exporters.mxnet.operators.convolution import Filters, check_weight, read_filters
from gcv_edge.exporters.mxnet.registry import converts


@converts("_contrib_ModulatedDeformableConvolution")
def modulated_deformable_convolution(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    offset: ir.Value,
    mask: ir.Value,
    weight: ir.Value,
    bias: ir.Value | None = None,
) -> ir.Value:
    """DCNv2: each sample is bilinear, fades to 0 beyond the edges, and has a factor of its own."""
    layer = Sampling(graph, attrs, data)
    places = layer.places(offset)
    samples = layer.sample(data, places, "zeros")
    factors = graph.op("Reshape", [mask, layer.shape(1)], f"{attrs.name}_factors")
    samples = graph.op("Mul", [samples, factors], f"{attrs.name}_modulated")
    return layer.convolve(samples, weight, bias)


@converts("_contrib_DeformableConvolution")
def deformable_convolution(
    graph: GraphBuilder,
    attrs: Attributes,
    data: ir.Value,
    offset: ir.Value,
    weight: ir.Value,
    bias: ir.Value | None = None,
) -> ir.Value:
    """DCNv1: samples at places outside are 0; up to a pixel beyond the last one, they are the edge's."""
    layer = Sampling(graph, attrs, data)
    places = layer.places(offset)
    samples = layer.sample(data, places, "border")
    return layer.convolve(
        graph.op("Mul", [samples, layer.inside(places)], f"{attrs.name}_kept"), weight, bias
    )


class Sampling:
    """The places where a deformable convolution samples, per group of channels that share their offsets."""

    def __init__(self, graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> None:
        self.graph = graph
        self.attrs = attrs
        self.name = attrs.name
        self.filters = read_filters(attrs)
        self.groups = attrs.get_int("num_deformable_group", 1, low=1)
        attrs.get_int("im2col_step", 64)
        if len(self.filters.kernel) != 2:
            raise attrs.unsupported("kernel")
        self.channels, *size = (graph.length(data, axis) for axis in (1, 2, 3))
        self.size = tuple(size)
        self.taps = self.filters.kernel[0] * self.filters.kernel[1]
        check_divides(attrs, "num_deformable_group", self.channels, self.groups)
        self.output = output_size(self.filters, self.size)
        if min(self.output) < 1:
            raise attrs.unsupported("kernel", f"one that fits into {self.size}")
        graph.reserve(2, self.taps, *self.output)

    def shape(self, channels: int) -> ir.Value:
        """Shape of samples: taps and rows are one axis, so that all are taken at once."""
        return self.graph.constant([-1, channels, self.taps * self.output[0], self.output[1]])

    def places(self, offset: ir.Value) -> ir.Value:
        """Return (row, column) in pixels ``[N * groups, taps, 2, rows, columns]``."""
        expected = (self.groups * self.taps * 2, *self.output)
        check_weight(self.attrs, "offset", self.graph.shape(offset)[1:], expected)
        shape = self.graph.constant([-1, self.taps, 2, *self.output])
        moved = self.graph.op("Reshape", [offset, shape], f"{self.name}_offsets")
        start = self.graph.constant(regular_places(self.filters, self.output))
        return self.graph.op("Add", [moved, start], f"{self.name}_places")

    def sample(self, data: ir.Value, places: ir.Value, padding: str) -> ir.Value:
        """Sample maps bilinearly: ``[N * groups, channels of a group, taps * rows, columns]``."""
        scale = np.array([2 / length for length in self.size], np.float32).reshape(1, 1, 2, 1, 1)
        shift = np.array([1 / length - 1 for length in self.size], np.float32).reshape(1, 1, 2, 1, 1)
        grid = self.graph.op("Mul", [places, self.graph.constant(scale)], f"{self.name}_scaled")
        grid = self.graph.op("Add", [grid, self.graph.constant(shift)], f"{self.name}_relative")
        grid = self.graph.op("Gather", [grid, self.graph.constant([1, 0])], f"{self.name}_x_first", axis=2)
        grid = self.graph.op("Transpose", [grid], f"{self.name}_points", perm=(0, 1, 3, 4, 2))
        flat = self.graph.constant([-1, self.taps * self.output[0], self.output[1], 2])
        grid = self.graph.op("Reshape", [grid, flat], f"{self.name}_grid")
        if self.groups > 1:
            split = self.graph.constant([-1, self.channels // self.groups, *self.size])
            data = self.graph.op("Reshape", [data, split], f"{self.name}_groups")
        return self.graph.op(
            "GridSample",
            [data, grid],
            f"{self.name}_samples",
            mode="bilinear",
            padding_mode=padding,
            align_corners=0,
        )

    def inside(self, places: ir.Value) -> ir.Value:
        """Return 1 where a place is in the maps, else 0: ``[N * groups, 1, taps * rows, columns]``."""
        ends = self.graph.constant(np.array(self.size, np.float32).reshape(1, 1, 2, 1, 1))
        over = self.graph.op("GreaterOrEqual", [places, self.graph.constant(0.0)], f"{self.name}_over")
        under = self.graph.op("Less", [places, ends], f"{self.name}_under")
        within = self.graph.op("And", [over, under], f"{self.name}_within")
        numbers = self.graph.op("Cast", [within], f"{self.name}_numbers", to=int(ir.DataType.FLOAT))
        both = self.graph.op(
            "ReduceMin", [numbers, self.graph.constant([2])], f"{self.name}_both", keepdims=0
        )
        return self.graph.op("Reshape", [both, self.shape(1)], f"{self.name}_inside")

    def convolve(self, samples: ir.Value, weight: ir.Value, bias: ir.Value | None) -> ir.Value:
        """Weigh the samples of all taps and channels."""
        filters, per_group = self.filters, self.channels // self.filters.groups
        check_weight(
            self.attrs, "weight", self.graph.shape(weight), (filters.count, per_group, *filters.kernel)
        )
        stacked = self.graph.constant([-1, self.channels * self.taps, *self.output])
        columns = self.graph.op("Reshape", [samples, stacked], f"{self.name}_columns")
        flat = self.graph.constant([filters.count, per_group * self.taps, 1, 1])
        weights = self.graph.op("Reshape", [weight, flat], f"{self.name}_weight")
        inputs = [columns, weights] if bias is None else [columns, weights, bias]
        return self.graph.op("Conv", inputs, self.name, kernel_shape=(1, 1), group=filters.groups)


def output_size(filters: Filters, size: tuple[int, ...]) -> tuple[int, ...]:
    """Rows and columns of the result."""
    extents = [
        dilation * (length - 1) + 1
        for dilation, length in zip(filters.dilations, filters.kernel, strict=True)
    ]
    return tuple(
        (length + 2 * pad - extent) // stride + 1
        for length, pad, extent, stride in zip(size, filters.pads, extents, filters.strides, strict=True)
    )


def regular_places(filters: Filters, output: tuple[int, ...]) -> NDArray[np.float32]:
    """Places of an ordinary convolution: (row, column) ``[1, taps, 2, rows, columns]``."""
    axes = [
        np.arange(filters.kernel[axis])[:, None] * filters.dilations[axis]
        + np.arange(output[axis])[None] * filters.strides[axis]
        - filters.pads[axis]
        for axis in (0, 1)
    ]
    shape = (*filters.kernel, *output)
    rows = np.broadcast_to(axes[0][:, None, :, None], shape).reshape(-1, *output)
    columns = np.broadcast_to(axes[1][None, :, None, :], shape).reshape(-1, *output)
    return np.asarray(np.stack([rows, columns], axis=1)[None], np.float32)
