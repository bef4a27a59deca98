"""Poses from pictures and their mirror images, as GluonCV's flip test makes them."""

from __future__ import annotations

import numpy as np
import pytest

from gcv_edge.runtime.flip_test import COCO_JOINTS, average_with_mirrored, mirrored_joints

PAIRS = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16]]


def test_the_average_is_gluoncvs(gluoncv: object, mxnet: object) -> None:
    from gluoncv.data.transforms.pose import flip_heatmap

    heatmaps, mirrored = np.random.default_rng(0).normal(size=(2, 3, 17, 12, 9)).astype(np.float32)
    given = (mxnet.nd.array(part) for part in (heatmaps, mirrored))  # type: ignore[attr-defined]
    first, second = given
    theirs = (first + flip_heatmap(second, PAIRS, shift=True)) / 2
    ours = average_with_mirrored(heatmaps, mirrored, mirrored_joints((), 17))
    np.testing.assert_array_equal(ours, theirs.asnumpy())


def test_joints_are_found_by_their_names() -> None:
    sides = ["nose", *(f"{side}_{part}" for part in ("eye", "ear") for side in ("left", "right"))]
    np.testing.assert_array_equal(mirrored_joints(sides, 5), COCO_JOINTS[:5])


@pytest.mark.parametrize(
    ("labels", "count", "text"),
    [
        ((), 5, "flip: found 5 joints without names, expected names with left and right"),
        (("nose", "left_eye"), 2, "flip: found joint 'left_eye', expected another called 'right_eye'"),
    ],
)
def test_what_has_no_sides_is_refused(labels: tuple[str, ...], count: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        mirrored_joints(labels, count)
