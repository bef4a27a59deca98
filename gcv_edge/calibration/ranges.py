"""The range of numbers that 8 bits cover, chosen from a histogram.

Histograms grow with their data: one pass over any number of pictures, in constant memory.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UsageError

MODES = ("minmax", "percentile", "entropy", "mse")
GLUONCV_NAMES = {"none": "minmax", "naive": "minmax"}
AUTO = "auto"

PERCENTILE = 99.99
TRIED_ENDS = 96
"""Ends of a range that entropy and mse try."""

BINS = 1 << 14
"""Even; half of them on each side of zero."""

SAMPLE = 1 << 16
"""Numbers of one tensor that are counted at most; its minimum and maximum are of all its numbers."""

SMALLEST_REACH = 2.0**-24

Counts = NDArray[np.float64]


def find_mode(name: str) -> str:
    """Return a mode by its own name or GluonCV's.

    Raises:
        UsageError: there is none.
    """
    mode = GLUONCV_NAMES.get(name, name)
    if mode in (*MODES, AUTO):
        return mode
    known = [AUTO, *MODES, *GLUONCV_NAMES]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    raise UsageError(f"calibration mode: found '{name}', expected one of {', '.join(known)}{hint}")


class Histogram:
    """Counts numbers between ``-reach`` and ``reach``, a power of two that doubles when one lies outside.

    Doubling merges pairs of neighbouring bins, so every number stays in the bin that covers it.

    Attributes:
        counts: numbers in each of BINS bins.
        reach: upper end of the last bin.
        low, high: smallest and largest number seen.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.reach = SMALLEST_REACH
        self.low = 0.0
        self.high = 0.0

    def add(self, values: NDArray[Any]) -> None:
        """Count an array's numbers, or SAMPLE of them at even distances; NaN and infinities are left out."""
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            values = values[np.isfinite(values)]
            low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._widen(max(-low, high))
        flat = np.ascontiguousarray(values).reshape(-1)
        step = flat.size // SAMPLE | 1
        places = (flat[::step] + self.reach) * (BINS / (2 * self.reach))
        self.counts += np.bincount(np.minimum(places.astype(np.int64), BINS - 1), minlength=BINS)

    def magnitudes(self) -> NDArray[np.int64]:
        """Return counts by magnitude: BINS / 2 bins from zero to ``reach``."""
        half = BINS // 2
        return self.counts[half:] + self.counts[:half][::-1]

    def _widen(self, magnitude: float) -> None:
        while self.reach < magnitude:
            merged = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.zeros(BINS, np.int64)
            self.counts[BINS // 4 : BINS // 4 + BINS // 2] = merged
            self.reach *= 2


def choose_range(histogram: Histogram, mode: str) -> tuple[float, float]:
    """Choose the lowest and the highest number that are represented; numbers beyond them are clipped.

    Args:
        histogram: of all values that share a scale.
        mode: one of MODES. ``percentile`` clips the largest 0.01 % of magnitudes, ``entropy`` minimises the
            Kullback-Leibler divergence, ``mse`` the mean square error of clipping and rounding.
    """
    if mode == "minmax" or histogram.counts.sum() == 0:
        return histogram.low, histogram.high
    counts = histogram.magnitudes().astype(np.float64)
    counts[0] = counts[1]  # zeros, half of most activations, are exact in any scale
    if not counts.any():
        return histogram.low, histogram.high
    levels = 255 if histogram.low >= 0 else 127
    if mode == "percentile":
        end = percentile_bin(counts)
    else:
        end = entropy_bin(counts, levels) if mode == "entropy" else mse_bin(counts, levels)
    threshold = end * histogram.reach / (BINS // 2)
    return max(histogram.low, -threshold), min(histogram.high, threshold)


def percentile_bin(counts: Counts) -> int:
    """Return the bin below whose end PERCENTILE of the numbers lie."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, total[-1] * PERCENTILE / 100)) + 1


def tried_bins(counts: Counts, levels: int) -> NDArray[np.int64]:
    """Return ends that are worth trying: from a sixteenth of the largest number to that number."""
    last = int(np.flatnonzero(counts)[-1]) + 1
    first = max(min(levels, last), last // 16)
    return np.unique(np.linspace(first, last, TRIED_ENDS).astype(np.int64))


def mse_bin(counts: Counts, levels: int) -> int:
    """Return the end with the least expected square error: of rounding inside, of clipping outside."""
    centres = np.arange(len(counts)) + 0.5
    ends = tried_bins(counts, levels)
    errors = [
        (counts[:end].sum() * (end / levels) ** 2 / 12)
        + (counts[end:] * np.square(centres[end:] - end)).sum()
        for end in ends
    ]
    return int(ends[int(np.argmin(errors))])


def entropy_bin(counts: Counts, levels: int) -> int:
    """Return the end at which the quantised distribution diverges least from the clipped one.

    The rule is TensorRT's and MXNet's: the reference's last bin receives all mass beyond the end, and each
    level spreads its mass evenly over those of its bins that are not empty.
    """
    ends = tried_bins(counts, levels)
    losses = [divergence(counts, int(end), levels) for end in ends]
    return int(ends[int(np.argmin(losses))])


def divergence(counts: Counts, end: int, levels: int) -> float:
    """Return the Kullback-Leibler divergence of the quantised from the clipped distribution."""
    inside = counts[:end]
    reference = inside.copy()
    reference[-1] += counts[end:].sum()
    level = np.arange(end) * levels // end
    mass = np.bincount(level, inside, levels)
    filled = np.bincount(level, inside > 0, levels)
    quantized = np.where(inside > 0, (mass / np.maximum(filled, 1))[level], 0.0)
    if quantized.sum() == 0:
        return float("inf")
    p, q = reference / reference.sum(), quantized / quantized.sum()
    held = p > 0
    return float((p[held] * np.log(p[held] / np.maximum(q[held], 1e-12))).sum())
