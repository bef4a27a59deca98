"""Non-maximum suppression: held against the NumPy oracle and against MXNet's own box_nms."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle

Case = tuple[oracle.Floats, oracle.Floats]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 5e-39, 3e38, float("inf"), float("-inf"), float("nan")]


def draw_case(seed: int, anchors: int, classes: int, levels: int = 0) -> Case:
    """Random boxes and scores; with ``levels``, scores take that many values, so that many are equal."""
    generator = np.random.default_rng(seed)
    centre, half = generator.uniform(0, 100, (anchors, 2)), generator.uniform(2, 30, (anchors, 2))
    boxes = np.concatenate([centre - half, centre + half], 1).astype(np.float32)
    scores = generator.random((anchors, classes)).astype(np.float32)
    return boxes, np.round(scores * levels).astype(np.float32) / np.float32(levels) if levels else scores


def check_against_oracle(case: Case, *arguments: float) -> None:
    found = _core.detect(*case, *arguments)  # type: ignore[arg-type]
    expected = oracle.detect(*case, *arguments)  # type: ignore[arg-type]
    for ours, theirs, kind in zip(found, expected, ("float32", "float32", "int32"), strict=True):
        assert ours.dtype == kind
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 90),
    st.integers(1, 5),
    st.sampled_from([0, 3, 20]),
    st.sampled_from([-1, 0.0, 0.01, 0.5, 0.99, 2]),
    st.sampled_from([-1.0, 0.0, 0.1, 0.45, 0.9, 1.0]),
    st.sampled_from([-1, 0, 1, 7, 40, 400]),
    st.sampled_from([-1, 0, 1, 5, 100]),
    st.booleans(),
)
def test_equals_oracle(
    seed: int,
    anchors: int,
    classes: int,
    levels: int,
    threshold: float,
    iou: float,
    topk: int,
    post: int,
    agnostic: bool,
) -> None:
    check_against_oracle(draw_case(seed, anchors, classes, levels), threshold, iou, topk, post, agnostic)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 60),
    st.integers(1, 5),
    st.sampled_from([0, 5]),
    st.sampled_from([0.0, 0.3, 0.7]),
    st.sampled_from([-1, 1, 7, 400]),
    st.sampled_from([-1, 1, 30]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_classes_of_their_own_equal_oracle(
    seed: int,
    anchors: int,
    classes: int,
    levels: int,
    iou: float,
    topk: int,
    post: int,
    agnostic: bool,
    per_class: bool,
    own_boxes: bool,
) -> None:
    boxes, scores = draw_case(seed, anchors, classes, levels)
    if own_boxes:
        boxes = draw_case(seed + 1, anchors * classes, 1)[0].reshape(anchors, classes, 4)
    check_against_oracle((boxes, scores), 0.01, iou, topk, post, agnostic, per_class)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 3), st.booleans())
def test_odd_numbers_equal_oracle(seed: int, anchors: int, classes: int, agnostic: bool) -> None:
    generator = np.random.default_rng(seed)
    boxes, scores = draw_case(seed, anchors, classes)
    for values in (boxes, scores):
        odd = generator.random(values.shape) < 0.2
        values[odd] = generator.choice(SPECIAL, odd.sum())
    check_against_oracle((boxes, scores), 0.01, 0.3, -1, -1, agnostic)


def test_topk_over_many_blocks_keeps_the_lowest_index_of_equal_scores() -> None:
    boxes, scores = draw_case(1, 3000, 7, levels=5)
    check_against_oracle((boxes, scores), 0.01, 0.5, 300, -1, False)
    boxes, scores = draw_case(2, 6000, 9, levels=2000)
    check_against_oracle((boxes, scores), 0.01, 0.5, 37, 20, False)


def run_mxnet(mxnet: ModuleType, case: Case, iou: float, topk: int, agnostic: bool) -> list[np.ndarray]:
    """MXNet's kept rows in GluonCV's SSD order: class after class, over all anchors."""
    boxes, scores = case
    anchors, classes = scores.shape
    ids = np.repeat(np.arange(classes, dtype=np.float32), anchors)
    rows = np.concatenate([ids[:, None], scores.T.reshape(-1, 1), np.tile(boxes, (classes, 1))], 1)
    found = mxnet.nd.contrib.box_nms(
        mxnet.nd.array(rows[None]),
        overlap_thresh=iou,
        topk=topk,
        valid_thresh=0.01,
        id_index=0,
        score_index=1,
        coord_start=2,
        force_suppress=agnostic,
    ).asnumpy()[0]
    kept = found[found[:, 1] > 0]
    return [kept[:, 2:], kept[:, 1], kept[:, 0].astype(np.int32)]


@pytest.mark.parametrize("agnostic", [False, True])
@pytest.mark.parametrize("topk", [-1, 1, 50, 400])
@pytest.mark.parametrize("iou", [0.1, 0.45, 0.7])
@pytest.mark.parametrize(
    ("anchors", "classes", "levels"), [(300, 4, 0), (200, 3, 10), (1, 1, 0), (2000, 2, 100)]
)
def test_equals_mxnet(
    mxnet: ModuleType, anchors: int, classes: int, levels: int, iou: float, topk: int, agnostic: bool
) -> None:
    for seed in range(3):
        case = draw_case(seed, anchors, classes, levels)
        found = _core.detect(*case, 0.01, iou, topk, -1, agnostic)
        for ours, theirs in zip(found, run_mxnet(mxnet, case, iou, topk, agnostic), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("topk", [-1, 10, 400])
def test_class_by_class_equals_mxnet(mxnet: ModuleType, topk: int) -> None:
    """GluonCV's R-CNN lets the batch of its box_nms count the classes; its rows are listed class by class."""
    anchors, classes = 120, 4
    boxes = draw_case(1, anchors * classes, 1)[0].reshape(anchors, classes, 4)
    scores = draw_case(2, anchors, classes)[1]
    ids = np.repeat(np.arange(classes, dtype=np.float32)[:, None], anchors, 1)
    rows = np.concatenate([np.stack([ids, scores.T], 2), boxes.transpose(1, 0, 2)], 2)
    options = {"valid_thresh": 0.01, "id_index": 0, "score_index": 1, "coord_start": 2}
    kept = mxnet.nd.contrib.box_nms(mxnet.nd.array(rows), overlap_thresh=0.3, topk=topk, **options)
    kept = kept.asnumpy().reshape(-1, 6)
    kept = kept[kept[:, 0] >= 0]
    kept = kept[np.argsort(-kept[:, 1], kind="stable")]
    found = _core.detect(boxes, scores, 0.01, 0.3, topk, -1, False, True)
    for ours, theirs in zip(found, (kept[:, 2:], kept[:, 1], kept[:, 0]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_degenerate_boxes_equal_mxnet(mxnet: ModuleType) -> None:
    generator = np.random.default_rng(5)
    boxes, scores = draw_case(3, 400, 2, levels=50)
    swapped = generator.random(400) < 0.3
    boxes[swapped] = boxes[swapped][:, [2, 1, 0, 3]]
    boxes[generator.random(400) < 0.2, 2:] = boxes[generator.integers(400), :2]
    boxes[::7] = boxes[0]
    found = _core.detect(boxes, scores, 0.01, 0.2, -1, -1, False)
    for ours, theirs in zip(found, run_mxnet(mxnet, (boxes, scores), 0.2, -1, False), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("anchors", "classes"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_gives_nothing(anchors: int, classes: int) -> None:
    found = _core.detect(
        np.zeros((anchors, 4), np.float32),
        np.zeros((anchors, classes), np.float32),
        0.1,
        0.5,
        400,
        100,
        False,
    )
    assert [part.shape for part in found] == [(0, 4), (0,), (0,)]


def test_all_nan_gives_nothing() -> None:
    boxes, scores = np.full((50, 4), np.nan, np.float32), np.full((50, 3), np.nan, np.float32)
    assert len(_core.detect(boxes, scores, -np.inf, 0.5, -1, -1, False)[1]) == 0


BOXES, SCORES = np.zeros((6, 4), np.float32), np.zeros((6, 2), np.float32)
WRONG = [
    (
        (BOXES.astype(np.float64), SCORES),
        TypeError,
        r"boxes: found float64 \[6, 4\], expected a float32 array",
    ),
    (
        (BOXES[:, :3], SCORES),
        ValueError,
        r"boxes: found float32 \[6, 3\].*, expected a C-contiguous array of 2 dim",
    ),
    (
        (BOXES[:5], SCORES),
        ValueError,
        r"scores: found float32 \[6, 2\], expected as many rows as boxes .*\[5, 4\]",
    ),
    (
        (np.zeros((6, 3, 4), np.float32), SCORES),
        ValueError,
        r"scores: found float32 \[6, 2\], expected as many classes as boxes .*\[6, 3, 4\]",
    ),
    ((BOXES, SCORES[:, 0].copy()), ValueError, r"scores: found float32 \[6\], expected .* of 2 dimensions"),
    ((BOXES, SCORES.T.copy().T), ValueError, "scores: found .*not contiguous.*, expected a C-contiguous"),
    ((BOXES, "scores"), TypeError, "scores: found str, expected a NumPy array"),
]


@pytest.mark.parametrize(("arrays", "error", "text"), WRONG)
def test_wrong_arrays_are_named(arrays: Case, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _core.detect(*arrays, 0.1, 0.5, 400, 100, False)


@pytest.mark.parametrize("name", ["score_threshold", "iou_threshold"])
def test_nan_thresholds_are_refused(name: str) -> None:
    thresholds = {"score_threshold": 0.1, "iou_threshold": 0.5, name: float("nan")}
    with pytest.raises(ValueError, match=f"{name}: found nan, expected a number"):
        _core.detect(BOXES, SCORES, nms_topk=1, post_nms=1, class_agnostic=False, **thresholds)
