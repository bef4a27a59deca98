"""Numbers of JSON, which may be anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

LARGEST = 2**53
"""Numbers beyond it are neither pixels nor ids."""


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a number of a sane size, and no truth value; NaN is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_numbers(value: Any) -> TypeGuard[Sequence[float]]:
    """Tell whether a value is a list of such numbers."""
    return isinstance(value, (list, tuple)) and all(map(is_number, value))
