"""Percentiles, ratios of what was measured in the same round, and how much a machine wavers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

NOISY = 0.15
"""A machine whose rounds differ by more than this part between quartiles is called noisy."""


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


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value under which a share (0 to 1) of the values lies, between neighbours linearly.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("values: found none, expected one or more")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    value = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return min(max(value, ordered[below]), ordered[above])


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return percentile(values, 0.5)


def spread(values: Sequence[float]) -> Spread:
    """Summarise rounds."""
    return Spread(median(values), min(values), max(values))


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Divide round by round, and summarise.

    Rounds that were measured next to each other share what neighbours did to the machine, so their ratio is
    steadier than the ratio of two medians.

    Raises:
        ValueError: another number of rounds on the two sides.
    """
    return spread([upper / lower for upper, lower in zip(numerators, denominators, strict=True)])


def waver(rounds: Sequence[float]) -> float:
    """Return the distance between the quartiles of rounds as a part of their middle."""
    middle = median(rounds)
    return (percentile(rounds, 0.75) - percentile(rounds, 0.25)) / middle if middle else 0.0


def shorten(value: float) -> float:
    """Return five digits of a number."""
    return float(f"{value:.5g}")
