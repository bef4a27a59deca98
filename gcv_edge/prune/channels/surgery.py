"""Taking channels, and whole branches, out of a graph, exactly: nothing is estimated here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.cleaning import drop_unused
from gcv_edge.graph.values import add_constant, constant_of, input_of, name_of, shape_of
from gcv_edge.graph.windows import SlidingWindow
from gcv_edge.prune.channels.edits import Mask, read_input, replace_constant
from gcv_edge.prune.channels.spaces import Keep, Spaces
from gcv_edge.prune.channels.tracing import ChannelAxis, WeightedLayer

REST = "_rest"
"""End of the names of constants that are left of layers which read nothing any more."""

BIAS, MEAN = 2, 3
"""Inputs of a convolution and of BatchNorm."""


def remove_channels(model: ir.Model, spaces: Spaces, keep: Keep) -> ir.Model:
    """Return a copy of a model without the channels that are not kept.

    The copy computes what the model computes when the weights with which its layers read those channels are
    zero. Constants that stay whole are shared with the model, which is not changed.

    Args:
        model: the model that ``spaces`` are of.
        spaces: ``channel_spaces(model)``.
        keep: units that stay, by space; spaces that are not named stay whole.

    Raises:
        UsageError: a space does not exist, is frozen or has no such units, or nothing would be left of it.
    """
    kept = spaces.mask(keep)
    pruned = model.clone()
    nodes = list(pruned.graph)
    for edit in spaces.edits:
        edit.function(pruned.graph, nodes[edit.node], kept, *edit.arguments)
    for layer in spaces.layers:
        if layer.group == 1 and not kept[layer.inputs].any():
            become_constant(pruned.graph, nodes[layer.node], layer, kept)
    set_shapes(pruned, spaces.axes, kept)
    drop_unused(pruned)
    return pruned


def become_constant(graph: ir.Graph, node: ir.Node, layer: WeightedLayer, kept: Mask) -> None:
    """Replace a layer that reads nothing any more by its bias."""
    bias = constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
    count = int(kept[layer.outputs].sum())
    rank = len(node.outputs[0].shape or ())
    numbers = np.zeros(count, np.float32) if bias is None else bias
    constant = add_constant(graph, f"{layer.name}{REST}", numbers.reshape(1, count, *[1] * (rank - 2)))
    ir.convenience.replace_all_uses_with(node.outputs[0], constant)


def set_shapes(model: ir.Model, axes: Mapping[str, ChannelAxis], kept: Mask) -> None:
    """Write the new lengths into the shapes of tensors."""
    for node in model.graph:
        for value in node.outputs:
            channels = axes.get(value.name or "")
            if channels is not None and value.shape is not None:
                lengths = list(value.shape)
                lengths[channels.axis] = int(kept[channels.ids].sum())
                value.shape = ir.Shape(lengths)


class Substitute(NamedTuple):
    """A layer that can stand for itself and for a branch that is added to its result and goes as a whole.

    It is a network's stem or the convolution of a shortcut. It is fitted to what the sum was, and the
    constant that is left of the branch goes too. Where a branch is added to anything else, the constant stays
    and the layers after it make up for the branch: that loses less than fitting the layers before it.

    Attributes:
        layer: its name.
        target: name of the sum in the whole network, which its result becomes.
    """

    layer: str
    target: str


def find_substitutes(model: ir.Model, spaces: Spaces) -> dict[str, Substitute]:
    """Return what can stand for the branch of a space that goes as a whole, by the space's name."""
    nodes = list(model.graph)
    layers = {layer.name: layer for layer in spaces.layers}
    found: dict[str, Substitute] = {}
    for space in spaces:
        last = [name for name in space.readers if name not in space.writers]
        if space.removable and len(last) == 1:
            substitute = find_substitute(nodes[layers[last[0]].node].outputs[0])
            if substitute is not None and layers[substitute.layer].group == 1:
                found[space.name] = substitute
    return found


def find_substitute(branch: ir.Value) -> Substitute | None:
    """Return the convolution to whose result a branch, or what is left of it, is added; None for others."""
    other = other_addend(branch)
    producer = other.producer() if other is not None else None
    if other is None or producer is None or producer.op_type != "Conv":
        return None
    target = next(user.outputs[0] for user, _ in branch.uses())
    return Substitute(producer.name or "", name_of(target)) if shape_of(other) == shape_of(target) else None


