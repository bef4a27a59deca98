"""The rules by which channels pass through operators, by operator type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from gcv_edge.graph.values import integers_of, shape_of
from gcv_edge.prune.trace import Trace

Rule = Callable[[Trace, int, ir.Node], None]
"""Takes what is known so far, the node's place in the graph, and the node."""

RULES: dict[str, Rule] = {}


def rule(*op_types: str) -> Callable[[Rule], Rule]:
    """Register a rule for operators."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(op_types, function))
        return function

    return register


def follow(trace: Trace, index: int, node: ir.Node) -> None:
    """Apply the rule of a node's operator; channels that reach an unknown one stay."""
    known = node.domain in ("", "ai.onnx") and all(
        shape_of(value) or is_scalar(value) for value in node.outputs
    )
    if known and node.op_type in RULES:
        RULES[node.op_type](trace, index, node)
    else:
        trace.freeze_inputs(node, f"read by {describe(node)}, through which channels are not followed")


def is_scalar(value: ir.Value) -> bool:
    """Tell a value of rank 0, or an optional output that is left out."""
    return not value.name or (value.shape is not None and len(value.shape) == 0)


def describe(node: ir.Node) -> str:
    """Name a node for a reason."""
    return f"{node.op_type} '{node.name or node.outputs[0].name}'"


def normalize_axis(axis: int, rank: int) -> int:
    """Count an axis from the front."""
    return axis + rank if axis < 0 else axis


def first_input(node: ir.Node) -> ir.Value:
    """Return the tensor that a node is about."""
    value = node.inputs[0]
    assert value is not None
    return value


def read_axes(node: ir.Node, place: int) -> Sequence[int] | None:
    """Return axes given as an attribute or as a constant input; None for all or where they are computed."""
    found = node.attributes.get_ints("axes", None)
    if found is not None:
        return found
    return integers_of(node.inputs[place]) if len(node.inputs) > place else None
