"""One calibration, stage after stage: from a float file and pictures to an 8-bit file, measured."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import onnx_ir as ir

from gcv_edge.calibration.batches import FrameOrTensors
from gcv_edge.calibration.candidates import (
    CandidateBuilder,
    CandidateEvaluator,
    Recipe,
    choose_candidate,
    temporary_file,
)
from gcv_edge.calibration.float_kernels import keep_float_without_int8_kernel
from gcv_edge.calibration.gate import AccuracyGate, GatedCandidate
from gcv_edge.calibration.job import CalibrationJob, CalibrationOptions, open_job
from gcv_edge.calibration.progress import CountedStages, Progress
from gcv_edge.calibration.qdq_placement import place
from gcv_edge.calibration.quantization_parameters import choose_parameters
from gcv_edge.calibration.result import CalibrationResult
from gcv_edge.calibration.sensitivity import measure_sensitivity
from gcv_edge.calibration.statistics import CalibrationData, collect_data, collect_statistics
from gcv_edge.calibration.writing import write_file
from gcv_edge.engines import require_openvino
from gcv_edge.errors import UsageError
from gcv_edge.evaluation.drop import Measure, over_limit
from gcv_edge.graph.values import name_of
from gcv_edge.measure.engine import describe_engine, has_bf16
from gcv_edge.measure.networks import best, time_forms
from gcv_edge.store import find_model
from gcv_edge.verification.sqnr import FloatReference

FEW_PICTURES = 100

VERIFIED_ON = 8
"""Held-out batches that both engines run."""


def calibrate(
    model_path: str | os.PathLike[str],
    frames: Iterable[FrameOrTensors],
    output: str | os.PathLike[str],
    *,
    target: str = "x86",
    mode: str = "auto",
    held_out: Iterable[FrameOrTensors] | None = None,
    score: Measure | None = None,
    max_drop: float | None = None,
    time_budget: float | None = None,
    options: CalibrationOptions | None = None,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Make an 8-bit network from a float one.

    An interrupted call writes no output. It keeps its results in a hidden file beside the output, and the
    same call continues from them. A result is used only if nothing that it depends on has changed.

    Args:
        model_path: exported float file, or its name in the store.
        frames: pictures, uint8 ``[h, w, 3]`` BGR; of tasks that take tensors, dicts of them. They are read
            once; those that can be read again (a list, not an iterator) are read twice after an interrupted
            call, to see whether they are the same.
        output: where to write.
        target: ``x86``, ``arm`` or ``portable`` (processors without VNNI).
        mode: how ranges are chosen: ``auto`` (the best of all), ``minmax`` (GluonCV's ``naive`` and
            ``none``), ``percentile``, ``entropy`` or ``mse``.
        held_out: pictures to compare on; None: some of ``frames``, which are not calibrated on.
        score: judges a file on labelled pictures, in points.
        max_drop: points that may be lost, at a confidence of 90 % where the score has draws; layers return to
            float until no more are.
        time_budget: seconds that the search for those layers may take.
        options: further choices.
        progress: called with the stage's name, and how much of how much of it is done (0 where unknown).

    Raises:
        UsageError: an unknown target or mode, or ``max_drop`` without ``score``.
        DataError: no picture, or something that is none.
        MissingExtraError: OpenVINO is not installed.
        GcvEdgeError: a file cannot be read or written.
    """
    require_openvino("calibration")
    if max_drop is not None and score is None:
        raise UsageError("max_drop needs a score: labelled pictures to measure the drop on")
    options, source, watch = options or CalibrationOptions(), find_model(model_path), CountedStages(progress)
    job = open_job(source, Path(output), target, mode, options, watch)
    data = collect_data(job, frames, held_out, lambda first: dry_run(job, first))
    evaluator = CandidateEvaluator(job, data)
    candidate, candidates = choose_candidate(job, evaluator)
    gated = GatedCandidate(keep_float_without_int8_kernel(job, data, evaluator, candidate))
    if score is not None:
        gated = AccuracyGate(job, data, evaluator, score).judge(gated.candidate, max_drop, time_budget)
    if options.sensitivity:
        measure_sensitivity(job, data, evaluator, gated.candidate)
    return finish(job, data, evaluator, gated, candidates)


