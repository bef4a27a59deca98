"""Channel spaces of a graph: sets of channels that are pruned together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.graph.values import shape_of
from gcv_edge.prune.channels import (  # noqa: F401  (they register their rules)
    rules_layers,
    rules_shapes,
)
from gcv_edge.prune.channels.edits import ChannelIds, Edit, Mask
from gcv_edge.prune.channels.tracing import ChannelAxis, Trace, WeightedLayer, follow, join

Keep = Mapping[str, Sequence[int] | NDArray[np.int64]]
"""Units to keep, by the name of their space; a space that is not named is kept whole."""


ALIGNMENT, NARROW = 16, 32
"""Widths are multiples of this many channels, the vectors of AVX-512 and the blocks of all engines; of half
as many in spaces that are narrow."""


@dataclass(frozen=True)
class ChannelSpace:
    """Channels of one or more layers of which the same numbers are kept.

    Attributes:
        name: of the first layer that writes them.
        units: what stays or goes as a whole, numbered from 0 in the order of the first layer's channels.
        channels: of the widest of the layers that write them.
        writers, readers: names of the layers that write and read them.
        frozen: why none may go; empty where they may.
        removable: all of them may go: what reads them is only added to something else.
    """

    name: str
    units: int
    channels: int
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    frozen: str = ""
    removable: bool = False

    @property
    def step(self) -> int:
        """Channels per unit."""
        return max(1, self.channels // self.units)


@dataclass(frozen=True)
class Spaces(Sequence[ChannelSpace]):
    """The channel spaces of one graph, and what is needed beside them to prune it.

    Attributes:
        items: the spaces, in the order of the graph.
        layers: operators with weights.
        edits: what changes in the graph when channels go.
        axes: where tensors have their channels, by name.
        members: of each space, its units' numbers over all spaces.
        units: number of each id's unit.
    """

    items: tuple[ChannelSpace, ...]
    layers: tuple[WeightedLayer, ...]
    edits: tuple[Edit, ...]
    axes: Mapping[str, ChannelAxis]
    members: tuple[ChannelIds, ...]
    units: ChannelIds = field(repr=False)

    @overload
    def __getitem__(self, index: int) -> ChannelSpace: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ChannelSpace]: ...

    def __getitem__(self, index: int | slice) -> ChannelSpace | Sequence[ChannelSpace]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[ChannelSpace]:
        return iter(self.items)

    def find(self, name: str) -> int:
        """Return a space's number.

        Raises:
            UsageError: there is none of that name.
        """
        for number, space in enumerate(self.items):
            if space.name == name:
                return number
        raise UsageError(f"channel space '{name}': there is none of that name in this graph")

    def units_of(self, name: str) -> ChannelIds:
        """Return a space's units, numbered over all spaces."""
        return self.members[self.find(name)]

    def mask(self, keep: Keep) -> Mask:
        """Tell for each id whether its channel is kept.

        Raises:
            UsageError: a space does not exist, is frozen or has no such units, or nothing is kept of one that
                cannot go, or of a tensor that has a part of one.
        """
        kept = np.ones(len(self.units), bool)
        for name, chosen in keep.items():
            kept[self.units_of(name)] = check_choice(self.items[self.find(name)], chosen)
        for tensor in self.empty_tensors(kept[self.units]):
            raise UsageError(f"tensor '{tensor}': none of its channels are kept, expected 1 at least")
        return kept[self.units]

    def empty_tensors(self, kept: Mask) -> dict[str, ChannelIds]:
        """Return tensors of which nothing is kept, with their ids, but for those of spaces that go.

        Args:
            kept: whether each id stays.
        """
        stays = np.zeros(len(self.units), bool)
        stays[[unit for members in self.members if kept[members].any() for unit in members.tolist()]] = True
        return {
            name: ids
            for name, (_, ids) in self.axes.items()
            if not kept[ids].any() and stays[self.units[ids]].any()
        }


def width_step(channels: int) -> int:
    """Return of how many channels the width of a layer is a multiple."""
    return ALIGNMENT if channels > NARROW else ALIGNMENT // 2


def check_choice(space: ChannelSpace, chosen: Sequence[int] | NDArray[np.int64]) -> Mask:
    """Return which units of a space are kept."""
    numbers = np.asarray(chosen, np.int64).ravel()
    unknown = numbers[(numbers < 0) | (numbers >= space.units)]
    if unknown.size:
        raise UsageError(f"channel space '{space.name}': found unit {unknown[0]}, it has {space.units}")
    mask = np.zeros(space.units, bool)
    mask[numbers] = True
    if space.frozen and not mask.all():
        raise UsageError(f"channel space '{space.name}' must stay whole: {space.frozen}")
    if not mask.any() and not space.removable:
        raise UsageError(f"channel space '{space.name}': nothing is kept, expected 1 unit at least")
    return mask


