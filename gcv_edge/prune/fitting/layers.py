"""Layers as matrices, so that they can be fitted by least squares: reading and writing their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import add_constant, constant_of, name_of
from gcv_edge.graph.windows import SlidingWindow
from gcv_edge.prune.channels.edits import ChannelIds, Mask
from gcv_edge.prune.channels.surgery import REST
from gcv_edge.prune.channels.tracing import WeightedLayer

Matrix = NDArray[Any]

TIMED_BIAS = 0.01
"""Biases of networks that are only timed: not zero, since engines leave out what adds nothing."""


class LayerWeights(NamedTuple):
    """Weights of a layer, as ``FittableLayer`` arranges them, and its bias."""

    matrix: Matrix
    bias: Matrix

    def crop(self, outputs: Mask) -> LayerWeights:
        """Drop results that the pruned layer does not give."""
        rows = np.repeat(outputs, len(self.matrix) // len(outputs))
        return LayerWeights(self.matrix[rows], self.bias[outputs])


@dataclass(frozen=True, eq=False)
class FittableLayer:
    """A layer that can be fitted, as ``outputs = matrix · columns + bias``.

    Attributes:
        layer: the layer.
        source, result: names of the tensors read and written.
        columns: id of each column: every weight of a channel has its own where ``by_patch``, else each
            channel has one, and all offsets of the kernel are treated alike.
        by_patch: columns are the numbers under the kernel (im2col).
        transposed: the weights are stored input by output.
        run: positions of one channel that follow each other in a dense layer's input.
        strides, dilations, pads: of a convolution.
        kernel: its lengths; empty for a dense layer.
    """

    layer: WeightedLayer
    source: str
    result: str
    columns: ChannelIds
    by_patch: bool
    transposed: bool
    run: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    kernel: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the layer's node."""
        return self.layer.name

    def sum_offsets(self, rows: Matrix) -> Matrix:
        """Add up what the offsets of a kernel give to one result."""
        if self.by_patch:
            return rows
        each = math.prod(self.kernel) if self.kernel else self.run
        share = math.prod(self.strides) if self.layer.op_type == "ConvTranspose" else 1
        summed: Matrix = rows.reshape(-1, each).sum(axis=1) / share
        return summed


def describe_fittable(node: ir.Node, layer: WeightedLayer, limit: int) -> FittableLayer:
    """Describe a layer of one group; up to ``limit`` columns it is treated by patch."""
    weight = constant_of(node.inputs[1])
    assert weight is not None
    rank = weight.ndim - 2 if layer.op_type in ("Conv", "ConvTranspose") else 0
    window = SlidingWindow.of(node, rank)
    is_plain = layer.op_type != "ConvTranspose" and window.auto_pad == "NOTSET"
    by_patch = is_plain and layer.kernel * len(layer.inputs) <= limit
    run = 1 if by_patch or rank else run_length(layer.inputs)
    is_gemm = layer.op_type == "Gemm"
    stored = node.attributes.get_int("transB", 0) == 0 if is_gemm else layer.op_type != "Conv"
    return FittableLayer(
        layer=layer,
        source=name_of(node.inputs[0]),
        result=name_of(node.outputs[0]),
        columns=np.repeat(layer.inputs, layer.kernel) if by_patch else layer.inputs[::run],
        by_patch=by_patch,
        transposed=stored,
        run=run,
        strides=window.strides,
        dilations=window.dilations,
        pads=window.pads,
        kernel=tuple(weight.shape[2:]) if rank else (),
    )


def run_length(ids: ChannelIds) -> int:
    """Return how many positions of one channel follow each other, the same number for each."""
    changes = np.flatnonzero(np.diff(ids))
    run = int(changes[0]) + 1 if changes.size else len(ids)
    if len(ids) % run or not np.array_equal(np.repeat(ids[::run], run), ids):
        return 1
    return run


