"""From a histogram to the range that 8 bits should cover."""

from __future__ import annotations

import difflib

import numpy as np
from numpy.typing import NDArray

from gcv_edge.calibration.histograms import BINS, Histogram
from gcv_edge.errors import UsageError

MODES = ("minmax", "percentile", "entropy", "mse")
GLUONCV_NAMES = {"none": "minmax", "naive": "minmax"}
AUTO = "auto"

PERCENTILE = 99.99
CANDIDATES = 96
"""Thresholds that entropy and MSE try."""

Counts = NDArray[np.float64]


def find_mode(name: str) -> str:
    """Return a mode by its name or GluonCV's.

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


def choose_range(histogram: Histogram, mode: str) -> tuple[float, float]:
    """Choose lowest and highest number that keep their values; others are cut off.

    Args:
        histogram: of all values that share a scale.
        mode: one of MODES. ``percentile`` cuts 0.01 % of the magnitudes off, ``entropy`` keeps the
            distribution's shape (Kullback-Leibler), ``mse`` makes the mean square of cutting and rounding
            least.
    """
    if mode == "minmax" or histogram.counts.sum() == 0:
        return histogram.low, histogram.high
    counts = histogram.magnitudes().astype(np.float64)
    counts[0] = counts[1]  # zeros, the half of most activations, are exact in any scale
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
    """Return the bin up to which PERCENTILE of the numbers lie."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, total[-1] * PERCENTILE / 100)) + 1


def candidate_bins(counts: Counts, levels: int) -> NDArray[np.int64]:
    """Return ends that are worth trying: from a sixteenth of the largest number to that number."""
    last = int(np.flatnonzero(counts)[-1]) + 1
    first = max(min(levels, last), last // 16)
    return np.unique(np.linspace(first, last, CANDIDATES).astype(np.int64))


def mse_bin(counts: Counts, levels: int) -> int:
    """Return the end with the least expected square error: steps of rounding inside, cutting outside."""
    centres = np.arange(len(counts)) + 0.5
    ends = candidate_bins(counts, levels)
    errors = [
        (counts[:end].sum() * (end / levels) ** 2 / 12)
        + (counts[end:] * np.square(centres[end:] - end)).sum()
        for end in ends
    ]
    return int(ends[int(np.argmin(errors))])


def entropy_bin(counts: Counts, levels: int) -> int:
    """Return the end whose rounded distribution differs least from the one cut off there.

    The rule is TensorRT's and MXNet's: mass beyond the end is put into the last bin of the reference, and
    each level spreads its mass over those of its bins that held any.
    """
    ends = candidate_bins(counts, levels)
    losses = [divergence(counts, int(end), levels) for end in ends]
    return int(ends[int(np.argmin(losses))])


def divergence(counts: Counts, end: int, levels: int) -> float:
    """Kullback-Leibler divergence of the rounded from the cut distribution."""
    inside = counts[:end]
    reference = inside.copy()
    reference[-1] += counts[end:].sum()
    level = np.arange(end) * levels // end
    mass = np.bincount(level, inside, levels)
    filled = np.bincount(level, inside > 0, levels)
    rounded = np.where(inside > 0, (mass / np.maximum(filled, 1))[level], 0.0)
    if rounded.sum() == 0:
        return float("inf")
    p, q = reference / reference.sum(), rounded / rounded.sum()
    held = p > 0
    return float((p[held] * np.log(p[held] / np.maximum(q[held], 1e-12))).sum())
