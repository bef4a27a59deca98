"""How far numbers are off, in units of how much the output itself varies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Outputs = Mapping[str, Array]

TOLERANCE = 2e-3
"""Largest difference of an output, in units of its deviation (see ``scaled_error``).

Measured against MXNet 1.9.1 on 22 of the zoo's names with random weights and on GluonCV's trained networks:
rounding makes 1e-7 to 3e-4 of the deviation (most 1e-5), and 1.2e-3 in deeplab_resnest101_ade on black,
probably as MXNet adds up the equal numbers of an average one by one. One layer's weights times 1.01 make
1e-3 to 7, another way to resize 4e-2 to 12, ten times BatchNorm's epsilon 1e-3; one channel of one layer
times 1.01 makes 6e-5 to 5, which is seen from 2e-3 on.
"""

ROUNDED_TOLERANCE = 0.2
"""Largest root-mean-square difference of an output of an 8-bit network, in units of its deviation.

A number half-way between two levels falls to either side, and moves all that follows by a level or more:
two engines agree on every layer and still differ at the end. A wrong scale makes more than this.
"""

RESOLUTION = 1e-6
"""Part of an output's largest number that float32 leaves open: eight units in the last place."""

BOX_LIMIT = 8192.0
"""Box coordinates beyond this, in input pixels, are all the same: far outside the picture."""

TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class OutputSpread:
    """Where the numbers of an output lie over several pictures.

    Attributes:
        centre: mean of a typical picture.
        deviation: root-mean-square distance from the centre on a typical picture.
    """

    centre: float
    deviation: float


def measure_spread(values: Iterable[Array]) -> OutputSpread:
    """Measure an output's spread; medians, so that a picture out of all bounds does not hide the others.

    Args:
        values: the output on each picture; of an output of one number, the pictures make the spread.
    """
    finite = [part for value in values if (part := value[np.isfinite(value)]).size]
    centre = lower_median([float(part.mean(dtype=np.float64)) for part in finite])
    distances = [float(np.sqrt(np.mean(np.square(part - centre), dtype=np.float64))) for part in finite]
    return OutputSpread(centre, lower_median([distance for distance in distances if distance > 0]))


def lower_median(numbers: Sequence[float]) -> float:
    """Middle number, the lower of two; 0 for none."""
    return sorted(numbers)[(len(numbers) - 1) // 2] if numbers else 0.0


def unit_of(output: Array, spread: OutputSpread) -> float:
    """Size of what counts as a difference of 1: the deviation, or what float32 can tell apart."""
    return max(spread.deviation, RESOLUTION / TOLERANCE * largest(output), TINY)


def largest(output: Array) -> float:
    """Largest finite number by magnitude."""
    return float(np.abs(output).max(initial=0.0, where=np.isfinite(output)))


def scaled_error(
    name: str, found: Array, expected: Array, spread: OutputSpread | None = None, spared: float = 0.0
) -> float:
    """Largest difference of two outputs in units of the deviation; inf for other shapes, or NaN in one alone.

    A number farther from the centre than the deviation counts relative to that distance: a rounding of the
    logit moves a score of 0.9 a thousand times as far as one of 0.0009.

    Args:
        name: of the output; boxes are cut off far outside the picture.
        found, expected: the two.
        spread: of the reference's output over all pictures; None for that of ``expected`` alone.
        spared: share of the numbers, the worst, that does not count.
    """
    if found.shape != expected.shape:
        return float("inf")
    found, expected = comparable(name, found), comparable(name, expected)
    spread = spread or measure_spread([expected])
    units = np.maximum(unit_of(expected, spread), np.abs(expected - spread.centre))
    with np.errstate(invalid="ignore"):
        errors = np.abs(found - expected) / units
    errors[(found == expected) | (np.isnan(found) & np.isnan(expected))] = 0
    errors[np.isnan(errors)] = np.inf
    return float(np.sort(errors, axis=None)[-1 - int(spared * errors.size)]) if errors.size else 0.0


def rounded_error(found: Array, expected: Array, deviation: float = 0.0) -> float:
    """Root-mean-square difference in units of the deviation; inf for other shapes or NaN.

    Args:
        found, expected: the two.
        deviation: over several pictures, which counts where that of ``expected`` alone is smaller: one number
            has none.
    """
    if found.shape != expected.shape:
        return float("inf")
    error = float(np.sqrt(np.mean(np.square(found - expected, dtype=np.float64))))
    unit = max(float(expected.std()), deviation, RESOLUTION * largest(expected), TINY)
    return float("inf") if np.isnan(error) else error / unit


def comparable(name: str, output: Array) -> Array:
    """Cut boxes off far outside any picture: there ``exp`` turns rounding into pixels, or into infinity."""
    return np.clip(output, -BOX_LIMIT, BOX_LIMIT) if name == "boxes" else output


def describe_mismatch(found: Array | None, expected: Array | None) -> str:
    """Say why two outputs cannot be compared; nothing where they can."""
    if found is None or expected is None:
        return f"is missing in the {'file' if found is None else 'reference'}"
    if found.shape != expected.shape:
        return f"has shape {list(found.shape)}, the reference's has {list(expected.shape)}"
    if not found.size:
        return f"has shape {list(found.shape)}: it is empty, so nothing was compared"
    ours, theirs = np.isfinite(found), np.isfinite(expected)
    if count := int((~ours & theirs).sum()):
        return f"is NaN or infinite in {count} of {found.size} numbers that the reference computes"
    if count := int((ours & ~theirs).sum()):
        return f"is finite in {count} of {found.size} numbers where the reference's is NaN or infinite"
    return ""
