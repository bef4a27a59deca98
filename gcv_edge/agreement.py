"""How far the outputs of two runs of one network agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.metadata import DetectionSettings, ModelMetadata

Array = NDArray[Any]
Outputs = Mapping[str, Array]

TOLERANCE = 2e-3
"""Largest difference of an output, in units of its scale (see ``output_scale``).

MXNet adds up the numbers of an average one by one, so its own are right to four digits only; the deepest
networks with such gates (ResNeSt-269) make 1.2e-3 of it. A wrong converter makes a hundredth and more.
"""

ROUNDED_TOLERANCE = 0.2
"""Largest root-mean-square difference of an output of an 8-bit network, in units of its deviation.

A number half-way between two levels falls to either side, and moves all that follows by a level or more:
two engines agree on every layer and still differ at the end. A wrong scale makes more than this.
"""

UNMATCHED_SHARE = 0.02
"""Share of detections that may find no partner: equal scores at a cut are chosen arbitrarily."""

LISTED = 0.1
"""Scores of a list under this do not count for an 8-bit network."""

SCORE_MATCH, BOX_MATCH = 1e-4, 0.05
"""Detections are partners at this difference of score and, in input pixels, of box."""

PROPOSAL_MATCH = 10
"""Proposals are partners at as many times these differences: what is pooled from them adds its own."""

BOX_LIMIT = 8192.0
"""Box coordinates beyond this, in input pixels, are all the same: far outside the picture."""

PROPOSAL_SHARE = 0.05
"""Share of proposals that may find no partner: rounding decides at overlaps and at the end of the list."""

MASK_TOLERANCE = 1e-2
"""Largest difference of a mask's probability; masks are of boxes that are equal to ``BOX_MATCH`` only."""

MASK_SHARE = 0.01
"""Share of masks that may differ: sampled just at the edge of the features, a mask is cut or not."""

PEAK_SHARE = 1e-4
"""Share of scores that may differ where the network itself lists only peaks: which of two almost equal
neighbours is the peak, rounding decides."""


@dataclass(frozen=True)
class Comparison:
    """One output held against the reference: the largest difference found, and the largest allowed."""

    name: str
    max_error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; NaN is not."""
        return self.max_error <= self.tolerance


def compare_all(
    found: Sequence[Outputs], expected: Sequence[Outputs], metadata: ModelMetadata
) -> tuple[Comparison, ...]:
    """Compare outputs over all runs, and a detector's final lists."""
    settings = metadata.detection
    pairs = list(zip(found, expected, strict=True))
    in_graph = settings is not None and settings.nms == "graph"
    names = metadata.task.outputs or tuple(expected[0])
    if metadata.variant == "int8":
        return compare_rounded(pairs, ("scores",) if in_graph else names, in_graph)
    comparisons = []
    if not in_graph and has_proposals(expected[0]):
        share = max(unmatched_proposals(f, e) for f, e in pairs)
        comparisons.append(Comparison("proposals", share, PROPOSAL_SHARE))
    elif not in_graph and not is_list(settings):
        for name in names:
            spared = PEAK_SHARE if lists_peaks(name, settings) else 0.0
            errors = [
                scaled_error(name, f[name], e[name if name in e else "output"], spared) for f, e in pairs
            ]
            comparisons.append(Comparison(name, float(np.max(errors)), TOLERANCE))
    if settings is not None and (in_graph or is_list(settings) or "final_ids" in expected[0]):
        chosen = not in_graph and (has_proposals(expected[0]) or lists_peaks("scores", settings))
        shares = [unmatched_share(before_selection(e) if chosen else f, e, settings) for f, e in pairs]
        comparisons.append(Comparison("detections", max(shares), UNMATCHED_SHARE))
    if "masks" in found[0] and "final_masks" in expected[0]:
        error = max(mask_error(f, e, settings, MASK_SHARE) for f, e in pairs if settings is not None)
        comparisons.append(Comparison("masks", error, MASK_TOLERANCE))
    return tuple(comparisons)


def before_selection(outputs: Outputs) -> Outputs:
    """Drop a reference's final lists, so that a list is made from its boxes and scores.

    Where the network chooses among equals before, which ones is arbitrary, and so are the lists of two runs.
    """
    return {name: value for name, value in outputs.items() if not name.startswith("final_")}