def other_addend(value: ir.Value) -> ir.Value | None:
    """Return what a tensor is added to, where nothing else reads it and the other is computed."""
    users = [user for user, _ in value.uses()]
    if len(users) != 1 or users[0].op_type != "Add":
        return None
    others = [other for other in users[0].inputs if other is not None and other is not value]
    return others[0] if others and others[0].producer() is not None else None


def substitute_branches(pruned: ir.Model, able: Collection[str]) -> dict[str, Substitute]:
    """Let layers take the place of sums with what is left of branches; their weights stay to be fitted.

    Args:
        pruned: changed in place.
        able: layers that can be fitted.

    Returns:
        Those that do so, by name.
    """
    found: dict[str, Substitute] = {}
    for name, rest in list(pruned.graph.initializers.items()):
        substitute = find_substitute(rest) if name.endswith(REST) else None
        if substitute is None or substitute.layer not in able:
            continue
        (add,) = [user for user, _ in rest.uses()]
        (other,) = [value for value in add.inputs if value is not rest]
        if other is None or len(other.uses()) != 1 or add.outputs[0].is_graph_output():
            continue
        found[substitute.layer] = substitute
        ir.convenience.replace_all_uses_with(add.outputs[0], other)
        pruned.graph.remove(add, safe=True)
    drop_unused(pruned)
    return found


def fold_biases(model: ir.Model) -> None:
    """Fold biases and constants that are added to a sum into the linear layers that read it, in place.

    Engines take time to add them. In networks that normalise before they convolve (ResNet V2,
    arXiv:1603.05027), convolutions have no biases. Fitting gives them some, and a removed branch leaves a
    constant. BatchNorm takes both in, and so do shortcuts that read the sum itself.
    """
    taken: dict[ir.Node, NDArray[Any]] = {}
    for node in list(model.graph):
        if node in taken:
            absorb_constant(model.graph, node, taken[node])
        users = linear_users(node.outputs[0]) if node.op_type in ("Conv", "Add") else None
        constant = take_constant(model.graph, node) if users else None
        if users and constant is not None:
            for user, times in users.items():
                taken[user] = taken.get(user, 0) + times * constant
    drop_unused(model)


def linear_users(value: ir.Value) -> Counter[ir.Node] | None:
    """Return how often linear layers read a tensor, through sums too; None where anything else does."""
    found: Counter[ir.Node] = Counter()
    if value.is_graph_output():
        return None
    for user, place in value.uses():
        if place == 0 and is_linear(user):
            found[user] += 1
            continue
        is_sum = user.op_type == "Add" and shape_of(user.outputs[0]) == shape_of(value)
        later = linear_users(user.outputs[0]) if is_sum else None
        if later is None:
            return None
        found += later
    return found


def is_linear(node: ir.Node) -> bool:
    """Tell whether a constant per channel in front of a node is one behind it: not where there is padding."""
    if any(constant_of(value) is None for value in node.inputs[1:]):
        return False
    if node.op_type != "Conv":
        return node.op_type == "BatchNormalization"
    window = SlidingWindow.of(node, len(shape_of(input_of(node, 1))) - 2)
    return not window.is_padded and window.group == 1


def absorb_constant(graph: ir.Graph, node: ir.Node, constant: NDArray[Any]) -> None:
    """Let a linear layer give what it gave when its input had a constant per channel more."""
    if node.op_type == "BatchNormalization":
        replace_constant(graph, node, MEAN, (read_input(node, MEAN) - constant).astype(np.float32))
        return
    weight = read_input(node, 1)
    bias = weight.sum(axis=tuple(range(2, weight.ndim))) @ constant
    if len(node.inputs) > BIAS:
        bias = bias + read_input(node, BIAS)
    node.resize_inputs(BIAS + 1)
    replace_constant(graph, node, BIAS, bias.astype(np.float32))


def take_constant(graph: ir.Graph, node: ir.Node) -> NDArray[Any] | None:
    """Take a convolution's bias away, or a sum with a constant per channel; return it where there is one."""
    if node.op_type == "Conv":
        if len(node.inputs) <= BIAS or constant_of(node.inputs[BIAS]) is None:
            return None
        bias = read_input(node, BIAS)
        node.resize_inputs(BIAS)
        return bias
    shape = shape_of(node.outputs[0])
    for value, other in (node.inputs, reversed(node.inputs)):
        array = constant_of(value)
        if array is None or other is None or shape_of(other) != shape:
            continue
        if array.shape == (1, shape[1], *[1] * (len(shape) - 2)):
            ir.convenience.replace_all_uses_with(node.outputs[0], other)
            graph.remove(node, safe=True)
            return array.ravel()
    return None
