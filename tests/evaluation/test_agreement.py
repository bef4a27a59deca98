"""Agreement of two models without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.data import open_dataset
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import agree, agreement
from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation
from tests.evaluation.test_running import write
from tests.runtime.conftest import Maker

BOX = [0, 0, 9, 9]
HALF = [0, 0, 9, 4]
LESS = [0, 0, 9, 3]


def found(*rows: tuple[list[int], float, int]) -> Detections:
    boxes, scores, ids = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections(np.reshape(boxes, (-1, 4)), scores, ids)


@pytest.mark.parametrize(
    ("ours", "theirs", "value", "compared", "why"),
    [
        (found((BOX, 0.9, 0)), found((BOX, 0.6, 0)), 1, 2, "the same"),
        (found((BOX, 0.9, 0)), found((BOX, 0.9, 1)), 0, 2, "another class"),
        (found((BOX, 0.9, 0)), found((HALF, 0.9, 0)), 1, 2, "IoU 0.5"),
        (found((BOX, 0.9, 0)), found((LESS, 0.9, 0)), 0, 2, "IoU 0.4"),
        (found((BOX, 0.9, 0)), found(), 0, 1, "nothing found any more"),
        (found(), found((BOX, 0.9, 0)), 0, 1, "found for nothing"),
        (found((BOX, 0.9, 0)), found((BOX, 0.9, 0), (BOX, 0.8, 0)), 2 / 3, 3, "found twice"),
        (found((BOX, 0.9, 0), (BOX, 0.4, 1)), found((BOX, 0.9, 0)), 1, 2, "scores up to 0.5 are not shown"),
        (found((BOX, 0.9, 0), (LESS, 0.8, 0)), found((LESS, 0.9, 0), (BOX, 0.8, 0)), 1, 4, "best partner"),
    ],
)
def test_detections(ours: Detections, theirs: Detections, value: float, compared: int, why: str) -> None:
    result = agreement([ours], [theirs])
    assert (result.measure, result.pictures, result.compared) == ("matched detections", 1, compared)
    assert result.value == pytest.approx(value)


def test_overlap_of_partners() -> None:
    result = agreement(
        [found((BOX, 0.9, 0)), found((BOX, 0.9, 0))], [found((BOX, 0.9, 0)), found((HALF, 0.9, 0))]
    )
    assert result.figures == {"matched detections": 1, "IoU of partners": pytest.approx(0.75)}


def test_several_classes_at_once() -> None:
    ours, theirs = (
        Classification(logits, activation="sigmoid") for logits in ([2, -1, 0.5, -3], [9, 1, 0.1, -0.1])
    )
    result = agreement([ours], [theirs])
    assert (result.measure, result.value, result.compared) == ("agreement on each class", 0.75, 4)


def test_classes() -> None:
    ours = [Classification([1, 2, 3]), Classification([3, 2, 1])]
    theirs = [Classification([0, 0, 9]), Classification([0, 0, 9])]
    assert agreement(ours, iter(theirs)).to_dict() == {
        "measure": "top-1 agreement",
        "value": 0.5,
        "figures": {"top-1 agreement": 0.5},
        "compared": 2,
        "pictures": 2,
    }


def test_pixels() -> None:
    ours, theirs = Segmentation(np.array([[0, 1], [2, 3]])), Segmentation(np.array([[0, 1], [2, 0]]))
    assert agreement([ours], [theirs]).value == 0.75


def test_keypoints() -> None:
    """A box of 30 by 40 has a diagonal of 50, so 2.5 pixels are near; the last keypoint is not seen."""
    scores = np.array([[0.9, 0.9, 0.9, 0.1]])
    box = [[0, 0, 30, 40]]
    ours = Poses(np.zeros((1, 4, 2)), scores, box)
    theirs = Poses([[[0, 0], [0, 2.5], [0, 3.5], [30, 30]]], scores, box)
    result = agreement([ours], [theirs])
    assert result.value == pytest.approx(2 / 3)
    assert result.figures["distance in pixels"] == pytest.approx(2)


def test_nothing_to_compare() -> None:
    for results in ([], [found()], [found((BOX, 0.5, 0))]):
        with pytest.raises(DataError, match=f"found nothing to compare in {len(results)} pictures"):
            agreement(results, results)


def test_results_that_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="shorter"):
        agreement([found((BOX, 0.9, 0))], [])
    with pytest.raises(UnsupportedError, match="comparing int is not supported"):
        agreement([1], [1])


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("classification", "top-1 agreement"),
        ("detection", "matched detections"),
        ("segmentation", "pixel agreement"),
        ("pose", "keypoints in place"),
    ],
)
def test_two_models_on_the_same_pictures(make_model: Maker, tmp_path: Path, kind: str, measure: str) -> None:
    for colour in ("red", "green"):
        write(tmp_path / "set" / f"{colour}.png", colour)
    model = make_model(kind)
    seen: list[Any] = []
    engines = load(model), load(model, engine="onnxruntime", color="rgb")
    result = agree(*engines, open_dataset(tmp_path / "set"), lambda *step: seen.append(step))
    assert (result.measure, result.value, result.pictures) == (measure, 1, 2)
    assert seen == [(1, 2), (2, 2)]
