"""Writing an 8-bit file with the float file's metadata, a record, and a verdict of both engines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx_ir as ir

import gcv_edge
from gcv_edge.agreement import Comparison, compare_run, measure_spreads
from gcv_edge.calibration.bias_correction import Batches
from gcv_edge.calibration.result import METADATA_KEY
from gcv_edge.errors import GcvEdgeError
from gcv_edge.files import replacing
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import RUN_KEYS, ModelMetadata, format_metadata, format_verification
from gcv_edge.pipeline import append_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.deviation import ROUNDED_TOLERANCE, Outputs
from gcv_edge.verification.runs import run_noise
from gcv_edge.verification.samples import sample_outputs, stored_error
from gcv_edge.verification.verdict import Verification

VARIANT = "int8"
STALE = ("gcv_edge verification", "gcv_edge self_test", METADATA_KEY, *RUN_KEYS)
"""Metadata of the float file that do not hold for the 8-bit one."""


def write_file(
    model: ir.Model,
    path: Path,
    metadata: ModelMetadata,
    record: Mapping[str, Any],
    *,
    batches: Batches = (),
) -> bool:
    """Write a file atomically.

    Args:
        model: quantised; its metadata are the float file's.
        path: where.
        metadata: of the float file.
        record: of the calibration.
        batches: inputs to run in ONNX Runtime and OpenVINO; the verdict is stored, and numbers for later
            checks.

    Returns:
        Whether the engines agree, where that was checked; else True.

    Raises:
        GcvEdgeError: the file cannot be written.
    """
    own = replace(metadata, variant=VARIANT, version=gcv_edge.__version__)
    model.metadata_props.update(format_metadata(own))
    for key in STALE:
        model.metadata_props.pop(key, None)
    if record:
        model.metadata_props[METADATA_KEY] = json.dumps(record)
    try:
        with replacing(path) as temporary:
            write_model(model, temporary)
            return not batches or add_verdict(temporary, own, batches)
    except OSError as error:
        raise GcvEdgeError(f"{path}: cannot be written: {error.strerror or error}") from error


def add_verdict(path: Path, metadata: ModelMetadata, batches: Batches) -> bool:
    """Compare ONNX Runtime with OpenVINO on real pictures and store the verdict.

    The outputs for a noisy picture, which later checks compare with, are stored only where the engines agree
    on them: a network was not calibrated on noise.
    """
    engines = [open_session(path, SessionOptions(engine=engine)) for engine in ("onnxruntime", "openvino")]
    found, expected = ([session.run(batch) for batch in batches] for session in engines)
    comparisons = compare_lists(found, expected, metadata)
    verification = Verification(engines[1].engine, comparisons, ("held-out pictures",), (1,))
    samples = sample_outputs(path, metadata, spreads=measure_spreads(expected, metadata))
    noise = run_noise(engines[1], metadata)
    stable = all(stored_error(noise, sample, path, True) <= ROUNDED_TOLERANCE for sample in samples)
    append_metadata(path, format_verification(verification.to_dict(), samples if stable else []))
    return verification.passed


def compare_lists(
    found: Sequence[Outputs], expected: Sequence[Outputs], metadata: ModelMetadata
) -> tuple[Comparison, ...]:
    """Compare two engines' outputs by the mean over pictures of each output's difference."""
    spreads = measure_spreads(expected, metadata)
    each = [compare_run(f, e, metadata, spreads) for f, e in zip(found, expected, strict=True)]
    return tuple(
        replace(same[0], max_error=sum(comparison.max_error for comparison in same) / len(same))
        for same in zip(*each, strict=True)
    )
