"""Returning layers to float that OpenVINO has no 8-bit kernel for on this processor.

What decides is the table of the kernels that a compiled network runs, not their times: the same command makes
the same file, however busy the machine is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gcv_edge.calibration.candidates import CandidateEvaluator, QuantizedCandidate
from gcv_edge.calibration.job import CalibrationJob
from gcv_edge.calibration.statistics import CalibrationData
from gcv_edge.measure.engine import has_bf16
from gcv_edge.measure.layers import LayerTime, profile

NO_KERNEL = "no 8-bit kernel"


def keep_float_without_int8_kernel(
    job: CalibrationJob, data: CalibrationData, evaluator: CandidateEvaluator, candidate: QuantizedCandidate
) -> QuantizedCandidate:
    """Return layers to float that would be quantised and computed in float all the same."""
    if not (job.options.float_kernels and job.target.name == "x86"):
        return candidate
    job.watch.start("profile")
    cached = data.cache.at("float kernels", data.key, candidate.recipe)
    found = cached.value
    if found is None:
        with tempfile.TemporaryDirectory() as folder:
            file = evaluator.builder.write(candidate.recipe, Path(folder) / "profiled.onnx")
            ran = profile(file, "bf16" if has_bf16() else "f32")
            found = find_float_kernels(candidate.quantized(job), ran)
        cached.keep(found)
    return candidate.with_float_layers(found, NO_KERNEL)


def find_float_kernels(layers: Sequence[str], ran: Mapping[str, LayerTime]) -> list[str]:
    """List the layers whose kernel is none of 8 bits; a layer that was fused into another is not one."""
    return [layer for layer in layers if layer in ran and not is_8_bit(ran[layer].kernel)]


def is_8_bit(kernel: str) -> bool:
    """Whether a kernel's name ends in 8-bit integers, signed or not."""
    return kernel.lower().endswith(("_i8", "_u8"))
