"""How far an engine's outputs are from MXNet's, in the units of the published table.

An output's error is its largest difference in units of how much MXNet's own varies, as an export's verdict
counts it; of 8-bit networks, the root mean square. Of detections, every one of MXNet's final list must have a
partner of equal class, score, box and mask; their errors count in parts of the picture's longer side, and of
scores and masks as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.zoo.lists import Listing, find_lonely, find_partners, mask_difference, read_listing
from gcv_edge.agreement import PEAK_SHARE
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.verification.deviation import (
    ROUNDED_TOLERANCE,
    Outputs,
    measure_spread,
    rounded_error,
    scaled_error,
)
from gcv_edge.verification.deviation import TOLERANCE as OUTPUT_TOLERANCE
from gcv_edge.verification.lists import has_proposals, lists_peaks
from gcv_edge.verification.runs import Runs

Array = NDArray[Any]


@dataclass(frozen=True)
class Missed:
    """A detection of MXNet's without a partner.

    Attributes:
        run: number of the run.
        picture: its place in the batch.
        place: in MXNet's list of that picture.
        listing: that list.
    """

    run: int
    picture: int
    place: int
    listing: Listing


@dataclass
class Parity:
    """How one engine agrees with MXNet.

    Attributes:
        errors: largest error of each output that has one.
        rows: rows of MXNet's final lists.
        missed: those without a partner.
        ties: those without a partner that MXNet itself loses when its input changes by next to nothing.
        tolerance: of the errors.
    """

    errors: dict[str, float] = field(default_factory=dict)
    rows: int = 0
    missed: list[Missed] = field(default_factory=list)
    ties: int = 0
    tolerance: float = OUTPUT_TOLERANCE

    def add(self, name: str, error: float) -> None:
        """Note an error; the largest of each name counts, and what is no number counts as infinite."""
        self.errors[name] = max(self.errors.get(name, 0.0), error if error == error else float("inf"))

    @property
    def worst(self) -> float:
        """Largest error of all."""
        return max(self.errors.values(), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether all outputs agree and every row was found, but for ties."""
        return self.worst <= self.tolerance and not self.missed

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into a record."""
        errors = {name: float(f"{error:.3g}") for name, error in self.errors.items()}
        lists = {"rows": self.rows, "missed": len(self.missed), "ties": self.ties} if self.rows else {}
        return {"passed": self.passed, "worst": float(f"{self.worst:.3g}"), "errors": errors, **lists}


def measure(runs: Runs, metadata: ModelMetadata, size: tuple[int, int]) -> Parity:
    """Compare all runs of a file with MXNet's.

    Args:
        runs: outputs of both.
        metadata: the file's own.
        size: height and width of the network's input.
    """
    rounded = metadata.variant == "int8"
    parity = Parity(tolerance=ROUNDED_TOLERANCE if rounded else OUTPUT_TOLERANCE)
    spreads = {name: measure_spread([run[name] for run in runs.expected]) for name in runs.expected[0]}
    for index, (found, expected) in enumerate(zip(runs.found, runs.expected, strict=True)):
        for name in direct_outputs(found, expected):
            theirs = name if name in expected else "output"
            if rounded:
                parity.add(name, rounded_error(found[name], expected[theirs]))
            else:
                spared = PEAK_SHARE if lists_peaks(name, metadata.detection) else 0.0
                parity.add(name, scaled_error(name, found[name], expected[theirs], spreads[theirs], spared))
        if metadata.detection is not None and "final_ids" in expected and not rounded:
            compare_lists(parity, found, expected, metadata.detection, max(size), index)
    return parity


def direct_outputs(found: Outputs, expected: Outputs) -> Iterator[str]:
    """Give the names of outputs that can be compared number by number: no lists, no proposals."""
    if not has_proposals(expected):
        yield from (name for name in found if name in expected or "output" in expected)


def compare_lists(
    parity: Parity, found: Outputs, expected: Outputs, settings: DetectionSettings, side: int, run: int
) -> None:
    """Look for each of MXNet's final detections."""
    for index in range(len(expected["final_ids"])):
        ours, theirs = (read_listing(outputs, index, settings, side) for outputs in (found, expected))
        parity.rows += len(theirs.rows)
        pairs = find_partners(theirs, ours)
        parity.missed += [Missed(run, index, place, theirs) for place in find_lonely(theirs, pairs)]
        for pair in pairs:
            one, other = theirs.rows[pair[0]], ours.rows[pair[1]]
            parity.add("list scores", float(abs(one[1] - other[1])))
            distance = np.abs(one[2:] - other[2:]) / np.maximum(side, np.abs(one[2:]))
            parity.add("list boxes", float(distance.max()))
            if theirs.masks is not None:
                parity.add("masks", mask_difference(theirs, ours, pair))
