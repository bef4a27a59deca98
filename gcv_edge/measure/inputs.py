"""Noise to measure networks on: what new memory holds may be denormal numbers, which are slow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 7


def noise(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Draw normal noise, the same every time; levels around the middle for integers."""
    drawn = np.random.default_rng(SEED).standard_normal(tuple(shape), np.float32)
    return drawn if dtype == np.float32 else (drawn * 40 + 128).clip(0, 255).astype(dtype)


def fill(tensors: Iterable[NDArray[Any]]) -> None:
    """Write noise into a network's inputs."""
    for tensor in tensors:
        np.copyto(tensor, noise(tensor.shape, tensor.dtype))
