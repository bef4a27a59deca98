"""What is lost, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.data.targets import BoxTarget, ClassTarget, KeypointTarget, LabelMapTarget
from gcv_edge.evaluation import METRICS, Metric
from gcv_edge.evaluation.classification import TopAccuracy
from gcv_edge.evaluation.coco import BoxPrecision, KeypointPrecision
from gcv_edge.evaluation.drop import Score, find_collapses, find_drop
from gcv_edge.evaluation.resampling import DRAWS, resample
from gcv_edge.evaluation.segmentation import PixelMetric
from gcv_edge.evaluation.voc import Voc07Precision, Voc12Precision
from gcv_edge.points import describe_bound
from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation

SIZE = (100, 80)
few = settings(max_examples=25, derandomize=True, deadline=None)


def pictures_of(metric: Metric, count: int, seed: int) -> list[tuple[object, object]]:
    """Results and labels of a metric's kind; no two scores are equal."""
    random = np.random.default_rng(seed)
    make = {
        TopAccuracy: classified, Voc07Precision: detected, Voc12Precision: detected, BoxPrecision: detected,
        PixelMetric: painted, KeypointPrecision: posed,
    }[type(metric)]  # fmt: skip
    return [make(random) for _ in range(count)]


def classified(random: np.random.Generator) -> tuple[object, object]:
    return Classification(random.normal(size=3).astype(np.float32), ()), ClassTarget(int(random.integers(3)))


def detected(random: np.random.Generator) -> tuple[object, object]:
    corners = random.uniform(0, 40, (4, 2))
    boxes = np.concatenate([corners, corners + random.uniform(20, 40, (4, 2))], axis=1)
    ids = random.integers(0, 3, 4).astype(np.int32)
    moved = (boxes + random.normal(0, 4, boxes.shape)).astype(np.float32)
    found = Detections(moved, random.uniform(0, 1, 4).astype(np.float32), ids, ())
    return found, BoxTarget(boxes, ids, random.uniform(size=4) < 0.1)


def painted(random: np.random.Generator) -> tuple[object, object]:
    truth = random.integers(-1, 3, (8, 10)).astype(np.int32)
    found = np.where(random.uniform(size=truth.shape) < 0.7, truth.clip(0), 1).astype(np.uint8)
    return Segmentation(found, ()), LabelMapTarget(truth)


def posed(random: np.random.Generator) -> tuple[object, object]:
    points = random.uniform(0, 70, (2, 17, 2))
    boxes = np.array([[0.0, 0, 70, 70], [10, 10, 75, 75]])
    labels = np.concatenate([points, np.full((2, 17, 1), 2.0)], axis=2)
    target = KeypointTarget(labels, boxes, np.array([3000.0, 3000.0]), np.zeros(2, bool))
    seen = random.uniform(0.3, 1, (2, 17)).astype(np.float32)
    near = (points + random.normal(0, 3, points.shape)).astype(np.float32)
    return Poses(near, seen, boxes.astype(np.float32), ()), target


def metrics() -> list[Metric]:
    labels = ("a", "b", "c")
    kinds = [TopAccuracy, Voc07Precision, Voc12Precision, BoxPrecision, KeypointPrecision]
    return [*(kind(labels) for kind in kinds), PixelMetric(labels, 3)]


@pytest.mark.parametrize("place", range(len(metrics())))
@few
@given(st.lists(st.integers(0, 3), min_size=3, max_size=8).filter(any), st.integers(0, 99))
def test_a_weight_is_how_often_a_picture_is_there(place: int, weights: list[int], seed: int) -> None:
    weighted, repeated = (metrics()[place] for _ in range(2))
    for weight, pair in zip(weights, pictures_of(weighted, len(weights), seed), strict=True):
        weighted.update(*pair, SIZE)
        for _ in range(weight):
            repeated.update(*pair, SIZE)
    whole = weighted.compute().value
    (once,) = weighted.compute_weighted(np.ones((1, len(weights))))
    assert once == pytest.approx(whole, abs=1e-9)
    (found,) = weighted.compute_weighted(np.array([weights], float))
    assert found == pytest.approx(repeated.compute().value, abs=1e-9)


