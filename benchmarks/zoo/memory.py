"""How much memory a piece of code takes at its peak. Linux only: elsewhere nothing is known."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gcv_edge.runtime.memory import give_back

Result = TypeVar("Result")

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def with_peak(function: Callable[[], Result]) -> tuple[Result, int | None]:
    """Call a function; return its result and by how many bytes the process grew meanwhile, at most."""
    gc.collect()
    give_back()  # what is free would be used again, and not be seen
    try:
        CLEAR.write_text("5")  # proc(5): the peak counts from here
        before = read_status("VmRSS")
    except OSError:
        return function(), None
    result = function()
    return result, read_status("VmHWM") - before


def read_status(field: str) -> int:
    """Bytes of a field of /proc/self/status, which is in kB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return 1024 * int(line.split()[1])
