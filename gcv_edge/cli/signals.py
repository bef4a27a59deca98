"""Signals that end a process let it tidy up first, as an interrupt from the keyboard does."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
SIGNALLED = 128
"""Added to a signal's number, it is the exit code of what the signal ended."""


class Terminated(BaseException):
    """A signal has asked the process to end.

    Attributes:
        code: exit code that says by which signal.
    """

    def __init__(self, number: int) -> None:
        self.code = SIGNALLED + number


@contextlib.contextmanager
def ending_tidily() -> Iterator[None]:
    """Unwind the stack on a signal to end; on a second one, end at once.

    Signals that are ignored stay so (``nohup``).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, end)
    try:
        yield
    except Terminated as signalled:
        raise SystemExit(signalled.code) from None
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def interrupted_quietly() -> Iterator[None]:
    """Let an interrupt from the keyboard end the process at once while NumPy is being imported.

    NumPy's C code would print the traceback of a ``KeyboardInterrupt``, and nothing is there to tidy up yet.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise ``KeyboardInterrupt``, unless NumPy is half imported."""
    if is_being_imported("numpy"):
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    signal.default_int_handler(number, frame)


def is_being_imported(name: str) -> bool:
    """Tell whether the import of a module has begun and not ended."""
    return getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False)


def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Raise ``Terminated``, so that temporary files and processes go."""
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(number)
