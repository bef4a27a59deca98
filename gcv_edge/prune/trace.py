"""Following channels through a graph: what its rules write down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import onnx_ir as ir

from gcv_edge.graph.values import shape_of
from gcv_edge.prune.edits import CutConstant, Edit
from gcv_edge.prune.labels import Labels, LabelStore


class Carrier(NamedTuple):
    """Where a tensor has its channels: the axis, and a label for each position along it."""

    axis: int
    labels: Labels


@dataclass(frozen=True)
class Layer:
    """An operator with weights that mixes channels.

    Attributes:
        node: its place among the graph's nodes.
        name: of the node.
        op_type: ``Conv``, ``ConvTranspose``, ``Gemm`` or ``MatMul``.
        inputs, outputs: labels of the channels read and written.
        group: number of groups in which channels are mixed.
        kernel: weights per pair of channels.
        positions: how often the weights are used per picture.
    """

    node: int
    name: str
    op_type: str
    inputs: Labels
    outputs: Labels
    group: int
    kernel: int
    positions: int


@dataclass
class Trace:
    """All that is known of the channels of a graph so far.

    Attributes:
        store: labels, ties and frozen channels.
        carriers: tensors whose channels are followed, by name.
        lengths: vectors that hold lengths of axes; of each entry the labels it counts, or None.
        layers: operators with weights.
        edits: what must change in the graph when channels go.
    """

    store: LabelStore = field(default_factory=LabelStore)
    carriers: dict[str, Carrier] = field(default_factory=dict)
    lengths: dict[str, list[Labels | None]] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def carrier(self, value: ir.Value | None) -> Carrier | None:
        """Return where a tensor has its channels; None where they are not followed."""
        return self.carriers.get(value.name or "") if value is not None else None

    def carry(self, value: ir.Value, axis: int, labels: Labels) -> None:
        """Say where a tensor has its channels."""
        assert value.name is not None
        self.carriers[value.name] = Carrier(axis, labels)

    def freeze(self, value: ir.Value | None, reason: str) -> None:
        """Let all channels of a tensor stay."""
        carrier = self.carrier(value)
        if carrier is not None:
            self.store.freeze(carrier.labels, reason)

    def freeze_inputs(self, node: ir.Node, reason: str) -> None:
        """Let all channels that a node reads stay."""
        for value in node.inputs:
            self.freeze(value, reason)

    def cut(self, index: int, place: int, axis: int, labels: Labels) -> None:
        """Note that a constant input of a node has channels along an axis."""
        self.edits.append(CutConstant(index, place, axis, labels))

    def labels_of(self, value: ir.Value, axis: int, reason: str) -> Labels:
        """Return the labels along an axis; fixed ones where the tensor's channels are not followed there."""
        carrier = self.carrier(value)
        if carrier is not None and carrier.axis == axis:
            return carrier.labels
        self.freeze(value, reason)
        return self.store.fixed(int(shape_of(value)[axis]), reason)


def present(values: Sequence[ir.Value | None]) -> Iterator[tuple[int, ir.Value]]:
    """Give the inputs that are there, with their places."""
    return ((place, value) for place, value in enumerate(values) if value is not None)
