"""How sure a figure is: the bootstrap over pictures (Efron, 1979).

The pictures at hand are drawn again and again, with replacement, and the metric is computed on each draw. Two
files that are measured on the same pictures are computed on the same draws, so that their difference has an
error bar of its own, which is much narrower than either's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
"""How often each picture is drawn, ``[draws, pictures]``."""

DRAWS = 400
AT_ONCE = 25
"""Draws computed together: bounds the memory."""
SEED = 0


def resample(pictures: int, compute: Callable[[Weights], NDArray[np.float64]]) -> tuple[float, ...]:
    """Compute a figure on every draw.

    Args:
        pictures: that there are.
        compute: takes weights ``[draws, pictures]`` and returns the figure of each draw.

    Returns:
        ``DRAWS`` figures; the same draws for every figure of as many pictures.
    """
    return tuple(float(value) for weights in draw_weights(pictures) for value in compute(weights))


def mean_of_known(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the classes of each draw, ``[classes, draws]``, without those that are NaN (no object)."""
    known = np.isfinite(figures)
    return np.asarray(np.where(known, figures, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def draw_weights(pictures: int) -> Iterator[Weights]:
    """Give the draws, a few at a time."""
    random = np.random.default_rng(SEED)
    for _ in range(DRAWS // AT_ONCE):
        chosen = random.integers(0, pictures, (AT_ONCE, pictures))
        counts = [np.bincount(row, minlength=pictures) for row in chosen]
        yield np.stack(counts).astype(np.float64)
