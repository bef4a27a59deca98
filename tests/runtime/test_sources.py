"""Pictures, folders, videos: what is read, and one clear error for what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge.errors import DataError
from gcv_edge.runtime.sources import read_picture, read_source

from .conftest import solid


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
        (truncated, "found no picture"),
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
