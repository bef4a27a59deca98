"""What one input may do to its reader, and what it does."""

from __future__ import annotations

import contextlib
import resource
import signal
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.target import Target

SECONDS = 5.0
"""Of the processor, for one input."""
PATIENCE = 60.0
"""Seconds for an input that waits for something."""
MEMORY = 1 << 30
"""Beyond what the process holds before the input comes."""
CEILING = 3 << 30
"""What the system refuses beyond that."""
SHOWN = 200

ACCEPTED, REFUSED = "accepted", "refused"


def judge(target: Target, data: bytes, folder: Path) -> str:
    """Give an input to its reader; return what is wrong with the outcome, else how it ended.

    A reader that takes too much is stopped: by the system where that is time, by an error where it is memory,
    which libraries may pass over; so it is looked how much there was at most.
    """
    before, peak = resident_bytes(), peak_bytes()
    with limited():
        outcome = try_input(target, data, folder)
    grown = peak_bytes() - before if peak_bytes() > peak else 0
    is_fine = outcome in (ACCEPTED, REFUSED)
    return f"over {MEMORY >> 30} GB, {grown >> 20} MB" if is_fine and grown > MEMORY else outcome


def try_input(target: Target, data: bytes, folder: Path) -> str:
    """Give an input to its reader; return what it raises that it may not, else how it ended."""
    try:
        target.read(data, folder)
    except target.refusals as error:
        is_line = "\n" not in str(error)
        return REFUSED if is_line else f"more than one line from {place_of(error)}: {shorten(error)}"
    except MemoryError as error:
        return f"over {MEMORY >> 30} GB at {place_of(error)}"
    except BaseException as error:
        return f"{type(error).__name__} at {place_of(error)}: {shorten(error)}"
    return ACCEPTED


def shorten(error: BaseException) -> str:
    return ascii(str(error))[:SHOWN]


def place_of(error: BaseException) -> str:
    """Name the innermost line of the product that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/gcv_edge/" in frame.filename or "/fuzz/" in frame.filename]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "nowhere"


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Let the system end this process where an input takes too long, and refuse it memory without bounds."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + CEILING, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def data_bytes() -> int:
    """Return how much memory of its own this process has asked for."""
    return pages(5)


def resident_bytes() -> int:
    """Return how much memory this process holds."""
    return pages(1)


def pages(column: int) -> int:
    """Return a number of ``/proc/self/statm`` in bytes."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[column]) * resource.getpagesize()


def peak_bytes() -> int:
    """Return how much memory this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def describe_death(code: int) -> str:
    """Say how a process ended that was given an input."""
    if -code == signal.SIGPROF:
        return f"over {SECONDS:g} s"
    if -code == signal.SIGALRM:
        return f"waited over {PATIENCE:g} s"
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
