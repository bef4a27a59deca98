"""Every output of a file against MXNet's, on what a program that used the network fed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import gcv_edge
from benchmarks.families.family import Array
from benchmarks.families.original import OriginalNetwork, Outputs
from benchmarks.records import Record
from benchmarks.workers import FAILED, PASSED
from gcv_edge.engines import ENGINES
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import check_pictures
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.preprocessing import fill
from gcv_edge.verification.lists import match

TOLERANCE = 2e-3
"""Largest difference of an output, in units of its deviation."""

UNMATCHED = 0.02
"""Share of detections that may find no partner: rounding decides which of equals is listed."""

TRIALS = 4
"""Noisy pictures on which MXNet itself is tried where a file differs."""

NUMBERS_OF_SCORES = ("SoftmaxOutput", "SoftmaxActivation", "softmax", "LogisticRegressionOutput")
"""Operators that end in class scores; the file leaves them to the runtime."""


def compare(original: OriginalNetwork, file: Path, notes: Sequence[str]) -> Record:
    """Hold the file's outputs against MXNet's in both engines, on a real picture and on noise."""
    pictures = check_pictures(*original.family.size)
    tried = pictures["picture"], pictures["noise"]
    errors: dict[str, dict[str, float]] = {engine: {} for engine in ENGINES}
    for picture in tried:
        expected = original.run(picture)
        for engine in ENGINES:
            model = gcv_edge.load(file, engine=engine)
            keep_largest(errors[engine], hold(original, model, picture, expected))
    compared = errors[ENGINES[0]]
    far = {name for found in errors.values() for name, error in found.items() if not is_near(name, error)}
    own = measure_own(original, tried) if far else {}
    problems = [
        f"{name} differs by {error:.2g} in {engine}"
        for engine, found in errors.items()
        for name, error in found.items()
        if not is_near(name, error) and not error <= own.get(name, 0.0)
    ]
    problems += [f"nothing says what became of {name}" for name in lost_heads(original, compared, notes)]
    return {
        "errors": errors,
        "unstable": {name: own[name] for name in sorted(far & own.keys())},
        "gives": describe_result(model),
        "verdict": FAILED if problems else PASSED,
        "reason": "; ".join(problems),
    }


def keep_largest(known: dict[str, float], errors: Mapping[str, float]) -> None:
    """Add errors of further pictures."""
    for name, error in errors.items():
        known[name] = max(error, known.get(name, 0.0))


def is_near(head: str, error: float) -> bool:
    """Whether an error is rounding."""
    return error <= (UNMATCHED if head == "detections" else TOLERANCE)


def measure_own(original: OriginalNetwork, pictures: Sequence[Array]) -> dict[str, float]:
    """Measure how far MXNet's own outputs move when its picture changes by next to nothing.

    Proposals of nearly equal score change places then, and with them all that is computed of them.
    """
    found: dict[str, float] = {}
    for picture in pictures:
        expected = original.run(picture)
        for trial in range(1, TRIALS + 1):
            moved = original.run(picture, trial)
            keep_largest(found, {name: difference(moved[name], array) for name, array in expected.items()})
    return found


def hold(original: OriginalNetwork, model: Any, picture: Array, expected: Outputs) -> dict[str, float]:
    """Return the error of each output that the file has."""
    metadata = model.metadata
    if metadata.task.name == "tensors":
        found = model.run(original.family.make_inputs(picture))
        heads = {name: original.find_head(name) for name in found}
        return {head: difference(found[name], expected.get(head)) for name, head in heads.items()}
    if metadata.task.name == "detection":
        rows = original.list_rows(expected, *picture.shape[:2])
        return {"detections": unmatched(model.run(picture[..., ::-1]), rows)}
    head = original.main_head
    (found,) = model.session.run(preprocess(model, picture)).values()
    is_scores = original.operator(head) in NUMBERS_OF_SCORES
    canonical = activate(found, metadata) if is_scores else found
    return {head: difference(canonical, fit(expected[head], canonical))}


def preprocess(model: Any, picture: Array) -> Array:
    """Make the file's input of a frame of the network's size, as the runtime does."""
    batch = np.empty(model.session.input_shape, np.float32)
    exact = replace(model.metadata.preprocessing, resize_type="standard", crop_short=0)
    fill(view_frame(np.ascontiguousarray(picture[..., ::-1]), "bgr"), exact, batch[0])
    return batch


def fit(expected: Array, found: Array) -> Array:
    """Drop axes of length 1 behind a vector."""
    return expected.reshape(found.shape) if expected.size == found.size else expected


def activate(logits: Array, metadata: ModelMetadata) -> Array:
    """Make scores of logits, as the file says."""
    if metadata.task.name == "segmentation" or metadata.activation == "softmax":
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
    return np.asarray(1 / (1 + np.exp(-logits))) if metadata.activation == "sigmoid" else logits


def difference(found: Array, expected: Array | None) -> float:
    """Largest difference in units of the output's deviation; of its largest where that is none."""
    if expected is None or found.shape != expected.shape:
        return float("inf")
    scale = float(expected.std()) or float(np.abs(expected).max()) or 1.0
    error = float(np.abs(found.astype(np.float64) - expected).max()) / scale
    return float("inf") if np.isnan(error) else error


def unmatched(found: Any, theirs: Array) -> float:
    """Share of detections without a partner on the other side."""
    ours = np.column_stack([found.class_ids, found.scores, found.boxes])
    count = max(1, len(ours), len(theirs))
    return 1 - match(ours, theirs) / count if len(ours) or len(theirs) else 0.0


def lost_heads(original: OriginalNetwork, compared: Mapping[str, float], notes: Sequence[str]) -> list[str]:
    """Heads that the file has not, and of which no note tells."""
    told = " ".join(notes)
    made = set(compared)
    if "detections" in compared:
        made |= {original.main_head} if original.family.head else set(original.names)
    lost = {head: names for head, names in original.names.items() if head not in made}
    return [head for head, names in lost.items() if not any(f"'{name}'" in told for name in names)]


def describe_result(model: Any) -> str:
    """Say what the runtime gives."""
    shapes = {name: list(shape) for name, shape in model.session.outputs.items()}
    return f"{type(model).__name__}: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items())
