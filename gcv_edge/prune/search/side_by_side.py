"""Pruned networks that do not depend on each other, two at a time: most layers keep one processor busy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

AT_ONCE = 2
"""Whatever the number of processors, so that the same networks are looked at everywhere."""


@contextlib.contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads; after an error, what has not begun is dropped.

    NumPy's own threads would wait for each other: each call has one.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
