"""Final lists of detections, row by row, with their masks where there are some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.metadata import DetectionSettings
from gcv_edge.verification.lists import final_list, is_listed, match_pairs

Array = NDArray[Any]

TOLERANCE = 1e-3
"""Largest error of an output, of a detection's score, box and mask."""


@dataclass(frozen=True)
class Listing:
    """The detections in one picture.

    Attributes:
        rows: (class id, score, x1, y1, x2, y2) of each.
        masks: probabilities, of each; None where the network makes no masks.
        side: longer side of the network's input.
    """

    rows: Array
    masks: Array | None
    side: int

    def select(self, places: Sequence[int]) -> Listing:
        """Return some of the detections."""
        chosen = list(places)
        return Listing(self.rows[chosen], None if self.masks is None else self.masks[chosen], self.side)


def read_listing(outputs: Mapping[str, Array], index: int, settings: DetectionSettings, side: int) -> Listing:
    """Read the list of one picture."""
    rows = final_list(outputs, index, settings)
    for prefix in ("final_", ""):
        if f"{prefix}masks" in outputs:
            listed = is_listed(outputs, prefix, index, settings)
            return Listing(rows, outputs[f"{prefix}masks"][index][listed], side)
    return Listing(rows, None, side)


def find_partners(mine: Listing, others: Listing) -> list[tuple[int, int]]:
    """Pair detections of equal class, score, box and mask."""
    reach = TOLERANCE * np.maximum(mine.side, np.abs(mine.rows[:, 2:]))
    pairs = match_pairs(mine.rows, others.rows, TOLERANCE, reach)
    return [pair for pair in pairs if mask_difference(mine, others, pair) <= TOLERANCE]


def find_lonely(mine: Listing, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return the detections that are in no pair."""
    return sorted(set(range(len(mine.rows))) - {place for place, _ in pairs})


def mask_difference(mine: Listing, others: Listing, pair: tuple[int, int]) -> float:
    """Largest difference of two masks; 0 where there are none, infinite where one has another shape."""
    if mine.masks is None or others.masks is None:
        return 0.0 if mine.masks is others.masks else float("inf")
    one, other = mine.masks[pair[0]], others.masks[pair[1]]
    return float(np.abs(one - other).max(initial=0.0)) if one.shape == other.shape else float("inf")
