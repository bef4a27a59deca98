"""Work on a frame that threads divide among them gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from gcv_edge import _core

MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("inputs", [(416, 416), (500, 300), (900, 700)])
@pytest.mark.parametrize("channels", [1, 3])
def test_frames_have_the_same_bits(threads: int, inputs: tuple[int, int], channels: int) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
    placement = _core.Placement((0, 0, 500, 300), (0, 0, *inputs))
    crew, found = _core.Crew(threads), []
    for helpers in (None, crew, crew):
        out = np.full((channels, inputs[1], inputs[0]), np.nan, np.float32)
        _core.preprocess(frame, "bgr", placement, out, MEAN[:channels], SCALE[:channels], True, 0, helpers)
        found.append(out)
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])


def test_detections_are_the_same() -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 1000, (20_000, 9)).astype(np.float32) / 1000  # many are equal
    boxes = generator.uniform(0, 400, (20_000, 4)).astype(np.float32)
    arguments = (boxes, scores, 0.99, 0.45, 400, 100, False)
    alone, together = _core.detect(*arguments), _core.detect(*arguments, crew=_core.Crew(2))
    assert len(alone[1]) == 100
    for found, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("threads", [0, -1])
def test_a_crew_has_a_thread(threads: int) -> None:
    with pytest.raises(ValueError, match=f"threads: found {threads}, expected at least 1"):
        _core.Crew(threads)
