"""Frames of luma and chroma as colours in NumPy: slow, plain, and equal to ``gcv_edge._core`` bit by bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
Ints = NDArray[np.int64]

PLANAR, PACKED = ("nv12", "nv21", "i420"), ("yuyv", "uyvy")
FORMATS = (*PLANAR, *PACKED)
OPENCV = (1.164, 1.596, -0.391, -0.813, 2.018)
"""Luma, V to red, U to green, V to green, U to blue."""
LUMA = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""Weights of red and blue in luma."""


def frame_shape(pixel_format: str, size: tuple[int, int]) -> tuple[int, ...]:
    """Shape of the array that holds a frame of a size (width, height)."""
    width, height = size
    return (height * 3 // 2, width) if pixel_format in PLANAR else (height, width, 2)


def split(frame: Levels, pixel_format: str) -> tuple[Ints, Ints, Ints]:
    """Luma, U and V of every pixel [H, W]; the nearest chroma."""
    if pixel_format in PACKED:
        at = PACKED.index(pixel_format)
        u, v = (frame[:, first::2, 1 - at].repeat(2, axis=1) for first in (0, 1))
        return tuple(plane.astype(np.int64) for plane in (frame[:, :, at], u, v))
    height, width = len(frame) // 3 * 2, frame.shape[1]
    chroma = np.ascontiguousarray(frame[height:]).reshape(-1)
    if pixel_format == "i420":
        quarters = chroma.reshape(2, height // 2, width // 2)
    else:
        quarters = chroma.reshape(height // 2, width // 2, 2).transpose(2, 0, 1)
    u, v = quarters.repeat(2, axis=1).repeat(2, axis=2)[:: -1 if pixel_format == "nv21" else 1]
    return tuple(plane.astype(np.int64) for plane in (frame[:height], u, v))


def factors(matrix: str, range_: str) -> tuple[float, ...]:
    """What a level of luma, or of chroma over the middle, adds to the levels of colours."""
    if (matrix, range_) == ("bt601", "limited"):
        return OPENCV
    red, blue = LUMA[matrix]
    luma, chroma = (1, 1) if range_ == "full" else (255 / 219, 255 / 224)
    to_red, to_blue = 2 * (1 - red) * chroma, 2 * (1 - blue) * chroma
    green = 1 - red - blue
    return luma, to_red, -to_blue * blue / green, -to_red * red / green, to_blue


def to_rgb(frame: Levels, pixel_format: str, matrix: str = "bt601", range_: str = "limited") -> Levels:
    """Levels [H, W, 3] in 16-bit arithmetic: each term is in 64ths of a level."""
    luma, u, v = split(frame, pixel_format)
    numbers = factors(matrix, range_)
    weights = [round(np.ldexp(number, 14 if i == 0 else 13)) for i, number in enumerate(numbers)]
    over = np.maximum(luma - (0 if range_ == "full" else 16), 0)
    grey = (256 * over * weights[0] >> 16) + 32

    def term(chroma: Ints, weight: int) -> Ints:
        return np.asarray((256 * (chroma - 128) * weight + (1 << 14)) >> 15)

    red = grey + term(v, weights[1])
    green = grey + term(u, weights[2]) + term(v, weights[3])
    blue = grey + term(u, weights[4])
    return np.clip(np.stack([red, green, blue], axis=2) >> 6, 0, 255).astype(np.uint8)
