"""Pruned networks that do not depend on each other, two at a time: most layers keep one processor busy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

S = TypeVar("S")
T = TypeVar("T")

AT_ONCE = 2
"""Whatever the number of processors, so that the same networks are looked at everywhere."""


def map_side_by_side(function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """Give the function's result for each item, in order.

    NumPy's own threads would wait for each other: each call has one.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(function, items)
