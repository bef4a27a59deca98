"""Which layers cost most: each one's sensitivity, measured once and kept."""

from __future__ import annotations

import time

from gcv_edge.calibration.bench import Bench, Draft
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.sensitivity import Sensitivity
from gcv_edge.calibration.survey import Survey

PICTURES = 4


def measure_sensitivity(
    job: Job, survey: Survey, bench: Bench, draft: Draft, deadline: float | None = None
) -> dict[str, float]:
    """Measure, or look up, the agreement of the network with each layer alone quantised.

    Args:
        job: what is asked for.
        survey: what the pictures told.
        bench: makes the network.
        draft: whose ranges are used.
        deadline: ``time.monotonic`` at which to stop.
    """
    finding = survey.findings.at("sensitivity", survey.key, draft.recipe.mode)
    known: dict[str, float] = finding.value or {}
    if len(known) < len(job.layers):
        job.watch.start("sensitivity")
        ranges = survey.ranges[draft.recipe.mode]
        batches = survey.held_out[:PICTURES]
        measuring = Sensitivity(bench.workshop.prepared(), ranges, job.target, batches)
        for layer in measuring.layers:
            if layer not in known and (deadline is None or time.monotonic() < deadline):
                known[layer] = measuring.measure(layer)
                finding.keep(known)
    survey.sensitivity.update(known)
    return known


def worst_first(layers: list[str], sensitivity: dict[str, float]) -> list[str]:
    """Rank layers, the one that costs most agreement first; those not measured come last."""
    return sorted(layers, key=lambda layer: sensitivity.get(layer, float("inf")))
