"""Where frames come from: a picture, a folder of pictures, a video, a camera."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from gcv_edge.errors import DataError
from gcv_edge.runtime.decoding import decode_picture, open_capture
from gcv_edge.runtime.frames import Pixels, describe_type

PICTURE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp"))

Source: TypeAlias = "str | os.PathLike[str] | int | Iterable[Pixels]"


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes:
        pixels: uint8 ``[h, w, 3]``, BGR (or what the caller's own iterable gave).
        name: the picture's path, or the source's with the frame's number.
        index: place in the source, from 0.
    """

    pixels: Pixels
    name: str
    index: int


def read_picture(path: str | os.PathLike[str]) -> Pixels:
    """Read a picture file.

    Returns:
        uint8 ``[h, w, 3]``, BGR, turned upright as its EXIF data says.

    Raises:
        DataError: the file is missing, a folder, unreadable, not a picture, or of too many pixels.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{os.fspath(path)}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{os.fspath(path)}: found a folder, expected a picture") from None
    except OSError as error:
        raise DataError(f"{os.fspath(path)}: {error.strerror}") from error
    try:
        return np.asarray(decode_picture(data), np.uint8)
    except DataError as error:
        raise DataError(f"{os.fspath(path)}: {error}") from None


def read_source(source: Source) -> Iterator[Frame]:
    """Iterate over the frames of a source; one frame is in memory at a time.

    Args:
        source: a picture's path; a folder (its pictures in the order of their names); a video's path or URL;
            a camera's number (0, or "0"); or any iterable of arrays.

    Raises:
        DataError: nothing can be read there, or it ends before the first frame.
        TypeError: none of the above.
    """
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        return read_capture(int(source), f"camera {source}")
    if isinstance(source, (str, os.PathLike)):
        return read_location(os.fspath(source))
    if isinstance(source, np.ndarray) or not isinstance(source, Iterable):
        raise TypeError(f"source: found {describe_type(source)}, expected a path, a camera number or arrays")
    return (Frame(pixels, f"frame {index}", index) for index, pixels in enumerate(source))


def is_address(source: object) -> bool:
    """Tell whether a source is a path, a URL or a camera's number; frames from there are BGR."""
    return isinstance(source, (str, os.PathLike, int, np.integer)) and not isinstance(source, bool)


def read_location(location: str) -> Iterator[Frame]:
    """Iterate over what a path, a URL or a camera's number in digits stands for."""
    path = Path(location)
    if path.is_dir():
        return read_folder(path)
    if location.isdecimal() and not path.exists():
        return read_capture(int(location), f"camera {location}")
    if "://" in location or (path.is_file() and path.suffix.lower() not in PICTURE_SUFFIXES):
        return read_capture(location, location)
    return iter((Frame(read_picture(path), location, 0),))


def read_folder(folder: Path) -> Iterator[Frame]:
    """Iterate over a folder's pictures in the order of their names; other files are passed over."""
    paths = list_pictures(folder)
    return (Frame(read_picture(path), str(path), index) for index, path in enumerate(paths))


def list_pictures(folder: Path) -> list[Path]:
    """List a folder's pictures in the order of their names.

    Raises:
        DataError: it has none, or cannot be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}") from error
    if not paths:
        raise DataError(f"{folder}: found no pictures, expected {', '.join(sorted(PICTURE_SUFFIXES))}")
    return paths


def read_capture(address: int | str, name: str) -> Iterator[Frame]:
    """Iterate over a video's or a camera's frames."""
    try:
        capture = open_capture(address)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    try:
        yield from read_frames(capture, name)
    finally:
        capture.release()


def read_frames(capture: cv2.VideoCapture, name: str) -> Iterator[Frame]:
    """Read until the capture ends."""
    index = 0
    while True:
        found, pixels = capture.read()
        if not found:
            break
        yield Frame(np.asarray(pixels, np.uint8), f"{name}#{index}", index)
        index += 1
    if index == 0:
        raise DataError(f"{name}: it has no readable frame")
