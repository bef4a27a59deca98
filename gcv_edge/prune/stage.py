"""The pruning stage: from an exported file and pictures to a smaller file, measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir
from numpy.typing import ArrayLike

import gcv_edge
from gcv_edge import _core
from gcv_edge.calibration.progress import Progress
from gcv_edge.engines import require_openvino
from gcv_edge.errors import MissingExtraError, UsageError
from gcv_edge.evaluation.drop import Measure, over_limit
from gcv_edge.files import replacing
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import RUN_KEYS
from gcv_edge.pipeline import verify_export
from gcv_edge.prune.fitting.batching import close_batch
from gcv_edge.prune.gate import DropLimit, PrunedNetwork, prune_within_limit
from gcv_edge.prune.job import PruneGoal, PruneJob, open_job
from gcv_edge.prune.preparation import Preparation, prepare
from gcv_edge.prune.results import Candidate, PruneResult, shorten
from gcv_edge.prune.search.cost import count_macs
from gcv_edge.prune.search.sensitivity import Curves
from gcv_edge.prune.width_choice import choose_widths, measure_sensitivity
from gcv_edge.runtime.modelfile import read_entries

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
    shared: str | os.PathLike[str] | None = None,
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
        max_drop: loss of score, at 90 % confidence where it has draws (without ``score``: percentage, as in
            ``PruneResult.changed``), beyond which channels are returned. None: with a ``score``, 5 points, as
            measured, without confidence; 100 sets no limit.
        distill: train the result for a short time to give what the whole network gives on ``frames``: that
            many passes over them, or (True) as many as some minutes allow. Kept where other pictures agree
            better. Needs the extra ``[torch]``.
        seed: of every random choice. The same file, pictures, seed and ``macs`` give the same bytes; with
            ``speedup``, times decide too.
        progress: called with the progress.
        shared: file of results for calls with the same file and pictures, one after the other, in place of
            the one beside ``output``: to other goals, most of the work is the same. The file is not removed.

    Raises:
        UsageError: neither or both of ``speedup`` and ``macs`` are given, or out of range; an unknown
            ``precision``, or one without ``speedup``.
        UnsupportedError: the network is for clips or tensors, or is quantised; or its speed counts in 8 bits
            and no layer can be; or it is to be distilled, and torch does not compute one of its operators.
        MissingExtraError: it is to be distilled, and torch is not installed; or a speed-up is wanted, and
            OpenVINO is not.
        SlowerError: the result would be slower than the whole network.
    """
    goal = PruneGoal(speedup, macs, precision)
    check_goal(goal)
    if speedup is not None:
        require_openvino("pruning to a speed-up")
    check_distilling(distill)
    results = None if shared is None else Path(shared)
    job = open_job(Path(model_path), Path(output), goal, distill, seed, progress, results)
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


def write_result(
    job: PruneJob, prepared: Preparation, curves: Curves, found: PrunedNetwork, trail: Sequence[Candidate]
) -> PruneResult:
    """Write the file with its record."""
    spaces = {space.name: space for space in prepared.network.spaces}
    channels = {n: (spaces[n].channels, w * spaces[n].step) for n, w in found.widths.items()}
    macs = count_macs(prepared.network.model), count_macs(found.model)
    record = describe(job, prepared, found, channels, macs)
    path = job.output if found.passed else over_limit(job.output)
    write_file(job, found.model, record, path)
    prepared.cache.discard()
    return PruneResult(
        path=path,
        widths=channels,
        macs=macs,
        seconds_per_picture=(found.timing.whole, found.timing.pruned),
        precision=job.goal.precision,
        divergence=found.distance.divergence,
        changed=found.distance.changed,
        is_classifier=prepared.check.is_classifier,
        score=found.scores,
        drop=found.drop,
        max_drop=found.max_drop,
        passed=found.passed,
        record=record,
        stages=job.timer.seconds,
        free={space.name: space.channels for space in prepared.network.free},
        curves={space.name: (space.units, curves.get(space.name, {})) for space in prepared.network.free},
        trail=tuple(trail),
        distillation=found.distillation,
    )


def write_file(job: PruneJob, model: ir.Model, record: Mapping[str, Any], path: Path) -> None:
    """Write a network with the metadata of its source and the record, and verify the file."""
    entries = read_entries(job.source)
    for key in ("gcv_edge verification", "gcv_edge self_test", *RUN_KEYS):
        entries.pop(key, None)
    entries |= {"gcv_edge version": gcv_edge.__version__, "gcv_edge pruning": json.dumps(record)}
    close_batch(model)
    model.metadata_props.clear()
    model.metadata_props.update(entries)
    with replacing(path) as temporary:
        write_model(model, temporary)
        verify_export(temporary, job.metadata, None)


def describe(
    job: PruneJob,
    prepared: Preparation,
    found: PrunedNetwork,
    channels: Mapping[str, tuple[int, int]],
    macs: tuple[int, int],
) -> dict[str, Any]:
    """Collect what the file says of its pruning; times only where they decided."""
    record: dict[str, Any] = {
        "data": "noise" if prepared.is_noise else "pictures",
        "pictures": len(prepared.fitted_on) + prepared.checked,
        "pictures_given": prepared.fitted_on.seen,
        "seed": job.seed,
        "macs": list(macs),
        "channels": {name: list(pair) for name, pair in channels.items()},
        **{name: shorten(value) for name, value in found.distance._asdict().items()},
        "is_classifier": prepared.check.is_classifier,
    }
    if job.goal.speedup is not None:
        record["asked"] = {"speedup": job.goal.speedup, "precision": job.goal.precision}
        record["milliseconds"] = [round(1e3 * seconds, 4) for seconds in found.timing]
        record["isa"] = _core.isa()
    else:
        record["asked"] = {"macs": job.goal.macs}
    if found.distillation is not None:
        record["distillation"] = found.distillation.to_dict()
    if found.scores is not None:
        record |= {"score": list(found.scores), "drop_at_most": shorten(found.drop.upper)}
    return record
