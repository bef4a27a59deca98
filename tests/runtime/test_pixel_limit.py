"""Pictures of few bytes and very many pixels are refused by their header, before anything is decoded."""

from __future__ import annotations

import functools
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge.errors import DataError
from gcv_edge.runtime.captures import capture_frames
from gcv_edge.runtime.picture_decoding import decode_picture
from gcv_edge.runtime.picture_size import page_count, picture_size
from gcv_edge.runtime.pixel_limit import limit_pixels
from gcv_edge.runtime.sources import read_picture, read_source
from gcv_edge.runtime.videos import Video
from tests.support import picture_files as files

Maker = Callable[[int, int], bytes]

MAKERS: dict[str, Maker] = {
    "png": files.png,
    "jpg": files.jpeg,
    "progressive.jpg": functools.partial(files.jpeg, progressive=True),
    "bmp": files.bmp,
    "os2.bmp": files.os2_bmp,
    "gif": files.gif,
    "pbm": files.netpbm,
    "tif": files.tiff,
    "motorola.tif": functools.partial(files.tiff, order=">"),
    "big.tif": files.big_tiff,
    "webp": files.webp,
    "lossless.webp": files.lossless_webp,
    "extended.webp": files.extended_webp,
    "avif": files.avif,
}
WIDTH, HEIGHT = 16001, 15002
SAID = "found a picture of 16001 x 15002, 240047002 pixels, expected at most 178956970 (--max-pixels)"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_size_is_read_from_the_header(make: Maker) -> None:
    assert picture_size(make(300, 200)) == (300, 200)
    assert picture_size(make(WIDTH, HEIGHT)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (641, 3)])
