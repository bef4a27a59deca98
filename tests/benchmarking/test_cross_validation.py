"""What a form loses over several divisions of the pictures, and how these are divided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cross_validation import CrossValidation, Fold, PointsLost, Tally
from benchmarks.int8_accuracy import CASES, SEEDS, compare, divide, ours
from gcv_edge.data import Dataset, Sample, open_dataset
from gcv_edge.data.targets import ClassTarget
from gcv_edge.evaluation.classification import TopAccuracy
from gcv_edge.runtime.results import Classification
from tests.data_sets.conftest import write_picture
from tests.support.picture_files import png
from tests.support.task_networks import KINDS, write_network

FRAME = np.zeros((1, 1, 3), np.uint8)


def tally(right: Sequence[bool], order: Sequence[int] | None = None) -> Tally:
    """Take in pictures whose class is 0, which are found or taken for 1."""
    taken = Tally(TopAccuracy())
    places = range(len(right)) if order is None else order
    logits = np.eye(2, dtype=np.float32)
    taken.take(
        (Sample(f"{place:04}", FRAME, ClassTarget(0)), Classification(logits[0 if right[place] else 1]))
        for place in places
    )
    return taken


def test_figures_by_division() -> None:
    whole = tally([True, True, True, False])
    changed = [
        tally([True, False, False, True]),
        tally([True, True, True, True]),
        tally([True, True, False, False]),
    ]
    found = PointsLost([whole] * 3, changed).describe()
    assert found == {
        "fp32": 75.0,
        "int8": 66.667,
        "drop": 8.333,
        "least": -25.0,
        "most": 25.0,
        "divisions": [
            {"drop": 25.0, "pictures_lost": 2, "pictures_won": 1},
            {"drop": -25.0, "pictures_lost": 0, "pictures_won": 1},
            {"drop": 25.0, "pictures_lost": 1, "pictures_won": 0},
        ],
    }


def test_two_forms_are_held_against_each_other_picture_by_picture() -> None:
    """The pictures come in another order in each division; the error is that of their mean difference."""
    random = np.random.default_rng(0)
    count = 400
    whole, one, other = (random.random((3, count)) < share for share in (0.9, 0.8, 0.85))
    orders = [random.permutation(count).tolist() for _ in range(3)]

    def loss(changed: np.ndarray) -> PointsLost:
        return PointsLost(
            [tally(row, order) for row, order in zip(whole, orders, strict=True)],
            [tally(row, order) for row, order in zip(changed, orders, strict=True)],
        )

    found = loss(one).beside(loss(other))
    differences = 100 * (other.astype(float) - one).mean(axis=0)
    assert found["lost_more"] == pytest.approx(differences.mean(), abs=1e-3)
    assert found["standard_error"] == pytest.approx(differences.std() / np.sqrt(count), rel=0.1)
    assert loss(one).beside(loss(one)) == {"lost_more": 0.0, "standard_error": 0.0}


@pytest.fixture(scope="module")
def open_part(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | None], Dataset]:
    """Parts of 700 pictures each."""
    folder = tmp_path_factory.mktemp("pictures")
    content = png(2, 2)
    for number in range(700):
        (folder / f"{number:03}.png").write_bytes(content)
    return lambda _: open_dataset(folder)


@pytest.mark.parametrize("seed", SEEDS)
def test_halves_are_calibrated_on_while_the_other_is_measured(
    open_part: Callable[[str | None], Dataset], seed: int
) -> None:
    folds = divide(CASES["squeezenet1.1"], open_part, seed)
    measured = [name for fold in folds for name in fold.measuring.names()]
    assert sorted(measured) == sorted(open_part(None).names())
    for calibrating, measuring in folds:
        assert len(calibrating) == 300
        assert not set(calibrating.names()) & set(measuring.names())


def test_detectors_are_measured_on_all_that_is_new_to_them(tmp_path: Path) -> None:
    for part, count in {"trainval": 200, "test": 5}.items():
        (tmp_path / part).mkdir()
        for number in range(count):
            (tmp_path / part / f"{part}{number}.png").write_bytes(png(2, 2))
    case = CASES["yolo3_mobilenet0.25_custom"]
    divisions = [divide(case, lambda part: open_dataset(tmp_path / str(part)), seed) for seed in SEEDS]
    assert [len(fold.measuring) for folds in divisions for fold in folds] == [5, 5, 5]
    chosen = {tuple(fold.calibrating.names()) for folds in divisions for fold in folds}
    assert len(chosen) == len(SEEDS)
    assert all(name.startswith("trainval") for names in chosen for name in names)


def test_ours_is_held_against_the_best_of_the_others(tmp_path: Path) -> None:
    kind = KINDS["bare"]
    floating = write_network(tmp_path / "network.onnx", kind)
    for level, label in enumerate(kind.labels):
        for number in range(4):
            write_picture(tmp_path / "pictures" / label / f"{number}.png", 60 * level + number)
    halves = open_dataset(tmp_path / "pictures", kind.task, kind.labels).split(0.5)
    validation = CrossValidation(floating, [[Fold(*halves)]])
    whole = validation.add_up(lambda _: ours(floating))
    others = {"good": PointsLost(whole, whole), "broken": "no such operator"}
    found = compare(validation, whole, 100, others.items())
    assert list(found["forms"]) == ["gcv-edge", "good", "broken"]
    assert found["forms"]["broken"] == {"failed": "no such operator"}
    assert found["beside_best"]["form"] == "good"
    assert found["beside_best"]["lost_more"] == found["forms"]["gcv-edge"]["drop"]
    assert found["within_goal"]
    assert len(found["recipes"]) == 1
