"""Giving an 8-bit network the float file's metadata and its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx_ir as ir

import gcv_edge
from gcv_edge.calibration.results import METADATA_KEY
from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.writing import write_model
from gcv_edge.files import replacing
from gcv_edge.metadata import ModelMetadata, format_metadata, format_verification
from gcv_edge.pipeline import append_metadata
from gcv_edge.verify import check_export, sample_outputs

VARIANT = "int8"
STALE = ("gcv_edge verification", "gcv_edge self_test", METADATA_KEY)
"""Metadata of the float file that says nothing of the 8-bit one."""


def write_file(
    model: ir.Model,
    path: Path,
    metadata: ModelMetadata,
    record: Mapping[str, Any],
    *,
    check: bool = False,
) -> bool:
    """Write a file atomically.

    Args:
        model: quantised; its metadata are the float file's.
        path: where.
        metadata: of the float file.
        record: of the calibration.
        check: run it in ONNX Runtime and OpenVINO, and store the verdict and numbers for later checks.

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
            return not check or add_verdict(temporary, own)
    except OSError as error:
        raise GcvEdgeError(f"{path}: cannot be written: {error.strerror or error}") from error


def add_verdict(path: Path, metadata: ModelMetadata) -> bool:
    """Hold ONNX Runtime against OpenVINO and store what was found."""
    verification = check_export(path, metadata, None)
    append_metadata(path, format_verification(verification.to_dict(), sample_outputs(path, metadata)))
    return verification.passed


def over_limit(output: Path) -> Path:
    """Name a file that lost more than it may: ``net_int8.onnx`` becomes ``net_int8_over_max_drop.onnx``."""
    return output.with_name(f"{output.stem}_over_max_drop{output.suffix}")
