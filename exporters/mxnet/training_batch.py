"""The batch that a symbol stores (``__shape__``) is that of its training; a file takes one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.inference import Weights, needed_nodes
from gcv_edge.exporters.mxnet.inputs import sort_unbound
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.symbol import Node, Symbol

SHAPE, LAYOUT = "__shape__", "__layout__"

OPEN = (0, -1)
"""Lengths that MXNet has still to find out."""

SEQUENCE_RANK = 3
"""Rank of ``[N, T, C]`` and of ``[T, N, C]``: only a layout tells which."""

RESHAPES = ("Reshape", "reshape", "_np_reshape", "_npx_reshape", "broadcast_to")
CREATIONS = ("_zeros", "_ones", "_full")


def take_one(network: Network) -> Network:
    """Return the network with a stored batch of 1; further inputs that go with the first (states) follow it.

    A symbol whose operators are made for the batch keeps it, with a note.
    """
    symbol = network.symbol
    names = sort_unbound(symbol, network.weights, symbol.heads, network.input_shapes).inputs
    stored = {place: node for place, node in enumerate(symbol.nodes) if node.name in names and shape_of(node)}
    batch = first_batch(list(stored.values()))
    if batch in (None, 1):
        return network
    fixed = find_fixed(symbol, network.weights, batch) if batch not in OPEN else None
    if fixed is not None:
        note = f"the symbol is made for batches of {batch} ('{fixed.name}'), and so is the file"
        return replace(network, notes=(*network.notes, note))
    single = {place: with_one(node, batch) for place, node in stored.items()}
    nodes = [single.get(place, node) for place, node in enumerate(symbol.nodes)]
    changed = [node for place, node in single.items() if node != stored[place]]
    notes = (*network.notes, *describe_followers(batch, changed))
    return replace(network, symbol=replace(symbol, nodes=tuple(nodes)), notes=notes)


def shape_of(node: Node) -> tuple[int, ...]:
    """Shape that a variable stores; empty where it stores none."""
    return (Attributes(node).get_optional_int_tuple(SHAPE) or ()) if node.is_variable else ()


def first_batch(inputs: Sequence[Node]) -> int | None:
    """Batch of the first input, 0 or -1 where it is open; None where nothing tells which axis it is."""
    shape = shape_of(inputs[0]) if inputs else ()
    layout = layout_of(inputs[0]) if inputs else ""
    if "N" in layout:
        return shape[layout.index("N")]
    return shape[0] if shape and len(shape) != SEQUENCE_RANK else None


def layout_of(node: Node) -> str:
    """Layout that a variable stores, such as ``LNC``; empty where it does not fit its shape."""
    layout = node.attrs.get(LAYOUT, "")
    return layout if len(layout) == len(shape_of(node)) else ""


def with_one(node: Node, batch: int) -> Node:
    """Return a variable that stores a batch of 1 where it stored the symbol's, or an open one."""
    shape, layout = list(shape_of(node)), layout_of(node)
    axes = [layout.index("N")] if "N" in layout else range(min(2, len(shape)) if len(shape) == 3 else 1)
    axis = next((axis for axis in axes if shape[axis] in (batch, *OPEN)), None)
    if axis is None:
        return node
    shape[axis] = 1
    return replace(node, attrs={**node.attrs, SHAPE: str(tuple(shape))})


def find_fixed(symbol: Symbol, weights: Weights, batch: int) -> Node | None:
    """Find an operator that no other batch goes through."""
    nodes = (symbol.nodes[place] for place in sorted(needed_nodes(symbol, symbol.heads)))
    return next((node for node in nodes if is_made_for(node, symbol, weights, batch)), None)


def is_made_for(node: Node, symbol: Symbol, weights: Weights, batch: int) -> bool:
    """Tell an operator that reshapes to so many rows, or makes or takes them (``[N, C]``, ``[L, N, C]``)."""
    if node.op.startswith("elemwise_"):
        names = (symbol.nodes[entry.node].name for entry in node.inputs)
        return any(name in weights and weights[name].shape[:1] == (batch,) for name in names)
    if node.op not in (*RESHAPES, *CREATIONS):
        return False
    attrs = Attributes(node)
    shape = attrs.get_optional_int_tuple("shape") or attrs.get_optional_int_tuple("newshape") or ()
    return batch in (shape[:2] if node.op in CREATIONS else shape[:1])


def describe_followers(batch: int, changed: Sequence[Node]) -> tuple[str, ...]:
    """Say which further inputs have another shape than the symbol stores."""
    further = [f"'{node.name}' {','.join(map(str, shape_of(node)))}" for node in changed[1:]]
    if not further:
        return ()
    return (f"the symbol stores a batch of {batch}: the file takes 1, with {' and '.join(further)}",)
