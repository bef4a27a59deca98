"""How far the outputs of two runs of one network agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.verification.deviation import (
    ROUNDED_TOLERANCE,
    TOLERANCE,
    Array,
    Outputs,
    OutputSpread,
    comparable,
    describe_mismatch,
    measure_spread,
    rounded_error,
    scaled_error,
)
from gcv_edge.verification.lists import (
    before_selection,
    final_list,
    has_proposals,
    is_list,
    lists_peaks,
    mask_error,
    unmatched_proposals,
    unmatched_share,
)

UNMATCHED_SHARE = 0.02
"""Share of detections that may find no partner: equal scores at a cut are chosen arbitrarily."""

LISTED = 0.1
"""Scores of a list under this do not count for an 8-bit network."""

PROPOSAL_SHARE = 0.05
"""Share of proposals that may find no partner: rounding decides at overlaps and at the end of the list."""

MASK_TOLERANCE = 1e-2
"""Largest difference of a mask's probability; masks are of boxes that are equal to ``BOX_MATCH`` only."""

MASK_SHARE = 0.01
"""Share of masks that may differ: sampled just at the edge of the features, a mask is cut or not."""

PEAK_SHARE = 1e-4
"""Share of scores that may differ where the network itself lists only peaks: which of two almost equal
neighbours is the peak, rounding decides."""

Spreads = Mapping[str, OutputSpread]


@dataclass(frozen=True)
class Comparison:
    """One output held against the reference.

    Attributes:
        name: of the output, or of what is made of several.
        max_error: largest difference found; infinite where there is a problem.
        tolerance: largest difference allowed.
        unit: of both.
        picture: kind of the input on which it was found.
        problem: why the two cannot be compared, or why that says nothing.
    """

    name: str
    max_error: float
    tolerance: float
    unit: str = "of its deviation"
    picture: str = ""
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; NaN is not."""
        return not self.problem and self.max_error <= self.tolerance

    def describe(self, reference: str) -> str:
        """Say what was found: 'logits' on noise differs from mxnet 1.9.1 by 0.2 of its deviation, ..."""
        where = f"'{self.name}' on {self.picture}" if self.picture else f"'{self.name}'"
        if self.problem:
            return f"{where} {self.problem}"
        found = f"differs from {reference} by {self.max_error:.3g} {self.unit}"
        return f"{where} {found}, {self.tolerance:.3g} is tolerated"


def compare_all(
    found: Sequence[Outputs], expected: Sequence[Outputs], metadata: ModelMetadata
) -> tuple[Comparison, ...]:
    """Compare outputs over all runs, and a detector's final lists; of each the worst counts."""
    spreads = measure_spreads(expected, metadata)
    runs = [compare_run(f, e, metadata, spreads) for f, e in zip(found, expected, strict=True)]
    return worst_of_each([comparison for run in runs for comparison in run])


