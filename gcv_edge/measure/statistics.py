"""Spreads, ratios of what was measured in the same round, and how much rounds differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NOISY = 0.15
"""Interquartile range, as a part of the median, beyond which a machine is called noisy."""


@dataclass(frozen=True)
class Spread:
    """The middle of several rounds, and how far they reach.

    Attributes:
        median: of the rounds.
        low, high: smallest and largest.
    """

    median: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values for JSON."""
        return {name: shorten(value) for name, value in vars(self).items()}


def spread(values: Sequence[float]) -> Spread:
    """Summarise rounds."""
    return Spread(float(np.median(values)), min(values), max(values))


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Divide round by round, and summarise.

    Rounds that were measured next to each other share what neighbours did to the machine, so their ratio is
    steadier than the ratio of two medians.

    Raises:
        ValueError: another number of rounds on the two sides.
    """
    return spread([upper / lower for upper, lower in zip(numerators, denominators, strict=True)])


def relative_iqr(rounds: Sequence[float]) -> float:
    """Return the interquartile range of rounds as a part of their median."""
    low, middle, high = np.percentile(rounds, (25, 50, 75))
    return float((high - low) / middle) if middle else 0.0


def shorten(value: float) -> float:
    """Return five digits of a number."""
    return float(f"{value:.5g}")
