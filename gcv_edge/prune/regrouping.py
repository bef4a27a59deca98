"""Where channels are after axes have been split and merged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gcv_edge.prune.labels import Labels, LabelStore
from gcv_edge.prune.trace import Carrier

OPEN = 1_000_003
"""Stands for an open length; a prime that no product of others contains."""

Group = tuple[slice, slice]


def regroup(
    store: LabelStore, before: Sequence[int | str], after: Sequence[int | str], carrier: Carrier
) -> Carrier | None:
    """Follow the channels of a tensor through a change of its shape.

    1. The axes that make up others are found by their products.
    2. Where the channels end up along one axis, its labels are theirs.
    3. Where they are split over several axes, the longest keeps them, and channels that differ in the others
       only are tied (groups of a shuffle, squares of pixels).

    Returns:
        Axis and labels; None where the axis is merged with an open one.
    """
    names = sorted({length for length in (*before, *after) if isinstance(length, str)})
    if len(names) > 1 or "?" in names:
        return None
    old = [OPEN if isinstance(length, str) else length for length in before]
    new = [OPEN if isinstance(length, str) else length for length in after]
    group = find_group(old, new, carrier.axis)
    if group is None:
        return None
    source, target = group
    if OPEN in old[source] or not new[target]:
        return None
    aligned = carrier.labels.reshape([-1 if axis == carrier.axis else 1 for axis in indices(source)])
    table = np.broadcast_to(aligned, old[source]).reshape(new[target])
    axis, labels = settle(store, table)
    return Carrier(target.start + axis, labels)


def indices(part: slice) -> range:
    """Return the axes of a part."""
    return range(part.start, part.stop)


def find_group(old: Sequence[int], new: Sequence[int], axis: int) -> Group | None:
    """Find the smallest runs of axes, old (with a given axis) and new, that have as many elements."""
    i = j = 0
    while i < len(old) and j < len(new):
        first = (i, j)
        left, right = old[i], new[j]
        while left != right:
            if left < right and i + 1 < len(old):
                i += 1
                left *= old[i]
            elif right < left and j + 1 < len(new):
                j += 1
                right *= new[j]
            else:
                return None
        i, j = i + 1, j + 1
        if all(length == 1 for length in (*old[i:], *new[j:])):
            i, j = len(old), len(new)
        if first[0] <= axis < i:
            return slice(first[0], i), slice(first[1], j)
    return None


def settle(store: LabelStore, table: Labels) -> tuple[int, Labels]:
    """Choose the axis that keeps the channels, and tie what differs along others."""
    for axis in np.argsort([-length for length in table.shape], kind="stable"):
        line = along(table, int(axis))
        if bool((table == line.reshape(spread(table.ndim, int(axis)))).all()):
            return int(axis), line
    axis = int(np.argmax(table.shape))
    line = along(table, axis)
    store.tie(np.broadcast_to(line.reshape(spread(table.ndim, axis)), table.shape), table)
    return axis, line


def along(table: Labels, axis: int) -> Labels:
    """Return the labels along one axis at the beginning of all others."""
    line: Labels = np.moveaxis(table, axis, 0).reshape(table.shape[axis], -1)[:, 0]
    return line


def spread(rank: int, axis: int) -> list[int]:
    """Return the shape of a vector along one axis."""
    return [-1 if i == axis else 1 for i in range(rank)]
