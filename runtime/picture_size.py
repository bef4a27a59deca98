"""How many pixels an encoded picture has, from its header alone: nothing is decoded, and nothing allocated.

Sources: PNG (W3C), 4.1.1 IHDR; JPEG (ITU T.81), B.2.2; TIFF 6.0, section 2, and BigTIFF; WebP (RFC 9649);
GIF89a, section 18; BITMAPINFOHEADER; netpbm's pnm; AVIF (ISO/IEC 23008-12),
6.5.3.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import TypeAlias

Encoded: TypeAlias = "bytes | mmap"
Size: TypeAlias = "tuple[int, int]"

JPEG_ALONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
"""Second bytes of what has no length: stuffing and markers without a segment."""
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_END = frozenset((0xD9, 0xDA))
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_HEAD, PNG_CHECKSUM = 8, 4
"""Bytes before and behind what a chunk holds."""
PNM_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])"
PNM_HEAD = re.compile(rb"P[1-6]\s" + PNM_SPACE + rb"*(\d{1,10})" + PNM_SPACE + rb"+(\d{1,10})[\s#]")
TIFF_SIDES = (256, 257, 322, 323)
"""Tags of the width and height of the picture, and of its tiles."""
TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
AVIF_SIZE = re.compile(rb"ispe.{4}(.{8})", re.DOTALL)
OUTSIDE = (struct.error, OverflowError)
"""What reading at a place outside the data raises, or at one that no index can say."""


def picture_size(data: Encoded) -> Size | None:
    """Return width and height of what decoding would hold.

    Args:
        data: an encoded picture: PNG, JPEG, GIF, BMP, TIFF, WebP, netpbm or AVIF. Not JPEG 2000:
            OpenCV dies of damaged ones.

    Returns:
        The larger of picture and tile, where a TIFF has tiles. None for anything else, or a damaged header.
    """
    for signature, read in READERS.items():
        if signature.match(data):
            try:
                return read(data)
            except OUTSIDE:
                return None
    return None


def picture_kind(data: Encoded) -> str | None:
    """Name the format of an encoded picture by its first bytes; None for anything else."""
    return next((name for signature, name in KINDS.items() if signature.match(data)), None)


def page_count(data: Encoded) -> int:
    """Count the pictures in a TIFF, damaged ones not; 1 for any other format."""
    if not TIFF.match(data):
        return 1
    order, pages, seen = "<" if data[:2] == b"II" else ">", 0, set[int]()
    try:
        is_big = struct.unpack_from(order + "H", data, 2) == (43,)
        word, count, step = ("Q", "Q", 20) if is_big else ("I", "H", 12)
        (place,) = struct.unpack_from(order + word, data, 8 if is_big else 4)
        while place and place not in seen:
            seen.add(place)
            (entries,) = struct.unpack_from(order + count, data, place)
            behind = place + struct.calcsize(order + count) + step * entries
            (place,) = struct.unpack_from(order + word, data, behind)
            pages += 1
    except OUTSIDE:
        pass
    return max(pages, 1)


def png_size(data: Encoded) -> Size | None:
    """Read IHDR, which comes first, of a file that holds all that its chunks say they hold.

    OpenCV takes the memory of a chunk before it looks whether so much is there: 4 GB for a few bytes.
    """
    return struct.unpack_from(">II", data, 16) if data[12:16] == b"IHDR" and has_whole_chunks(data) else None


def has_whole_chunks(data: Encoded) -> bool:
    """Tell whether each chunk of a PNG is there, up to its end or the file's.

    The end has pixels before it: OpenCV goes on behind one that has not.
    """
    place, kind, has_pixels = len(PNG_SIGNATURE), b"", False
    while place + PNG_HEAD <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, place)
        if length > len(data) - place - PNG_HEAD:
            return False
        has_pixels = has_pixels or kind == b"IDAT"
        place += PNG_HEAD + length + PNG_CHECKSUM
    return has_pixels if kind == b"IEND" else place >= len(data)


def jpeg_size(data: Encoded) -> Size | None:
    """Go from marker to marker until the one that begins a frame."""
    place = data.find(b"\xff", 2)
    while place >= 0:
        (marker,) = struct.unpack_from("B", data, place + 1)
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker in JPEG_END:
            return None
        place = data.find(b"\xff", end_of_marker(data, place, marker))
    return None


def end_of_marker(data: Encoded, place: int, marker: int) -> int:
    """Return where a JPEG's marker, and the segment that it has, end; a second 0xFF is filling."""
    if marker == 0xFF:
        return place + 1
    if marker in JPEG_ALONE:
        return place + 2
    return place + 2 + int(struct.unpack_from(">H", data, place + 2)[0])


