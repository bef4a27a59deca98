"""Masks pasted into frames: held against the NumPy oracle and against GluonCV."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from tests.core import oracle

ODD = [np.nan, np.inf, -np.inf, -0.0, 3e38, 1e-45]


def draw_mask(seed: int, height: int, width: int, odd: float = 0) -> oracle.Floats:
    generator = np.random.default_rng(seed)
    mask = generator.random((height, width)).astype(np.float32)
    chosen = generator.random(mask.shape) < odd
    mask[chosen] = generator.choice(ODD, chosen.sum())
    return mask


def disc(size: int) -> oracle.Floats:
    rows, columns = np.mgrid[:size, :size] + 0.5
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return (1 / (1 + np.exp(distance - size / 3))).astype(np.float32)


corners = st.one_of(st.floats(-60, 250, width=32), st.sampled_from(ODD))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.integers(0, 10**6),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.tuples(corners, corners, corners, corners),
    st.tuples(st.integers(1, 200), st.integers(1, 40)),
    st.sampled_from([0, 0.1]),
)
def test_equals_oracle(
    seed: int, cells: tuple[int, int], extent: oracle.Box, frame: tuple[int, int], odd: float
) -> None:
    mask = draw_mask(seed, *cells, odd)
    extent = (
        min(extent[0], extent[2]),
        min(extent[1], extent[3]),
        *map(max, zip(extent[:2], extent[2:], strict=True)),
    )
    expected = oracle.paste_mask(mask, extent, frame)
    found = _core.paste_mask(mask, extent, frame)
    assert found.dtype == np.bool_
    np.testing.assert_array_equal(found, expected)
    extents = np.array([extent], np.float32)
    np.testing.assert_array_equal(_core.paste_masks(mask[None], extents, frame)[0], expected)
    (crop,), ((x, y),) = _core.paste_crops(mask[None], extents, frame)
    assert crop.sum() == expected.sum()
    np.testing.assert_array_equal(crop, expected[y : y + crop.shape[0], x : x + crop.shape[1]])


def test_batches_equal_single_masks() -> None:
    masks = np.stack([draw_mask(seed, 14, 14) for seed in range(5)])
    extents = np.float32(
        [[-9, 3, 40, 60], [0, 0, 200, 100], [50, 60, 50, 70], [70, 20, 90, 44], [300, 0, 320, 9]]
    )
    singles = [
        _core.paste_mask(mask, extent, (200, 100)) for mask, extent in zip(masks, extents, strict=True)
    ]
    np.testing.assert_array_equal(_core.paste_masks(masks, extents, (200, 100)), singles)
    crops, places = _core.paste_crops(masks, extents, (200, 100))
    assert [crop.shape for crop in crops][2:] == [(0, 0), (26, 22), (0, 0)]
    assert places.dtype == np.int32
    for crop, (x, y), single in zip(crops, places, singles, strict=True):
        canvas = np.zeros((100, 200), bool)
        canvas[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
        np.testing.assert_array_equal(canvas, single)


def test_no_masks() -> None:
    masks, extents = np.zeros((0, 14, 14), np.float32), np.zeros((0, 4), np.float32)
    assert _core.paste_masks(masks, extents, (20, 10)).shape == (0, 10, 20)
    crops, places = _core.paste_crops(masks, extents, (20, 10))
    assert (crops, places.shape) == ([], (0, 2))


OUTS: dict[str, Callable[[], np.ndarray]] = {
    "bool": lambda: np.ones((10, 20), bool),
    "uint8": lambda: np.full((10, 20), 9, np.uint8),
    "rows apart": lambda: np.ones((20, 33), bool)[3:13, 5:25],
    "upside down": lambda: np.ones((10, 20), bool)[::-1],
}


@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS.keys())
def test_the_callers_array_is_written(make: Callable[[], np.ndarray]) -> None:
    mask, out = draw_mask(1, 4, 4), make()
    around = out.base.copy() if out.base is not None else out
    returned = _core.paste_mask(mask, (2, 3, 15, 9), (20, 10), out)
    assert returned is out
    np.testing.assert_array_equal(out, _core.paste_mask(mask, (2, 3, 15, 9), (20, 10)))
    assert out.base is None or out.base.size == out.size or out.base[:3].all() == around[:3].all()


class BilinearTable:
    """What SciPy's interp2d was before 1.14, as far as GluonCV's ``fill`` uses it."""

    def __init__(self, x: oracle.Floats, y: oracle.Floats, z: oracle.Floats, fill_value: float) -> None:
        from scipy.interpolate import RegularGridInterpolator

        self.table = RegularGridInterpolator(
            (y, x), z.astype(float), bounds_error=False, fill_value=fill_value
        )

    def __call__(self, x: oracle.Floats, y: oracle.Floats) -> oracle.Floats:
        values: oracle.Floats = self.table(np.stack(np.meshgrid(y, x, indexing="ij"), -1))
        return values


BOXES = [
    (20, 30, 160, 120),
    (-40.5, 10.25, 90, 140.75),
    (100, 60, 260, 190),
    (50.3, 50.6, 60.1, 58.2),
    (-300, -200, 500, 400),
]


@pytest.mark.parametrize("box", BOXES)
def test_equals_gluoncvs_exact_fill(
    box: oracle.Box, gluoncv: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gluoncv.data.transforms.mask import fill
    from scipy import interpolate

    monkeypatch.setattr(interpolate, "interp2d", BilinearTable)
    extent = np.float32(box)
    for seed in range(4):
        mask = draw_mask(seed, 14, 14) if seed else disc(14)
        theirs = fill(mask[None], extent[None].astype(float), (200, 150), fast_fill=False)[0].astype(bool)
        np.testing.assert_array_equal(_core.paste_mask(mask, extent, (200, 150)), theirs)


@pytest.mark.parametrize("box", BOXES)
def test_is_close_to_gluoncvs_fast_fill(box: oracle.Box, gluoncv: ModuleType) -> None:
    """The fast version rounds boxes to whole pixels, which moves an object's edge by a pixel at most."""
    from gluoncv.data.transforms.mask import fill

    extent = np.float32(box)
    theirs = fill(disc(14)[None], extent[None], (200, 150))[0].astype(bool)
    ours = _core.paste_mask(disc(14), extent, (200, 150))
    np.testing.assert_array_equal(erode(ours) & ~theirs, False)
    np.testing.assert_array_equal(erode(theirs) & ~ours, False)


