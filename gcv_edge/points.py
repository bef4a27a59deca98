"""Points: how users and programs read accuracy and agreement, 0 to 100, in text and in JSON alike."""

from __future__ import annotations


def to_points(value: float) -> float:
    """Turn a part of one into points, without the digits that this adds."""
    return round(100 * value, 10)
