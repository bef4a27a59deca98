"""Detections that rounding decides about.

Of two proposals with the same score but for rounding, or that overlap by just the threshold, either goes on,
and with it what comes of it; where a mask is sampled just at the edge of its features, it is cut or not. Such
a detection comes and goes in MXNet itself when its input changes by next to nothing. Where a full list ends,
one may stand for another of the same score. All others must be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from benchmarks.zoo.inputs import add_noise
from benchmarks.zoo.lists import find_lonely, find_partners, read_listing
from benchmarks.zoo.parity import Missed, Parity
from gcv_edge.metadata import DetectionSettings

Array = NDArray[Any]

CHANGE = 1e-5
"""Deviation of the noise that is added to normalised inputs: less than a thousandth of a level."""

TRIALS = 8

EQUAL = 1e-6
"""Part of a score by which scores that are equal may differ in rounding."""


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
    parity.missed = [missed for missed in parity.missed if not is_cut_among_equals(missed, settings)]
    for trial in range(TRIALS):
        for run in sorted({missed.run for missed in parity.missed}):
            changed = reference.run(add_noise(inputs[run], CHANGE, [trial, run]))
            parity.missed = [
                missed
                for missed in parity.missed
                if missed.run != run or not is_lost(missed, changed, settings)
            ]
    parity.ties += before - len(parity.missed)


def is_cut_among_equals(missed: Missed, settings: DetectionSettings) -> bool:
    """Tell whether a full list ends with this detection's score: which of equal ones it holds is chance."""
    scores = missed.listing.rows[:, 1]
    own = scores[missed.place]
    return len(scores) == settings.post_nms and bool(own - scores.min() <= EQUAL * own)


def is_lost(missed: Missed, changed: Mapping[str, Array], settings: DetectionSettings) -> bool:
    """Tell whether a detection, or one just like it, is not in MXNet's list of a changed input."""
    listing = missed.listing
    other = read_listing(changed, missed.picture, settings, listing.side)
    lonely = listing.select(find_lonely(listing, find_partners(listing, other)))
    return bool(find_partners(listing.select([missed.place]), lonely))
