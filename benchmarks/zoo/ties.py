"""Rows of a list that rounding decides about.

Of two proposals with the same score but for rounding, or that overlap by just the threshold, either goes on,
and with it what comes of it. Such a row comes and goes in MXNet itself when its input changes by next to
nothing; a row that does not must be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.zoo.parity import Missed, Parity
from gcv_edge.agreement import final_list
from gcv_edge.metadata import DetectionSettings

Array = NDArray[Any]

CHANGE = 1e-5
"""Deviation of the noise that is added to normalised inputs: less than a thousandth of a level."""

TRIALS = 8


class Lister(Protocol):
    """Computes final lists."""

    def run(self, inputs: Array) -> Mapping[str, Array]:
        """Return outputs of which some are the final list."""


def excuse_ties(
    parity: Parity, reference: Lister, inputs: Sequence[Array], settings: DetectionSettings
) -> None:
    """Count as ties, not as missed, the rows that come and go.

    Args:
        parity: its ``missed`` and ``ties`` change.
        reference: MXNet.
        inputs: of each run.
        settings: how the detector selects.
    """
    before = len(parity.missed)
    for trial in range(TRIALS):
        for run in sorted({missed.run for missed in parity.missed}):
            noise = np.random.default_rng([trial, run]).standard_normal(inputs[run].shape)
            outputs = reference.run(np.asarray(inputs[run] + CHANGE * noise, np.float32))
            parity.missed = [
                missed
                for missed in parity.missed
                if missed.run != run or is_listed(missed, outputs, settings)
            ]
    parity.ties += before - len(parity.missed)


def is_listed(missed: Missed, outputs: Mapping[str, Array], settings: DetectionSettings) -> bool:
    """Tell whether a row is in MXNet's list of a changed input too."""
    return missed.is_in(final_list(outputs, missed.picture, settings))