def compare_rounded(
    pairs: Sequence[tuple[Outputs, Outputs]], names: Sequence[str], in_graph: bool
) -> tuple[Comparison, ...]:
    """Compare outputs of an 8-bit network; of a list of detections, the scores in their order."""
    comparisons = []
    for name in names:
        errors = [
            rounded_error(listed(f[name]), listed(e[f"final_{name}"]))
            if in_graph
            else rounded_error(f[name], e[name if name in e else "output"])
            for f, e in pairs
        ]
        comparisons.append(Comparison(name, float(np.max(errors)), ROUNDED_TOLERANCE))
    return tuple(comparisons)


def listed(scores: Array) -> Array:
    """Let all low scores be the same: whether one is in the list at all, rounding decides."""
    return np.maximum(scores, LISTED)


def rounded_error(found: Array, expected: Array) -> float:
    """Root-mean-square difference in units of the deviation; inf for other shapes or NaN."""
    if found.shape != expected.shape:
        return float("inf")
    error = float(np.sqrt(np.mean(np.square(found - expected, dtype=np.float64))))
    return float("inf") if np.isnan(error) else error / max(float(expected.std()), 1e-6)


def has_proposals(outputs: Outputs) -> bool:
    """Whether a detector chooses among its boxes before it classifies them: rounding may reorder them."""
    return "boxes" in outputs and outputs["boxes"].ndim == 4


def lists_peaks(name: str, settings: DetectionSettings | None) -> bool:
    """Whether an output holds scores of which the network itself has set all but the peaks to 0."""
    is_unsuppressed = settings is not None and not 0 < settings.iou_threshold < 1
    return is_unsuppressed and (name == "scores" or is_list(settings))


def is_list(settings: DetectionSettings | None) -> bool:
    """Whether all boxes count that the network itself chose: rounding may reorder equals among them."""
    return settings is not None and not 0 < settings.iou_threshold < 1 and settings.nms_topk < 0


def unmatched_proposals(found: Outputs, expected: Outputs) -> float:
    """Share of proposals without a partner of equal scores and boxes, the worst picture's."""
    if any(found[name].shape != expected[name].shape for name in ("boxes", "scores")):
        return float("inf")
    count = expected["boxes"].shape[1]
    pairs = [
        (proposal_rows(found, index), proposal_rows(expected, index)) for index in range(len(found["boxes"]))
    ]
    return max(1 - match_proposals(ours, theirs) / count for ours, theirs in pairs)


def proposal_rows(outputs: Outputs, index: int) -> Array:
    """Scores, and boxes in units in which the same difference is allowed, of each proposal in a row."""
    boxes = comparable("boxes", outputs["boxes"][index])
    scale = np.maximum(1, np.abs(boxes) / 640) * BOX_MATCH / SCORE_MATCH
    rows = np.concatenate([outputs["scores"][index], (boxes / scale).reshape(len(boxes), -1)], axis=1)
    return np.asarray(rows, np.float32)


def match_proposals(ours: Array, theirs: Array) -> int:
    """Count pairs of rows that hardly differ; each is in one pair at most."""
    free = np.ones(len(theirs), bool)
    for row in ours:
        close = free.copy()
        close[free] = (np.abs(theirs[free] - row) <= PROPOSAL_MATCH * SCORE_MATCH).all(1)
        if close.any():
            free[np.argmax(close)] = False
    return int((~free).sum())


def scaled_error(name: str, found: Array, expected: Array, spared: float = 0.0) -> float:
    """Largest difference of two outputs in units of their scale; inf for other shapes or NaN.

    A value that is itself larger than the scale counts relative to itself; the worst differences, ``spared``
    of all, do not count.
    """
    if found.shape != expected.shape:
        return float("inf")
    found, expected = comparable(name, found), comparable(name, expected)
    errors = np.abs(found - expected) / np.maximum(output_scale(expected), np.abs(expected))
    if np.isnan(errors).any():
        return float("inf")
    return float(np.sort(errors, axis=None)[-1 - int(spared * errors.size)]) if errors.size else 0.0


def comparable(name: str, output: Array) -> Array:
    """Cut boxes off far outside any picture: there ``exp`` turns rounding into pixels, or into infinity."""
    return np.clip(output, -BOX_LIMIT, BOX_LIMIT) if name == "boxes" else output


def output_scale(output: Array) -> float:
    """Typical large value of an output: its 90th percentile by magnitude, at least 1."""
    finite = np.abs(output[np.isfinite(output)])
    return max(1.0, float(np.quantile(finite, 0.9))) if finite.size else 1.0


