"""Labels of single channels: which stay or go together, and which must stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
"""One label per position along a tensor's channel axis."""


@dataclass(frozen=True)
class Units:
    """What is left of the labels when all ties are known.

    Attributes:
        of: unit of each label; positions of one unit stay or go together.
        frozen: unit to the reason why it must stay.
    """

    of: Labels
    frozen: dict[int, str]


class LabelStore:
    """Gives out labels, and remembers ties and frozen ones."""

    def __init__(self) -> None:
        self.count = 0
        self._ties: list[tuple[Labels, Labels]] = []
        self._frozen: list[tuple[Labels, str]] = []

    def new(self, count: int) -> Labels:
        """Return labels that nothing else has."""
        labels = np.arange(self.count, self.count + count, dtype=np.int64)
        self.count += count
        return labels

    def fixed(self, count: int, reason: str) -> Labels:
        """Return new labels of channels that must stay."""
        labels = self.new(count)
        self.freeze(labels, reason)
        return labels

    def tie(self, first: Labels, second: Labels) -> None:
        """Let channels of two tensors stay or go together, pairwise."""
        if first is not second:
            self._ties.append((first.ravel(), second.ravel()))

    def freeze(self, labels: Labels, reason: str) -> None:
        """Let channels stay."""
        self._frozen.append((labels.ravel(), reason))

    def resolve(self) -> Units:
        """Join what is tied."""
        empty = np.zeros(0, np.int64)
        first = np.concatenate([pair[0] for pair in self._ties] or [empty])
        second = np.concatenate([pair[1] for pair in self._ties] or [empty])
        units = join(self.count, first, second)
        frozen: dict[int, str] = {}
        for labels, reason in self._frozen:
            for unit in np.unique(units[labels]).tolist():
                frozen.setdefault(unit, reason)
        return Units(units, frozen)


def join(count: int, first: Labels, second: Labels) -> Labels:
    """Return each member's component under ties between ``first[i]`` and ``second[i]``: its lowest member."""
    parent = np.arange(count, dtype=np.int64)
    while True:
        low = np.minimum(parent[first], parent[second])
        high = np.maximum(parent[first], parent[second])
        if bool((low == high).all()):
            break
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
    return parent
