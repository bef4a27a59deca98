"""Following channels through a graph: an id for every channel, and what the operators' rules write down.

Ids are tied where channels stay or go together, as those of two tensors that are added up. They are frozen
where channels must stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.channels.edits import ChannelIds, Edit, cut_constant


class ChannelAxis(NamedTuple):
    """Where a tensor has its channels: the axis, and an id for each position along it."""

    axis: int
    ids: ChannelIds


@dataclass(frozen=True)
class WeightedLayer:
    """An operator with weights that mixes channels.

    Attributes:
        node: its place among the graph's nodes.
        name: of the node.
        op_type: ``Conv``, ``ConvTranspose``, ``Gemm`` or ``MatMul``.
        inputs, outputs: ids of the channels read and written.
        group: number of groups in which channels are mixed.
        kernel: weights per pair of channels.
        positions: how often the weights are used per picture.
    """

    node: int
    name: str
    op_type: str
    inputs: ChannelIds
    outputs: ChannelIds
    group: int
    kernel: int
    positions: int

    @property
    def loses_groups(self) -> bool:
        """Whole groups go: there are at least as many as channels in one. Else as many go of each group."""
        return self.group > 1 and self.group >= len(self.inputs) // self.group

    def macs(self, inputs: int, outputs: int) -> int:
        """Return multiply-accumulates per picture, for numbers of channels read and written."""
        group = self.group
        if self.loses_groups:
            group = inputs // (len(self.inputs) // group)
        return self.positions * self.kernel * inputs * outputs // max(1, group)


@dataclass
class Trace:
    """All that is known of the channels of a graph so far.

    Attributes:
        count: number of ids.
        ties: pairs of ids of which the channels stay or go together.
        frozen: ids of channels that must stay, and why.
        axes: tensors whose channels are followed, by name.
        lengths: vectors that hold lengths of axes; of each entry the ids it counts, or None.
        layers: operators with weights.
        edits: what must change in the graph when channels go.
        index: place of the node that is being followed.
    """

    count: int = 0
    ties: list[tuple[ChannelIds, ChannelIds]] = field(default_factory=list)
    frozen: list[tuple[ChannelIds, str]] = field(default_factory=list)
    axes: dict[str, ChannelAxis] = field(default_factory=dict)
    lengths: dict[str, list[ChannelIds | None]] = field(default_factory=dict)
    layers: list[WeightedLayer] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    index: int = 0

    def new(self, count: int) -> ChannelIds:
        """Return ids that nothing else has."""
        ids = np.arange(self.count, self.count + count, dtype=np.int64)
        self.count += count
        return ids

    def tie(self, first: ChannelIds, second: ChannelIds) -> None:
        """Let channels stay or go together, pairwise; the two sides may be broadcast against each other."""
        if first is not second:
            first, second = np.broadcast_arrays(first, second)
            self.ties.append((first.ravel(), second.ravel()))

    def freeze_ids(self, ids: ChannelIds, reason: str) -> None:
        """Let channels stay."""
        self.frozen.append((ids.ravel(), reason))

    def freeze(self, value: ir.Value | None, reason: str) -> None:
        """Let all channels of a tensor stay."""
        channels = self.axis_of(value)
        if channels is not None:
            self.freeze_ids(channels.ids, reason)

    def freeze_inputs(self, node: ir.Node, what: str) -> None:
        """Let all channels that a node reads stay; the reason ends with the node's name."""
        for value in node.inputs:
            self.freeze(value, f"{what} {describe_node(node)}")

    def find_units(self) -> tuple[ChannelIds, dict[int, str]]:
        """Join what is tied.

        Returns:
            The unit of each id: channels of one unit stay or go together. And of each unit that must stay,
            the reason.
        """
        empty = np.zeros(0, np.int64)
        first = np.concatenate([pair[0] for pair in self.ties] or [empty])
        second = np.concatenate([pair[1] for pair in self.ties] or [empty])
        units = join(self.count, first, second)
        frozen: dict[int, str] = {}
        for ids, reason in self.frozen:
            for unit in np.unique(units[ids]).tolist():
                frozen.setdefault(unit, reason)
        return units, frozen

    def axis_of(self, value: ir.Value | None) -> ChannelAxis | None:
        """Return where a tensor has its channels; None where they are not followed."""
        return self.axes.get(value.name or "") if value is not None else None

    def set_channel_axis(self, value: ir.Value, axis: int, ids: ChannelIds) -> None:
        """Say where a tensor has its channels."""
        self.axes[name_of(value)] = ChannelAxis(axis, ids)

    def ids_of(self, value: ir.Value, axis: int, reason: str) -> ChannelIds:
        """Return the ids along an axis; frozen ones where the tensor's channels are not followed there."""
        channels = self.axis_of(value)
        if channels is not None and channels.axis == axis:
            return channels.ids
        self.freeze(value, reason)
        ids = self.new(int(shape_of(value)[axis]))
        self.freeze_ids(ids, reason)
        return ids

    def edit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Note what must change in the node."""
        self.edits.append(Edit(self.index, function, arguments))

    def cut(self, place: int, axis: int, ids: ChannelIds) -> None:
        """Note that a constant input of the node has channels along an axis."""
        self.edit(cut_constant, place, axis, ids)


def join(count: int, first: ChannelIds, second: ChannelIds) -> ChannelIds:
    """Return each member's component under ties between ``first[i]`` and ``second[i]``: its lowest member."""
    parent = np.arange(count, dtype=np.int64)
    while True:
        low = np.minimum(parent[first], parent[second])
        high = np.maximum(parent[first], parent[second])
        if bool((low == high).all()):
            break
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
    return parent


