"""Multiply-accumulates of a graph, counted, and predicted from channel spaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.prune.edits import Mask
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.spaces import Keep, Spaces
from gcv_edge.prune.trace import Layer


def count_macs(model: ir.Model) -> int:
    """Count multiply-accumulates per picture, from shapes that ONNX infers anew.

    Counted are Conv, ConvTranspose, Gemm and MatMul; biases and element-wise operators are not.
    """
    proto = ir.to_proto(model)
    del proto.graph.value_info[:]
    graph = onnx.shape_inference.infer_shapes(proto, strict_mode=True).graph
    shapes = {
        value.name: value.type.tensor_type.shape.dim
        for value in (*graph.input, *graph.output, *graph.value_info)
    }
    shape = {
        name: [d.dim_value if d.HasField("dim_value") else 1 for d in dims] for name, dims in shapes.items()
    }
    shape |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    return sum(count_node(node, shape) for node in graph.node)


def count_node(node: onnx.NodeProto, shape: dict[str, list[int]]) -> int:
    """Count the multiply-accumulates of a node for a batch of one."""
    if node.op_type in ("Conv", "ConvTranspose"):
        weight = shape[node.input[1]]
        image = shape[node.output[0] if node.op_type == "Conv" else node.input[0]]
        return math.prod(image[2:]) * math.prod(weight)
    if node.op_type in ("Gemm", "MatMul"):
        matrix = shape[node.input[1]]
        rows = math.prod(shape[node.output[0]][1:-1]) if node.op_type == "MatMul" else 1
        return rows * math.prod(matrix[-2:])
    return 0


def predict_macs(spaces: Spaces, keep: Keep) -> int:
    """Return the multiply-accumulates per picture that are left when channels go.

    Without MatMul of maps by a constant matrix along other axes, it is what ``count_macs`` counts.
    """
    return sum(layer_macs(*left) for left in Census(spaces)(spaces.mask(keep)))


def layer_macs(layer: Layer, inputs: int, outputs: int) -> int:
    """Return a layer's multiply-accumulates per picture, for channels read and written."""
    group = layer.group
    if group > 1 and is_whole(layer):
        group = inputs // (len(layer.inputs) // group)
    return layer.positions * layer.kernel * inputs * outputs // max(1, group)


def is_whole(layer: Layer) -> bool:
    """Tell whether whole groups go."""
    return layer.group >= len(layer.inputs) // layer.group


class Left(NamedTuple):
    """A layer that is left, and how many channels it reads and writes."""

    layer: Layer
    inputs: int
    outputs: int


class Census:
    """Counts what is left of the layers; it is asked so often that all else is found out once.

    Args:
        spaces: of the network.
    """

    def __init__(self, spaces: Spaces) -> None:
        self._layers = spaces.layers
        self._inputs = Counter([layer.inputs for layer in spaces.layers])
        self._outputs = Counter([layer.outputs for layer in spaces.layers])
        self._later = find_later(spaces)

    def __call__(self, kept: Mask) -> list[Left]:
        """Return the layers that are left: all but those on the way to a space that went as a whole."""
        inputs, outputs = self._inputs(kept), self._outputs(kept)
        alive = (inputs > 0) & (outputs > 0)
        if not alive.all():
            self._drop_unread(alive)
        rows = zip(self._layers, inputs.tolist(), outputs.tolist(), alive.tolist(), strict=True)
        return [Left(*row[:3]) for row in rows if row[3]]

    def _drop_unread(self, alive: NDArray[np.bool_]) -> None:
        """Drop layers that only dropped layers read, from the last to the first."""
        for number in reversed(range(len(alive))):
            later = self._later[number]
            if len(later) and not alive[later].any():
                alive[number] = False


class Counter:
    """Counts how many labels of each of several lists are kept."""

    def __init__(self, lists: Sequence[Labels]) -> None:
        self._labels = np.concatenate([np.zeros(0, np.int64), *lists])
        self._ends = np.cumsum([0, *map(len, lists)])

    def __call__(self, kept: Mask) -> NDArray[np.int64]:
        """Return a number for each list."""
        before = np.concatenate([[0], np.cumsum(kept[self._labels])])
        return np.diff(before[self._ends])


def find_later(spaces: Spaces) -> list[list[int]]:
    """Find the numbers of the later layers that read something of what each layer writes."""
    reads, writes = (
        [set(spaces.units[labels].tolist()) for labels in each]
        for each in ([layer.inputs for layer in spaces.layers], [layer.outputs for layer in spaces.layers])
    )
    return [
        [
            n
            for n, layer in enumerate(spaces.layers)
            if layer.node > writer.node and not written.isdisjoint(reads[n])
        ]
        for writer, written in zip(spaces.layers, writes, strict=True)
    ]
