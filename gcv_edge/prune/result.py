"""What pruning made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gcv_edge.evaluation.drop import Drop


@dataclass(frozen=True)
class Step:
    """One of the networks that were tried.

    Attributes:
        stage: in which: ``widths``, ``exchange``, ``choice``, ``fit`` or ``distill``.
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
class Distillation:
    """A short training after the fit.

    Attributes:
        passes: over the pictures.
        steps: in all of them.
        loss: mean of the first pass and of the last.
        divergence: of the outputs, on pictures that nothing is fitted on, before and after.
        kept: it is less after; else the network stayed as it was.
    """

    passes: int
    steps: int
    loss: tuple[float, float]
    divergence: tuple[float, float]
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, numbers with four digits; None for what is no finite number."""
        return {
            "passes": self.passes,
            "steps": self.steps,
            "loss": [shorten(value) for value in self.loss],
            "divergence": [shorten(value) for value in self.divergence],
            "kept": self.kept,
        }


def shorten(value: float) -> float | None:
    """Round to four digits."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


@dataclass(frozen=True)
class PruneResult:
    """What pruning made.

    Attributes:
        path: the file.
        widths: channels before and after, of each space that became narrower.
        macs: multiply-accumulates per picture, before and after.
        seconds_per_picture: measured on this machine, before and after.
        precision: in which it was measured: ``f32`` or ``int8``.
        divergence: of the outputs, on pictures that nothing was fitted on.
        changed: percentage of first choices that changed there (of other tasks: error of the last layers).
        score: before and after, where a function was given.
        drop: points of it lost; without a function, percentage of first choices changed.
        passed: ``drop.upper`` is within the limit, where there is one.
        record: what the file says of its pruning.
        stages: seconds that each stage took.
        free: channels of every space that could become narrower.
        curves: units of each such space, and what it loses alone by the units kept.
        trail: networks that were tried on the way.
        distillation: what training did; None where it was not asked for.
    """

    path: Path
    widths: dict[str, tuple[int, int]]
    macs: tuple[int, int]
    seconds_per_picture: tuple[float, float]
    precision: str
    divergence: float
    changed: float
    score: tuple[float, float] | None
    drop: Drop
    passed: bool
    record: dict[str, Any]
    stages: dict[str, float]
    free: dict[str, int] = field(default_factory=dict)
    curves: dict[str, tuple[int, dict[int, float]]] = field(default_factory=dict)
    trail: tuple[Step, ...] = ()
    distillation: Distillation | None = None

    @property
    def speedup(self) -> float:
        """How many times faster the pruned network is."""
        return self.seconds_per_picture[0] / self.seconds_per_picture[1]
