"""Returning layers to float that OpenVINO has no 8-bit kernel for on this processor.

What decides is the table of the kernels that a compiled network runs, not their times: the same command makes
the same file, however busy the machine is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gcv_edge.calibration.bench import Bench, Draft
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.survey import Survey
from gcv_edge.measure.engine import has_bf16
from gcv_edge.measure.layers import LayerTime, profile

NO_KERNEL = "no 8-bit kernel"


def return_float_kernels(job: Job, survey: Survey, bench: Bench, draft: Draft) -> Draft:
    """Return layers to float that would be rounded and computed in float all the same."""
    if not (job.options.float_kernels and job.target.name == "x86"):
        return draft
    job.watch.start("profile")
    finding = survey.findings.at("float kernels", survey.key, draft.recipe)
    found = finding.value
    if found is None:
        with tempfile.TemporaryDirectory() as folder:
            file = bench.workshop.write(draft.recipe, Path(folder) / "profiled.onnx")
            found = find_float_kernels(draft.quantized(job), profile(file, "bf16" if has_bf16() else "f32"))
        finding.keep(found)
    return draft.keeping(found, NO_KERNEL)


def find_float_kernels(layers: Sequence[str], ran: Mapping[str, LayerTime]) -> list[str]:
    """List the layers whose kernel is none of 8 bits; a layer that was fused into another is not one."""
    return [layer for layer in layers if layer in ran and not is_8_bit(ran[layer].kernel)]


def is_8_bit(kernel: str) -> bool:
    """Whether a kernel's name ends in 8-bit integers, signed or not."""
    return kernel.lower().endswith(("_i8", "_u8"))
