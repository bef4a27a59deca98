"""Class names that several classes have: nothing can tell these apart by name."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN_NAMES = 4


def find_repeated(labels: Sequence[str]) -> dict[str, list[int]]:
    """Return the names that occur more than once, each with its class ids."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    return {label: found for label, found in places.items() if len(found) > 1}


def describe_repeated(labels: Sequence[str]) -> str:
    """List the names that occur more than once, a few of them: ``'crane' (classes 134, 517)``."""
    found = find_repeated(labels)
    shown = [
        f"'{label}' (classes {', '.join(map(str, places))})"
        for label, places in list(found.items())[:SHOWN_NAMES]
    ]
    more = f" and {len(found) - SHOWN_NAMES} more" if len(found) > SHOWN_NAMES else ""
    return ", ".join(shown) + more
