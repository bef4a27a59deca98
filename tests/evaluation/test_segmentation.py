"""Pixel accuracy and mIoU against GluonCV's own."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data.targets import LabelMapTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.segmentation import PixelMetric
from gcv_edge.runtime.results import Segmentation


def measure(classes: int, *pairs: tuple[np.ndarray, np.ndarray]) -> PixelMetric:
    metric = PixelMetric(classes=classes)
    for found, true in pairs:
        metric.update(Segmentation(found), LabelMapTarget(true), true.shape[::-1])
    return metric


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 30), present=st.integers(1, 30))
def test_as_gluoncv(gluoncv: ModuleType, mxnet: ModuleType, seed: int, classes: int, present: int) -> None:
    random = np.random.default_rng(seed)
    theirs = gluoncv.utils.metrics.segmentation.SegmentationMetric(classes)
    pairs = []
    for _ in range(3):
        logits = random.random((1, classes, 5, 6)).astype(np.float32)
        true = random.integers(-1, min(classes, present), (5, 6))
        true[0, 0] = 0
        theirs.update(mxnet.nd.array(true[None]), mxnet.nd.array(logits))
        pairs.append((logits[0].argmax(axis=0).astype(np.uint8), true))
    figures = measure(classes, *pairs).compute().figures
    accuracy, mean = theirs.get()
    assert figures["pixAcc"] == pytest.approx(accuracy, abs=1e-6)
    assert figures["mIoU"] == pytest.approx(mean, abs=1e-6)


def test_by_hand() -> None:
    measured = measure(4, (np.array([[0, 0, 1, 2]]), np.array([[0, 1, 1, -1]]))).compute()
    assert measured.figures == {
        "mIoU": pytest.approx((0.5 + 0.5) / 4),
        "pixAcc": pytest.approx(2 / 3),
        "mIoU of the classes that occur": pytest.approx(0.5),
    }
    assert measured.value == measured.figures["mIoU"]
    assert [(row.class_id, row.value, row.count) for row in measured.classes] == [(0, 0.5, 1), (1, 0.5, 2)]


def test_a_class_beyond_the_networks() -> None:
    with pytest.raises(DataError, match="found class 2, expected a class from 0 to 1"):
        measure(2, (np.array([[0]]), np.array([[2]])))


def test_nothing_to_measure_with() -> None:
    with pytest.raises(DataError, match="found no labelled pixel"):
        measure(2, (np.array([[0]]), np.array([[-1]]))).compute()
    with pytest.raises(ValueError, match="classes: found 0"):
        PixelMetric()
