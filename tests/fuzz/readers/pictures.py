"""Encoded pictures and videos."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from gcv_edge.cli.inputs import count_pages, is_picture
from gcv_edge.runtime.picture_decoding import decode_picture
from gcv_edge.runtime.picture_size import page_count, picture_kind, picture_size
from gcv_edge.runtime.pixel_limit import limit_pixels
from gcv_edge.runtime.sources import read_source
from gcv_edge.runtime.videos import Video
from tests.fuzz.mutations import mutate_bytes
from tests.fuzz.target import Target, mutating
from tests.support import picture_files as made

MOST_PIXELS = 1 << 22
SUFFIXES = (".png", ".jpg", ".bmp", ".tif", ".webp", ".ppm", ".jp2", ".gif")
HEADERS = (
    *(made.png, made.jpeg, made.bmp, made.os2_bmp, made.gif, made.netpbm, made.tiff, made.big_tiff),
    *(made.webp, made.lossless_webp, made.extended_webp, made.jpeg_2000, made.avif),
)


def pictures() -> Sequence[bytes]:
    """Small pictures of every format that OpenCV writes here, and headers of those that it does not."""
    written = [encoded for suffix in SUFFIXES if (encoded := try_to_encode(suffix)) is not None]
    return [*written, made.tiff(20, 10, tile=16), *(make(20, 10) for make in HEADERS)]


def try_to_encode(suffix: str) -> bytes | None:
    if not cv2.haveImageWriter(f"picture{suffix}"):
        return None
    found, encoded = cv2.imencode(suffix, np.full((32, 64, 3), 100, np.uint8))
    return encoded.tobytes() if found else None


def read_picture_bytes(data: bytes, folder: Path) -> None:
    """Read a picture in every way: its header, as bytes, as a file of no particular name."""
    picture_kind(data), page_count(data), picture_size(data)
    path = folder / "picture"
    path.write_bytes(data)
    count_pages(str(path)), is_picture(str(path))
    with limit_pixels(MOST_PIXELS):
        decode_picture(data)
        list(read_source(path))


def videos() -> Sequence[bytes]:
    return [write_video("MJPG", ".avi"), write_video("mp4v", ".mp4"), write_video("XVID", ".avi")]


def write_video(codec: str, suffix: str) -> bytes:
    """Encode a few frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (32, 16))
        for level in range(6):
            writer.write(np.full((16, 32, 3), 40 * level, np.uint8))
        writer.release()
        return path.read_bytes()


def read_video(data: bytes, folder: Path) -> None:
    """Read a video's frames in order, and some of them."""
    path = folder / "video.avi"
    path.write_bytes(data)
    with limit_pixels(MOST_PIXELS):
        for frame, _ in zip(read_source(path), range(50), strict=False):
            assert frame.pixels.ndim == 3
        list(Video(path).read([0, 3]))


RUNTIME = "runtime/"
TARGETS = (
    Target(
        "picture",
        mutating(pictures, mutate_bytes),
        read_picture_bytes,
        (
            *(
                RUNTIME + name
                for name in ("picture_decoding.py", "picture_size.py", "sources.py", "places.py")
            ),
            "gcv_edge/cli/inputs.py",
        ),
    ),
    Target(
        "video",
        mutating(videos, mutate_bytes),
        read_video,
        (RUNTIME + "captures.py", RUNTIME + "videos.py"),
        share=1,
    ),
)