def erode(covered: np.ndarray) -> np.ndarray:
    """Pixels whose eight neighbours are covered too; the frame's border counts as covered."""
    padded = np.pad(covered, 1, constant_values=True)
    height, width = covered.shape
    parts = [padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)]
    return np.all(parts, axis=0)


MASK = np.ones((4, 4), np.float32)
WRONG = [
    ({"mask": MASK[0]}, ValueError, r"mask: found float32 \[4\], expected .* of 2 dimensions"),
    ({"mask": MASK.astype(float)}, TypeError, "mask: found float64 .*, expected a float32 array"),
    ({"mask": MASK[:0]}, ValueError, r"mask: found 4x0, expected 1 to 2\^26 a side"),
    ({"extent": (1, 2, 3)}, TypeError, r"extent: found \(1, 2, 3\), expected four numbers"),
    ({"frame_size": (0, 4)}, ValueError, r"frame_size: found 0x4, expected 1 to 2\^26 a side"),
    ({"frame_size": (4, 2**30)}, ValueError, "frame_size: found 4x1073741824, expected"),
    (
        {"out": np.zeros((9, 8), bool)},
        ValueError,
        r"out: found bool \[9, 8\], expected \[8, 9\], rows without",
    ),
    (
        {"out": np.zeros((8, 18), bool)[:, ::2]},
        ValueError,
        "out: found bool .*, expected .* rows without gaps",
    ),
    ({"out": np.zeros((8, 9))}, TypeError, "out: found float64 .*, expected bool or uint8"),
    ({"out": np.broadcast_to(True, (8, 9))}, ValueError, "out: found a read-only .*, expected a writable"),
]


@pytest.mark.parametrize(("change", "error", "text"), WRONG)
def test_wrong_arguments_are_named(change: dict[str, object], error: type[Exception], text: str) -> None:
    arguments = {"mask": MASK, "extent": (0, 0, 4, 4), "frame_size": (9, 8)}
    with pytest.raises(error, match=text):
        _core.paste_mask(**{**arguments, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("paste", [_core.paste_masks, _core.paste_crops])
def test_batches_are_checked(paste: Callable[..., object]) -> None:
    masks = np.ones((2, 4, 4), np.float32)
    with pytest.raises(ValueError, match=r"extents: found float32 \[1, 4\], expected as many rows as masks"):
        paste(masks, np.zeros((1, 4), np.float32), (9, 8))
    with pytest.raises(ValueError, match="frame_size: found 9x-1, expected 1 to"):
        paste(masks, np.zeros((2, 4), np.float32), (9, -1))


def test_bitmaps_that_no_memory_holds() -> None:
    with pytest.raises(MemoryError):
        _core.paste_masks(np.ones((9, 1, 1), np.float32), np.zeros((9, 4), np.float32), (2**26, 2**26))
