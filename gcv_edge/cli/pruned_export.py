"""``export --prune``: a network that is exported loses channels before it is calibrated."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import ignore, show_path, tell_notes
from gcv_edge.cli.guard import naming
from gcv_edge.cli.int8 import Prior, Wishes, int8_path, opening_lines, run_calibration
from gcv_edge.cli.int8_outcome import Outcome, print_outcome
from gcv_edge.cli.prune import describe_failure, divide_pictures, print_result, progress_bars
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError, UsageError
from gcv_edge.store import take_name

if TYPE_CHECKING:
    from gcv_edge.prune import PruneResult

PRUNING_SHARE = 0.75
"""Part of what may be lost that pruning may lose; the rest is for 8 bits."""


@dataclass(frozen=True)
class Goal:
    """How far to prune, one of the two, and whether to train then.

    Attributes:
        speedup: times faster, measured.
        macs: part of the multiply-accumulates to keep.
        distill: passes of a training afterwards, or True: as many as some minutes allow.
    """

    speedup: float | None = None
    macs: float | None = None
    distill: bool | int = False


@dataclass(frozen=True)
class Shrunk:
    """A network that was pruned and calibrated.

    Attributes:
        pruned: what pruning made.
        outcome: what calibration made of that; None where pruning had lost too much already.
        title: what was measured.
    """

    pruned: PruneResult
    outcome: Outcome | None
    title: str


def parse_goal(text: str | None, data: str | None, distill: bool | int = False) -> Goal | None:
    """Read ``1.5x`` (times faster) or ``70%`` (of the work); None for no pruning.

    Raises:
        UsageError: the text is anything else, or there are no pictures; or nothing is pruned that could be
            distilled.
        MissingExtraError: torch is needed to distil, and not installed.
    """
    if distill and text is None:
        raise UsageError("--distill is for --prune")
    if text is None:
        return None
    if distill:
        from gcv_edge.prune import check_distilling

        check_distilling(distill)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(x|%)", text.strip())
    number = float(match[1]) if match else 0.0
    if data is None:
        raise UsageError(f"--prune {text} needs pictures: --calibrate DATA (without 8 bits: gcv-edge prune)")
    if match and match[2] == "x" and 1 < number <= 20:
        return Goal(speedup=number, distill=distill)
    if match and match[2] == "%" and 0 < number < 100:
        return Goal(macs=number / 100, distill=distill)
    raise UsageError(f"--prune {text}: expected 1.5x (times faster here) or 70% (of the work)")


def pruned_path(model: Path) -> Path:
    """Name the pruned file beside the whole one."""
    return model.with_name(f"{model.stem}_pruned{model.suffix}")


def prune_and_calibrate(source: Path, goal: Goal, wishes: Wishes, *, quiet: bool) -> Shrunk:
    """Prune an exported file, calibrate what is left, and hold both against the file itself.

    Args:
        source: exported float file.
        goal: how far to prune.
        wishes: what is asked of the calibration; its limit holds for both together.
        quiet: print nothing but errors.
    """
    told = ignore if quiet else echo
    told("")
    prior = divide_pictures(source, wishes)
    for line in opening_lines(prior):
        told(line)
    pruned = run_pruning(source, goal, wishes, prior)
    tell_notes(take_name(pruned.path, pruned.path.stem), err=quiet)
    title = prior.points.title if prior.points is not None else ""
    if not quiet:
        print_result(pruned, title)
    if not pruned.passed:
        return Shrunk(pruned, None, title)
    few = prior.material.calibrating.limit(wishes.samples)
    prior = replace(prior, material=replace(prior.material, calibrating=few))
    told("")
    outcome = run_calibration(pruned.path, int8_path(pruned.path), wishes, quiet=quiet, prior=prior)
    if not quiet:
        print_outcome(outcome)
    return Shrunk(pruned, outcome, title)


def run_pruning(source: Path, goal: Goal, wishes: Wishes, prior: Prior) -> PruneResult:
    """Prune with progress bars; labels are used for measuring alone."""
    from gcv_edge.prune import prune

    output = pruned_path(source)
    with naming(output), progress_bars() as progress:
        return prune(
            source,
            prior.material.calibrating.frames,
            output,
            speedup=goal.speedup,
            macs=goal.macs,
            precision="f32" if goal.speedup is None else "int8",
            score=None if prior.points is None else prior.points.of,
            score_hash=prior.score_hash,
            max_drop=None if wishes.max_drop is None else PRUNING_SHARE * wishes.max_drop,
            distill=goal.distill,
            progress=progress,
        )


def refuse_pruning(shrunk: Shrunk, wishes: Wishes) -> None:
    """Raise AccuracyError where pruning alone lost too much, however wide it was left."""
    pruned = shrunk.pruned
    if not pruned.passed and pruned.score is not None and wishes.max_drop is not None:
        raise AccuracyError(
            f"{show_path(pruned.path)}: pruning {describe_failure(pruned, shrunk.title)}, allowed are "
            f"{PRUNING_SHARE * wishes.max_drop:g} (the rest of {wishes.max_drop:g} is for 8 bits); "
            "kept under this name, not calibrated"
        )


def pruning_to_dict(pruned: PruneResult) -> dict[str, Any]:
    """Return a pruning for JSON."""
    return {
        "path": str(pruned.path),
        "bytes": pruned.path.stat().st_size,
        "speedup": pruned.speedup,
        "passed": pruned.passed,
        **pruned.record,
    }
