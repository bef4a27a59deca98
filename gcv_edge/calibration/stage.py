"""The calibration stage: from a float file and pictures to an 8-bit file, measured."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gcv_edge.calibration.bench import Bench, compare
from gcv_edge.calibration.feeding import Frame
from gcv_edge.calibration.finishing import finish
from gcv_edge.calibration.float_kernels import return_float_kernels
from gcv_edge.calibration.job import open_job
from gcv_edge.calibration.options import CalibrationOptions
from gcv_edge.calibration.ranking import measure_sensitivity
from gcv_edge.calibration.results import CalibrationResult
from gcv_edge.calibration.scoring import Gate, Scored
from gcv_edge.calibration.survey import read_pictures
from gcv_edge.errors import UsageError
from gcv_edge.evaluation.drop import Measure
from gcv_edge.pipeline import Progress, Stages
from gcv_edge.store import find_model


def calibrate(
    model_path: str | os.PathLike[str],
    frames: Iterable[Frame],
    output: str | os.PathLike[str],
    *,
    target: str = "x86",
    mode: str = "auto",
    held_out: Iterable[Frame] | None = None,
    score: Measure | None = None,
    max_drop: float | None = None,
    time_budget: float | None = None,
    options: CalibrationOptions | None = None,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Make an 8-bit network from a float one.

    An interrupted call leaves no output; what it had found out lies beside the output, and the same call
    goes on from there. A finding is used where nothing that it depends on has changed.

    Args:
        model_path: exported float file, or its name in the store.
        frames: pictures, uint8 ``[h, w, 3]`` BGR; of tasks that take tensors, dicts of them. Read once; where
            they can be read again (a list, not an iterator), a first time to see whether they are those of an
            interrupted call.
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
        progress: called with a phrase at the start of each stage.

    Raises:
        UsageError: an unknown target or mode, or ``max_drop`` without ``score``.
        DataError: no picture, or something that is none.
        GcvEdgeError: a file cannot be read or written.
    """
    if max_drop is not None and score is None:
        raise UsageError("max_drop needs a score: labelled pictures to measure the drop on")
    options, source, watch = options or CalibrationOptions(), find_model(model_path), Stages(progress)
    job = open_job(source, Path(output), target, mode, options, watch)
    survey = read_pictures(job, frames, held_out)
    bench = Bench(job, survey)
    draft, candidates = compare(job, bench)
    draft = return_float_kernels(job, survey, bench, draft)
    scored = Scored(draft)
    if score is not None:
        scored = Gate(job, survey, bench, score).judge(draft, max_drop, time_budget)
    if options.sensitivity:
        measure_sensitivity(job, survey, bench, scored.draft)
    return finish(job, survey, bench, scored, candidates=candidates)
