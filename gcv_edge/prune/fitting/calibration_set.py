"""The calibration set: pictures that pruning looks at, few enough to be held, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gcv_edge.errors import DataError
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.preprocessing import fill

Pixels = NDArray[np.uint8]
Batch = NDArray[np.float32]

NOISE_SLOPE = 0.6
"""How much fainter each finer octave of the noise is; pictures of the world are about so."""


@dataclass(frozen=True)
class CalibrationSet:
    """Pictures scaled to a network's input, one byte per level.

    Attributes:
        levels: ``[n, C, H, W]``, C 3 or 1, channels in the order of the network.
        preprocessing: how levels become numbers.
        seen: pictures that there were; ``levels`` are a random choice of them where they are fewer.
    """

    levels: Pixels
    preprocessing: Preprocessing
    seen: int

    def __len__(self) -> int:
        return len(self.levels)

    def batches(self, size: int) -> Iterator[Batch]:
        """Give normalised batches ``[size, C, H, W]``; the last may be smaller."""
        return (self.batch(start, size) for start in range(0, len(self.levels), size))

    def batch(self, start: int, size: int) -> Batch:
        """Return the normalised batch that begins with a picture."""
        mean = np.array(self.preprocessing.mean, np.float32).reshape(-1, 1, 1)
        scale = np.array(self.preprocessing.scale, np.float32).reshape(-1, 1, 1)
        return np.asarray((self.levels[start : start + size] - mean) / scale)

    def split(self, share: float) -> tuple[CalibrationSet, CalibrationSet]:
        """Divide into two disjoint parts, of which the second has a share of the pictures."""
        step = max(2, round(1 / share))
        second = np.arange(len(self)) % step == step - 1
        return self.choose(~second), self.choose(second)

    def some(self, count: int) -> CalibrationSet:
        """Return a few, spread evenly: pictures often come sorted by what is on them."""
        chosen = np.zeros(len(self), bool)
        chosen[np.arange(min(count, len(self))) * len(self) // max(1, min(count, len(self)))] = True
        return self.choose(chosen)

    def choose(self, mask: NDArray[np.bool_]) -> CalibrationSet:
        """Return some of the pictures."""
        return CalibrationSet(self.levels[mask], self.preprocessing, self.seen)


def collect_pictures(
    frames: Iterable[ArrayLike], preprocessing: Preprocessing, size: tuple[int, int], limit: int, seed: int
) -> CalibrationSet:
    """Scale frames to a network's input; of more than ``limit``, keep as many at random.

    Args:
        frames: uint8 BGR ``[h, w, 3]``, read once.
        preprocessing: of the network.
        size: width and height of its input.
        limit: pictures held at most.
        seed: of the choice.

    Raises:
        DataError: there are fewer than 8.
    """
    random = np.random.default_rng(seed)
    kept: list[Pixels] = []
    seen = 0
    for frame in frames:
        place = seen if seen < limit else int(random.integers(0, seen + 1))
        seen += 1
        if place >= limit:
            continue
        kept[place : place + 1] = [scale_frame(frame, preprocessing, size)]
    if seen < 8:
        raise DataError(f"found {seen} pictures to prune with, expected 8 at least (some hundreds are good)")
    return CalibrationSet(np.stack(kept), preprocessing, seen)


def scale_frame(frame: ArrayLike, preprocessing: Preprocessing, size: tuple[int, int]) -> Pixels:
    """Scale a frame to the input, in levels."""
    slot = np.empty((len(preprocessing.mean), size[1], size[0]), np.uint8)
    fill(view_frame(frame, "bgr"), preprocessing, slot)
    return slot


def noise_frames(count: int, size: tuple[int, int], seed: int) -> Iterator[Pixels]:
    """Make coloured noise, for want of pictures: octaves of random levels, the finer the fainter.

    Args:
        count: number of frames.
        size: their width and height.
        seed: of the noise.
    """
    random = np.random.default_rng(seed)
    for _ in range(count):
        sheet = np.zeros((size[1], size[0], 3), np.float32)
        cells, weight = 2, 1.0
        while cells <= max(size):
            octave = random.standard_normal((cells, cells, 3)).astype(np.float32)
            sheet += weight * cv2.resize(octave, size, interpolation=cv2.INTER_CUBIC)
            cells, weight = cells * 2, weight * NOISE_SLOPE
        yield np.clip(128 + 50 * sheet, 0, 255).astype(np.uint8)
