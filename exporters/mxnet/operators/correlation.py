"""Correlation of two maps over a neighbourhood (FlowNet)."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW
from gcv_edge.exporters.mxnet.registry import converts


@dataclass(frozen=True)
class Neighbourhood:
    """What Correlation compares, in pixels.

    Attributes:
        reach: largest displacement of the second map.
        step: distance of displacements.
        kernel: size of the patches that are compared.
        stride: distance of the patches.
    """

    reach: int
    step: int
    kernel: int
    stride: int

    @property
    def count(self) -> int:
        """Number of displacements."""
        return (2 * (self.reach // self.step) + 1) ** 2

    @property
    def displacements(self) -> list[tuple[int, int]]:
        """Displacements (row, column) in the order of the output's channels."""
        radius = self.reach // self.step
        shifts = [index * self.step for index in range(-radius, radius + 1)]
        return [(row, column) for row in shifts for column in shifts]

    def extent(self, length: int) -> int:
        """Pixels that the patches cover along an axis of the padded map."""
        margin = self.reach + (self.kernel - 1) // 2
        count = -(-(length - 2 * margin) // self.stride)
        return (count - 1) * self.stride + self.kernel


@converts("Correlation")
def correlation(graph: GraphBuilder, attrs: Attributes, first: ir.Value, second: ir.Value) -> ir.Value:
    """Mean product, or mean distance, of patches of one map and displaced patches of another."""
    around = read_neighbourhood(attrs)
    pad, multiplies = (
        attrs.get_int("pad_size", 0, low=0, high=MAX_WINDOW),
        attrs.get_bool("is_multiply", True),
    )
    graph.expect_nodes(3 * around.count)
    extents = [around.extent(graph.length(first, axis) + 2 * pad) for axis in (2, 3)]
    if min(extents) < around.kernel:
        raise attrs.unsupported("max_displacement")
    maps = [padded(graph, attrs, value, pad) for value in (first, second)]
    fixed = window(graph, maps[0], (around.reach, around.reach), extents)
    products = []
    for row, column in around.displacements:
        moved = window(graph, maps[1], (around.reach + row, around.reach + column), extents)
        products.append(compared(graph, attrs, fixed, moved, multiplies))
    name = f"{attrs.name}_products"
    joined = products[0] if len(products) == 1 else graph.op("Concat", products, name, axis=1)
    if (around.kernel, around.stride) == (1, 1):
        return joined
    sizes = {"kernel_shape": [around.kernel] * 2, "strides": [around.stride] * 2}
    return graph.op("AveragePool", [joined], attrs.name, **sizes)


def read_neighbourhood(attrs: Attributes) -> Neighbourhood:
    """Read which patches are compared."""
    kernel = attrs.get_int("kernel_size", 1, low=1, high=MAX_WINDOW)
    if kernel % 2 == 0:
        raise attrs.unsupported("kernel_size", "an odd number")
    step, stride = (attrs.get_int(key, 1, low=1, high=MAX_WINDOW) for key in ("stride2", "stride1"))
    return Neighbourhood(attrs.get_int("max_displacement", 1, low=0), step, kernel, stride)


def padded(graph: GraphBuilder, attrs: Attributes, data: ir.Value, pad: int) -> ir.Value:
    """Add zeros around maps."""
    if not pad:
        return data
    amounts = graph.constant([0, 0, pad, pad, 0, 0, pad, pad])
    return graph.op("Pad", [data, amounts, graph.constant(0.0)], f"{attrs.name}_padded")


def window(graph: GraphBuilder, data: ir.Value, begin: tuple[int, int], extents: list[int]) -> ir.Value:
    """Cut a window out of maps."""
    ends = [start + length for start, length in zip(begin, extents, strict=True)]
    bounds = [graph.constant(begin), graph.constant(ends), graph.constant([2, 3])]
    return graph.op("Slice", [data, *bounds], "window")


def compared(
    graph: GraphBuilder, attrs: Attributes, first: ir.Value, second: ir.Value, multiplies: bool
) -> ir.Value:
    """Average products or distances of pixels over the channels: ``[N, 1, h, w]``."""
    name = f"{attrs.name}_pixels"
    pixels = graph.op("Mul" if multiplies else "Sub", [first, second], name)
    if not multiplies:
        pixels = graph.op("Abs", [pixels], name)
    return graph.op("ReduceMean", [pixels, graph.constant([1])], f"{attrs.name}_mean", keepdims=1)
