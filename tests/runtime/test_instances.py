"""Instance masks: pasting into frames, indexing, drawing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import Detector, InstanceSegmenter, _core
from gcv_edge.errors import ModelFileError
from gcv_edge.runtime.instances import InstanceMasks
from tests.runtime.conftest import ANCHORS, Maker, solid

SIZE = (40, 30)


def disc(size: int) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:size, :size] + 0.5
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return (1 / (1 + np.exp(distance - size / 3))).astype(np.float32)


def instances(count: int = 3) -> InstanceMasks:
    extents = np.array([[-4, 2, 16, 22], [10, 10, 30, 28], [20, 0, 50, 30]], np.float32)[:count]
    return InstanceMasks(
        np.clip(extents, 0, [40, 30, 40, 30]),
        np.array([0.9, 0.8, 0.3])[:count],
        np.arange(count),
        ("disc", "ring", "bar"),
        masks=np.stack([disc(8)] * 3)[:count],
        extents=extents,
        frame_size=SIZE,
    )


def test_bitmaps_cover_the_frame() -> None:
    found = instances()
    assert found.bitmaps.shape == (3, 30, 40)
    assert found.bitmaps.dtype == bool
    assert found.bitmaps[1, 19, 20]
    assert not found.bitmaps[1, 2, 20]
    assert instances(0).bitmaps.shape == (0, 30, 40)


def test_crops_are_the_bitmaps_without_the_empty_frame() -> None:
    found = instances()
    for crop, bitmap in zip(found.crops, found.bitmaps, strict=True):
        assert crop.bitmap.sum() == bitmap.sum()
        np.testing.assert_array_equal(crop.of(bitmap), crop.bitmap)  # type: ignore[arg-type]
    assert found.crops[0].x == 0
    assert found.crops[1].bitmap.shape[1] < 25
    assert instances(0).crops == []


def test_masks_of_any_layout_are_taken() -> None:
    found = instances()
    turned = dataclasses.replace(
        found, masks=found.masks.transpose(0, 2, 1), extents=found.extents[::1, ::-1]
    )
    assert turned.bitmaps.shape == (3, 30, 40)


def test_indexing_keeps_masks_with_their_objects() -> None:
    found = instances()
    assert len(found.over(0.5)) == 2
    np.testing.assert_array_equal(found[[2, 0]].bitmaps, found.bitmaps[[2, 0]])
    ids, scores, boxes = found[1]
    assert (ids.tolist(), scores.tolist(), boxes.shape) == ([1], [np.float32(0.8)], (1, 4))


def test_plot_tints_objects_over_the_threshold() -> None:
    frame = np.full((30, 40, 3), 100, np.uint8)
    drawn = instances().plot(frame, threshold=0.95)
    np.testing.assert_array_equal(drawn, frame)
    drawn = instances().plot(frame)
    assert (drawn[20, 22] != 100).any()
    assert (frame == 100).all()
    with pytest.raises(ValueError, match=r"frame: found 40 x 31 pixels, expected 40 x 30"):
        instances().plot(np.zeros((31, 40, 3), np.uint8))


def test_json_has_areas() -> None:
    found = instances()
    assert [entry["area"] for entry in found.to_dict()["detections"]] == found.bitmaps.sum((1, 2)).tolist()
    assert repr(found).startswith("InstanceMasks(3: ")


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_segmenter_pastes_in_pixels_of_the_frame(make_model: Maker, engine: str) -> None:
    found = InstanceSegmenter(make_model("instance_segmentation"), engine=engine).run(solid(9, 9, 9))
    assert found.names == ["green", "blue"]
    np.testing.assert_allclose(found.extents, ANCHORS[:2] * 2, atol=1e-4)
    np.testing.assert_allclose(found.masks[0], [[0.9, 0.1], [0.9, 0.1]], atol=1e-6)
    expected = _core.paste_mask(found.masks[0], ANCHORS[0] * 2, (64, 64))
    assert 300 < expected.sum() < 500
    np.testing.assert_array_equal(found.bitmaps[0], expected)
    assert InstanceSegmenter(make_model("instance_segmentation"), confidence=0.3).run(
        solid(9, 9, 9)
    ).names == ["green"]


def test_other_tasks_are_told(make_model: Maker) -> None:
    with pytest.raises(
        ModelFileError, match="found a instance_segmentation network, expected detection: use Inst"
    ):
        Detector(make_model("instance_segmentation"))


@pytest.mark.parametrize("field", ["masks", "extents"])
def test_wrong_shapes_are_named(field: str) -> None:
    given_fields = {"masks": np.zeros((1, 4, 4)), "extents": np.zeros((1, 4)), field: np.zeros((2, 4))}
    with pytest.raises(ValueError, match=f"{field}: found shape \\(2, 4\\), expected"):
        InstanceMasks(np.zeros((1, 4)), np.ones(1), np.zeros(1), frame_size=SIZE, **given_fields)  # type: ignore[arg-type]
