"""How well an 8-bit network agrees with the float one on pictures that calibration has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions
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
    """Mean over outputs of -20 lg(root-mean-square difference / deviation), both over all pictures.

    One number for each picture varies from picture to picture alone. Outputs of other lengths than expected,
    as lists made in the graph may be, count as 0 dB, each with its share of the batches.
    """
    names = expected[0] if expected else ()
    ratios = [decibels(name, [one[name] for one in found], [one[name] for one in expected]) for name in names]
    return float(np.mean(ratios)) if ratios else LARGEST


def decibels(name: str, found: Sequence[NDArray[Any]], expected: Sequence[NDArray[Any]]) -> float:
    """Ratio of one output over all batches."""
    pairs = [(f, e) for f, e in zip(found, expected, strict=True) if f.shape == e.shape]
    if not pairs:
        return 0.0
    ours, theirs = (join(name, one) for one in zip(*pairs, strict=True))
    error = rounded_error(ours, theirs)
    ratio = np.clip(-20 * np.log10(max(error, 1e-5)), -LARGEST, LARGEST)
    return float(ratio) * len(pairs) / len(expected)


def join(name: str, batches: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Join all numbers of an output."""
    return np.concatenate([comparable(name, batch).ravel() for batch in batches])
