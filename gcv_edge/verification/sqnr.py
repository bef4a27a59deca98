"""Signal-to-quantisation-noise ratio: how well a file's outputs agree with the float file's, in decibels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions
from gcv_edge.verification.deviation import Outputs, comparable, rounded_error

LARGEST = 100.0
"""Decibels of a network that agrees to the last bit."""

Batches = Sequence[Mapping[str, NDArray[Any]]]


class FloatReference:
    """The float file's outputs on some batches, which other files are compared with.

    Args:
        path: the float file.
        batches: inputs by name, preprocessed.
        engine: that runs all files.
    """

    def __init__(self, path: Path, batches: Batches, engine: str) -> None:
        self._batches, self._options = batches, SessionOptions(engine=engine)
        self._expected = run_all(open_session(path, self._options), batches)

    def sqnr(self, path: Path) -> float:
        """Return the ratio of a file's outputs in decibels; higher is better."""
        return sqnr(run_all(open_session(path, self._options), self._batches), self._expected)


def run_all(session: Session, batches: Batches) -> list[dict[str, NDArray[Any]]]:
    """Run every batch."""
    return [session.run(batch) for batch in batches]


def sqnr(found: Sequence[Outputs], expected: Sequence[Outputs]) -> float:
    """Return the mean over outputs of -20 lg(root-mean-square difference / deviation), over all pictures.

    An output of one number per picture has no deviation on a single picture. A batch on which an output has
    another length than expected, as lists made in the graph may have, counts as 0 dB.
    """
    names = expected[0] if expected else ()
    ratios = [decibels(name, [one[name] for one in found], [one[name] for one in expected]) for name in names]
    return float(np.mean(ratios)) if ratios else LARGEST


def decibels(name: str, found: Sequence[NDArray[Any]], expected: Sequence[NDArray[Any]]) -> float:
    """Return the ratio of one output over all batches."""
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