def gif_size(data: Encoded) -> Size:
    """Read the logical screen."""
    return struct.unpack_from("<HH", data, 6)


def bmp_size(data: Encoded) -> Size:
    """Read the core header of OS/2, or the information header; a negative height is upside down."""
    (length,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", data, 18)
    return abs(width), abs(height)


def webp_size(data: Encoded) -> Size | None:
    """Read the canvas, or the header of a lossy or lossless picture."""
    kind = data[12:16]
    if kind == b"VP8X":
        low, high = struct.unpack_from("<IH", data, 24)
        return 1 + (low & 0xFFFFFF), 1 + (low >> 24 | high << 8)
    if kind == b"VP8L":
        (word,) = struct.unpack_from("<I", data, 21)
        return 1 + (word & 0x3FFF), 1 + (word >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return (width & 0x3FFF, height & 0x3FFF) if kind == b"VP8 " else None


def pnm_size(data: Encoded) -> Size | None:
    """Read the first two numbers; comments may stand before each."""
    found = PNM_HEAD.match(data)
    return (int(found[1]), int(found[2])) if found else None


def tiff_size(data: Encoded) -> Size | None:
    """Read the first directory."""
    sides = dict(tiff_sides(data, "<" if data[:2] == b"II" else ">"))
    if not {256, 257} <= sides.keys():
        return None
    picture, tile = (sides[256], sides[257]), (sides.get(322, 0), sides.get(323, 0))
    return max(picture, tile, key=pixel_count)


def tiff_sides(data: Encoded, order: str) -> Iterator[tuple[int, int]]:
    """Give the tags that are sides, with their values."""
    is_big = struct.unpack_from(order + "H", data, 2) == (43,)
    (place,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, 8 if is_big else 4)
    count_format, step, value = (order + "Q", 20, 12) if is_big else (order + "H", 12, 8)
    (count,) = struct.unpack_from(count_format, data, place)
    place += struct.calcsize(count_format)
    for entry in range(place, place + step * count, step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in TIFF_SIDES and kind in TIFF_TYPES:
            yield tag, struct.unpack_from(order + TIFF_TYPES[kind], data, entry + value)[0]


def avif_size(data: Encoded) -> Size | None:
    """Return the largest of the sizes that a file names in several places."""
    sizes = (struct.unpack(">II", found[1]) for found in AVIF_SIZE.finditer(data))
    return max(sizes, key=pixel_count, default=None)


def pixel_count(size: Size) -> int:
    """Multiply."""
    return size[0] * size[1]


READERS: dict[re.Pattern[bytes], Callable[[Encoded], Size | None]] = {
    re.compile(signature, re.DOTALL): read
    for signature, read in {
        rb"\x89PNG\r\n\x1a\n": png_size,
        rb"\xff\xd8\xff": jpeg_size,
        rb"GIF8": gif_size,
        rb"BM": bmp_size,
        rb"RIFF.{4}WEBP": webp_size,
        rb"II[*+]\0|MM\0[*+]": tiff_size,
        rb"P[1-6]\s": pnm_size,
        rb".{4}ftypavi[fs]": avif_size,
    }.items()
}
"""By the first bytes."""

TIFF = re.compile(rb"II[*+]\0|MM\0[*+]")
KINDS = {
    re.compile(signature, re.DOTALL): name
    for signature, name in {
        rb"\x89PNG\r\n\x1a\n": "PNG",
        rb"\xff\xd8\xff": "JPEG",
        rb"GIF8": "GIF",
        rb"BM.{4}\0{4}": "BMP",
        rb"RIFF.{4}WEBP": "WebP",
        rb"II[*+]\0|MM\0[*+]": "TIFF",
        rb"P[1-6]\s": "netpbm",
        rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG 2000",
        rb".{4}ftypavi[fs]": "AVIF",
        rb".{4}ftyp(hei[cxs]|hev[cx]|mif1|msf1)": "HEIC",
        rb"\xff\x0a|\0\0\0\x0cJXL ": "JPEG XL",
    }.items()
}
"""Formats by their first bytes, also of such that are not read."""
