"""The pruning stage: from an exported file and pictures to a smaller file, measured."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from numpy.typing import ArrayLike

from gcv_edge.errors import MissingExtraError, UsageError
from gcv_edge.evaluation.drop import Measure
from gcv_edge.prune.gate import DropLimit, prune_within_limit
from gcv_edge.prune.job import Progress, PruneGoal, open_job
from gcv_edge.prune.preparation import prepare
from gcv_edge.prune.results import PruneResult
from gcv_edge.prune.width_choice import choose_widths, measure_sensitivity
from gcv_edge.prune.writing import write_result

PRECISIONS = ("f32", "int8")


def prune(
    model_path: str | os.PathLike[str],
    frames: Iterable[ArrayLike] | None,
    output: str | os.PathLike[str],
    *,
    speedup: float | None = None,
    macs: float | None = None,
    precision: str = "f32",
    score: Measure | None = None,
    score_hash: str = "",
    max_drop: float | None = None,
    distill: bool | int = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> PruneResult:
    """Remove channels from a network until it is fast enough, and fit the rest to what it computed.

    Args:
        model_path: an exported file of a task that takes pictures.
        frames: some hundreds of pictures like those it will see, uint8 BGR, without labels; read once. None:
            coloured noise instead of pictures.
        output: file to write. An interrupted call keeps its results beside it, and the same call continues
            from them. A result is used if nothing that it depends on has changed.
        speedup: how many times faster, measured on this machine.
        macs: part of the multiply-accumulates to keep, instead.
        precision: in which ``speedup`` counts: ``f32``, or ``int8`` where the result is to be calibrated; the
            file itself is a float one.
        score: scores a model file, for the record and for ``max_drop``.
        score_hash: of what ``score`` depends on beside the file (pictures, labels, metric); empty: not known,
            and widths that an interrupted call scored are scored anew.
        max_drop: loss of score, at 90 % confidence where it has draws (without ``score``: percentage of
            changed first choices), beyond which channels are returned.
        distill: train the result for a short time to give what the whole network gives on ``frames``: that
            many passes over them, or (True) as many as some minutes allow. Kept where other pictures agree
            better. Needs the extra ``[torch]``.
        seed: of every random choice. The same file, pictures, seed and ``macs`` give the same bytes; with
            ``speedup``, times decide too.
        progress: called with the progress.

    Raises:
        UsageError: neither or both of ``speedup`` and ``macs`` are given, or out of range; an unknown
            ``precision``, or one without ``speedup``.
        UnsupportedError: the network is for clips or tensors, or is quantised; or its speed counts in 8 bits
            and no layer can be; or it is to be distilled, and torch does not compute one of its operators.
        MissingExtraError: it is to be distilled, and torch is not installed.
        GcvEdgeError: the result would be slower than the whole network.
    """
    goal = PruneGoal(speedup, macs, precision)
    check_goal(goal)
    check_distilling(distill)
    job = open_job(Path(model_path), Path(output), goal, distill, seed, progress)
    prepared = prepare(job, frames)
    measures = measure_sensitivity(job, prepared)
    limit = DropLimit.of(job, prepared, score, max_drop, score_hash)
    choice = choose_widths(job, prepared, measures)
    found = prune_within_limit(job, prepared, measures.tradeoff, choice, limit)
    return write_result(job, prepared, measures.tradeoff.curves, found, choice.trail)


def check_goal(goal: PruneGoal) -> None:
    """Raise UsageError unless there is one target, within range, and a known precision to time it in."""
    speedup, macs, precision = goal.speedup, goal.macs, goal.precision
    if precision not in PRECISIONS:
        raise UsageError(f"precision: found '{precision}', expected one of {', '.join(PRECISIONS)}")
    if macs is not None and precision != "f32":
        raise UsageError(f"precision: found {precision} beside macs, expected it beside a speed-up")
    if (speedup is None) == (macs is None):
        raise UsageError("prune: expected a speed-up or a part of the multiply-accumulates, one of the two")
    if speedup is not None and not 1 < speedup <= 20:
        raise UsageError(f"speedup: found {speedup:g}, expected more than 1 and 20 at most")
    if macs is not None and not 0 < macs < 1:
        raise UsageError(f"macs: found {macs:g}, expected a part between 0 and 1")


def check_distilling(distill: bool | int) -> None:
    """Find out before the work begins whether a network can be trained.

    Raises:
        UsageError: the number of passes is negative.
        MissingExtraError: torch is not installed.
    """
    if not distill:
        return
    if distill < 0:
        raise UsageError(f"distill: found {distill}, expected a number of passes over the pictures")
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("distillation", "torch") from error