Rule = Callable[[Trace, ir.Node], None]
"""How channels pass through a node."""

AxisRule = TypeVar("AxisRule", bound=Callable[[Trace, ir.Node, ChannelAxis], None])
"""The same for operators that are about their first input, of which the channels are given."""

RULES: dict[str, Rule] = {}


def rule(*op_types: str) -> Callable[[Rule], Rule]:
    """Register a rule for operators."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(op_types, function))
        return function

    return register


def axis_rule(*op_types: str) -> Callable[[AxisRule], AxisRule]:
    """Register a rule that is left out where the first input's channels are not followed."""

    def register(function: AxisRule) -> AxisRule:
        def apply(trace: Trace, node: ir.Node) -> None:
            channels = trace.axis_of(node.inputs[0])
            if channels is not None:
                function(trace, node, channels)

        RULES.update(dict.fromkeys(op_types, apply))
        return function

    return register


def follow(trace: Trace, node: ir.Node) -> None:
    """Apply the rule of a node's operator; channels that reach an unknown one stay."""
    has_shapes = all(shape_of(value) or is_scalar(value) for value in node.outputs)
    if node.domain in ("", "ai.onnx") and has_shapes and node.op_type in RULES:
        RULES[node.op_type](trace, node)
        return
    for value in node.inputs:
        reason = f"read by {describe_node(node)}, through which channels are not followed"
        trace.freeze(value, reason)


def is_scalar(value: ir.Value) -> bool:
    """Tell a value of rank 0, or an optional output that is left out."""
    return not value.name or (value.shape is not None and len(value.shape) == 0)


def describe_node(node: ir.Node) -> str:
    """Name a node for a reason."""
    return f"{node.op_type} '{node.name or node.outputs[0].name}'"


def count_from_front(axis: int, rank: int) -> int:
    """Count an axis from the front."""
    return axis + rank if axis < 0 else axis


def present(values: Sequence[ir.Value | None]) -> Iterator[tuple[int, ir.Value]]:
    """Give the inputs that are there, with their places."""
    return ((place, value) for place, value in enumerate(values) if value is not None)
