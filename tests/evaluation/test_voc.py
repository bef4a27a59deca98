"""VOC's mean average precision against GluonCV's own metrics on the same detections."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data.targets import BoxTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.voc import Voc07Precision, Voc12Precision
from gcv_edge.runtime.results import Detections

LABELS = ("a", "b", "c", "d")
PICTURE = (100, 100)
Scene = tuple[Detections, BoxTarget]


def scene(random: np.random.Generator, found: int, true: int, scores: int, classes: int) -> Scene:
    """Truth, and detections around it; few different scores make ties."""
    low = random.integers(0, 60, (true, 2))
    boxes = np.concatenate([low, low + random.integers(1, 30, (true, 2))], axis=1).astype(float)
    target = BoxTarget(boxes, random.integers(0, classes, true), random.random(true) < 0.2)
    near = boxes[random.integers(0, true, found)] if true else random.integers(0, 60, (found, 4))
    moved = np.sort((near + random.integers(-4, 5, (found, 4))).reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    ids = random.integers(0, classes, found)
    values = random.integers(1, scores + 1, found) / np.float32(scores)
    return Detections(moved, values, ids), target


def theirs(gluoncv: ModuleType, kind: str, scenes: list[Scene], labels: tuple[str, ...]) -> list[float]:
    metric = getattr(gluoncv.utils.metrics.voc_detection, kind)(class_names=list(labels))
    for found, target in scenes:
        metric.update(
            found.boxes[None],
            found.class_ids[None].astype(np.float32),
            found.scores[None],
            target.boxes[None].astype(np.float32),
            target.class_ids[None].astype(np.float32),
            target.difficult[None].astype(np.float32),
        )
    return list(metric.get()[1])


def check(gluoncv: ModuleType, scenes: list[Scene]) -> None:
    for ours, kind in ((Voc07Precision, "VOC07MApMetric"), (Voc12Precision, "VOCMApMetric")):
        metric = ours(LABELS)
        for found, target in scenes:
            metric.update(found, target, PICTURE)
        measured = metric.compute()
        *classes, mean = theirs(gluoncv, kind, scenes, LABELS)
        assert measured.value == pytest.approx(mean, abs=1e-6)
        values = {figure.class_id: figure.value for figure in measured.classes}
        for class_id, value in enumerate(classes):
            assert values.get(class_id, math.nan) == pytest.approx(value, abs=1e-6, nan_ok=True)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    pictures=st.integers(1, 6),
    found=st.integers(0, 40),
    true=st.integers(0, 12),
    scores=st.sampled_from([1, 3, 1000]),
    classes=st.integers(1, 4),
)
def test_as_gluoncv(
    gluoncv: ModuleType, seed: int, pictures: int, found: int, true: int, scores: int, classes: int
) -> None:
    random = np.random.default_rng(seed)
    scenes = [
        scene(random, int(random.integers(0, found + 1)), int(random.integers(0, true + 1)), scores, classes)
        for _ in range(pictures)
    ]
    scenes.append((Detections(np.zeros((0, 4)), [], []), BoxTarget([[1, 1, 5, 5]], [0])))
    check(gluoncv, scenes)


BOX = [10, 10, 19, 19]
NOTHING = ([], [], [])


@pytest.mark.parametrize(
    ("found", "truth", "difficult", "expected07", "expected12", "why"),
    [
        (([BOX], [0.9], [0]), ([BOX], [0]), [False], 1, 1, "right"),
        (NOTHING, ([BOX], [0]), [False], 0, 0, "not found"),
        (([BOX, BOX], [0.9, 0.8], [0, 0]), ([BOX], [0]), [False], 1, 1, "found twice, best first"),
        (([[50, 50, 59, 59], BOX], [0.9, 0.8], [0, 0]), ([BOX], [0]), [False], 0.5, 0.5, "wrong first"),
        (([BOX], [0.9], [1]), ([BOX], [0]), [False], 0, 0, "another class"),
        (([[10, 10, 19, 14]], [0.9], [0]), ([BOX], [0]), [False], 1, 1, "half of its inclusive pixels"),
        (([[10, 10, 19, 13.9]], [0.9], [0]), ([BOX], [0]), [False], 0, 0, "less than half"),
        (
            ([BOX, [50, 50, 59, 59]], [0.9, 0.8], [0, 0]),
            ([BOX, [50, 50, 59, 59]], [0, 0]),
            [True, False],
            1,
            1,
            "the difficult one does not count",
        ),
        (
            ([BOX], [0.9], [0]),
            ([BOX, [50, 50, 59, 59]], [0, 0]),
            [False, False],
            6 / 11,
            0.5,
            "one of two: recalls 0 to 0.5",
        ),
    ],
)
def test_by_hand(
    found: tuple, truth: tuple, difficult: list[bool], expected07: float, expected12: float, why: str
) -> None:
    boxes, scores, ids = found
    detections = Detections(np.reshape(boxes, (-1, 4)), scores, ids)
    for kind, expected in ((Voc07Precision, expected07), (Voc12Precision, expected12)):
        metric = kind(LABELS)
        metric.update(detections, BoxTarget(*truth, difficult), PICTURE)
        measured = metric.compute()
        assert measured.value == pytest.approx(expected)
        assert [(row.name, row.count) for row in measured.classes] == [("a", difficult.count(False))]


def test_a_crowd_counts_neither_way() -> None:
    metric = Voc07Precision()
    target = BoxTarget([BOX, [50, 50, 59, 59]], [0, 0], crowd=[True, False])
    metric.update(Detections([BOX, [50, 50, 59, 59]], [0.9, 0.8], [0, 0]), target, PICTURE)
    measured = metric.compute()
    assert (measured.value, measured.classes[0].name, measured.classes[0].count) == (1, "class 0", 1)


@pytest.mark.parametrize("target", [BoxTarget(np.zeros((0, 4)), []), BoxTarget([BOX], [0], [True])])
def test_nothing_to_measure_with(target: BoxTarget) -> None:
    metric = Voc12Precision()
    metric.update(Detections([BOX], [0.9], [0]), target, PICTURE)
    with pytest.raises(DataError, match="found no labelled object to measure with"):
        metric.compute()