def dry_run(job: CalibrationJob, frames: Sequence[FrameOrTensors]) -> None:
    """Go all the way to a compared file with a few pictures, so that what cannot work fails at once."""
    batches = list(job.batcher().batches(frames))
    if not batches:
        return
    found = collect_statistics(job.floating, job.placement, batches)
    builder = CandidateBuilder(job.source, job.target, {"minmax": found.ranges("minmax")}, found.means)
    with temporary_file() as path:
        builder.write(Recipe("minmax"), path)
        FloatReference(job.source, batches[:1], job.engine).sqnr(path)


def finish(
    job: CalibrationJob,
    data: CalibrationData,
    evaluator: CandidateEvaluator,
    gated: GatedCandidate,
    candidates: Mapping[str, float],
) -> CalibrationResult:
    """Time the forms, write the file of the gated network and remove the cache.

    Args:
        job: what was asked for.
        data: what the pictures told.
        evaluator: makes the network.
        gated: its recipe and score.
        candidates: agreement by recipe.
    """
    recipe, kept, drop = gated.candidate.recipe, gated.candidate.kept, gated.drop
    model = evaluator.builder.build(recipe)
    forms = time_all(job, model)
    job.watch.start("write")
    result = CalibrationResult(
        path=job.output if gated.passed else over_limit(job.output),
        target=job.target.name,
        mode=recipe.mode,
        correction=recipe.correction,
        asymmetric=recipe.asymmetric,
        data=job.options.data,
        metric=job.options.metric,
        measured=job.options.measured,
        data_hash=data.data_hash,
        measured_hash=job.options.measured_hash,
        pictures=data.pictures,
        held_out=data.compared,
        layers=len(job.layers) - len(kept),
        kept_float=kept,
        scales=scales_of(job, data, recipe),
        candidates=candidates,
        agreement=evaluator.agreement(recipe),
        sensitivity=data.sensitivity,
        score_before=gated.before.points if gated.before is not None else None,
        score_after=gated.after.points if gated.after is not None else None,
        drop_at_most=drop.upper if drop is not None else None,
        max_drop=gated.max_drop,
        passed=gated.passed,
        pictures_needed=gated.pictures_needed,
        collapses=tuple(map(str, gated.collapses)),
        complete=gated.complete,
        resumed=data.cache.resumed,
        milliseconds=forms,
        fastest=min(forms, key=lambda name: forms[name]) if forms else "",
        warnings=tuple(warnings_of(data, gated, forms)),
        machine=describe_engine(),
    )
    verified_on = data.held_out[:VERIFIED_ON]
    agree = write_file(model, result.path, job.metadata, result.to_record(), batches=verified_on)
    job.watch.stop()
    data.cache.discard()
    return replace(result, engines_agree=agree, seconds=dict(job.watch.seconds))


def time_all(job: CalibrationJob, model: ir.Model) -> dict[str, float]:
    """Time float and 8-bit forms in turn; return the fastest run of each, in milliseconds."""
    if not job.options.time_forms:
        return {}
    job.watch.start("time")
    with temporary_file() as path:
        write_file(model, path, job.metadata, {})
        forms = {"fp32": (job.source, "f32"), "int8": (path, "f32")}
        if has_bf16():
            forms |= {"bf16": (job.source, "bf16"), "int8+bf16": (path, "bf16")}
        return best(time_forms(forms))


def scales_of(job: CalibrationJob, data: CalibrationData, recipe: Recipe) -> dict[str, float]:
    """Count the scales of activations, and return the smallest and the largest (0 where all is float)."""
    groups, ranges = place(job.floating.graph, recipe.kept_float).groups, data.ranges[recipe.mode]
    shared = [ranges[name_of(values[0])] for values in groups.values()]
    scales = [float(choose_parameters(*one, job.target, recipe.asymmetric).scale) for one in shared]
    return {"count": len(scales), "smallest": min(scales, default=0.0), "largest": max(scales, default=0.0)}


def warnings_of(data: CalibrationData, gated: GatedCandidate, forms: Mapping[str, float]) -> Iterator[str]:
    """Say what the user should know."""
    if data.pictures < FEW_PICTURES:
        yield f"calibrated on {data.pictures} pictures: {FEW_PICTURES} to 500 give steadier ranges"
    if data.identical_pictures_warning:
        yield f"{data.identical_pictures_warning}: what is measured on them says nothing of others"
    fastest_float = min((forms[name] for name in ("fp32", "bf16") if name in forms), default=0.0)
    if forms and fastest_float < min(forms[name] for name in forms if name.startswith("int8")):
        yield "the float network is faster on this machine"
    if not gated.complete:
        yield "the time budget ended the search for layers that must stay float"
