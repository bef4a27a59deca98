"""Agreement of two runs: rounding may reorder and exchange equals, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge.agreement import Comparison, compare_all, worst_of_each
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.tasks import DETECTION
from gcv_edge.verification.deviation import scaled_error
from gcv_edge.verification.lists import (
    final_list,
    lists_peaks,
    mask_error,
    match,
    unmatched_proposals,
    unmatched_share,
)

Outputs = dict[str, NDArray[Any]]
PEAKS = DetectionSettings(0.0, 0.0, 4, 4)
REGIONS = DetectionSettings(0.01, 0.5, -1, -1, topk_per_class=True)


def proposals(seed: int = 0, count: int = 50, classes: int = 3) -> Outputs:
    random = np.random.RandomState(seed)
    low = random.uniform(0, 90, (1, count, classes, 2))
    boxes = np.concatenate([low, low + random.uniform(5, 30, low.shape)], axis=3)
    scores = random.dirichlet(np.ones(classes + 1), (1, count))[..., 1:]
    return {"boxes": boxes.astype(np.float32), "scores": scores.astype(np.float32)}


def reordered(outputs: Outputs, order: NDArray[np.int64]) -> Outputs:
    return {name: value[:, order] for name, value in outputs.items()}


def test_proposals_may_come_in_another_order() -> None:
    expected = proposals()
    found = reordered(expected, np.random.RandomState(1).permutation(50))
    assert unmatched_proposals(found, expected) == 0
    assert unmatched_share(found, expected, REGIONS) == 0


def test_another_proposal_is_one_without_a_partner() -> None:
    expected = proposals()
    found = {name: value.copy() for name, value in expected.items()}
    found["boxes"][0, 7] += 3
    assert unmatched_proposals(found, expected) == pytest.approx(1 / 50)
    found["scores"][0, 8, 0] += 0.01
    assert unmatched_proposals(found, expected) == pytest.approx(2 / 50)
    assert unmatched_proposals(proposals(count=49), expected) == float("inf")


def test_a_proposal_has_one_partner() -> None:
    expected = proposals()
    assert unmatched_proposals(reordered(expected, np.zeros(50, np.int64)), expected) == pytest.approx(
        49 / 50
    )


def test_lists_of_two_stages_are_made_from_the_references_own_numbers() -> None:
    expected = proposals()
    rows = final_list(expected, 0, REGIONS)
    final = {
        "final_ids": rows[None, :, :1],
        "final_scores": rows[None, :, 1:2],
        "final_boxes": rows[None, :, 2:],
    }
    metadata = ModelMetadata(DETECTION, detection=REGIONS)
    found = reordered(expected, np.arange(50)[::-1])
    comparisons = compare_all([found], [{**expected, **final}], metadata)
    assert {c.name: c.max_error for c in comparisons} == {"proposals": 0, "detections": 0}
    other = ModelMetadata(DETECTION, detection=DetectionSettings(0.01, 0.1, -1, -1, topk_per_class=True))
    assert not compare_all([found], [{**expected, **final}], other)[1].passed


def test_few_peaks_may_move_to_a_neighbour() -> None:
    expected = np.zeros((1, 30000, 1), np.float32)
    expected[0, ::7] = 0.5
    found = expected.copy()
    found[0, [0, 1]] = found[0, [1, 0]]
    assert lists_peaks("scores", PEAKS)
    assert not lists_peaks("boxes", PEAKS)
    assert not lists_peaks("scores", REGIONS)
    assert scaled_error("scores", found, expected) > 1
    assert scaled_error("scores", found, expected, spared=1e-4) == 0
    found[0, :14] = np.roll(found[0, :14], 2)
    assert scaled_error("scores", found, expected, spared=1e-4) > 1


@pytest.mark.parametrize(
    ("theirs", "share"), [([0, 1, 2, 4], 0), ([0, 1, 3, 4], 1 / 6)], ids=["the last", "one before"]
)
def test_what_ties_with_the_last_of_a_full_list_may_differ(theirs: list[int], share: float) -> None:
    """Four are listed; a fifth has the score of the fourth."""
    boxes = np.arange(20, dtype=np.float32).reshape(1, 5, 4) * 10
    scores = np.array([0.9, 0.8, 0.75, 0.7, 0.7], np.float32).reshape(1, 5, 1)
    lists = [
        {"ids": np.zeros((1, 4, 1)), "scores": scores[:, rows], "boxes": boxes[:, rows]}
        for rows in ([0, 1, 2, 3], theirs)
    ]
    assert unmatched_share(lists[0], lists[1], PEAKS) == pytest.approx(share, abs=0.1 if share else 0)


def test_masks_are_compared_between_partners() -> None:
    rows = np.array([[1, 0.9, 0, 0, 9, 9], [0, 0.8, 5, 5, 30, 30], [-1, -1, -1, -1, -1, -1]], np.float32)
    masks = np.random.RandomState(0).random((1, 3, 4, 4)).astype(np.float32)
    expected = {
        "final_ids": rows[None, :, :1],
        "final_scores": rows[None, :, 1:2],
        "final_boxes": rows[None, :, 2:],
        "final_masks": masks,
    }
    found = {"ids": rows[None, :2, :1], "scores": rows[None, :2, 1:2], "boxes": rows[None, :2, 2:]}
    assert mask_error({**found, "masks": masks[:, :2]}, expected, REGIONS) == 0
    moved = masks[:, :2].copy()
    moved[0, 1, 2, 2] += 0.25
    assert mask_error({**found, "masks": moved}, expected, REGIONS) == pytest.approx(0.25)
    assert mask_error({**found, "masks": moved}, expected, REGIONS, spared=0.4) == 0
    moved[0, 1, 2, 2] = np.nan
    assert mask_error({**found, "masks": moved}, expected, REGIONS, spared=0.4) == float("inf")
    assert mask_error({**found, "masks": masks[:, :2, :3]}, expected, REGIONS) == float("inf")


def test_match_needs_class_score_and_box() -> None:
    row = np.array([[1, 0.5, 10, 10, 20, 20]], np.float32)
    assert match(row, row) == 1
    for column, change in ((0, 1), (1, 0.001), (4, 0.2)):
        other = row.copy()
        other[0, column] += change
        assert match(row, other) == 0
    assert match(row, row + np.float32([0, 0.0005, 0, 0, 0, 0.3]), slack=10) == 1


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            Comparison("boxes", 0.5, 1e-3, picture="noise"),
            "'boxes' on noise differs from mxnet by 0.5 of its",
        ),
        (Comparison("detections", 1, 0.02, "of the detections"), "by 1 of the detections, 0.02 is tolerated"),
        (Comparison("logits", np.inf, 1e-3, problem="is missing in the file"), "'logits' is missing in the"),
    ],
    ids=["a tensor", "a list", "nothing"],
)
def test_failures_name_output_picture_and_figures(comparison: Comparison, words: str) -> None:
    assert not comparison.passed
    assert words in comparison.describe("mxnet")


def test_the_worst_of_each_output_counts() -> None:
    small, large = Comparison("boxes", 1e-6, 1e-3), Comparison("boxes", 2e-6, 1e-3)
    none = Comparison("scores", np.nan, 1e-3)
    assert worst_of_each([small, none, large, Comparison("scores", 1.0, 1e-3)]) == (large, none)
