"""Results: checked when made, easy to take apart, to print, to draw and to turn into JSON."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation, Speed

BOXES = np.array([[5, 5, 40, 30], [50, 10, 90, 60], [-20, -20, 300, 300]], np.float32)
LABELS = ("rbc", "wbc", "platelet")


def detections(**changes: object) -> Detections:
    values: dict[str, object] = {
        "boxes": BOXES,
        "scores": [0.9, 0.8, 0.3],
        "class_ids": [0, 1, 0],
        "labels": LABELS,
        "speed": Speed(2.0, 10.0, 0.3),
    }
    return Detections(**{**values, **changes})


FRAME = np.full((100, 100, 3), 60, np.uint8)


def test_repr_counts_by_name() -> None:
    assert str(detections()) == "Detections(3: 2 rbc, 1 wbc; 12.3 ms)"


def test_names_without_labels() -> None:
    assert detections(labels=()).names == ["class 0", "class 1", "class 0"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": BOXES[:2]}, r"boxes: found shape \(2, 4\), expected \(3, 4\)"),
        ({"boxes": BOXES[:, :3]}, r"boxes: found shape \(3, 3\), expected \(3, 4\)"),
        ({"scores": [[0.9, 0.8, 0.3]]}, r"scores: found shape \(1, 3\), expected"),
        ({"class_ids": [1]}, r"class_ids: found shape \(1,\), expected \(3\)"),
    ],
)
def test_fields_must_fit_each_other(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        detections(**changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Classification(np.zeros((1, 3))), r"logits: found shape \(1, 3\), expected \(n\)"),
        (lambda: Segmentation(np.zeros(3)), r"class_map: found shape \(3,\), expected \(n, n\)"),
        (
            lambda: Poses(np.zeros((2, 17, 3)), np.zeros((2, 17)), np.zeros((2, 4))),
            r"keypoints: found shape \(2, 17, 3\), expected \(2, 17, 2\)",
        ),
        (
            lambda: Poses(np.zeros((2, 17, 2)), np.zeros((2, 17)), np.zeros((1, 4))),
            r"boxes: found shape \(1, 4\), expected \(2, 4\)",
        ),
    ],
)
def test_other_results_are_checked_too(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_results_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        detections().scores = np.zeros(3)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (1, [0.8]),
        (-1, [0.3]),
        (slice(0, 2), [0.9, 0.8]),
        (np.array([True, False, True]), [0.9, 0.3]),
        ([2, 0], [0.3, 0.9]),
        (np.array([], np.int64), []),
        (np.int64(0), [0.9]),
    ],
    ids=str,
)
def test_indexing(index: object, expected: list[float]) -> None:
    chosen = detections()[index]
    np.testing.assert_allclose(chosen.scores, expected, rtol=1e-6)
    assert len(chosen) == len(expected) == len(chosen.boxes) == len(chosen.class_ids)
    assert chosen.labels == LABELS


@pytest.mark.parametrize("index", [3, -4])
def test_index_out_of_range(index: int) -> None:
    with pytest.raises(IndexError, match="expected one of 3 rows"):
        detections()[index]


def test_filter_by_score_and_class() -> None:
    found = detections()
    assert len(found.over(0.5)) == 2
    assert found[found.class_ids == 0].names == ["rbc", "rbc"]


def test_detections_as_json() -> None:
    value = json.loads(json.dumps(detections().to_dict()))
    assert value["detections"][1]["label"] == "wbc"
    assert value["detections"][1]["box"] == [50, 10, 90, 60]
    assert value["speed"] == {"preprocess_ms": 2.0, "inference_ms": 10.0, "postprocess_ms": 0.3}


CLASSIFICATION = Classification(np.array([1.0, 3.0, 2.0]), LABELS)
SEGMENTATION = Segmentation(
    np.repeat([[0, 2]], [60, 40], axis=1).repeat(100, axis=0).astype(np.uint8), LABELS
)
POSES = Poses(
    np.random.default_rng(0).uniform(0, 100, (2, 17, 2)),
    np.full((2, 17), 0.9),
    [[0, 0, 50, 100], [50, 0, 100, 100]],
)
RESULTS = [detections(), CLASSIFICATION, SEGMENTATION, POSES]


def test_reprs() -> None:
    assert repr(CLASSIFICATION) == "Classification(wbc 66.5%; 0.0 ms)"
    assert repr(SEGMENTATION) == "Segmentation(100x100: 60% rbc, 40% platelet; 0.0 ms)"
    assert repr(POSES) == "Poses(2 x 17 keypoints; 0.0 ms)"


def test_probabilities_of_huge_logits() -> None:
    np.testing.assert_allclose(Classification(np.array([1e4, -1e4])).probabilities, [1, 0])


@pytest.mark.parametrize(
    ("activation", "expected", "shown"),
    [
        ("softmax", [0.0900, 0.6652, 0.2447], "wbc 66.5%"),
        ("sigmoid", [0.7311, 0.9526, 0.8808], "wbc 95.3%"),
        ("none", [1, 3, 2], "wbc 3"),
    ],
)
def test_activations(activation: str, expected: list[float], shown: str) -> None:
    result = Classification([1.0, 3.0, 2.0], LABELS, activation=activation)
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-4)
    assert repr(result) == f"Classification({shown}; 0.0 ms)"
    assert result.to_dict()["top"][0]["probability"] == pytest.approx(expected[1], abs=1e-4)
    assert result.plot(FRAME).any()


def test_an_unknown_activation_is_named() -> None:
    with pytest.raises(ValueError, match="activation: found 'relu', expected one of softmax, sigmoid, none"):
        Classification([1.0], activation="relu")


def test_top_tells_saturated_classes_apart() -> None:
    result = Classification([40.0, 50.0, 45.0], activation="sigmoid")
    assert [(row.class_id, row.probability) for row in result.top()] == [(1, 1), (2, 1), (0, 1)]


def test_top_more_than_there_are() -> None:
    assert [row.label for row in CLASSIFICATION.top(10)] == ["wbc", "platelet", "rbc"]


def test_segmentation_areas() -> None:
    assert SEGMENTATION.areas == {0: 6000, 2: 4000}


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_json(result: object) -> None:
    assert "speed" in json.loads(json.dumps(result.to_dict()))


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
@pytest.mark.parametrize("shape", [(100, 100, 3), (100, 100, 4), (100, 100, 1), (100, 100)], ids=str)
def test_plot_draws_on_a_copy(result: object, shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 60, np.uint8)
    before = frame.copy()
    drawn = result.plot(frame)
    np.testing.assert_array_equal(frame, before)
    assert drawn.shape == (100, 100, 3)
    assert drawn.dtype == np.uint8
    assert (drawn != 60).any()


def test_plot_shows_what_is_over_the_threshold() -> None:
    drawn = detections().plot(FRAME, threshold=0.85)
    assert (drawn[28:32, 5:40] != 60).any()
    assert (drawn[58:62, 50:90] == 60).all()
    np.testing.assert_array_equal(detections().plot(FRAME, threshold=0.95), FRAME)


def test_plot_tells_classes_apart_by_colour() -> None:
    drawn = detections().plot(FRAME)
    assert not np.array_equal(drawn[20, 5], drawn[40, 50])


def test_plot_of_a_read_only_upside_down_view() -> None:
    view = np.broadcast_to(np.uint8(60), (100, 100, 3))[::-1]
    np.testing.assert_array_equal(detections().plot(view), detections().plot(FRAME))


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 200, 3), (200, 3, 3)], ids=str)
def test_plot_on_tiny_frames(shape: tuple[int, ...]) -> None:
    frame = np.zeros(shape, np.uint8)
    assert detections().plot(frame).shape == shape
    assert CLASSIFICATION.plot(frame).shape == shape


def test_plot_of_infinite_boxes() -> None:
    wild = Detections([[np.nan, -np.inf, np.inf, 1e30]], [0.9], [0])
    assert wild.plot(FRAME).shape == FRAME.shape


def test_segmentation_tints_classes_and_leaves_the_background() -> None:
    drawn = SEGMENTATION.plot(FRAME, opacity=0.5)
    np.testing.assert_array_equal(drawn[:, :60], FRAME[:, :60])
    assert (drawn[:, 60:] != 60).any(axis=2).all()


def test_segmentation_of_another_frame() -> None:
    with pytest.raises(ValueError, match=r"frame: found 100 x 50 pixels, expected 100 x 100"):
        SEGMENTATION.plot(FRAME[:50])


def test_lines_of_a_classification_do_not_cover_each_other() -> None:
    frame = np.zeros((400, 400, 3), np.uint8)
    rows = [CLASSIFICATION.plot(frame, k).any(axis=(1, 2)).sum() for k in (1, 2, 3)]
    assert rows[2] - rows[1] == pytest.approx(rows[0], abs=2) == rows[1] - rows[0]
