"""Inferences that are running when the interpreter ends.

A daemon thread that comes back from native code then is ended by the interpreter in the middle of it, which
aborts the process. So the interpreter waits until all have come back, and none begins any more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Iterator

PATIENCE = 10.0
"""Seconds that the end of the interpreter waits for inferences."""
STEP = 0.001


class InFlight:
    """Counts inferences."""

    def __init__(self) -> None:
        self._forget()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count an inference; one that a daemon thread begins when the interpreter ends never does."""
        self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1

    def close(self) -> None:
        """Let daemon threads begin no more, and wait for what is running."""
        with self._lock:
            self._is_closed = True
        end = time.monotonic() + PATIENCE
        while self._count and time.monotonic() < end:
            time.sleep(STEP)

    def _begin(self) -> None:
        with self._lock:
            if not (self._is_closed and threading.current_thread().daemon):
                self._count += 1
                return
        threading.Event().wait()

    def _forget(self) -> None:
        """Begin anew: a forked process has no other thread."""
        self._lock = threading.Lock()
        self._count = 0
        self._is_closed = False


IN_FLIGHT = InFlight()
