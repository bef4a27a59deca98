"""Decoding pictures and opening videos, whose frames may have no more pixels than a limit."""

from __future__ import annotations

import contextlib
import mmap
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import DataError
from gcv_edge.runtime.picture_size import picture_kind, picture_size
from gcv_edge.runtime.pixel_limit import LIMIT

RARE_KINDS = ("AVIF", "GIF", "HEIC", "JPEG 2000", "JPEG XL")
"""Formats that OpenCV is built without here or there, and one of which damaged files kill it."""


def decode_picture(data: bytes, flags: int = cv2.IMREAD_COLOR) -> NDArray[np.generic]:
    """Decode a picture, upright as its EXIF data says.

    Args:
        data: PNG, JPEG, BMP, TIFF, WebP, netpbm, or what else ``picture_size`` knows and OpenCV decodes.
        flags: OpenCV's; by default the result is BGR, uint8 ``[h, w, 3]``.

    Raises:
        DataError: it is no picture, or has more pixels than the limit; then nothing is decoded.
    """
    size = picture_size(data)
    if size is not None:
        LIMIT.check(size)
        with contextlib.suppress(cv2.error):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
            if picture is not None:
                return picture
    raise DataError(describe_undecoded(picture_kind(data), "JPEG, PNG or the like"))


def describe_undecoded(kind: str | None, expected: str) -> str:
    """Say what could not be decoded: a format that not every OpenCV has, a damaged file, or no picture."""
    if kind in RARE_KINDS:
        return f"found {kind}, which OpenCV cannot decode here, expected {expected}"
    if kind is not None:
        return f"found a damaged {kind}: it is cut off, or cannot be decoded"
    return f"found no picture, expected {expected}"


def open_capture(address: int | str) -> cv2.VideoCapture:
    """Open a video's path or URL, or a camera by its number.

    Raises:
        DataError: it cannot be opened, or its frames have more pixels than the limit.
    """
    check_still(address)
    capture = cv2.VideoCapture(address)
    sides = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
    try:
        if not capture.isOpened():
            kind = "camera" if isinstance(address, int) else "picture or video"
            raise DataError(f"cannot be opened as a {kind}")
        LIMIT.check((int(capture.get(sides[0])), int(capture.get(sides[1]))))
    except DataError:
        capture.release()
        raise
    return capture


def check_still(address: int | str) -> None:
    """Check a file that is a picture by its content: opening it as a video would decode it."""
    if isinstance(address, int) or not Path(address).is_file():
        return
    with contextlib.suppress(OSError, ValueError), Path(address).open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            size, kind = picture_size(data), picture_kind(data)
        if size is not None:
            LIMIT.check(size)
        elif kind is not None:
            raise DataError(describe_undecoded(kind, "a picture or video"))
