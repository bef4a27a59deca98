"""What must change in a graph when channels go, one function per kind of change.

Each takes the graph, a node of it, and for each id whether its channel is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import add_constant

ChannelIds = NDArray[np.int64]
"""An id for each channel of a tensor."""

Mask = NDArray[np.bool_]
"""For each id, whether its channel is kept."""


class Edit(NamedTuple):
    """A change of one node.

    Attributes:
        node: its place among the graph's nodes.
        function: makes the change.
        arguments: of the function, behind graph, node and mask.
    """

    node: int
    function: Callable[..., None]
    arguments: tuple[Any, ...]


def cut_constant(graph: ir.Graph, node: ir.Node, kept: Mask, place: int, axis: int, ids: ChannelIds) -> None:
    """A constant input loses channels along an axis."""
    mask = kept[ids]
    if not mask.all():
        array = read_input(node, place)
        replace_constant(graph, node, place, np.compress(mask, array, axis=axis))


def set_group(graph: ir.Graph, node: ir.Node, kept: Mask, ids: ChannelIds, size: int) -> None:  # noqa: ARG001
    """A grouped convolution loses whole groups of ``size`` input channels."""
    node.attributes["group"] = ir.AttrInt64("group", int(kept[ids].sum()) // size)


def set_length(graph: ir.Graph, node: ir.Node, kept: Mask, place: int, entry: int, ids: ChannelIds) -> None:
    """An entry of a constant vector is the number of channels (of a shape, or of sizes)."""
    set_entry(graph, node, place, entry, int(kept[ids].sum()))


def set_slice(
    graph: ir.Graph, node: ir.Node, kept: Mask, entry: int, ends: tuple[int, int], ids: ChannelIds
) -> None:
    """A slice along the channels begins and ends elsewhere."""
    for place, end in enumerate(ends, 1):
        set_entry(graph, node, place, entry, int(kept[ids[:end]].sum()))


def set_split(graph: ir.Graph, node: ir.Node, kept: Mask, parts: Sequence[ChannelIds]) -> None:
    """Parts of a split along the channels become shorter."""
    sizes = np.array([int(kept[ids].sum()) for ids in parts], np.int64)
    node.resize_inputs(2)
    node.attributes.pop("num_outputs", None)
    replace_constant(graph, node, 1, sizes)


def set_indices(graph: ir.Graph, node: ir.Node, kept: Mask, ids: ChannelIds, indices: ChannelIds) -> None:
    """Chosen channels have other numbers."""
    mask = kept[ids]
    numbers = np.cumsum(mask) - 1
    replace_constant(graph, node, 1, numbers[indices[mask[indices]]].astype(np.int64))


def read_input(node: ir.Node, place: int) -> NDArray[Any]:
    """Return the numbers of a constant input."""
    value = node.inputs[place]
    assert value is not None
    assert value.const_value is not None
    return value.const_value.numpy()


def set_entry(graph: ir.Graph, node: ir.Node, place: int, entry: int, number: int) -> None:
    """Change one number of a constant input."""
    numbers = read_input(node, place).copy()
    numbers[entry] = number
    replace_constant(graph, node, place, numbers)


def replace_constant(graph: ir.Graph, node: ir.Node, place: int, array: NDArray[Any]) -> None:
    """Give a node a new constant; others may use the old one."""
    old = node.inputs[place]
    name = (old.name if old is not None else None) or f"{node.name}_{place}"
    node.replace_input_with(place, add_constant(graph, f"{name}_kept", np.ascontiguousarray(array)))
