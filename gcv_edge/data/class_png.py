"""PNG whose levels are class ids, with or without a palette that shows them in colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.reader import DamagedSampleError, read_bytes
from gcv_edge.errors import DataError
from gcv_edge.runtime.picture_decoding import decode_picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE, GRAY = 3, 0


def read_levels(path: Path) -> NDArray[np.int32]:
    """Read the numbers that a PNG stores, not the colours that its palette shows.

    Returns:
        ``(h, w)`` int32.

    Raises:
        DamagedSampleError: it is missing, no PNG of one channel, or of too many pixels.
    """
    data, factor = as_gray_png(read_bytes(path))
    try:
        levels = decode_picture(data, cv2.IMREAD_UNCHANGED)
    except DataError as error:
        raise DamagedSampleError(f"{path.name}: {error}") from None
    if levels.ndim != 2:
        raise DamagedSampleError(f"{path.name}: found a colour picture, expected a PNG of class ids")
    return np.asarray(levels, np.int32) // factor


def as_gray_png(data: bytes) -> tuple[bytes, int]:
    """Turn a PNG with a palette into a grey one of the same numbers, since decoders give the colours.

    Returns:
        The PNG, and by how much a decoder will multiply its numbers (those of less than 8 bits).
    """
    header = struct.Struct(">I4sIIBBBBBI")
    if not data.startswith(SIGNATURE) or len(data) < len(SIGNATURE) + header.size:
        return data, 1
    length, name, width, height, depth, color, *rest, _ = header.unpack_from(data, len(SIGNATURE))
    if name != b"IHDR" or length != 13 or color not in (PALETTE, GRAY) or depth not in (1, 2, 4, 8):
        return data, 1
    factor = 255 // ((1 << depth) - 1)
    if color == GRAY:
        return data, factor
    fields = struct.pack(">4sIIBBBBB", b"IHDR", width, height, depth, GRAY, *rest)
    head = struct.pack(">I", 13) + fields + struct.pack(">I", zlib.crc32(fields))
    others = (chunk for name, chunk in chunks(data) if name in (b"IDAT", b"IEND"))
    return SIGNATURE + head + b"".join(others), factor


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the names and bytes of a PNG's chunks."""
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place : place + 12 + length]
        place += 12 + length
