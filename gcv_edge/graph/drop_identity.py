"""Removing Identity nodes without losing the names of outputs."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.graph.nodes import replace_node


class DropIdentityPass(ir.passes.InPlacePass):
    """Let users of an Identity's result use its source.

    1. Where the result is an output of the graph, the source takes its name.
    2. That is not done where the source has a name of its own to keep: a graph input, a constant, or
       another output.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Drop every Identity that the rules allow."""
        nodes = [node for node in model.graph if node.op_type == "Identity"]
        dropped = [drop(model.graph, node) for node in nodes]
        return ir.passes.PassResult(model, modified=any(dropped))


def drop(graph: ir.Graph, node: ir.Node) -> bool:
    """Drop one Identity; return whether the rules allowed it."""
    source, result = node.inputs[0], node.outputs[0]
    if source is None or (result.is_graph_output() and keeps_name(source)):
        return False
    name = source.name
    is_output = result.is_graph_output()
    replace_node(graph, node, source)
    if not is_output:
        source.name = name
    return True


def keeps_name(value: ir.Value) -> bool:
    """Rule 2."""
    return value.producer() is None or value.is_graph_output()
