"""What must change in a graph when channels go, one class per kind of change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import add_constant
from gcv_edge.prune.labels import Labels

Mask = NDArray[np.bool_]
"""For each label (at first: of each channel's unit), whether it stays."""


class Edit(Protocol):
    """A change of one node; ``kept`` tells of each label whether it stays."""

    @property
    def node(self) -> int:
        """The node's place among the graph's nodes."""

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Make the change."""


@dataclass(frozen=True)
class CutConstant:
    """A constant input loses channels along an axis."""

    node: int
    place: int
    axis: int
    labels: Labels

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Take the rest."""
        mask = kept[self.labels]
        if not mask.all():
            array = read_input(node, self.place)
            replace_constant(graph, node, self.place, np.compress(mask, array, axis=self.axis))


@dataclass(frozen=True)
class SetGroup:
    """A grouped convolution loses whole groups of ``size`` input channels."""

    node: int
    labels: Labels
    size: int

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:  # noqa: ARG002
        """Count the groups that stay."""
        count = int(kept[self.labels].sum()) // self.size
        node.attributes["group"] = ir.AttrInt64("group", count)


@dataclass(frozen=True)
class SetLength:
    """An entry of a constant vector is the number of channels (of a shape, or of sizes)."""

    node: int
    place: int
    entry: int
    labels: Labels

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Write the number that stays."""
        numbers = read_input(node, self.place).copy()
        numbers[self.entry] = int(kept[self.labels].sum())
        replace_constant(graph, node, self.place, numbers)


@dataclass(frozen=True)
class SetSlice:
    """A slice along the channels begins and ends elsewhere."""

    node: int
    entry: int
    start: int
    stop: int
    labels: Labels

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Count what stays before both ends."""
        mask = kept[self.labels]
        for place, end in ((1, self.start), (2, self.stop)):
            numbers = read_input(node, place).copy()
            numbers[self.entry] = int(mask[:end].sum())
            replace_constant(graph, node, place, numbers)


@dataclass(frozen=True)
class SetSplit:
    """Parts of a split along the channels become shorter."""

    node: int
    parts: tuple[Labels, ...]

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Count what stays of each part."""
        sizes = np.array([int(kept[labels].sum()) for labels in self.parts], np.int64)
        node.resize_inputs(2)
        node.attributes.pop("num_outputs", None)
        replace_constant(graph, node, 1, sizes)


@dataclass(frozen=True)
class SetIndices:
    """A selection of channels by their numbers, which become others."""

    node: int
    labels: Labels
    indices: Labels

    def apply(self, graph: ir.Graph, node: ir.Node, kept: Mask) -> None:
        """Number those that stay."""
        mask = kept[self.labels]
        numbers = np.cumsum(mask) - 1
        chosen = self.indices[mask[self.indices]]
        replace_constant(graph, node, 1, numbers[chosen].astype(np.int64))


def read_input(node: ir.Node, place: int) -> NDArray[np.generic]:
    """Return the numbers of a constant input."""
    value = node.inputs[place]
    assert value is not None
    assert value.const_value is not None
    return value.const_value.numpy()


def replace_constant(graph: ir.Graph, node: ir.Node, place: int, array: NDArray[np.generic]) -> None:
    """Give a node a new constant; others may use the old one."""
    old = node.inputs[place]
    name = (old.name if old is not None else None) or f"{node.name}_{place}"
    node.replace_input_with(place, add_constant(graph, f"{name}_kept", np.ascontiguousarray(array)))
