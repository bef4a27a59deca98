"""Nodes of a graph: making, naming and replacing them."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

FLOAT = ir.TensorType(ir.DataType.FLOAT)


def make_node(op_type: str, inputs: Sequence[ir.Value | None], name: str) -> ir.Node:
    """Make a node with one float result of its own name."""
    node = ir.node(op_type, inputs, name=name)
    node.outputs[0].name = name
    node.outputs[0].type = FLOAT
    return node


def replace_node(graph: ir.Graph, old: ir.Node, new: ir.Value) -> None:
    """Let a value take the place of a node's first result, and its name, which may be that of an output."""
    result = old.outputs[0]
    name = result.name
    ir.convenience.replace_all_uses_with(result, new, replace_graph_outputs=True)
    graph.remove(old, safe=True)
    result.name = None
    new.name = name


def name_nodes(graph: ir.Graph) -> None:
    """Give every node a name of its own: that of its first result where it has none."""
    seen: set[str] = set()
    for node in graph:
        name = node.name or node.outputs[0].name or node.op_type
        while name in seen:
            name += "_"
        seen.add(name)
        node.name = name


def nodes_before(model: ir.Model, names: Sequence[str]) -> list[ir.Node]:
    """Return the nodes that tensors depend on, in the order of the graph."""
    producers = {value.name or "": node for node in model.graph for value in node.outputs}
    waiting, found = list(names), set()
    while waiting:
        node = producers.get(waiting.pop())
        if node is not None and node not in found:
            found.add(node)
            waiting += [value.name or "" for value in node.inputs if value is not None]
    return [node for node in model.graph if node in found]
