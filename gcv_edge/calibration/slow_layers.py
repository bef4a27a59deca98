"""Returning layers to float that 8 bits make slower on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gcv_edge.calibration.bench import Bench, Draft
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.survey import Survey
from gcv_edge.calibration.timing import (
    doubtful_layers,
    drop_slow_layers,
    has_bf16,
    profile,
    time_forms,
)

TRIALS = 6
SLOWER = "slower"


def return_slow_layers(job: Job, survey: Survey, bench: Bench, draft: Draft) -> Draft:
    """Return layers to float where the network is then measured to be faster."""
    options = job.options
    if not (options.drop_slow and options.time_forms and job.target.name == "x86"):
        return draft
    job.watch.start("profile")
    finding = survey.findings.at("slower", survey.key, draft.recipe)
    slower = finding.value
    if slower is None:
        slower = list(find_slow_layers(job, bench, draft))
        finding.keep(slower)
    return draft.keeping(slower, SLOWER)


def find_slow_layers(job: Job, bench: Bench, draft: Draft) -> tuple[str, ...]:
    """Look for them by profile, and time the whole network without each."""
    precision = "bf16" if has_bf16() else "f32"
    with tempfile.TemporaryDirectory() as folder:

        def measure(forms: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
            files = {name: Path(folder) / f"{name}.onnx" for name in forms}
            for name, kept in forms.items():
                whole = replace(draft.recipe, kept_float=(*draft.recipe.kept_float, *kept))
                bench.workshop.write(whole, files[name])
            return time_forms({name: (file, precision) for name, file in files.items()})

        now = bench.workshop.write(draft.recipe, Path(folder) / "profiled.onnx")
        times = profile(now, precision), profile(job.source, precision)
        return drop_slow_layers(doubtful_layers(draft.quantized(job), *times), measure, TRIALS)
