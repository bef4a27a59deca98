"""The verdict on a file, as it is printed and stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gcv_edge.agreement import Comparison, Spreads, badness
from gcv_edge.verification.deviation import Outputs


@dataclass(frozen=True)
class Verification:
    """The verdict on a file.

    Attributes:
        reference: whose numbers the file's were held against.
        comparisons: one per output, and one for a detector's final list.
        inputs: kinds of pictures used.
        batches: batch sizes used.
        engine: that ran the file.
        shapes: of its inputs, by name.
        seeds: of the inputs that are noise, by kind.
        remarks: outputs on which agreement proves little, and why; a line each.
        notes: what the export assumed, and what it left out and why; a line each.
        noise: outputs of the file for the noisy picture in ONNX Runtime that other machines can be held to.
        spreads: of the reference's outputs.
    """

    reference: str
    comparisons: tuple[Comparison, ...]
    inputs: tuple[str, ...]
    batches: tuple[int, ...]
    engine: str = ""
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    noise: Outputs | None = field(default=None, repr=False, compare=False)
    spreads: Spreads = field(default_factory=dict, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return bool(self.comparisons) and all(comparison.passed for comparison in self.comparisons)

    @property
    def worst(self) -> Comparison:
        """The comparison that is farthest beyond its tolerance, or nearest to it."""
        return max(self.comparisons, key=badness)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into the file."""
        return {
            "passed": self.passed,
            "reference": self.reference,
            "engine": self.engine,
            "inputs": list(self.inputs),
            "shapes": {name: list(shape) for name, shape in self.shapes.items()},
            "seeds": dict(self.seeds),
            "batches": list(self.batches),
            "comparisons": [comparison_to_dict(comparison) for comparison in self.comparisons],
            "remarks": list(self.remarks),
            "notes": list(self.notes),
        }


def comparison_to_dict(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison for JSON; what does not apply is left out."""
    error = comparison.max_error
    words = {"picture": comparison.picture, "problem": comparison.problem}
    return {
        "name": comparison.name,
        "max_error": float(f"{error:.3g}") if math.isfinite(error) else None,
        "tolerance": comparison.tolerance,
        "unit": comparison.unit,
        **{name: text for name, text in words.items() if text},
    }
