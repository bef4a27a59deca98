"""Key points from heat maps: held against the NumPy oracle and against GluonCV."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 6),
    st.integers(1, 16),
    st.integers(1, 12),
    st.sampled_from([0, 0.3, 1]),
)
def test_equals_oracle(seed: int, count: int, height: int, width: int, odd: float) -> None:
    generator = np.random.default_rng(seed)
    maps = generator.normal(0, 1, (count, height, width)).round(1).astype(np.float32)
    maps[generator.random(maps.shape) < odd] = np.nan
    placement = _core.Placement((12.5, -3, 96, 128), (2, 0, 188, 256))
    keypoints, scores = _core.decode_heatmaps(maps, placement, (192, 256))
    expected = oracle.decode_heatmaps(maps, placement.source, placement.target, (192, 256))
    np.testing.assert_array_equal(keypoints, expected[0])
    np.testing.assert_array_equal(scores, expected[1])


def test_equals_gluoncv(gluoncv: ModuleType, mxnet: ModuleType) -> None:
    from gluoncv.data.transforms.pose import get_max_pred, heatmap_to_coord

    maps = np.random.default_rng(0).normal(0, 1, (17, 64, 48)).astype(np.float32)
    maps[3] = -1
    box = [20.0, 10.0, 116.0, 138.0]
    placement = _core.Placement((box[0], box[1], box[2] - box[0], box[3] - box[1]), (0, 0, 192, 256))
    keypoints, scores = _core.decode_heatmaps(maps, placement, (192, 256))
    batch = mxnet.nd.array(maps[None])
    coarse, peaks = (part.asnumpy()[0] for part in heatmap_to_coord(batch, [box]))
    cells = get_max_pred(batch)[0].asnumpy()[0].astype(int)
    shifts = np.array([quarter_shift(cell, peak) for cell, peak in zip(maps, cells, strict=True)])
    np.testing.assert_allclose(keypoints, coarse + shifts * (96 / 48, 128 / 64), atol=1e-4)
    np.testing.assert_array_equal(scores, peaks[:, 0])


def quarter_shift(cells: oracle.Floats, peak: oracle.Floats) -> tuple[float, float]:
    """The shift of GluonCV's get_final_preds, in cells."""
    x, y = peak
    if not (1 < x < cells.shape[1] - 1 and 1 < y < cells.shape[0] - 1):
        return 0, 0
    return 0.25 * np.sign(cells[y, x + 1] - cells[y, x - 1]), 0.25 * np.sign(
        cells[y + 1, x] - cells[y - 1, x]
    )


@pytest.mark.parametrize(
    ("maps", "error", "text"),
    [
        (
            np.zeros((2, 3), np.float32),
            ValueError,
            r"heatmaps: found float32 \[2, 3\], expected .* of 3 dimensions",
        ),
        (np.zeros((2, 3, 0), np.float32), ValueError, "heatmaps: found 0x3, expected 1 to"),
        (np.zeros((2, 3, 4)), TypeError, "heatmaps: found float64 .*, expected a float32 array"),
    ],
)
def test_wrong_maps_are_named(maps: oracle.Floats, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _core.decode_heatmaps(maps, _core.Placement((0, 0, 1, 1), (0, 0, 1, 1)), (192, 256))
