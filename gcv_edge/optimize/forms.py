"""Forms of a network, and which of them wins.

A form is a file and the precision of its float part: the float file, the same in bfloat16, 8 bits, pruned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gcv_edge.errors import UsageError
from gcv_edge.points import allowed_loss, in_brackets
from gcv_edge.runtime.sessions import HINTS

FLOAT = "float"
"""Name of the form that all others are held against."""


@dataclass(frozen=True)
class Goal:
    """What a form must keep, and what makes it the best.

    Attributes:
        max_drop: points that may be lost against the float file, at a confidence of 90 %; None for any.
        target_ms: milliseconds that suffice: the most accurate of the forms that need no more wins. None: the
            fastest of all wins.
        hint: what is fast: ``latency`` (milliseconds of one picture) or ``throughput`` (pictures per second).
        minutes: that the search may take.

    Raises:
        UsageError: there is no such goal.
    """

    max_drop: float | None = 1.0
    target_ms: float | None = None
    hint: str = "latency"
    minutes: float = 30.0

    def __post_init__(self) -> None:
        if self.hint not in HINTS:
            raise UsageError(f"hint: found {self.hint!r}, expected one of {', '.join(HINTS)}")
        if self.target_ms is not None and not self.target_ms > 0:
            raise UsageError(f"target_ms: found {self.target_ms:g}, expected more than 0 milliseconds")
        if self.target_ms is not None and self.hint == "throughput":
            raise UsageError("target_ms is of one picture: expected the hint latency")
        if not self.minutes > 0:
            raise UsageError(f"minutes: found {self.minutes:g}, expected more than 0")


@dataclass(frozen=True)
class Form:
    """What was measured of a file, and the precision of its float part.

    Attributes:
        name: ``float``, ``8 bits``, ``pruned 1.5x, 8 bits in bf16``.
        precision: ``f32`` or ``bf16``.
        points: of accuracy, or of agreement with the float file; None where nothing can be measured.
        drop: points lost against the float file, likewise.
        drop_at_most: the same on other pictures of the kind, at a confidence of 90 %.
        milliseconds: fastest run with one picture; NaN where speed was not measured in them.
        per_second: pictures per second, likewise.
        batch, streams: pictures of an inference and inferences side by side that it was fastest with; 0
            where speed is of one picture at a time.
        size: bytes of the file.
    """

    name: str
    precision: str = "f32"
    points: float | None = None
    drop: float | None = None
    drop_at_most: float | None = None
    milliseconds: float = math.nan
    per_second: float = math.nan
    batch: int = 0
    streams: int = 0
    size: int = 0

    @property
    def seconds(self) -> float:
        """Time of a picture, by what was measured."""
        return self.milliseconds / 1e3 if math.isnan(self.per_second) else 1 / self.per_second

    def is_within(self, max_drop: float | None) -> bool:
        """Whether no more than ``max_drop`` is lost, at a confidence of 90 %."""
        return self.drop_at_most is None or self.drop_at_most <= allowed_loss(max_drop)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def choose(forms: Sequence[Form], goal: Goal) -> Form | None:
    """Return the form that wins; None where none reaches the goal."""
    kept = [form for form in forms if form.is_within(goal.max_drop)]
    if goal.target_ms is None:
        return min(kept, key=lambda form: form.seconds, default=None)
    fast = [form for form in kept if form.milliseconds <= goal.target_ms]
    return min(fast, key=lambda form: (form.drop or 0.0, form.seconds), default=None)


def why_not(form: Form, best: Form | None, goal: Goal) -> str:
    """Say why a form did not win; empty for the one that did."""
    if form == best:
        return ""
    if not form.is_within(goal.max_drop):
        bound = in_brackets(form.drop, form.drop_at_most)
        return f"loses {form.drop:.2f}{bound}, allowed are {goal.max_drop:g}"
    if goal.target_ms is not None and form.milliseconds > goal.target_ms:
        return f"slower than {goal.target_ms:g} ms"
    if goal.target_ms is not None and best is not None and (form.drop or 0.0) > (best.drop or 0.0):
        return "fast enough, less accurate"
    return f"{form.seconds / best.seconds:.2f}x the time" if best is not None else ""


def pareto(forms: Sequence[Form]) -> list[Form]:
    """Return the forms than which no other is both faster and no less accurate, the fastest first."""
    line: list[Form] = []
    for form in sorted(forms, key=lambda form: (form.seconds, form.drop or 0.0)):
        if not line or (form.drop or 0.0) < (line[-1].drop or 0.0):
            line.append(form)
    return line