def to_matrix(layer: FittableLayer, weight: Matrix) -> Matrix:
    """Arrange weights as ``[rows, columns]``; without patches, each offset of the kernel has its own rows."""
    if layer.transposed:
        weight = np.swapaxes(weight, 0, 1)
    if layer.by_patch:
        return weight.reshape(len(weight), -1)
    table = weight.reshape(len(weight), weight.shape[1] // layer.run, -1)
    return np.swapaxes(table, 1, 2).reshape(-1, table.shape[1])


def from_matrix(layer: FittableLayer, matrix: Matrix, outputs: int) -> Matrix:
    """Arrange a matrix as weights; undoes ``to_matrix``."""
    if layer.by_patch:
        weight = matrix.reshape(outputs, -1, *layer.kernel)
    else:
        table = np.swapaxes(matrix.reshape(outputs, -1, matrix.shape[1]), 1, 2)
        shape = (matrix.shape[1], *layer.kernel) if layer.kernel else (-1,)
        weight = table.reshape(outputs, *shape)
    return np.swapaxes(weight, 0, 1) if layer.transposed else weight


def read_weights(node: ir.Node, layer: FittableLayer) -> LayerWeights:
    """Return a layer's weights in float64."""
    weight, bias = constant_of(node.inputs[1]), constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
    assert weight is not None
    count = count_outputs(weight, layer)
    numbers = np.zeros(count) if bias is None else np.broadcast_to(bias.astype(np.float64).ravel(), count)
    return LayerWeights(to_matrix(layer, weight.astype(np.float64)), numbers)


def count_outputs(weight: Matrix, layer: FittableLayer) -> int:
    """Return how many channels weights write."""
    return int(weight.shape[1 if layer.transposed else 0])


def write_weights(
    model: ir.Model, layers: Mapping[str, FittableLayer], weights: Mapping[str, LayerWeights]
) -> None:
    """Give layers of a pruned network new weights; those that are gone are left out."""
    nodes = {node.name: node for node in model.graph}
    for name, found in weights.items():
        if name in nodes and found.matrix.shape[1]:
            write_layer(model, nodes[name], layers[name], found)
        elif f"{name}{REST}" in model.graph.initializers:
            write_rest(model, f"{name}{REST}", found.bias)


def write_layer(model: ir.Model, node: ir.Node, layer: FittableLayer, weights: LayerWeights) -> None:
    """Give one layer its new weights."""
    weight = from_matrix(layer, weights.matrix, len(weights.bias)).astype(np.float32)
    place_constant(model, node, 1, np.ascontiguousarray(weight), "weight")
    if node.op_type != "MatMul":
        node.resize_inputs(3)
        place_constant(model, node, 2, weights.bias.astype(np.float32), "bias")


def place_constant(model: ir.Model, node: ir.Node, place: int, array: NDArray[np.float32], role: str) -> None:
    """Give a node a constant of its own, named after it; the one before goes if nothing else reads it."""
    before = node.inputs[place]
    node.replace_input_with(place, add_constant(model.graph, f"{node.name}_pruned_{role}", array))
    if before is not None and before.is_initializer() and not before.uses() and not before.is_graph_output():
        del model.graph.initializers[name_of(before)]


def write_rest(model: ir.Model, name: str, bias: Matrix) -> None:
    """Set the constant that took the place of a layer which reads nothing any more."""
    value = model.graph.initializers[name]
    assert value.const_value is not None
    numbers = bias.astype(np.float32).reshape(value.const_value.numpy().shape)
    value.const_value = ir.Tensor(numbers, name=name)


def add_biases(model: ir.Model, layers: Mapping[str, FittableLayer]) -> None:
    """Give a network that is only timed the biases that fitting would give it."""
    for node in model.graph:
        weight = constant_of(node.inputs[1]) if node.name in layers else None
        if weight is not None and node.op_type != "MatMul" and len(node.inputs) < 3:
            count = count_outputs(weight, layers[node.name or ""])
            node.resize_inputs(3)
            place_constant(model, node, 2, np.full(count, TIMED_BIAS, np.float32), "bias")
    for name in layers:
        numbers = constant_of(model.graph.initializers.get(f"{name}{REST}"))
        if numbers is not None:
            write_rest(model, f"{name}{REST}", np.full(numbers.size, TIMED_BIAS))
