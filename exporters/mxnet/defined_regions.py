"""A repair of MXNet's ROIAlign, whose CPU version leaves the output of skipped regions as it finds it.

Its documentation promises zeros for regions with a negative batch index, its GPU version gives them, and
GluonCV's feature pyramids add the results of all levels; on the CPU the memory's earlier content shows
through (src/operator/contrib/roi_align.cc of 1.9.1 goes on to the next region without writing).
"""

from __future__ import annotations

from dataclasses import replace

from gcv_edge.exporters.mxnet.symbol import Entry, Node, Symbol

ROI_ALIGN = "_contrib_ROIAlign"


def zero_skipped_regions(symbol: Symbol) -> Symbol:
    """Return a symbol that computes what MXNet documents."""
    nodes: list[Node] = []
    places: list[int] = []
    for node in symbol.nodes:
        moved = replace(node, inputs=tuple(at(places, entry) for entry in node.inputs))
        nodes.append(moved)
        if node.op == ROI_ALIGN:
            add_zeros(nodes, moved)
        places.append(len(nodes) - 1)
    return replace(symbol, nodes=tuple(nodes), heads=tuple(at(places, head) for head in symbol.heads))


def at(places: list[int], entry: Entry) -> Entry:
    """Return where an entry has gone."""
    return Entry(places[entry.node], entry.output)


def add_zeros(nodes: list[Node], pooled: Node) -> None:
    """Add a choice between the pooled regions, which are the last node, and zeros."""

    def add(op: str, *inputs: int, **attrs: object) -> int:
        texts = {key: str(value) for key, value in attrs.items()}
        entries = tuple(Entry(index, 0) for index in inputs)
        nodes.append(Node(f"{pooled.name}_{op.strip('_')}", op, texts, entries))
        return len(nodes) - 1

    last = len(nodes) - 1
    nodes.append(
        Node(
            f"{pooled.name}_index", "slice_axis", {"axis": "1", "begin": "0", "end": "1"}, pooled.inputs[1:2]
        )
    )
    skipped = add("_lesser_scalar", len(nodes) - 1, scalar=0)
    skipped = add("Reshape", skipped, shape=(-1,))
    add("where", skipped, add("zeros_like", last), last)
