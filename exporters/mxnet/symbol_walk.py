"""Walking a symbol from its heads towards its inputs, and adding operators to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol


@dataclass(frozen=True)
class Slice:
    """``data[begin:end]`` along an axis."""

    data: NodeEntry
    axis: int
    begin: int
    end: int | None


class SymbolReader:
    """Asks what an entry was made from; None or the entry itself where it is something else."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol

    def node(self, entry: NodeEntry) -> Node:
        """Return the node that gives an entry."""
        return self.symbol.nodes[entry.node]

    def is_op(self, entry: NodeEntry, op: str) -> bool:
        """Whether an entry is what an operator gives."""
        return self.node(entry).op == op

    def attrs(self, entry: NodeEntry) -> Attributes:
        """Return the attributes of the node that gives an entry."""
        return Attributes(self.node(entry))

    def chain(self, entry: NodeEntry, *ops: str) -> NodeEntry | None:
        """Follow first inputs through given operators; None where another one stands in the way."""
        for op in ops:
            node = self.node(entry)
            if node.op != op:
                return None
            entry = node.inputs[0]
        return entry

    def behind(self, entry: NodeEntry, *ops: str) -> NodeEntry:
        """Follow first inputs through any of some operators, as often as they occur."""
        while self.node(entry).op in ops:
            entry = self.node(entry).inputs[0]
        return entry

    def joined(self, entry: NodeEntry, axis: int) -> tuple[NodeEntry, ...]:
        """Return the inputs of a concatenation along an axis, or the entry itself."""
        node = self.node(entry)
        if node.op == "Concat" and Attributes(node).get_int("dim", 1) == axis:
            return node.inputs
        return (entry,)

    def slice_of(self, entry: NodeEntry) -> Slice | None:
        """Return what a ``slice_axis`` cuts; None for another operator."""
        node = self.node(entry)
        if node.op != "slice_axis":
            return None
        attrs = Attributes(node)
        end = attrs.get_optional_int("end")
        return Slice(node.inputs[0], attrs.get_int("axis"), attrs.get_int("begin"), end)


class SymbolEditor:
    """Adds operators behind those of a symbol, which itself stays as it is."""

    def __init__(self, symbol: Symbol) -> None:
        self._symbol = symbol
        self._added: list[Node] = []

    def add(self, op: str, *inputs: NodeEntry, **attrs: object) -> NodeEntry:
        """Add an operator with one output; attributes are spelt as Python spells them, as MXNet does."""
        index = len(self._symbol.nodes) + len(self._added)
        texts = {key: str(value) for key, value in attrs.items()}
        self._added.append(Node(f"canonical{len(self._added)}_{op.strip('_').lower()}", op, texts, inputs))
        return NodeEntry(index, 0)

    def symbol(self) -> Symbol:
        """Return the symbol with what was added."""
        return replace(self._symbol, nodes=(*self._symbol.nodes, *self._added))
