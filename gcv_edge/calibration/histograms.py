"""Histograms that grow with their data: constant memory, one pass, however many pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 1 << 14
"""Even; half of them on each side of zero."""

SAMPLE = 1 << 16
"""Numbers of one tensor that are counted at most; its ends are always looked for among all."""

SMALLEST_REACH = 2.0**-24


class Histogram:
    """Counts numbers between ``-reach`` and ``reach``, a power of two that doubles when one lies outside.

    Doubling joins neighbouring bins, so nothing that was counted moves to a place where it does not belong.

    Attributes:
        counts: numbers in each of BINS bins.
        reach: end of the last bin.
        low, high: smallest and largest number seen.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.reach = SMALLEST_REACH
        self.low = 0.0
        self.high = 0.0

    def add(self, values: NDArray[Any]) -> None:
        """Count an array's numbers, or evenly spread SAMPLE of them; NaN and infinities are left out."""
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            values = values[np.isfinite(values)]
            low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._reach(max(-low, high))
        flat = np.ascontiguousarray(values).reshape(-1)
        step = flat.size // SAMPLE | 1
        places = (flat[::step] + self.reach) * (BINS / (2 * self.reach))
        self.counts += np.bincount(np.minimum(places.astype(np.int64), BINS - 1), minlength=BINS)

    def merge(self, other: Histogram) -> None:
        """Add the counts of another."""
        wide = other.copy()
        self._reach(wide.reach)
        wide._reach(self.reach)
        self.counts = self.counts + wide.counts
        self.low, self.high = min(self.low, wide.low), max(self.high, wide.high)

    def copy(self) -> Histogram:
        """Return another with the same counts."""
        twin = Histogram()
        twin.counts, twin.reach, twin.low, twin.high = self.counts.copy(), self.reach, self.low, self.high
        return twin

    def magnitudes(self) -> NDArray[np.int64]:
        """Counts by magnitude: BINS / 2 bins from zero to ``reach``."""
        half = BINS // 2
        return self.counts[half:] + self.counts[:half][::-1]

    def _reach(self, magnitude: float) -> None:
        while self.reach < magnitude:
            joined = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.zeros(BINS, np.int64)
            self.counts[BINS // 4 : BINS // 4 + BINS // 2] = joined
            self.reach *= 2
