"""A repair of MXNet's ROIAlign on the CPU, which makes little of regions with a negative batch index.

Its documentation promises zeros for them, and GluonCV's feature pyramids add up the results of all levels,
each with the regions of other levels marked so. The CPU version of 1.9.1 (src/operator/contrib/roi_align.cc)
leaves their output as it finds the memory, and for the n-th region sets the n-th number of the whole output,
which is the first region's, to 0.
"""

from __future__ import annotations

from dataclasses import replace

from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

ROI_ALIGN = "_contrib_ROIAlign"


def zero_skipped_regions(symbol: Symbol) -> Symbol:
    """Return a symbol that computes what MXNet documents: no region is skipped, and some are then zeroed."""
    nodes: list[Node] = []
    places: list[int] = []
    for node in symbol.nodes:
        moved = replace(node, inputs=tuple(at(places, entry) for entry in node.inputs))
        if node.op == ROI_ALIGN:
            add_pooling(nodes, moved)
        else:
            nodes.append(moved)
        places.append(len(nodes) - 1)
    return replace(symbol, nodes=tuple(nodes), heads=tuple(at(places, head) for head in symbol.heads))


def at(places: list[int], entry: NodeEntry) -> NodeEntry:
    """Return where an entry has gone."""
    return NodeEntry(places[entry.node], entry.output)


def add_pooling(nodes: list[Node], pooling: Node) -> None:
    """Add a ROIAlign of regions that all have a picture, and a choice between its results and zeros."""

    def add(op: str, *inputs: NodeEntry, **attrs: object) -> NodeEntry:
        texts = {key: str(value) for key, value in attrs.items()}
        nodes.append(Node(f"{pooling.name}_{len(nodes)}", op, texts, inputs))
        return NodeEntry(len(nodes) - 1, 0)

    data, regions = pooling.inputs
    index = add("slice_axis", regions, axis=1, begin=0, end=1)
    corners = add("slice_axis", regions, axis=1, begin=1, end=5)
    some = add("Concat", add("_maximum_scalar", index, scalar=0), corners, dim=1, num_args=2)
    skipped = add("Reshape", add("_lesser_scalar", index, scalar=0), shape=(-1,))
    nodes.append(replace(pooling, inputs=(data, some)))
    pooled = NodeEntry(len(nodes) - 1, 0)
    add("where", skipped, add("zeros_like", pooled), pooled)