def test_every_metric_is_tried() -> None:
    kinds = {kind for choices in METRICS.values() for kind in choices.values()}
    tried = {type(metric) for metric in metrics()}
    assert {kind.__name__ for kind in kinds - tried} == {"MaskPrecision"}  # BoxPrecision with other overlaps


def share(right: np.ndarray) -> Score:
    draws = resample(len(right), lambda weights: 100 * weights @ right / weights.sum(axis=1))
    return Score(100 * float(right.mean()), draws, len(right), is_share=True)


@pytest.mark.parametrize("pictures", [36, 400, 2000])
def test_the_bound_holds_in_nine_of_ten(pictures: int) -> None:
    """Networks that really lose 2 points: how often is the bound below that?"""
    random, held = np.random.default_rng(pictures), 0
    for _ in range(200):
        before = random.uniform(size=pictures) < 0.8
        after = np.where(random.uniform(size=pictures) < 0.05, random.uniform(size=pictures) < 0.4, before)
        held += find_drop(share(before), share(after)).upper >= 100 * 0.05 * (0.8 - 0.4)
    assert 0.85 <= held / 200 <= 0.97 if pictures > 36 else held / 200 >= 0.85


def test_no_change_in_few_pictures_proves_little() -> None:
    right = np.ones(36, bool)
    drop = find_drop(share(right), share(right))
    assert (drop.points, drop.is_within(0.5), drop.is_undecided(0.5)) == (0, False, True)
    needed = drop.pictures_needed(0.5)
    assert needed is not None
    enough = np.ones(needed, bool)
    assert find_drop(share(enough), share(enough)).upper == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("place", range(1, len(metrics())))
@pytest.mark.parametrize("count", [1, 5, 19, 20])
def test_a_handful_of_equal_pictures_proves_nothing(place: int, count: int) -> None:
    metric = metrics()[place]
    for pair in pictures_of(metric, count, seed=0):
        metric.update(*pair, SIZE)
    score = Score(metric.compute().value, resample(count, metric.compute_weighted), count)
    drop = find_drop(score, score)
    assert drop.is_within(0.5) == (count == 20)
    assert drop.is_undecided(0.5) == (count < 20)
    assert count == 20 or drop.pictures_needed(0.5) == 20


@pytest.mark.parametrize(
    ("lost", "at_most", "said"),
    [
        (0.5, 0.5, ""),
        (-0.3, 0.33, "0.33 at most, at 90 % confidence"),
        (-0.3, 99.7, "too few pictures to say how much at most"),
        (60.0, 160.0, "too few pictures to say how much at most"),
    ],
)
def test_a_bound_is_said_as_a_person_reads_it(lost: float, at_most: float, said: str) -> None:
    assert describe_bound(lost, at_most) == said


def test_points_without_draws_are_exact() -> None:
    drop = find_drop(Score(90.0), Score(89.5))
    assert (drop.points, drop.upper, drop.is_within(0.5)) == (0.5, 0.5, True)
    assert find_drop(Score(90.0), Score(80.0)).pictures_needed(0.5) is None


def test_draws_are_the_same_for_every_file() -> None:
    first, again = (resample(7, lambda weights: weights[:, 0]) for _ in range(2))
    assert first == again
    assert (len(first), min(first) >= 0, len(set(first)) > 1) == (DRAWS, True, True)


def test_classes_that_collapse_are_listed_worst_first() -> None:
    before = Score(70, classes={"RBC": 80.0, "WBC": 96.9, "Platelets": 60.0, "gone": 10.0})
    after = Score(69, classes={"RBC": 74.0, "WBC": 87.9, "Platelets": 56.0})
    assert list(map(str, find_collapses(before, after))) == ["WBC 96.9 -> 87.9", "RBC 80.0 -> 74.0"]


def test_a_score_is_read_as_it_was_written() -> None:
    score = Score(71.5, (70.0, 72.5), 12, True, {"cat": 50.0})
    assert Score.from_dict(score.to_dict()) == score
