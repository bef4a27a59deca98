"""Pictures, folders, videos: what is read, and one clear error for what is not."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge.errors import DataError, TruncatedError, UnreadableError
from gcv_edge.runtime.sources import read_picture, read_source
from tests.runtime.conftest import cut_off, solid, write_video


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), solid(255, 0, 0))
    return path


def test_a_picture_is_bgr(picture: Path) -> None:
    np.testing.assert_array_equal(read_picture(picture), solid(255, 0, 0))


def test_a_name_beyond_ascii(tmp_path: Path, picture: Path) -> None:
    path = picture.rename(tmp_path / "bild ä 图.png")
    assert read_picture(str(path)).shape == (64, 64, 3)


def test_a_grey_picture_has_three_channels(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((5, 7), 9, np.uint8))
    np.testing.assert_array_equal(read_picture(path), np.full((5, 7, 3), 9))


def write(data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "picture.jpg"
        path.write_bytes(data)
        return path

    return make


def truncated(folder: Path) -> Path:
    path = folder / "cut.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:40])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "missing.jpg", r"missing\.jpg: no such file"),
        (lambda folder: folder, "found a folder, expected a picture"),
        (write(b""), "found no picture, expected JPEG, PNG"),
        (write(b"\x08\x08onnx graph"), "found no picture, expected JPEG, PNG"),
        (truncated, r"cut\.png: found a damaged PNG: it is cut off"),
    ],
    ids=["missing", "folder", "empty", "model", "truncated"],
)
def test_no_picture(make: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_picture(make(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.bmp"):
        cv2.imwrite(str(tmp_path / name), solid(1, 2, 3))
    (tmp_path / "labels.txt").touch()
    frames = list(read_source(tmp_path))
    assert [Path(frame.name).name for frame in frames] == ["a.JPG", "b.png", "c.bmp"]
    assert [frame.index for frame in frames] == [0, 1, 2]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found no pictures, expected .*\.png"):
        read_source(tmp_path)


def test_a_broken_picture_in_a_folder_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), solid(1, 2, 3))
    (tmp_path / "b.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"b\.png: found no picture"):
        list(read_source(str(tmp_path)))


def test_a_file_that_is_neither_picture_nor_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(DataError, match=r"clip\.mp4: cannot be opened as a picture or video"):
        list(read_source(path))


def test_arrays(picture: Path) -> None:
    frames = list(read_source([solid(1, 1, 1), solid(2, 2, 2)]))
    assert [frame.name for frame in frames] == ["frame 0", "frame 1"]


def test_a_camera_that_is_not_there() -> None:
    with pytest.raises(DataError, match="camera 97: cannot be opened as a camera"):
        list(read_source("97"))


def test_a_list_and_a_pattern_of_paths(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        cv2.imwrite(str(tmp_path / name), solid(1, 2, 3))
    paths = [tmp_path / "b.png", str(tmp_path / "a.png")]
    assert [frame.name for frame in read_source(paths)] == list(map(str, paths))
    assert [frame.index for frame in read_source(iter(paths))] == [0, 1]
    assert [frame.name for frame in read_source(tmp_path / "*.png")] == list(map(str, reversed(paths)))


@pytest.mark.parametrize("as_list", [False, True], ids=["a folder", "a list"])
def test_what_can_be_read_comes_before_the_error(tmp_path: Path, as_list: bool) -> None:
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), solid(1, 2, 3))
    (tmp_path / "b.png").write_bytes(b"nothing")
    told: list[DataError] = []
    frames = read_source(sorted(tmp_path.iterdir()) if as_list else tmp_path, told.append)
    assert [Path(next(frames).name).name for _ in range(2)] == ["a.png", "c.png"]
    with pytest.raises(UnreadableError, match=r"^1 of 3 could not be read: .*b\.png: found no pic") as caught:
        next(frames)
    assert list(map(str, told)) == list(caught.value.problems)


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".webm"])
def test_a_video_that_ends_before_its_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    if suffix == ".webm":
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 30, (64, 64))
        for level in range(60):
            writer.write(solid(level, 9, 9))
        writer.release()
    else:
        write_video(path, 60)
    assert len(list(read_source(path))) == 60
    frames = read_source(cut_off(path))
    for _ in range(10):
        next(frames)
    with pytest.raises(TruncatedError, match=rf"clip\{suffix}: ended after \d+ frames, expected 60"):
        list(frames)


@pytest.mark.parametrize("rate", [7, 29.97, 60])
@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4", ".mov", ".ts", ".mpg"])
def test_a_whole_video_just_ends(tmp_path: Path, suffix: str, rate: float) -> None:
    path = write_video(tmp_path / f"clip{suffix}", 40, rate)
    assert len(list(read_source(path))) in range(38, 41)


class Camera(BaseHTTPRequestHandler):
    """Serves a picture that EXIF turns, with or without a name that tells, and what is none."""

    picture: bytes

    def do_GET(self) -> None:
        kind = {"/a.jpg": "image/jpeg", "/photo?id=1": "image/jpeg"}.get(self.path)
        self.send_response(200 if kind or self.path == "/bad.jpg" else 404)
        self.send_header("Content-Type", kind or "text/html")
        self.end_headers()
        self.wfile.write(self.picture if kind else b"<html>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    Camera.picture = turned_picture()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def turned_picture() -> bytes:
    """A JPEG of 20 x 10 that EXIF turns by 90 degrees."""
    data = cv2.imencode(".jpg", np.full((10, 20, 3), 90, np.uint8))[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x112, 3, 1, 6, 0, 0)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


@pytest.mark.parametrize("path", ["/a.jpg", "/photo?id=1"])
def test_a_picture_by_url_is_upright_as_a_file_is(web: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(turned_picture())
    (by_path,), (by_url,) = read_source(file), read_source(web + path)
    assert by_url.pixels.shape == (20, 10, 3)
    np.testing.assert_array_equal(by_url.pixels, by_path.pixels)
    assert (by_url.name, by_url.kind) == (web + path, "picture")
    (by_file_url,) = read_source(file.as_uri())
    np.testing.assert_array_equal(by_file_url.pixels, by_path.pixels)


def test_no_picture_by_url(web: str) -> None:
    with pytest.raises(DataError, match=r"/bad\.jpg: found no picture"):
        list(read_source(f"{web}/bad.jpg"))
    with pytest.raises(DataError, match=r"/no\.jpg: cannot be fetched: Not Found"):
        list(read_source(f"{web}/no.jpg"))
    with pytest.raises(DataError, match=r"127\.0\.0\.1:1/a\.jpg: Connection refused"):
        list(read_source("http://127.0.0.1:1/a.jpg"))
