"""Segmentation at several scales, as GluonCV's MultiEvalModel does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gcv_edge.runtime.multi_scale import add_scales, crops, resize_aligned
from gcv_edge.runtime.segmenter import Segmenter

CROP, BASE = 24, 30
PADDING = (-np.array([0.485, 0.456, 0.406]) / np.array([0.229, 0.224, 0.225])).astype(np.float32)


class Network:
    """What MultiEvalModel asks of a segmentation network: here, one convolution."""

    base_size, crop_size = BASE, CROP

    def __init__(self, mxnet: Any) -> None:
        self.mxnet = mxnet
        self.layer = mxnet.gluon.nn.Conv2D(4, 3, padding=1, in_channels=3)
        self.layer.initialize(mxnet.init.Xavier())

    def collect_params(self) -> Any:
        return self.layer.collect_params()

    def evaluate(self, batch: Any) -> Any:
        return self.layer(batch)

    def infer(self, crop: Any) -> Any:
        return self.layer(self.mxnet.nd.array(np.ascontiguousarray(crop))[None])[0].asnumpy()


@pytest.mark.parametrize("size", [(35, 25), (20, 45), (15, 15), (60, 61)])
@pytest.mark.parametrize("flip", [True, False])
def test_scores_are_gluoncvs(gluoncv: object, mxnet: Any, size: tuple[int, int], flip: bool) -> None:
    from gluoncv.model_zoo.segbase import MultiEvalModel

    network = Network(mxnet)
    scales = (0.5, 1.0, 1.75)
    theirs = MultiEvalModel(network, 4, [mxnet.cpu()], flip=flip, scales=scales)
    picture = np.random.default_rng(1).normal(size=(3, *size)).astype(np.float32)
    ours = add_scales(picture, network.infer, CROP, PADDING, scales=scales, base_size=BASE, flip=flip)
    np.testing.assert_allclose(ours, theirs(mxnet.nd.array(picture))[0].asnumpy(), rtol=2e-5)


@pytest.mark.parametrize("target", [(4, 9), (1, 1), (13, 2), (7, 5)])
def test_corners_stay_on_corners(mxnet: Any, target: tuple[int, int]) -> None:
    maps = np.random.default_rng(2).normal(size=(2, 7, 5)).astype(np.float32)
    theirs = mxnet.nd.contrib.BilinearResize2D(mxnet.nd.array(maps)[None], height=target[0], width=target[1])
    np.testing.assert_allclose(resize_aligned(maps, *target), theirs[0].asnumpy(), atol=2e-6)


@pytest.mark.parametrize("size", [(24, 24), (25, 70), (100, 31)])
def test_crops_cover_every_pixel(size: tuple[int, int]) -> None:
    covered = np.zeros(size, int)
    for place in crops(size, CROP):
        covered[place] += 1
    assert covered.min() >= 1


def test_a_segmenter_looks_at_several_scales(make_model: Any) -> None:
    segmenter = Segmenter(make_model("segmentation", size=(32, 32)))
    frame = np.random.default_rng(3).integers(0, 256, (50, 70, 3), np.uint8)
    found = segmenter.run(frame, scales=(0.5, 1.0), base_size=40, flip=True)
    assert found.class_map.shape == (50, 70)
    assert found.speed.inference_ms > 0
    with pytest.raises(ValueError, match=r"scales: found .*, expected numbers over 0"):
        segmenter.run(frame, scales=(0,))


def test_scales_need_a_square(make_model: Any) -> None:
    segmenter = Segmenter(make_model("segmentation", size=(32, 24)))
    with pytest.raises(ValueError, match=r"scales: found an input of .*, expected a square of 3 channels"):
        segmenter.run(np.zeros((9, 9, 3), np.uint8), scales=(1,))