def channel_spaces(model: ir.Model) -> Spaces:
    """Find the channel spaces of a graph.

    Args:
        model: any model in ONNX's own operators whose tensors have known shapes but for the batch.

    Raises:
        UnsupportedError: the graph has nested graphs.
    """
    trace = trace_channels(model)
    units, frozen = trace.find_units()
    layers = [
        replace(layer, inputs=units[layer.inputs], outputs=units[layer.outputs]) for layer in trace.layers
    ]
    groups = group_units(layers, len(units))
    items = tuple(describe_space(model, members, layers, frozen) for members in groups)
    return Spaces(items, tuple(trace.layers), tuple(trace.edits), trace.axes, groups, units)


def trace_channels(model: ir.Model) -> Trace:
    """Follow all channels from the graph's inputs to its outputs, whose channels stay."""
    trace = Trace()
    for index, node in enumerate(model.graph):
        if any(
            attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
            for attribute in node.attributes.values()
        ):
            raise UnsupportedError(f"{node.op_type} '{node.name}': graphs within graphs cannot be pruned")
        trace.index = index
        follow(trace, node)
    for output in model.graph.outputs:
        trace.freeze(output, f"is the output '{output.name}'")
    return trace


def group_units(layers: Sequence[WeightedLayer], count: int) -> tuple[ChannelIds, ...]:
    """Put units that one layer writes into one space; spaces in the order of the layers."""
    lines = [np.unique(layer.outputs) for layer in layers]
    first = np.concatenate([line[:-1] for line in lines] or [np.zeros(0, np.int64)])
    second = np.concatenate([line[1:] for line in lines] or [np.zeros(0, np.int64)])
    space_of = join(count, first, second)
    found: dict[int, list[int]] = {}
    for layer in layers:
        members = found.setdefault(int(space_of[layer.outputs[0]]), [])
        members += dict.fromkeys(layer.outputs.tolist())
    return tuple(np.array(list(dict.fromkeys(members)), np.int64) for members in found.values())


def describe_space(
    model: ir.Model, members: ChannelIds, layers: Sequence[WeightedLayer], frozen: Mapping[int, str]
) -> ChannelSpace:
    """Collect what there is to say of a space."""
    inside = set(members.tolist())
    writers = [layer for layer in layers if int(layer.outputs[0]) in inside]
    readers = [layer for layer in layers if not inside.isdisjoint(layer.inputs.tolist())]
    reasons = [frozen[unit] for unit in members.tolist() if unit in frozen]
    reason = reasons[0] if reasons else ("" if readers else "read by no layer")
    return ChannelSpace(
        name=writers[0].name,
        units=len(members),
        channels=max(len(layer.outputs) for layer in writers),
        writers=tuple(layer.name for layer in writers),
        readers=tuple(layer.name for layer in readers if layer not in writers or layer.group == 1),
        frozen=reason,
        removable=not reason and is_removable(model, inside, writers, readers),
    )


def is_removable(
    model: ir.Model, inside: set[int], writers: Sequence[WeightedLayer], readers: Sequence[WeightedLayer]
) -> bool:
    """Tell whether a space may go as a whole.

    1. Each layer that reads it, but for grouped ones that pass it on, reads nothing else and has one group.
    2. What that layer gives is only added to tensors of the same shape that are sure to stay.
    """
    nodes = list(model.graph)
    last = [layer for layer in readers if layer not in writers]
    return bool(last) and all(
        layer.group == 1
        and layer.op_type == "Conv"
        and inside.issuperset(layer.inputs.tolist())
        and is_only_added(nodes[layer.node].outputs[0])
        for layer in last
    )


def is_only_added(value: ir.Value) -> bool:
    """Rule 2."""
    users = [user for user, _ in value.uses()]
    if len(users) != 1 or users[0].op_type not in ("Add", "Sum") or value.is_graph_output():
        return False
    others = [other for other in users[0].inputs if other is not value]
    return bool(others) and all(other is not None and stays(other, value) for other in others)


def stays(other: ir.Value, value: ir.Value) -> bool:
    """Tell whether another addend has the shape of the sum, and stays.

    The result of a convolution may go likewise where nothing else reads what it reads.
    """
    producer = other.producer()
    if producer is None or shape_of(other) != shape_of(value):
        return False
    source = producer.inputs[0]
    is_shared = source is not None and (source.is_graph_input() or len(source.uses()) > 1)
    return producer.op_type != "Conv" or is_shared
