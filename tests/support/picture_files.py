"""Encoded pictures whose headers say any size: a few bytes each."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from tests.data_sets.conftest import encode


def png(width: int, height: int) -> bytes:
    """A whole PNG of 1-bit grey, all black."""
    squeezer = zlib.compressobj(9)
    rows = b"".join(squeezer.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + squeezer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def jpeg(width: int, height: int, *, progressive: bool = False) -> bytes:
    """A JPEG with a comment before its frame."""
    flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    data = cv2.imencode(".jpg", np.zeros((10, 20, 3), np.uint8), flags)[1].tobytes()
    place = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    sized = data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]
    return sized[:2] + b"\xff\xfe\x00\x08\xff\xc0ab\xff\xff" + sized[2:]


def bmp(width: int, height: int) -> bytes:
    """A bitmap stored upside down."""
    data = encode(suffix=".bmp")
    return data[:18] + struct.pack("<ii", width, -height) + data[26:]


def os2_bmp(width: int, height: int) -> bytes:
    """A bitmap of OS/2."""
    return b"BM" + struct.pack("<IHHII4H", 26, 0, 0, 26, 12, width, height, 1, 24) + bytes(100)


def gif(width: int, height: int) -> bytes:
    """A GIF of one black frame."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<4HB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00;"


def netpbm(width: int, height: int) -> bytes:
    """A PBM with comments, and no pixels."""
    return b"P4\n# made by hand 9 9\n%d # across\n%d\n" % (width, height) + bytes(100)


def tiff(width: int, height: int, *, order: str = "<", tile: int = 0) -> bytes:
    """A TIFF of one strip, or of tiles."""
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1)]
    entries += [(322, 4, tile), (323, 4, tile)] if tile else [(273, 4, 8), (278, 4, height), (279, 4, 1)]
    entries += [(324, 4, 8), (325, 4, 1)] if tile else []
    rows = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + ("HH" if kind == 3 else "I"), *fields)
        for tag, kind, value in sorted(entries)
        for fields in [(value, 0) if kind == 3 else (value,)]
    )
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return start + struct.pack(order + "IH", 8, len(entries)) + rows + bytes(100)


def big_tiff(width: int, height: int) -> bytes:
    """The header and directory of a BigTIFF."""
    rows = b"".join(struct.pack("<HHQQ", tag, 16, 1, side) for tag, side in ((256, width), (257, height)))
    return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2) + rows + bytes(100)


def webp(width: int, height: int) -> bytes:
    """A lossy WebP in the simple container; sides of 14 bits."""
    data = cv2.imencode(".webp", np.zeros((10, 20, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 50])[1].tobytes()
    place = data.index(b"\x9d\x01\x2a") + 3
    return data[:place] + struct.pack("<HH", width, height) + data[place + 4 :]


def lossless_webp(width: int, height: int) -> bytes:
    """A lossless WebP; sides of 14 bits."""
    data = encode(suffix=".webp")
    place = data.index(b"VP8L") + 9
    (word,) = struct.unpack_from("<I", data, place)
    return (
        data[:place] + struct.pack("<I", word >> 28 << 28 | height - 1 << 14 | width - 1) + data[place + 4 :]
    )


def extended_webp(width: int, height: int) -> bytes:
    """A WebP with a canvas."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunk = b"VP8X" + struct.pack("<II", 10, 0) + sides
    body = b"WEBP" + chunk + encode(suffix=".webp")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_2000(width: int, height: int) -> bytes:
    """The beginning of a JPEG 2000 codestream."""
    return b"\xff\x4f\xff\x51" + struct.pack(">HHII", 47, 0, width, height) + bytes(100)


def avif(width: int, height: int) -> bytes:
    """The boxes of an AVIF that name a thumbnail's size and the picture's."""
    sizes = b"".join(
        struct.pack(">I4sIII", 20, b"ispe", 0, *sides) for sides in ((16, 16), (width, height), (32, 8))
    )
    return struct.pack(">I", 20) + b"ftypavif" + bytes(8) + sizes
