"""Scores by which a graph chooses, computed so that their order is that of the numbers they come from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.nodes import replace_node
from gcv_edge.graph.values import add_constant

CHOICES = ("TopK", "Equal")
"""Operators that choose: by rank, or where a score equals its neighbourhood's largest."""

LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "RoiAlign"})


class ReplaceSigmoidBeforeTopKPass(ir.passes.InPlacePass):
    """Replace a Sigmoid by ``1 / (1 + exp(-x))`` where the graph itself chooses by what it gives.

    ONNX Runtime's Sigmoid is a rational approximation: it is off by up to 2e-3 of small values, and among
    neighbours a larger input often has the smaller result, so that other boxes would be chosen. The longer
    form is exact to the last digit in every runtime and takes no longer.

    1. The Sigmoid's result reaches a TopK or an Equal.
    2. There is no layer with weights between the two.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace every Sigmoid that the rules name."""
        found = find_scores(model.graph)
        for node in found:
            replace(model.graph, node)
        return ir.passes.PassResult(model, modified=bool(found))


def find_scores(graph: ir.Graph) -> list[ir.Node]:
    """Walk back from each choice as far as the rules allow."""
    found: dict[ir.Node, None] = {}
    stack = [node for node in graph if node.op_type in CHOICES]
    seen = set(stack)
    while stack:
        for source in producers(stack.pop()):
            if source not in seen and source.op_type not in LAYERS:
                seen.add(source)
                stack.append(source)
                if source.op_type == "Sigmoid":
                    found[source] = None
    return list(found)


def producers(node: ir.Node) -> Iterator[ir.Node]:
    """Give the nodes whose results a node reads."""
    for value in node.inputs:
        source = value.producer() if value is not None else None
        if source is not None:
            yield source


def replace(graph: ir.Graph, node: ir.Node) -> None:
    """Put the longer form in a Sigmoid's place; its result keeps its name."""
    result = node.outputs[0]
    name = result.name
    one = add_constant(graph, f"{name}_one", np.array(1.0, np.float32))
    negative = ir.node("Neg", [node.inputs[0]])
    power = ir.node("Exp", negative.outputs)
    total = ir.node("Add", [power.outputs[0], one])
    score = ir.node("Reciprocal", total.outputs)
    steps = (negative, power, total, score)
    for step, end in zip(steps, ("negative", "power", "total", "exact"), strict=True):
        step.outputs[0].name = f"{name}_{end}"
        step.outputs[0].shape, step.outputs[0].type = result.shape, result.type
    graph.insert_before(node, steps)
    replace_node(graph, node, score.outputs[0])
