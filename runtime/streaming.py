"""Running on frames as they come: read ahead, infer, give results in order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from gcv_edge.runtime.sources import Frame

Result = TypeVar("Result")

READ_AHEAD = 4
"""Frames that wait, read and not yet inferred."""

POLL_SECONDS = 0.1
STOP_SECONDS = 2.0
"""How long to wait for a source that is just being read."""


class FrameReader:
    """A thread that reads frames ahead into a bounded queue, until the end, an error or ``stop``."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._queue: queue.Queue[Frame | BaseException | None] = queue.Queue(READ_AHEAD)
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="gcv-edge reader", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        """Give frames in order until the source ends or fails."""
        while isinstance(item := self._queue.get(), Frame):
            yield item
        self._error = item

    def check(self) -> None:
        """Raise the error that ended the source, if one did."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread and let go of the source; one that never answers is left behind."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)

    def _read(self) -> None:
        try:
            for frame in self._frames:
                if not self._put(frame):
                    return
            self._put(None)
        except BaseException as error:
            self._put(error)
        finally:
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()

    def _put(self, item: Frame | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False


def run_in_order(
    run: Callable[[Frame], Result], frames: Iterator[Frame], streams: int
) -> Iterator[tuple[Frame, Result]]:
    """Run on frames, several at once where the engine computes several side by side.

    Args:
        run: what turns a frame into a result; called from other threads.
        frames: where frames come from; read by another thread.
        streams: calls of ``run`` at once.
    """
    reader = FrameReader(frames)
    pool = ThreadPoolExecutor(streams, thread_name_prefix="gcv-edge stream")
    try:
        pending: deque[tuple[Frame, Future[Result]]] = deque()
        for frame in reader:
            pending.append((frame, pool.submit(run, frame)))
            if len(pending) > streams:
                yield take_first(pending)
        while pending:
            yield take_first(pending)
        reader.check()
    finally:
        pool.shutdown(cancel_futures=True)
        reader.stop()


def take_first(pending: deque[tuple[Frame, Future[Result]]]) -> tuple[Frame, Result]:
    """Wait for the oldest call and return its frame and result."""
    frame, future = pending.popleft()
    return frame, future.result()
