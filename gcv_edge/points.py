"""Points: how users and programs read accuracy and agreement, 0 to 100, in text and in JSON alike."""

from __future__ import annotations

import math

MOST_POINTS = 100.0


def to_points(value: float) -> float:
    """Turn a part of one into points, without the digits that this adds."""
    return round(MOST_POINTS * value, 10)


def allowed_loss(limit: float | None) -> float:
    """Return the points that may be lost: any number without a limit, and where that is all of them."""
    return math.inf if limit is None or limit >= MOST_POINTS else limit


def describe_bound(lost: float, at_most: float) -> str:
    """Say how much is lost at most; nothing where only the points lost are known."""
    if at_most <= lost:
        return ""
    if at_most - lost > MOST_POINTS - 1:  # ``evaluation.drop`` knows nothing of so few pictures
        return "too few pictures to say how much at most"
    return f"{at_most:.2f} at most, at 90 % confidence"


def in_brackets(lost: float | None, at_most: float | None) -> str:
    """Say how much is lost at most, behind what is lost."""
    bound = "" if lost is None or at_most is None else describe_bound(lost, at_most)
    return f" ({bound})" if bound else ""


def spell_changed(changed: float, is_classifier: bool, digits: int = 1) -> str:
    """Say how much a network changed: its top-1 classes, else the mean square error of its outputs."""
    part = f"{changed:.{digits}f} %"
    if is_classifier:
        return f"{part} of top-1 classes changed"
    return f"outputs changed by {part} of their variance"
