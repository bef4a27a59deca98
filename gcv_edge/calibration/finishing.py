"""The last stage: the forms are timed, and the file is written with its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import onnx_ir as ir

from gcv_edge.calibration.bench import Bench
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.recipes import Recipe, temporary_file
from gcv_edge.calibration.results import CalibrationResult
from gcv_edge.calibration.scoring import Scored
from gcv_edge.calibration.survey import Survey
from gcv_edge.calibration.targets import choose_levels
from gcv_edge.calibration.writing import write_file
from gcv_edge.evaluation.drop import over_limit
from gcv_edge.measure.engine import describe_engine, has_bf16
from gcv_edge.measure.networks import best, time_forms

FEW = 100
"""Fewer pictures than these are worth a warning."""

CHECKED = 8


def finish(
    job: Job,
    survey: Survey,
    bench: Bench,
    scored: Scored,
    *,
    candidates: Mapping[str, float],
) -> CalibrationResult:
    """Time the forms, write the file and remove the findings.

    Args:
        job: what was asked for.
        survey: what the pictures told.
        bench: makes the network.
        scored: the network.
        candidates: agreement by recipe.
    """
    draft, drop, limit = scored.draft, scored.drop, scored.max_drop
    model = bench.workshop.make(draft.recipe)
    forms = time_all(job, model)
    job.watch.start("write")
    result = CalibrationResult(
        path=job.output if scored.passed else over_limit(job.output),
        target=job.target.name,
        mode=draft.recipe.mode,
        correction=draft.recipe.correction,
        fine=draft.recipe.fine,
        data=job.options.data,
        metric=job.options.metric,
        measured=job.options.measured,
        data_hash=survey.data_hash,
        measured_hash=job.options.measured_hash,
        pictures=survey.pictures,
        held_out=survey.compared,
        layers=len(job.layers) - len(draft.kept),
        kept_float=draft.kept,
        scales=scales_of(job, survey, draft.recipe),
        candidates=candidates,
        agreement=bench.agreement(draft.recipe),
        sensitivity=survey.sensitivity,
        score_before=scored.before.points if scored.before is not None else None,
        score_after=scored.after.points if scored.after is not None else None,
        drop_at_most=drop.upper if drop is not None else None,
        max_drop=limit,
        passed=scored.passed,
        pictures_needed=scored.pictures_needed,
        collapses=tuple(map(str, scored.collapses)),
        complete=scored.complete,
        resumed=survey.findings.resumed,
        milliseconds=forms,
        fastest=min(forms, key=lambda name: forms[name]) if forms else "",
        warnings=tuple(warnings_of(survey, scored, forms)),
        machine=describe_engine(),
    )
    checked = survey.held_out[:CHECKED]
    agree = write_file(model, result.path, job.metadata, result.to_dict(), batches=checked)
    job.watch.stop()
    survey.findings.discard()
    return replace(result, engines_agree=agree, seconds=dict(job.watch.seconds))


def time_all(job: Job, model: ir.Model) -> dict[str, float]:
    """Time float and 8-bit forms in turn; the fastest run of each, in milliseconds."""
    if not job.options.time_forms:
        return {}
    job.watch.start("time")
    with temporary_file() as path:
        write_file(model, path, job.metadata, {})
        forms = {"fp32": (job.source, "f32"), "int8": (path, "f32")}
        if has_bf16():
            forms |= {"bf16": (job.source, "bf16"), "int8+bf16": (path, "bf16")}
        return best(time_forms(forms))


def scales_of(job: Job, survey: Survey, recipe: Recipe) -> dict[str, float]:
    """Count the scales of activations, and name the smallest and the largest."""
    ranges = set(survey.ranges[recipe.mode].values())
    scales = [float(choose_levels(*one, job.target, recipe.fine).scale) for one in ranges]
    return {"count": len(scales), "smallest": min(scales), "largest": max(scales)}


def warnings_of(survey: Survey, scored: Scored, forms: Mapping[str, float]) -> Iterable[str]:
    """Say what the user should know."""
    if survey.pictures < FEW:
        yield f"calibrated on {survey.pictures} pictures: {FEW} to 500 give steadier ranges"
    if survey.sameness:
        yield f"{survey.sameness}: what is measured on them says nothing of others"
    fastest_float = min((forms[name] for name in ("fp32", "bf16") if name in forms), default=0.0)
    if forms and fastest_float < min(forms[name] for name in forms if name.startswith("int8")):
        yield "the float network is faster on this machine"
    if not scored.complete:
        yield "the time budget ended the search for layers that must stay float"
