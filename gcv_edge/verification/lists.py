"""Lists of detections and of proposals: each of one must have its partner in the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.metadata import DetectionSettings
from gcv_edge.verification.deviation import Array, Outputs, comparable

SCORE_MATCH, BOX_MATCH = 1e-4, 0.05
"""Detections are partners at this difference of score and, in input pixels, of box."""

PROPOSAL_MATCH = 10
"""Proposals are partners at as many times these differences: what is pooled from them adds its own."""


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


def before_selection(outputs: Outputs) -> Outputs:
    """Drop a reference's final lists, so that a list is made from its boxes and scores.

    Where the network chooses among equals before, which ones is arbitrary, and so are the lists of two runs.
    """
    return {name: value for name, value in outputs.items() if not name.startswith("final_")}


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
