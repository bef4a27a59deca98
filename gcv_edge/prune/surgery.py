"""Taking channels out of a graph, exactly: nothing is estimated here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.cleaning import drop_unused
from gcv_edge.graph.values import add_constant, constant_of
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.spaces import Keep, Spaces
from gcv_edge.prune.trace import Carrier, Layer


def apply_keep(model: ir.Model, spaces: Spaces, keep: Keep) -> ir.Model:
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
        edit.apply(pruned.graph, nodes[edit.node], kept)
    for layer in spaces.layers:
        if layer.group == 1 and not kept[layer.inputs].any():
            become_constant(pruned.graph, nodes[layer.node], layer, kept)
    set_shapes(pruned, spaces.carriers, kept)
    drop_unused(pruned)
    return pruned


def become_constant(graph: ir.Graph, node: ir.Node, layer: Layer, kept: Mask) -> None:
    """Replace a layer that reads nothing any more by its bias."""
    bias = constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
    count = int(kept[layer.outputs].sum())
    rank = len(node.outputs[0].shape or ())
    numbers = np.zeros(count, np.float32) if bias is None else bias
    constant = add_constant(graph, f"{layer.name}_rest", numbers.reshape(1, count, *[1] * (rank - 2)))
    ir.convenience.replace_all_uses_with(node.outputs[0], constant)


def set_shapes(model: ir.Model, carriers: Mapping[str, Carrier], kept: Mask) -> None:
    """Write the new lengths into the shapes of tensors."""
    for node in model.graph:
        for value in node.outputs:
            carrier = carriers.get(value.name or "")
            if carrier is not None and value.shape is not None:
                lengths = list(value.shape)
                lengths[carrier.axis] = int(kept[carrier.labels].sum())
                value.shape = ir.Shape(lengths)
