"""What of a symbol matters at inference."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

Weights = Mapping[str, NDArray[Any]]

LOSS_HEADS = (
    "SoftmaxOutput",
    "Softmax",
    "LinearRegressionOutput",
    "LogisticRegressionOutput",
    "MAERegressionOutput",
    "SVMOutput",
)
"""Heads for training: their second input is the label, which no trained file holds."""


def inference_inputs(node: Node) -> Sequence[NodeEntry]:
    """Inputs that matter at inference."""
    return node.inputs[:1] if node.op in LOSS_HEADS else node.inputs


def needed_nodes(symbol: Symbol, entries: Iterable[NodeEntry], known: Container[int] = ()) -> set[int]:
    """Nodes on which entries depend, but for those that are known and what lies behind these."""
    found: set[int] = set()
    stack = [entry.node for entry in entries]
    while stack:
        index = stack.pop()
        if index not in found and index not in known:
            found.add(index)
            stack += [entry.node for entry in inference_inputs(symbol.nodes[index])]
    return found