def worst_of_each(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Keep the worst comparison of each name, in order."""
    worst: dict[str, Comparison] = {}
    for comparison in comparisons:
        worst[comparison.name] = max(worst.get(comparison.name, comparison), comparison, key=badness)
    return tuple(worst.values())


def badness(comparison: Comparison) -> float:
    """How bad a comparison is: over 1 for a failure."""
    error = comparison.max_error
    return float("inf") if comparison.problem or np.isnan(error) else error / comparison.tolerance


def measure_spreads(expected: Sequence[Outputs], metadata: ModelMetadata) -> dict[str, OutputSpread]:
    """Measure the spread of every tensor of the reference over all runs."""
    names = dict.fromkeys(name for outputs in expected for name in (*metadata.task.outputs, *outputs))
    return {
        name: measure_spread(
            [comparable(name, value) for outputs in expected if (value := pick(outputs, name)) is not None]
        )
        for name in names
    }


def pick(outputs: Outputs, name: str) -> Array | None:
    """Return an output by its name; a reference without canonical names has one ``output``."""
    return outputs.get(name, outputs.get("output"))


def compare_run(
    found: Outputs, expected: Outputs, metadata: ModelMetadata, spreads: Spreads
) -> tuple[Comparison, ...]:
    """Compare what one run gave with what the reference gave, and a detector's final lists."""
    settings = metadata.detection
    in_graph = settings is not None and settings.nms == "graph"
    names = metadata.task.outputs or tuple(found)
    if metadata.variant == "int8":
        return compare_rounded(found, expected, ("scores",) if in_graph else names, in_graph, spreads)
    comparisons = [] if in_graph else compare_tensors(found, expected, names, settings, spreads)
    is_reordered = is_list(settings) and not all(comparison.passed for comparison in comparisons)
    comparisons = [] if is_reordered else comparisons
    if settings is not None and (in_graph or is_reordered or "final_ids" in expected):
        comparisons.append(compare_detections(found, expected, settings, in_graph))
    if settings is not None and "masks" in found and "final_masks" in expected:
        error = mask_error(found, expected, settings, MASK_SHARE)
        comparisons.append(Comparison("masks", error, MASK_TOLERANCE, "of a probability"))
    return tuple(comparisons)


def compare_tensors(
    found: Outputs,
    expected: Outputs,
    names: Sequence[str],
    settings: DetectionSettings | None,
    spreads: Spreads,
) -> list[Comparison]:
    """Compare outputs number by number, or proposals, which may come in another order."""
    if settings is not None and has_proposals(expected):
        share = unmatched_proposals(found, expected)
        return [Comparison("proposals", share, PROPOSAL_SHARE, "of the proposals")]

    def difference(name: str, ours: Array, theirs: Array) -> float:
        spared = PEAK_SHARE if lists_peaks(name, settings) else 0.0
        return scaled_error(name, ours, theirs, spreads.get(name), spared)

    return [compare_output(found, expected, name, TOLERANCE, difference) for name in names]


def compare_output(
    found: Outputs,
    expected: Outputs,
    name: str,
    tolerance: float,
    difference: Callable[[str, Array, Array], float],
) -> Comparison:
    """Compare one output; say in words where there is nothing to measure."""
    ours, theirs = pick(found, name), pick(expected, name)
    cut = [None if value is None else comparable(name, value) for value in (ours, theirs)]
    problem = describe_mismatch(*cut)
    if problem or ours is None or theirs is None:
        return Comparison(name, float("inf"), tolerance, problem=problem)
    return Comparison(name, difference(name, ours, theirs), tolerance)


def compare_detections(
    found: Outputs, expected: Outputs, settings: DetectionSettings, in_graph: bool
) -> Comparison:
    """Compare a detector's final lists."""
    is_chosen = has_proposals(expected) or (lists_peaks("scores", settings) and not is_list(settings))
    is_chosen = is_chosen and not in_graph
    share = unmatched_share(before_selection(expected) if is_chosen else found, expected, settings)
    return Comparison("detections", share, UNMATCHED_SHARE, "of the detections")


def count_detections(outputs: Sequence[Outputs], settings: DetectionSettings) -> int:
    """Count the detections in the final lists of all runs."""
    return sum(len(final_list(one, index, settings)) for one in outputs for index in range(len(one["boxes"])))


def compare_rounded(
    found: Outputs, expected: Outputs, names: Sequence[str], in_graph: bool, spreads: Spreads
) -> tuple[Comparison, ...]:
    """Compare outputs of an 8-bit network; of a list of detections, the scores in their order."""
    if in_graph:
        theirs = expected.get("final_scores", expected["scores"])
        length = max(found["scores"].shape[1], theirs.shape[1])
        lists = {"scores": listed(found["scores"], length)}, {"scores": listed(theirs, length)}
        return compare_rounded(*lists, names, False, {})

    def difference(name: str, ours: Array, theirs: Array) -> float:
        return rounded_error(ours, theirs, spreads[name].deviation if name in spreads else 0.0)

    return tuple(compare_output(found, expected, name, ROUNDED_TOLERANCE, difference) for name in names)


def listed(scores: Array, length: int) -> Array:
    """Let all low scores ``[N, D, 1]`` be the same, and lists as long: rounding decides which are in them."""
    missing = [(0, 0), (0, length - scores.shape[1]), (0, 0)]
    return np.pad(np.maximum(scores, LISTED), missing, constant_values=LISTED)


def at_picture(comparisons: Sequence[Comparison], picture: str) -> list[Comparison]:
    """Say on which picture comparisons were made."""
    return [replace(comparison, picture=picture) for comparison in comparisons]