def test_what_opencv_writes_is_read_and_decoded(suffix: str, size: tuple[int, int]) -> None:
    width, height = size
    shape = (height, width) if suffix in (".pgm", ".pbm") else (height, width, 3)
    data = cv2.imencode(suffix, np.full(shape, 255, np.uint8))[1].tobytes()
    assert picture_size(data) == size
    assert decode_picture(data).shape == (height, width, 3)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_too_many_pixels_are_named(make: Maker, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(make(WIDTH, HEIGHT))
    with pytest.raises(DataError) as found:
        read_picture(path)
    assert str(found.value) == f"{path}: {SAID}"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_header_cut_anywhere_is_no_picture(make: Maker) -> None:
    whole = make(300, 200)
    for length in range(min(len(whole), 700)):
        assert picture_size(whole[:length]) in (None, (300, 200), (16, 16))


def test_tiles_count_as_a_picture_does() -> None:
    assert picture_size(files.tiff(10, 20, tile=16)) == (16, 16)
    with pytest.raises(DataError, match="found a picture of 1048576 x 1048576"):
        decode_picture(files.tiff(10, 20, tile=1 << 20))


def test_markers_without_end_take_no_time() -> None:
    assert picture_size(b"\xff\xd8\xff" + b"\xff\x01" * 200_000) is None


MEMORY = """
import resource, sys
from pathlib import Path
from gcv_edge.errors import DataError
from gcv_edge.runtime.sources import read_picture, read_source
from gcv_edge.runtime.videos import Video

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

for path in map(Path, sys.argv[1:]):
    before = peak()
    for read in (read_picture, read_source, lambda path: Video(path).read([0])):
        try:
            print(path.name, "was taken:", len(list(read(path))))
        except DataError as error:
            assert "178956970" in str(error), error
    grown = peak() - before
    assert grown < 20_000, f"{path.name}: {grown} KiB"
"""


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Whatever the suffix: one unknown to pictures is opened as a video."""
    paths = []
    for number, (name, make) in enumerate(MAKERS.items()):
        for suffix in (".png", f".{name.rpartition('.')[2]}", ""):
            paths.append(tmp_path / f"{number}{suffix}")
            paths[-1].write_bytes(make(WIDTH, HEIGHT))
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, *paths], capture_output=True, text=True, check=False, timeout=60
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stderr[-2000:]


def test_the_limit_may_be_another() -> None:
    data = files.png(300, 200)
    with limit_pixels(60_000):
        assert decode_picture(data).shape == (200, 300, 3)
        with limit_pixels(59_999), pytest.raises(DataError, match="60000 pixels, expected at most 59999"):
            decode_picture(data)
        assert decode_picture(data).shape == (200, 300, 3)
    with pytest.raises(ValueError, match="count: found 0, expected 1 to 1073741824"), limit_pixels(0):
        pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("59999", "expected at most 59999"),
        ("58KB", "expected at most 59392"),
        ("0MB", "expected at most 0 "),
        ("few", "OPENCV_IO_MAX_IMAGE_PIXELS: found 'few', expected a number of pixels"),
    ],
)
def test_opencvs_variable_holds(text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", text)
    with pytest.raises(DataError, match=said):
        decode_picture(files.png(300, 200))
    with limit_pixels(70_000), pytest.raises(DataError, match=said):
        decode_picture(files.png(300, 200))


def test_opencv_reads_its_variable_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(files.png(300, 200))
    code = "import cv2; print(cv2.imread('a.png') is None)"
    for text, refused in (("59999", True), ("58KB", True), ("1MB", False), ("60000", False)):
        environment = {**os.environ, "OPENCV_IO_MAX_IMAGE_PIXELS": text, "OPENCV_LOG_LEVEL": "SILENT"}
        command = [sys.executable, "-c", code]
        run = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )
        assert (run.stdout.strip() == "True" or run.returncode != 0) == refused


def test_frames_of_videos_count_too(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (320, 240))
    writer.write(np.zeros((240, 320, 3), np.uint8))
    writer.release()
    said = f"{path}: found a picture of 320 x 240, 76800 pixels, expected at most 76799"
    with limit_pixels(76_799):
        for read in (lambda: next(read_source(path)), lambda: Video(path)):
            with pytest.raises(DataError) as found:
                read()
            assert str(found.value).startswith(said)
    assert next(read_source(path)).pixels.shape == (240, 320, 3)


@pytest.mark.parametrize("kind", [b"tEXt", b"IDAT", b"PLTE", b"none"])
@pytest.mark.parametrize("length", [500, 1 << 28, (1 << 31) - 1, (1 << 32) - 1])
@pytest.mark.parametrize("left", [0, 3, 4, 30])
def test_a_png_holds_what_its_chunks_say(tmp_path: Path, kind: bytes, length: int, left: int) -> None:
    """OpenCV would take the memory first: seconds, and up to 4 GB."""
    whole = files.png(20, 10)
    place = whole.index(b"IDAT") - 4
    path = tmp_path / "a.png"
    path.write_bytes(whole[:place] + struct.pack(">I", length) + kind + whole[place + 8 :][:left])
    start = time.process_time()
    for read in (read_picture, read_source, lambda path: Video(path).read([0])):
        with pytest.raises(DataError, match="found a damaged PNG"):
            list(read(path))
    with pytest.raises(DataError, match="found a damaged PNG"):
        list(capture_frames(str(path), "a video"))
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("missing", "size"), [(0, (20, 10)), (4, (20, 10)), (5, None), (11, None), (12, (20, 10))]
)
def test_a_png_cut_in_its_last_chunk(missing: int, size: tuple[int, int] | None) -> None:
    """Of a head that is cut off OpenCV takes what is missing from anywhere."""
    whole = files.png(20, 10)
    assert picture_size(whole[: len(whole) - missing]) == size


@pytest.mark.parametrize("place", [1 << 63, (1 << 64) - 1, 1 << 62])
def test_a_directory_that_no_file_reaches(place: int) -> None:
    data = b"II+\0" + struct.pack("<HHQ", 8, 0, place) + bytes(100)
    assert picture_size(data) is None
    assert page_count(data) == 1


def test_jpeg_2000_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(cv2.imencode(".jp2", np.zeros((40, 60, 3), np.uint8))[1].tobytes())
    for read in (read_picture, lambda path: list(capture_frames(str(path), "a video"))):
        with pytest.raises(DataError, match="found JPEG 2000, which OpenCV cannot decode here"):
            read(path)
