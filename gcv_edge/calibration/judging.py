"""How well an 8-bit network agrees with the float one on pictures that calibration has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.sessions import Session, SessionOptions, open_session
from gcv_edge.verification.deviation import comparable, rounded_error

Outputs = Mapping[str, NDArray[Any]]
LARGEST = 100.0
"""Decibels of a network that agrees to the last bit."""


class Judge:
    """Compares networks with the float one.

    Args:
        reference: the float file.
        batches: held-out pictures, preprocessed.
        engine: that runs both.
    """

    def __init__(self, reference: Path, batches: Sequence[Mapping[str, NDArray[Any]]], engine: str) -> None:
        self._batches, self._options = batches, SessionOptions(engine=engine)
        self._expected = run_all(open_session(reference, self._options), batches)

    def agreement(self, path: Path) -> float:
        """Return the signal-to-noise ratio of a file's outputs in decibels; higher is better."""
        return sqnr(run_all(open_session(path, self._options), self._batches), self._expected)


def run_all(session: Session, batches: Sequence[Mapping[str, NDArray[Any]]]) -> list[dict[str, NDArray[Any]]]:
    """Run every batch."""
    return [session.run(batch) for batch in batches]


def sqnr(found: Sequence[Outputs], expected: Sequence[Outputs]) -> float:
    """Mean over outputs and batches of -20 lg(root-mean-square difference / deviation).

    Outputs of other lengths than expected, as lists made in the graph may be, count as 0 dB.
    """
    ratios = [decibels(name, f[name], e[name]) for f, e in zip(found, expected, strict=True) for name in e]
    return float(np.mean(ratios)) if ratios else LARGEST


def decibels(name: str, found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Ratio of one output."""
    if found.shape != expected.shape:
        return 0.0
    error = rounded_error(comparable(name, found), comparable(name, expected))
    return float(np.clip(-20 * np.log10(max(error, 1e-5)), -LARGEST, LARGEST))
