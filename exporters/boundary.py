"""What may come out of a conversion: this package's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gcv_edge.errors import GcvEdgeError, UnsupportedError


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Let a network that nobody foresaw be refused: what a library raises becomes UnsupportedError.

    Args:
        where: what is being converted, for the message.
    """
    try:
        yield
    except (GcvEdgeError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise UnsupportedError(f"{where}: cannot be converted ({reason})") from error


def first_line(error: BaseException) -> str:
    """Say what went wrong in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
