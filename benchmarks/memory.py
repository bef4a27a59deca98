"""How much memory a piece of code takes at its peak. Linux only: elsewhere nothing is known."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gcv_edge.measure.machine import status_bytes
from gcv_edge.runtime.memory import give_back

Result = TypeVar("Result")

CLEAR = Path("/proc/self/clear_refs")


def with_peak(function: Callable[[], Result]) -> tuple[Result, int | None]:
    """Call a function; return its result and by how many bytes the process grew meanwhile, at most."""
    gc.collect()
    give_back()  # what is free would be used again, and not be seen
    before = status_bytes("VmRSS")
    try:
        CLEAR.write_text("5")  # proc(5): the peak counts from here
    except OSError:
        return function(), None
    result = function()
    peak = status_bytes("VmHWM")
    return result, None if before is None or peak is None else peak - before
