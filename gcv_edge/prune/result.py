"""What pruning made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PruneResult:
    """What pruning made.

    Attributes:
        path: the file.
        widths: channels before and after, of each space that became narrower.
        macs: multiply-accumulates per picture, before and after.
        seconds_per_picture: measured on this machine, before and after.
        divergence: of the outputs, on pictures that nothing was fitted on.
        changed: percentage of first choices that changed there (of other tasks: error of the last layers).
        score: before and after, where a function was given.
        passed: the drop is within the limit, where there is one.
        record: what the file says of its pruning.
        stages: seconds that each stage took.
    """

    path: Path
    widths: dict[str, tuple[int, int]]
    macs: tuple[int, int]
    seconds_per_picture: tuple[float, float]
    divergence: float
    changed: float
    score: tuple[float, float] | None
    passed: bool
    record: dict[str, Any]
    stages: dict[str, float]

    @property
    def speedup(self) -> float:
        """How many times faster the pruned network is."""
        return self.seconds_per_picture[0] / self.seconds_per_picture[1]
