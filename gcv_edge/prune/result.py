"""What pruning made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Step:
    """One of the networks that were tried.

    Attributes:
        stage: in which: ``widths``, ``exchange`` or ``fit``.
        what: it was.
        speedup: times as fast as the whole network, measured; None where it was not.
        loss: divergence of its outputs; for widths alone, what the spaces' curves add up to.
        changed: percentage of changed first choices.
        score: the caller's.
    """

    stage: str
    what: str
    speedup: float | None = None
    loss: float | None = None
    changed: float | None = None
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


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
        free: channels of every space that could become narrower.
        curves: units of each such space, and what it loses alone by the units kept.
        trail: networks that were tried on the way.
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
    free: dict[str, int] = field(default_factory=dict)
    curves: dict[str, tuple[int, dict[int, float]]] = field(default_factory=dict)
    trail: tuple[Step, ...] = ()

    @property
    def speedup(self) -> float:
        """How many times faster the pruned network is."""
        return self.seconds_per_picture[0] / self.seconds_per_picture[1]
