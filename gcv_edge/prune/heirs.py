"""When a branch is added to a layer's own result and goes as a whole, that layer takes over.

Such a layer is a network's stem or the convolution of a shortcut. It is fitted to what the sum was, and the
constant that is left of the branch goes too. Where a branch is added to anything else, the constant stays
and the layers after it make up for the branch: that loses less than fitting the layers before it.
"""

from __future__ import annotations

from collections.abc import Collection

import onnx_ir as ir

from gcv_edge.graph.cleaning import drop_unused
from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.matrices import Heir
from gcv_edge.prune.spaces import Spaces


def find_heirs(model: ir.Model, spaces: Spaces) -> dict[str, Heir]:
    """Return who can take over when a space goes as a whole, by the space's name."""
    nodes = list(model.graph)
    layers = {layer.name: layer for layer in spaces.layers}
    found: dict[str, Heir] = {}
    for space in spaces:
        last = [name for name in space.readers if name not in space.writers]
        if space.removable and len(last) == 1:
            heir = meet(nodes[layers[last[0]].node].outputs[0])
            if heir is not None and layers[heir.layer].group == 1:
                found[space.name] = heir
    return found


def meet(branch: ir.Value) -> Heir | None:
    """Return the convolution to whose result a branch, or what is left of it, is added; None for others."""
    users = [user for user, _ in branch.uses()]
    if len(users) != 1 or users[0].op_type != "Add":
        return None
    target = users[0].outputs[0]
    (other,) = [value for value in users[0].inputs if value is not branch] or [None]
    producer = other.producer() if other is not None else None
    if other is None or producer is None or producer.op_type != "Conv":
        return None
    return Heir(producer.name or "", name_of(target)) if shape_of(other) == shape_of(target) else None


def hand_over(pruned: ir.Model, able: Collection[str]) -> dict[str, Heir]:
    """Let heirs take the place of sums with what is left of branches; their weights stay to be fitted.

    Args:
        pruned: changed in place.
        able: layers that can be fitted.

    Returns:
        Those that take over, by name.
    """
    found: dict[str, Heir] = {}
    for name, rest in list(pruned.graph.initializers.items()):
        heir = meet(rest) if name.endswith(REST) else None
        if heir is None or heir.layer not in able:
            continue
        (add,) = [user for user, _ in rest.uses()]
        (other,) = [value for value in add.inputs if value is not rest]
        if other is None or len(other.uses()) != 1 or add.outputs[0].is_graph_output():
            continue
        found[heir.layer] = heir
        ir.convenience.replace_all_uses_with(add.outputs[0], other)
        pruned.graph.remove(add, safe=True)
    drop_unused(pruned)
    return found


REST = "_rest"
"""End of the names of constants that are left of layers which read nothing any more."""
