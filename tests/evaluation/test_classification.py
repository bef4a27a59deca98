"""Top-1 and top-5."""

from __future__ import annotations

import numpy as np
import pytest

from gcv_edge.data.targets import ClassTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.classification import TopAccuracy
from gcv_edge.evaluation.figures import Confusion
from gcv_edge.runtime.results import Classification

SIZE = (1, 1)


def ranked(*best: int) -> Classification:
    """A result with these classes as the most probable ones of ten."""
    logits = np.zeros(10, np.float32)
    logits[list(best)] = np.arange(len(best), 0, -1)
    return Classification(logits)


def test_by_hand() -> None:
    metric = TopAccuracy(("ant", "bee"))
    pictures = [(0, ranked(0)), (0, ranked(1, 0)), (0, ranked(1, 2)), (1, ranked(9, 8, 7, 6, 5, 1))]
    for truth, result in pictures:
        metric.update(result, ClassTarget(truth), SIZE)
    measured = metric.compute()
    assert measured.figures == {"top-1": 0.25, "top-5": 0.75}
    assert measured.value == 0.25
    assert [(row.name, row.value, row.count) for row in measured.classes] == [
        ("ant", 1 / 3, 3),
        ("bee", 0, 1),
    ]
    assert measured.confusions == (Confusion("ant", "bee", 2), Confusion("bee", "class 9", 1))


def test_against_numpy() -> None:
    random = np.random.default_rng(0)
    logits, truth = random.random((300, 20)), random.integers(0, 20, 300)
    metric = TopAccuracy()
    for row, class_id in zip(logits, truth, strict=True):
        metric.update(Classification(row), ClassTarget(int(class_id)), SIZE)
    rank = (logits > logits[np.arange(300), truth][:, None]).sum(axis=1)
    expected = {"top-1": np.mean(rank < 1), "top-5": np.mean(rank < 5)}
    assert metric.compute().figures == pytest.approx(expected)


def test_classes_that_the_network_does_not_have() -> None:
    with pytest.raises(DataError, match="found class 10, expected a class from 0 to 9"):
        TopAccuracy().update(ranked(0), ClassTarget(10), SIZE)


def test_nothing_to_measure_with() -> None:
    with pytest.raises(DataError, match="found no labelled picture"):
        TopAccuracy().compute()
