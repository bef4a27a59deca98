"""Numbers of outputs that stay in the file, so that any machine can check what it computes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.agreement import Comparison, Spreads
from gcv_edge.errors import ModelFileError
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import NOISE_SEED
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.deviation import (
    ROUNDED_TOLERANCE,
    Array,
    Outputs,
    comparable,
    measure_spread,
    rounded_error,
    unit_of,
)
from gcv_edge.verification.lists import has_proposals, lists_peaks
from gcv_edge.verification.runs import run_noise

Samples = Sequence[Mapping[str, Any]]
"""Numbers of outputs as they are stored in a file (``sample_outputs``)."""

STORED_TOLERANCE = 2e-3
"""Largest difference from stored numbers, which another CPU made, in units of the output's deviation."""

SORTED_TOLERANCE = 2e-2
"""The same for sorted numbers, among which another CPU's rounding may have exchanged a few."""

SORTED_ENDS = 0.01
"""Part of the smallest and of the largest sorted numbers that is not stored."""

COUNT = 64
"""Numbers of each output that go into the file."""


def sample_outputs(
    file: Path, metadata: ModelMetadata, outputs: Outputs | None = None, spreads: Spreads | None = None
) -> list[dict[str, Any]]:
    """Make the numbers that go into the file: samples of each output for the noisy picture.

    Args:
        file: the model.
        metadata: the file's own.
        outputs: for the noisy picture, where they are known.
        spreads: of the outputs over several pictures, where they are known.
    """
    if metadata.detection is not None and metadata.detection.nms == "graph":
        return []
    if outputs is None:
        outputs = run_noise(open_session(file, SessionOptions(engine="onnxruntime")), metadata)
    kinds = {name: arrangement(name, outputs, metadata) for name in outputs}
    arranged = {name: arrange(name, value, kinds[name]) for name, value in outputs.items()}
    return [
        {
            "input": "noise",
            "seed": NOISE_SEED,
            "output": name,
            "order": kinds[name],
            "shape": list(value.shape),
            "indices": positions.tolist(),
            "values": [float(f"{number:.8g}") for number in value.ravel()[positions]],
            "scale": float(f"{unit_of(value, (spreads or {}).get(name) or measure_spread([value])):.8g}"),
        }
        for name, value in arranged.items()
        if (positions := sample_positions(value, kinds[name])).size
    ]


def arrangement(name: str, outputs: Outputs, metadata: ModelMetadata) -> str:
    """Choose in which order an output's numbers are stored: its own, unless rounding may change that."""
    is_chosen = metadata.detection is not None and has_proposals(outputs)
    unsure = is_chosen or lists_peaks(name, metadata.detection)
    return "sorted" if unsure else "own"


def arrange(name: str, output: Array, order: str) -> Array:
    """Bring an output's numbers into an order; the shape stays."""
    values = comparable(name, output)
    return np.sort(values, axis=None).reshape(values.shape) if order == "sorted" else values


def sample_positions(output: Array, order: str) -> NDArray[np.int64]:
    """Positions spread evenly over the finite numbers of an output."""
    finite = np.flatnonzero(np.isfinite(output))
    margin = int(SORTED_ENDS * finite.size) if order == "sorted" else 0
    count = min(COUNT, finite.size)
    return finite[np.unique(np.linspace(margin, finite.size - 1 - margin, count).astype(np.int64))]


def compare_samples(samples: Samples, earlier: Samples) -> tuple[Comparison, ...]:
    """Compare stored numbers of two exports, where both sampled the same places of the same output."""
    key = ("input", "seed", "output", "shape", "indices")
    places = {json.dumps([test.get(name) for name in key]): test for test in earlier}
    found = ((test, places.get(json.dumps([test.get(name) for name in key]))) for test in samples)
    return tuple(
        Comparison(
            f"{test['output']} (earlier export)", sample_error(test, other), stored_tolerance(test, False)
        )
        for test, other in found
        if other is not None
    )


def sample_error(test: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Largest difference of two sets of samples, in units of the output's deviation."""
    difference = np.asarray(test["values"], np.float64) - np.asarray(other["values"], np.float64)
    return float(np.abs(difference).max(initial=0.0) / float(test["scale"]))


def stored_tolerance(test: Mapping[str, Any], is_rounded: bool) -> float:
    """Choose how far samples may be off."""
    if is_rounded:
        return ROUNDED_TOLERANCE
    return SORTED_TOLERANCE if test.get("order") == "sorted" else STORED_TOLERANCE


def stored_error(outputs: Outputs, test: Mapping[str, Any], file: Path, is_rounded: bool) -> float:
    """Largest difference from stored samples, in units of the output's deviation; see ``rounded_error``."""
    try:
        value = outputs[test["output"]]
        if list(value.shape) != test["shape"]:
            return float("inf")
        arranged = arrange(test["output"], value, test.get("order", "own"))
        found = arranged.ravel()[np.asarray(test["indices"], np.int64)]
        expected = np.asarray(test["values"])
        if is_rounded:
            return rounded_error(found, expected, float(test["scale"]))
        error = float(np.abs(found - expected).max() / float(test["scale"]))
        return float("inf") if np.isnan(error) else error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(file, f"metadata key 'gcv_edge self_test' is damaged ({error})") from error
