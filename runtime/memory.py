"""Memory that is free but not given back."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Return what is free to the system, where the C library (glibc) otherwise keeps it.

    Loading a network takes twice the size of its weights for a moment; without this the process keeps that.
    """
    trim = find_trim()
    if trim is not None:
        trim(0)


@functools.cache
def find_trim() -> Callable[[int], int] | None:
    """Return glibc's ``malloc_trim``; None with another C library."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim
