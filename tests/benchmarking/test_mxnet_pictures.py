"""MXNet is measured on the pictures that the runtime makes."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from gcv_edge.benchmarking.mxnet_runner import fit
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.preprocessing import fill

PLAIN = {"mean": (0.0, 0.0, 0.0), "scale": (1.0, 1.0, 1.0), "reverse_channels": False}
WAYS = [
    *(
        Preprocessing(**PLAIN, interpolation=name)
        for name in ("nearest", "bilinear", "area", "bicubic", "by_size")
    ),
    Preprocessing(**PLAIN, resize_type="crop", crop_short=40),
    Preprocessing(**PLAIN, resize_type="fit_to_window"),
    Preprocessing(**PLAIN, resize_type="fit_to_window_letterbox"),
    Preprocessing(**PLAIN, resize_type="affine", interpolation="warp"),
]


@pytest.mark.parametrize("size", [(96, 64), (50, 90), (20, 16)])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.resize_type}-{way.interpolation}")
def test_pictures_are_those_of_the_runtime(
    mxnet: ModuleType, way: Preprocessing, size: tuple[int, int]
) -> None:
    frame = np.random.default_rng(1).integers(0, 256, (size[1] // 4, size[0] // 4, 3), np.uint8)
    frame = frame.repeat(4, axis=0).repeat(4, axis=1)
    ours = np.empty((3, 32, 36), np.float32)
    fill(view_frame(frame, "bgr"), way, ours)
    theirs = fit(mxnet, mxnet.nd.array(frame, dtype=np.uint8), way, (36, 32)).asnumpy()
    different = np.abs(ours.transpose(1, 2, 0) - theirs)
    assert (
        np.mean(different > 1) < 0.02
    )  # OpenCV 5 warps without rounded positions; crops differ at their rim
