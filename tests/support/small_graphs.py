"""Small graphs, each with one way in which channels are connected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder


class Graph:
    """Builds a graph of random layers that ends in a classifier."""

    def __init__(self, size: int = 8, seed: int = 0, batch: int | str = "N", channels: int = 3) -> None:
        self.builder = GraphBuilder("small")
        self.random = np.random.default_rng(seed)
        self.data = self.builder.input("data", (batch, channels, size, size))

    def numbers(self, *shape: int) -> ir.Value:
        fan = max(1, int(np.prod(shape[1:])))
        return self.builder.constant((self.random.standard_normal(shape) / fan**0.5).astype(np.float32))

    def conv(self, x: ir.Value, outputs: int, kernel: int = 3, group: int = 1, stride: int = 1) -> ir.Value:
        inputs = int(self.builder.shape(x)[1])
        weight = self.numbers(outputs, inputs // group, kernel, kernel)
        pads = [kernel // 2] * 4
        return self.builder.op(
            "Conv", [x, weight, self.numbers(outputs)], "conv", pads=pads, group=group, strides=[stride] * 2
        )

    def relu(self, x: ir.Value) -> ir.Value:
        return self.builder.op("Relu", [x])

    def block(self, x: ir.Value, outputs: int, **options: int) -> ir.Value:
        return self.relu(self.conv(x, outputs, **options))

    def dense(self, x: ir.Value, outputs: int) -> ir.Value:
        inputs = int(self.builder.shape(x)[1])
        return self.builder.op(
            "Gemm", [x, self.numbers(outputs, inputs), self.numbers(outputs)], "dense", transB=1
        )

    def op(self, kind: str, *inputs: ir.Value, **attributes: object) -> ir.Value:
        return self.builder.op(kind, list(inputs), **attributes)

    def vector(self, x: ir.Value, outputs: int) -> ir.Value:
        """A dense layer over averages."""
        return self.dense(self.op("Flatten", self.op("GlobalAveragePool", x)), outputs)

    def end(self, x: ir.Value) -> ir.Model:
        return self.builder.model({"logits": self.vector(x, 4)})


def plain(g: Graph) -> ir.Value:
    return g.block(g.block(g.data, 16), 24)


def residual(g: Graph) -> ir.Value:
    x = g.block(g.data, 16)
    for _ in range(2):
        x = g.relu(g.op("Add", g.conv(g.block(x, 24), 16), x))
    return x


def concat(g: Graph) -> ir.Value:
    x = g.block(g.data, 8)
    return g.block(g.op("Concat", g.block(x, 12), x, g.block(x, 6), axis=1), 10)


def split_and_slice(g: Graph) -> ir.Value:
    x = g.block(g.data, 16)
    parts = g.builder.multi("Split", [x, g.builder.constant([6, 10])], 2, axis=1)
    limits = [g.builder.constant([number]) for number in (4, 14, 1)]
    middle = g.op("Slice", x, *limits)
    return g.block(g.op("Concat", g.block(parts[0], 8), g.block(parts[1], 8), g.block(middle, 8), axis=1), 12)


def depthwise(g: Graph) -> ir.Value:
    x = g.block(g.block(g.data, 16), 16, group=16)
    return g.block(g.block(x, 24, kernel=1), 24, group=24)


def grouped(g: Graph) -> ir.Value:
    return g.block(g.block(g.block(g.data, 32), 32, group=8), 16)


def few_groups(g: Graph) -> ir.Value:
    return g.block(g.block(g.block(g.data, 16), 24, group=2), 16)


def gate(g: Graph) -> ir.Value:
    x = g.block(g.data, 16)
    squeezed = g.block(g.op("GlobalAveragePool", x), 8, kernel=1)
    return g.block(g.op("Mul", x, g.op("Sigmoid", g.conv(squeezed, 16, kernel=1))), 12)


def prelu(g: Graph) -> ir.Value:
    x = g.op("PRelu", g.conv(g.data, 16), g.numbers(16, 1, 1))
    x = g.op("Mul", x, g.numbers(1, 16, 1, 1))
    statistics = [g.numbers(16), g.numbers(16), g.numbers(16), g.builder.constant(np.ones(16, np.float32))]
    return g.block(g.op("BatchNormalization", g.op("Abs", x), *statistics), 12)


def flattened(g: Graph) -> ir.Value:
    x = g.op("MaxPool", g.block(g.data, 16), kernel_shape=[2, 2], strides=[2, 2])
    y = g.relu(g.dense(g.op("Flatten", x), 20))
    return g.op("Reshape", y, g.builder.constant([0, 20, 1, 1]))


def shuffled(g: Graph) -> ir.Value:
    x = g.block(g.data, 24)
    x = g.op("Reshape", x, g.builder.constant([0, 2, 12, 8, 8]))
    x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1, 3, 4]), g.builder.constant([0, 24, 8, 8]))
    return g.block(x, 12)


def upsampled(g: Graph) -> ir.Value:
    x = g.block(g.data, 16, stride=2)
    x = g.relu(g.op("ConvTranspose", x, g.numbers(16, 12, 4, 4), g.numbers(12), pads=[1] * 4, strides=[2, 2]))
    return g.block(g.op("DepthToSpace", g.block(x, 16), blocksize=2, mode="CRD"), 8)


def chosen(g: Graph) -> ir.Value:
    x = g.block(g.data, 16)
    return g.block(g.op("Gather", x, g.builder.constant([0, 3, 15, 7, 7, 2]), axis=1), 12)


KINDS: dict[str, Callable[[Graph], ir.Value]] = {
    function.__name__: function
    for function in (
        plain, residual, concat, split_and_slice, depthwise, grouped, few_groups, gate, prelu, flattened,
        shuffled, upsampled, chosen,
    )
}  # fmt: skip


def make(kind: str, seed: int = 0) -> ir.Model:
    """Make a graph of a kind."""
    graph = Graph(seed=seed)
    return graph.end(KINDS[kind](graph))
