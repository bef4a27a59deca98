"""What a network costs: multiply-accumulates, or seconds predicted from times of single layers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.prune.channels.edits import Mask
from gcv_edge.prune.channels.spaces import Keep, Spaces
from gcv_edge.prune.channels.tracing import WeightedLayer

Cost = Callable[[Mask], float]
"""Takes, for each id, whether its channel is kept."""

LayerTimes = dict[str, dict[str, float]]
"""Seconds of each kind of layer, by ``"inputs outputs"``."""


def count_macs(model: ir.Model) -> int:
    """Count multiply-accumulates per picture, from shapes that ONNX infers anew.

    Counted are Conv, ConvTranspose, Gemm and MatMul; biases and element-wise operators are not.
    """
    return sum(count for _, count in list_macs(model))


def list_macs(model: ir.Model) -> Iterator[tuple[str, int]]:
    """Give the name and the multiply-accumulates per picture of each node that ``count_macs`` counts.

    Nodes need no names, and names need not be unique.
    """
    proto = ir.to_proto(model)
    del proto.graph.value_info[:]
    graph = onnx.shape_inference.infer_shapes(proto, strict_mode=True).graph
    shapes = {
        value.name: [d.dim_value if d.HasField("dim_value") else 1 for d in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output, *graph.value_info)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if count := count_node(node, shapes):
            yield node.name, count


def count_node(node: onnx.NodeProto, shapes: Mapping[str, list[int]]) -> int:
    """Count the multiply-accumulates of a node for a batch of one."""
    if node.op_type in ("Conv", "ConvTranspose"):
        image = shapes[node.output[0] if node.op_type == "Conv" else node.input[0]]
        return math.prod(image[2:]) * math.prod(shapes[node.input[1]])
    if node.op_type in ("Gemm", "MatMul"):
        rows = math.prod(shapes[node.output[0]][1:-1]) if node.op_type == "MatMul" else 1
        return rows * math.prod(shapes[node.input[1]][-2:])
    return 0


def predict_macs(spaces: Spaces, keep: Keep) -> int:
    """Return the multiply-accumulates per picture that are left when channels go.

    Without MatMul of maps by a constant matrix along other axes, it is what ``count_macs`` counts.
    """
    return int(MacCost(spaces)(spaces.mask(keep)))


class MacCost:
    """Multiply-accumulates per picture.

    Args:
        spaces: of the network.
    """

    def __init__(self, spaces: Spaces) -> None:
        self._layers = LayersLeft(spaces)

    def __call__(self, kept: Mask) -> float:
        """Count what is left."""
        return float(sum(layer.macs(inputs, outputs) for layer, inputs, outputs in self._layers(kept)))


class LatencyCost:
    """Seconds per picture, from times of layers and the time of the whole network.

    What is not the layers' is shared out among them by the size of their results.

    Args:
        spaces: of the network.
        kinds: kind of each layer, by name; layers of a kind take the same time at the same widths.
        times: measured times.
        seconds: of the whole network.
    """

    def __init__(
        self, spaces: Spaces, kinds: Mapping[str, str], times: LayerTimes, seconds: float = 0.0
    ) -> None:
        self._kinds = kinds
        self._layers = LayersLeft(spaces)
        self._tables = {kind: WidthTable.of(each) for kind, each in times.items()}
        self._share = 0.0
        sizes = sum(layer.positions * len(layer.outputs) for layer in spaces.layers)
        rest = seconds - self(np.ones(len(spaces.units), bool))
        self._share = max(0.0, rest) / max(1, sizes)

    def __call__(self, kept: Mask) -> float:
        """Add up the time of what is left."""
        return sum(
            self._tables[self._kinds[layer.name]].read(inputs, outputs)
            + self._share * layer.positions * outputs
            for layer, inputs, outputs in self._layers(kept)
        )


@dataclass(frozen=True)
class WidthTable:
    """Times of one kind of layer at some widths."""

    inputs: list[int]
    outputs: list[int]
    seconds: NDArray[np.float64]
    known: dict[tuple[int, int], float] = field(default_factory=dict)

    @classmethod
    def of(cls, times: Mapping[str, float]) -> WidthTable:
        """Arrange times; what is missing (a grouped layer has both widths alike) is filled up by rows."""
        pairs = {(int(key.split()[0]), int(key.split()[1])): value for key, value in times.items()}
        inputs, outputs = sorted({i for i, _ in pairs}), sorted({o for _, o in pairs})
        table = np.full((len(inputs), len(outputs)), np.nan)
        for (i, o), value in pairs.items():
            table[inputs.index(i), outputs.index(o)] = value
        filled = np.where(np.isnan(table), np.nanmax(table, axis=1, keepdims=True), table)
        return cls(inputs, outputs, filled)

    def read(self, inputs: int, outputs: int) -> float:
        """Interpolate; below the smallest width, time falls no further."""
        found = self.known.get((inputs, outputs))
        if found is None:
            rows = [float(np.interp(outputs, self.outputs, row)) for row in self.seconds]
            found = self.known[inputs, outputs] = float(np.interp(inputs, self.inputs, rows))
        return found


LayerLeft = tuple[WeightedLayer, int, int]
"""A layer that is left, and how many channels it reads and writes."""


class LayersLeft:
    """Lists the layers that are left; it is asked so often that all else is found out once.

    Args:
        spaces: of the network.
    """

    def __init__(self, spaces: Spaces) -> None:
        self._layers = spaces.layers
        sides = [each.inputs for each in spaces.layers], [each.outputs for each in spaces.layers]
        self._ids = [np.concatenate([np.zeros(0, np.int64), *side]) for side in sides]
        self._ends = [np.cumsum([0, *map(len, side)]) for side in sides]
        self._later = find_later_layers(spaces)

    def __call__(self, kept: Mask) -> list[LayerLeft]:
        """Return the layers that are left: all but those on the way to a space that went as a whole."""
        inputs, outputs = (self._count(side, kept) for side in range(2))
        alive = (inputs > 0) & (outputs > 0)
        if not alive.all():
            self._drop_unread(alive)
        rows = zip(self._layers, inputs.tolist(), outputs.tolist(), strict=True)
        return list(itertools.compress(rows, alive.tolist()))

    def _count(self, side: int, kept: Mask) -> NDArray[np.int64]:
        """Count the channels that each layer reads or writes."""
        before = np.concatenate([[0], np.cumsum(kept[self._ids[side]])])
        return np.diff(before[self._ends[side]])

    def _drop_unread(self, alive: Mask) -> None:
        """Drop layers that only dropped layers read, from the last to the first."""
        for number in reversed(range(len(alive))):
            later = self._later[number]
            if len(later) and not alive[later].any():
                alive[number] = False


def find_later_layers(spaces: Spaces) -> list[list[int]]:
    """Find the numbers of the later layers that read something of what each layer writes."""
    layers = list(enumerate(spaces.layers))
    reads = [set(spaces.units[layer.inputs].tolist()) for _, layer in layers]
    writes = [set(spaces.units[layer.outputs].tolist()) for _, layer in layers]
    return [
        [n for n, later in layers if later.node > layer.node and not writes[number].isdisjoint(reads[n])]
        for number, layer in layers
    ]
