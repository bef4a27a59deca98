"""How many rows of a suppression are used: R-CNN takes the first few hundred of many thousand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry

ROW_LIMIT = "__row_limit__"
"""Attribute added to a ``box_nms``: rows beyond this many are never read."""


def with_row_limits(
    nodes: Sequence[Node], needed: Iterable[int], outputs: Iterable[NodeEntry]
) -> Sequence[Node]:
    """Tell every ``box_nms`` of which slices read the first rows only how many those are."""
    read: dict[int, list[int | None]] = {
        index: [] for index, node in enumerate(nodes) if node.op == "_contrib_box_nms"
    }
    uses: list[tuple[NodeEntry, int | None]] = [(entry, None) for entry in outputs]
    uses += [(entry, rows_read(nodes[index])) for index in needed for entry in nodes[index].inputs]
    for entry, rows in uses:
        if entry.node in read:
            read[entry.node].append(rows)
    changed = list(nodes)
    for index, counts in read.items():
        known = [count for count in counts if count is not None]
        if known and len(known) == len(counts):
            changed[index] = with_limit(nodes[index], max(known))
    return changed


def rows_read(node: Node) -> int | None:
    """Return how many leading rows a ``slice_axis`` takes; None for another slice or operator."""
    if node.op != "slice_axis":
        return None
    attrs = Attributes(node)
    end = attrs.get_optional_int("end")
    is_leading = attrs.get_int("axis") in (1, -2) and attrs.get_int("begin") == 0
    return end if is_leading and end is not None and end > 0 else None


def with_limit(node: Node, rows: int) -> Node:
    """Add the attribute."""
    return replace(node, attrs={**node.attrs, ROW_LIMIT: str(rows)})
