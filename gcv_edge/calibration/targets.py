"""Which form of 8-bit numbers is fast and exact on which processors."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from gcv_edge.cpus import is_x86
from gcv_edge.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A kind of processor.

    Attributes:
        name: what callers call it.
        shifted: values of two signs may be U8 with a zero point; else they are symmetric S8. OpenVINO 2026.4
            does not compile all such networks for ARM. Values that are never negative are U8 with zero point
            0 everywhere: twice the resolution, and what OpenVINO has 8-bit convolutions for on ARM.
        weight_levels: largest weight in levels. Processors without VNNI add pairs of products in 16 bits,
            which 2 · 255 · 127 overflows and 2 · 255 · 64 does not.
    """

    name: str
    shifted: bool
    weight_levels: int = 127


TARGETS = {
    target.name: target
    for target in (
        Target("x86", shifted=True),
        Target("arm", shifted=False),
        Target("portable", shifted=True, weight_levels=64),
    )
}


def find_target(name: str) -> Target:
    """Return a target by its name.

    Raises:
        UsageError: there is none; the message says which is meant.
    """
    if name in TARGETS:
        return TARGETS[name]
    close = difflib.get_close_matches(name, TARGETS, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    raise UsageError(f"target: found '{name}', expected one of {', '.join(TARGETS)}{hint}")


def judging_engine(target: Target) -> str:
    """Return the engine in which a target's files are compared on this machine.

    That is the one that will run them, except on x86 for files that are made for others: where values of two
    signs are joined, OpenVINO 2026.4 computes them wrongly there without AMX (``choose_levels``).
    """
    return "onnxruntime" if is_x86() and not target.shifted else "openvino"


@dataclass(frozen=True)
class Levels:
    """How numbers of one tensor are spelt in 8 bits: ``level = round(number / scale) + zero_point``."""

    scale: np.float32
    zero_point: np.uint8 | np.int8


SMALLEST_SCALE = 1e-12
"""Scale of a tensor that holds nothing but zeros, which may be anything above 0."""


MIDDLE = np.uint8(128)
"""Zero point of U8 numbers with two signs that have the steps of S8 ones."""


def choose_levels(
    low: float, high: float, target: Target, asymmetric: bool = False, joined: bool = False
) -> Levels:
    """Spell a range in 8 bits.

    Args:
        low, high: ends of the range; zero is always in it.
        target: says whether U8 may have a zero point.
        asymmetric: use U8 with a zero point for ranges with two signs: finer, and slower with AMX.
        joined: of numbers that are concatenated. OpenVINO 2026.4 without AMX computes wrong numbers where a
            convolution and a Concat read the same S8 ones: these become U8 around ``MIDDLE``.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if low == 0 or (asymmetric and target.shifted):
        scale = max((high - low) / 255, SMALLEST_SCALE)
        return Levels(np.float32(scale), np.uint8(round(-low / scale)))
    largest = max(high, -low, 127 * SMALLEST_SCALE)
    return Levels(np.float32(largest / 127), MIDDLE if joined and target.shifted else np.int8(0))
