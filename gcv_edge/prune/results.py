"""What pruning made, and the page that shows it. The page needs the extra [report]."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gcv_edge.evaluation.drop import Drop
from gcv_edge.reporting import format_page

PACKAGE = "gcv_edge.prune"
"""Where the page's template is."""


@dataclass(frozen=True)
class Candidate:
    """One of the networks that were tried.

    Attributes:
        stage: in which: ``widths``, ``exchange``, ``choice``, ``fit`` or ``distill``.
        what: it was.
        speedup: times as fast as the whole network, measured; None where it was not.
        loss: divergence of its outputs; for widths alone, what the spaces' curves add up to.
        changed: percentage, as in ``PruneResult``.
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
        passes: over the pictures (epochs).
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
            "loss": [shorten(value) if math.isfinite(value) else None for value in self.loss],
            "divergence": [shorten(value) if math.isfinite(value) else None for value in self.divergence],
            "kept": self.kept,
        }


def shorten(value: float, digits: int = 4) -> float:
    """Round to a number of digits."""
    return float(f"{value:.{digits}g}")


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
        changed: percentage of top-1 classes that changed there; of what is no classifier, mean square
            error of the last layers in percent of their variance.
        is_classifier: top-1 classes were counted.
        score: before and after, where a function was given.
        drop: points of it lost; without a function, ``changed``.
        max_drop: limit of the loss; None or 100: there is none.
        passed: the loss is within the limit: ``drop.upper`` where the limit was asked for, else
            ``drop.points``.
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
    is_classifier: bool
    score: tuple[float, float] | None
    drop: Drop
    max_drop: float | None
    passed: bool
    record: dict[str, Any]
    stages: dict[str, float]
    free: dict[str, int] = field(default_factory=dict)
    curves: dict[str, tuple[int, dict[int, float]]] = field(default_factory=dict)
    trail: tuple[Candidate, ...] = ()
    distillation: Distillation | None = None

    @property
    def speedup(self) -> float:
        """How many times faster the pruned network is."""
        return self.seconds_per_picture[0] / self.seconds_per_picture[1]


def format_report(result: PruneResult, *, title: str, verdict: Iterable[str]) -> str:
    """Return the page as text: nothing is fetched when it is opened.

    Args:
        result: the pruning.
        title: name of the network.
        verdict: sentences for the top of the page.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    record = result.record
    document = {
        "title": title,
        "passed": result.passed,
        "verdict": list(verdict),
        "spaces": [
            {"name": name, "before": before, "after": result.widths.get(name, (before, before))[1]}
            for name, before in result.free.items()
        ],
        "curves": {
            name: sorted([width / units, loss] for width, loss in curve.items())
            for name, (units, curve) in result.curves.items()
        },
        "measure": "divergence of the outputs",
        "changed": "top-1 classes changed, %"
        if result.is_classifier
        else "outputs changed by, % of their variance",
        "trail": [step.to_dict() for step in result.trail],
        "facts": {
            "File": result.path.name,
            "Pictures": f"{record['pictures']} of {record['pictures_given']} given, {record['data']}",
            "Multiply-accumulates": " -> ".join(f"{macs / 1e6:.1f} million" for macs in result.macs),
            "Instruction set": str(record.get("isa", "not asked for")),
            "Took": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.stages.items()),
        },
    }
    return format_page(PACKAGE, shorten_all(document))


def shorten_all(value: Any) -> Any:
    """Shorten all numbers to six digits, through dictionaries and lists."""
    if isinstance(value, float):
        return shorten(value, 6)
    if isinstance(value, dict):
        return {key: shorten_all(item) for key, item in value.items()}
    return [shorten_all(item) for item in value] if isinstance(value, (list, tuple)) else value
