"""What a verdict says beside the differences: outputs on which agreement proves little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from gcv_edge.agreement import Spreads, count_detections
from gcv_edge.metadata import ModelMetadata
from gcv_edge.verification.deviation import (
    RESOLUTION,
    TOLERANCE,
    Array,
    comparable,
    largest,
    scaled_error,
)
from gcv_edge.verification.runs import Trial


def remark(trials: Sequence[Trial], metadata: ModelMetadata, spreads: Spreads) -> tuple[str, ...]:
    """Say which outputs are constant, no numbers, or the same for different pictures.

    Args:
        trials: every picture alone.
        metadata: the file's own.
        spreads: of the reference's outputs.
    """
    if metadata.detection is not None and "ids" in trials[0].found:
        return tuple(remark_lists(trials, metadata))
    return tuple(
        line
        for name in trials[0].found
        for line in remark_output(
            name, {trial.picture: comparable(name, trial.found[name]) for trial in trials}, spreads
        )
    )


def remark_lists(trials: Sequence[Trial], metadata: ModelMetadata) -> Iterator[str]:
    """Say where the file itself lists detections and none was listed."""
    settings = metadata.detection
    if settings is not None and not count_detections([trial.found for trial in trials], settings):
        yield "detections: none on any picture, so lists were not compared"


def remark_output(name: str, values: dict[str, Array], spreads: Spreads) -> Iterator[str]:
    """Remark one output.

    Args:
        name: its name.
        values: by kind of picture.
        spreads: of the reference's outputs.
    """
    for picture, value in values.items():
        if count := int((~np.isfinite(value)).sum()):
            yield f"{name}: NaN or infinite in {count} of {value.size} numbers on {picture}"
    finite = [part for value in values.values() if (part := value[np.isfinite(value)]).size]
    if not finite:
        return
    low, high = min(float(part.min()) for part in finite), max(float(part.max()) for part in finite)
    if high - low <= RESOLUTION * max(map(largest, finite)):
        yield f"{name}: every number is {low:.3g} on every picture"
    elif same := find_same(name, values, spreads):
        yield f"{name}: {same}, within {TOLERANCE:g} of its deviation"


def find_same(name: str, values: dict[str, Array], spreads: Spreads) -> str:
    """Say between which pictures an output does not differ; nothing where it does between all."""
    pairs = list(combinations(values, 2))
    same = [
        (one, other)
        for one, other in pairs
        if scaled_error(name, values[one], values[other], spreads.get(name)) <= TOLERANCE
    ]
    if len(same) == len(pairs) > 1:
        return "the same on every picture"
    return " and ".join(f"the same on {one} as on {other}" for one, other in same)
