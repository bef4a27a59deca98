"""How many pixels a picture may have: a few bytes can be a picture that fills the memory."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from gcv_edge.errors import DataError
from gcv_edge.runtime.picture_size import Size, pixel_count

MAX_PIXELS = 178_956_970
"""As many as Pillow takes: 512 MiB of three channels."""
MOST_PIXELS = 1 << 30
"""OpenCV decodes no more."""
OPENCV_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
UNITS = {"": 1, "KB": 1 << 10, "MB": 1 << 20}


def opencv_limit() -> int | None:
    """Return what OpenCV's own variable says (1000000, 500KB or 100MB); None where it is not set.

    Raises:
        DataError: it says something else.
    """
    text = os.environ.get(OPENCV_VARIABLE)
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)(|KB|MB)", text.strip().upper())
    if found is None:
        raise DataError(f"{OPENCV_VARIABLE}: found '{text}', expected a number of pixels")
    return int(found[1]) * UNITS[found[2]]


class PixelLimit:
    """How many pixels a picture may have; the same in all threads, since pictures are read ahead in others.

    Attributes:
        chosen: what the caller wants; None for nothing in particular.
    """

    chosen: int | None = None

    @property
    def pixels(self) -> int:
        """The number: as chosen, else as OpenCV's variable says, and never over that."""
        opencv = opencv_limit()
        if opencv is None:
            return self.chosen or MAX_PIXELS
        return min(self.chosen or opencv, opencv)

    def check(self, size: Size) -> None:
        """Raise DataError for a picture of that width and height with more pixels."""
        if pixel_count(size) > self.pixels:
            raise DataError(
                f"found a picture of {size[0]} x {size[1]}, {pixel_count(size)} pixels, expected at most "
                f"{self.pixels} (--max-pixels)"
            )


LIMIT = PixelLimit()


@contextlib.contextmanager
def limit_pixels(count: int) -> Iterator[None]:
    """Take pictures of at most that many pixels meanwhile, in all threads.

    Args:
        count: 1 to 2^30, beyond which OpenCV does not go. Elsewhere the limit is 178,956,970, or what
            ``OPENCV_IO_MAX_IMAGE_PIXELS`` says in the environment; OpenCV obeys that too.

    Raises:
        ValueError: it is another number.
    """
    if not 1 <= count <= MOST_PIXELS:
        raise ValueError(f"count: found {count}, expected 1 to {MOST_PIXELS}")
    before, LIMIT.chosen = LIMIT.chosen, count
    try:
        yield
    finally:
        LIMIT.chosen = before