def unmatched_share(found: Outputs, expected: Outputs, settings: DetectionSettings) -> float:
    """Share of detections without a partner on the other side, the worst picture's."""
    shares = [0.0]
    for index in range(len(found["boxes"])):
        ours, theirs = final_list(found, index, settings), final_list(expected, index, settings)
        sure = above_cut(ours, settings), above_cut(theirs, settings)
        slack = PROPOSAL_MATCH if has_proposals(expected) else 1
        partners = match(sure[0], theirs, slack) + match(sure[1], ours, slack)
        shares.append(
            1 - partners / max(1, len(sure[0]) + len(sure[1])) if len(sure[0]) + len(sure[1]) else 0.0
        )
    return max(shares)


def above_cut(rows: Array, settings: DetectionSettings) -> Array:
    """Leave out what ties with the last detection of a full list: which of equals are listed is arbitrary."""
    is_full = 0 < settings.post_nms == len(rows)
    return rows[rows[:, 1] > rows[:, 1].min() + SCORE_MATCH] if is_full else rows


def final_list(outputs: Outputs, index: int, settings: DetectionSettings) -> Array:
    """Final detections of one picture as rows (class id, score, x1, y1, x2, y2)."""
    for prefix in ("final_", ""):
        if f"{prefix}ids" in outputs:
            parts = [outputs[f"{prefix}{name}"][index] for name in ("ids", "scores", "boxes")]
            rows: Array = np.concatenate(parts, axis=1)
            return rows[is_listed(outputs, prefix, index, settings)]
    boxes, scores, class_ids = _core.detect(
        outputs["boxes"][index],
        outputs["scores"][index],
        settings.confidence_threshold,
        settings.iou_threshold,
        settings.nms_topk,
        settings.post_nms,
        settings.class_agnostic,
        settings.topk_per_class,
    )
    return np.column_stack([class_ids, scores, boxes])


def match(ours: Array, theirs: Array, slack: float = 1.0) -> int:
    """Count pairs of equal class, score and box; each detection is in one pair at most."""
    return len(match_pairs(ours, theirs, slack * SCORE_MATCH, box_reach(ours, slack)))


def box_reach(rows: Array, slack: float) -> Array:
    """How far the corners of each row's partner may be, up to ``slack`` times the usual."""
    return np.asarray(slack * BOX_MATCH * np.maximum(1, np.abs(rows[:, 2:]) / 640))


def match_pairs(ours: Array, theirs: Array, score_reach: float, reach: Array) -> list[tuple[int, int]]:
    """Pair rows of equal class, and of score and box within reach, the nearest first come.

    Args:
        ours, theirs: rows (class id, score, x1, y1, x2, y2).
        score_reach: largest difference of scores.
        reach: largest difference of corners, for each of ``ours``.
    """
    free = np.ones(len(theirs), bool)
    pairs = []
    for index, row in enumerate(ours):
        scores = np.abs(theirs[:, 1] - row[1]) / score_reach
        corners = (np.abs(theirs[:, 2:] - row[2:]) / reach[index]).max(axis=1, initial=0.0)
        far = np.where(free & (theirs[:, 0] == row[0]), np.maximum(scores, corners), np.inf)
        if far.size and far.min() <= 1:
            pairs.append((index, int(far.argmin())))
            free[pairs[-1][1]] = False
    return pairs


def mask_error(found: Outputs, expected: Outputs, settings: DetectionSettings, spared: float = 0.0) -> float:
    """Largest difference of the masks of detections that are partners; the worst ``spared`` do not count.

    Infinite for other shapes or NaN, which is not spared.
    """
    errors = [0.0]
    for index in range(len(found["masks"])):
        ours, theirs = final_list(found, index, settings), final_list(expected, index, settings)
        kept = is_listed(found, "", index, settings), is_listed(expected, "final_", index, settings)
        masks = found["masks"][index][kept[0]], expected["final_masks"][index][kept[1]]
        if masks[0].shape[1:] != masks[1].shape[1:]:
            return float("inf")
        pairs = match_pairs(ours, theirs, PROPOSAL_MATCH * SCORE_MATCH, box_reach(ours, PROPOSAL_MATCH))
        errors += [float(np.abs(masks[0][i] - masks[1][j]).max()) for i, j in pairs]
    if np.isnan(errors).any():
        return float("inf")
    return float(np.sort(errors)[-1 - int(spared * len(errors))])


def is_listed(outputs: Outputs, prefix: str, index: int, settings: DetectionSettings) -> NDArray[np.bool_]:
    """Tell which rows of a list are detections."""
    ids, scores = (outputs[f"{prefix}{name}"][index][:, 0] for name in ("ids", "scores"))
    return np.asarray((ids >= 0) & (scores > settings.confidence_threshold))
