"""Which values of a float graph are quantised, and which of their readers read the quantised numbers.

The rules follow the kernels that OpenVINO 2026.4 runs (docs/int8.md). A layer, a residual sum, a pooling or a
concatenation computes in 8 bits when all its inputs are quantised, and the quantisation of its result is
fused into it. Values that no quantised layer reads stay float: everything behind the last convolution of each
head, such as box decoding and softmax, whatever its nodes are called.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.graph.values import input_of

LAYERS = frozenset({"Conv", "ConvTranspose"})

COPYING = frozenset({"MaxPool", "Concat", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze"})
"""Operators whose result holds only numbers of their inputs: one scale serves both sides."""

AVERAGING = frozenset({"AveragePool", "GlobalAveragePool"})

ACTIVATIONS = frozenset({"Relu", "LeakyRelu", "PRelu", "Clip", "Elu", "HardSwish"})

AFFINE = frozenset({"BatchNormalization", "Mul", "Add"})
"""Operators that, with constants, scale and shift channels."""


@dataclass(frozen=True)
class QdqPlacement:
    """What is quantised.

    Attributes:
        layers: quantised layers in the graph's order.
        values: quantised values, each with the name of the group that shares its scale.
        copies: values that hold copies of quantised numbers, each with its group likewise.
        edges: readers of quantised values: node and index of its input.
    """

    layers: tuple[ir.Node, ...]
    values: dict[ir.Value, str]
    copies: dict[ir.Value, str]
    edges: tuple[tuple[ir.Node, int], ...]

    @property
    def layer_names(self) -> list[str]:
        """Names of the quantised layers."""
        return [layer.name or "" for layer in self.layers]

    @property
    def groups(self) -> dict[str, list[ir.Value]]:
        """Quantised values by group."""
        found: dict[str, list[ir.Value]] = {}
        for value, group in self.values.items():
            found.setdefault(group, []).append(value)
        return found

    @property
    def concat_groups(self) -> set[str]:
        """Groups of values that are concatenated."""
        return {group for value, group in self.copies.items() if producer_type(value) == "Concat"}


def place(graph: ir.Graph, kept_float: Collection[str] = ()) -> QdqPlacement:
    """Decide what is quantised.

    Args:
        graph: prepared (``graph_rewrites.prepare``).
        kept_float: names of layers that stay float.
    """
    layers = tuple(node for node in layers_of(graph) if node.name not in kept_float)
    edges = dict.fromkeys((node, 0) for node in layers)
    for node in quantized_sums_and_poolings(layers):
        edges |= dict.fromkeys((node, index) for index, value in data_of(node) if is_computed(value))
    edges = {edge: None for edge in edges if not reuses_quantized_values(edge[0].inputs[edge[1]], edges)}
    groups = ScaleGroups()
    copying = [
        node
        for node in graph
        if passes_values_unchanged(node) and reuses_quantized_values(node.outputs[0], edges)
    ]
    for node in copying:
        groups.join([*(value for _, value in data_of(node)), node.outputs[0]])
    values = [input_of(node, index) for node, index in edges]
    copied = [node.outputs[0] for node in copying]
    return QdqPlacement(
        layers,
        {value: groups.name(value) for value in values},
        {value: groups.name(value) for value in copied},
        tuple(edges),
    )


def quantized_sums_and_poolings(layers: Collection[ir.Node]) -> Iterator[ir.Node]:
    """Yield residual sums, poolings and concatenations whose result reaches a layer.

    Between them and the layer there are only activations, normalisations and other such nodes.
    """
    stack = [(node.inputs[0], True) for node in layers]
    seen: set[tuple[ir.Node, bool]] = set()
    while stack:
        value, through_concat = stack.pop()
        node = value.producer() if value is not None else None
        if node is None or (node, through_concat) in seen:
            continue
        seen.add((node, through_concat))
        if is_residual_sum(node) or (
            through_concat and (passes_values_unchanged(node) or node.op_type in AVERAGING)
        ):
            yield node
            stack += [(source, True) for _, source in data_of(node)]
        elif node.op_type in ACTIVATIONS:
            stack.append((node.inputs[0], through_concat))
        elif is_affine(node):  # concatenations before it keep the scales of their parts apart
            stack += [(source, False) for source in node.inputs if is_computed(source)]


def layers_of(graph: ir.Graph) -> list[ir.Node]:
    """List the layers that can be quantised: convolutions with constant weights and bias."""
    return [node for node in graph if node.op_type in LAYERS and has_constants(node)]


def has_constants(node: ir.Node) -> bool:
    """Whether only the first input is computed; a grouped ConvTranspose never counts."""
    if node.op_type == "ConvTranspose" and node.attributes.get_int("group", 1) != 1:
        return False
    first, *rest = node.inputs
    return is_computed(first) and all(value is None or value.const_value is not None for value in rest)


def is_residual_sum(node: ir.Node) -> bool:
    """Whether a node adds two computed values."""
    return node.op_type == "Add" and all(map(is_computed, node.inputs))


def is_affine(node: ir.Node) -> bool:
    """Whether a node scales or shifts channels by constants."""
    return node.op_type in AFFINE and [is_computed(value) for value in node.inputs].count(True) == 1


def passes_values_unchanged(node: ir.Node) -> bool:
    """Whether a node's result holds only numbers of its inputs."""
    if node.op_type == "Resize":
        return node.attributes.get_string("mode", "nearest") == "nearest"
    return node.op_type in COPYING


def data_of(node: ir.Node) -> list[tuple[int, ir.Value]]:
    """Return inputs, with their indices, that hold data and not shapes or sizes."""
    count = len(node.inputs) if node.op_type in ("Concat", "Add") else 1
    return [(index, value) for index, value in enumerate(node.inputs[:count]) if value is not None]


def is_computed(value: ir.Value | None) -> bool:
    """Whether a value is there and not constant."""
    return value is not None and value.const_value is None


def producer_type(value: ir.Value) -> str:
    """Return the operator that computes a value; empty for an input or a constant."""
    node = value.producer()
    return node.op_type if node is not None else ""


def reuses_quantized_values(value: ir.Value | None, edges: Collection[tuple[ir.Node, int]]) -> bool:
    """Whether a value holds numbers that are quantised before it unchanged, and needs no nodes of its own."""
    node = value.producer() if value is not None else None
    if node is None or not passes_values_unchanged(node):
        return False
    return any(
        (node, index) in edges or reuses_quantized_values(source, edges) for index, source in data_of(node)
    )


def origin(value: ir.Value, placement: QdqPlacement) -> ir.Value:
    """Find the quantised value that a value is a copy of; it may be that value itself."""
    while value not in placement.values:
        node = value.producer()
        assert node is not None
        value = input_of(node, 0)
    return value


class ScaleGroups:
    """Sets of values that share one scale (a union-find)."""

    def __init__(self) -> None:
        self._parent: dict[ir.Value, ir.Value] = {}

    def find(self, value: ir.Value) -> ir.Value:
        """Return the value that stands for a set."""
        while value in self._parent:
            value = self._parent[value]
        return value

    def join(self, values: Collection[ir.Value]) -> None:
        """Unite the sets of several values."""
        first, *rest = map(self.find, values)
        for other in rest:
            if self.find(other) is not self.find(first):
                self._parent[self.find(other)] = self.find(first)

    def name(self, value: ir.Value) -> str:
        """Return the name of a value's set."""
        return self.find(value).name or ""
