"""What networks are tried on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.pictures import check_inputs, check_pictures, noise_inputs
from gcv_edge.tasks import CLASSIFICATION


@pytest.mark.parametrize("reverse", [True, False])
def test_a_network_that_sees_grey_is_tried_on_grey(reverse: bool) -> None:
    metadata = ModelMetadata(
        CLASSIFICATION, preprocessing=Preprocessing((10.0,), (4.0,), reverse_channels=reverse)
    )
    inputs = check_inputs({"data": (1, 1, 28, 36)}, metadata)
    pictures = check_pictures(28, 36)
    assert set(inputs) == set(pictures) == {"black", "noise", "picture"}
    for kind, picture in pictures.items():
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        np.testing.assert_array_equal(inputs[kind]["data"], (grey[None, None] - 10) / 4)
    noise = noise_inputs({"data": (1, 1, 28, 36)}, metadata)["data"]
    np.testing.assert_array_equal(noise, inputs["noise"]["data"])


def test_clips_in_grey_move() -> None:
    metadata = ModelMetadata(CLASSIFICATION, preprocessing=Preprocessing((0.0,), (1.0,)))
    clip = noise_inputs({"data": (1, 1, 3, 8, 8)}, metadata)["data"]
    assert clip.shape == (1, 1, 3, 8, 8)
    np.testing.assert_array_equal(clip[0, 0, 2], np.roll(clip[0, 0, 0], 2, axis=-1))
