"""Where frames come from: pictures, folders of pictures, videos, cameras, and any number of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gcv_edge.errors import DataError, UnreadableError
from gcv_edge.runtime.addresses import fetch_picture
from gcv_edge.runtime.captures import capture_frames
from gcv_edge.runtime.frames import Pixels, describe_type
from gcv_edge.runtime.picture_decoding import decode_picture
from gcv_edge.runtime.places import (
    ARRAY,
    CAMERA,
    PICTURE,
    PICTURE_SUFFIXES,
    Place,
    find_each,
    find_places,
    list_pictures,
)

__all__ = ["PICTURE_SUFFIXES", "Frame", "Source", "list_pictures", "read_picture", "read_source"]

Item: TypeAlias = "Pixels | str | os.PathLike[str]"
Source: TypeAlias = "str | os.PathLike[str] | int | Iterable[Item]"
Tell: TypeAlias = Callable[[DataError], None]


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes:
        pixels: uint8 ``[h, w, 3]``, BGR (or what the caller's own iterable gave).
        name: the picture's path, or the video's with the frame's number.
        index: place in the source, from 0.
        kind: ``picture``, ``video``, ``camera``, or ``array`` for what the caller gave.

    Examples:
        >>> for frame, result in Detector("yolo3.onnx").stream_frames("pictures"):
        ...     print(frame.index, frame.kind, frame.pixels.shape == (64, 64, 3))
        0 picture True
    """

    pixels: Pixels
    name: str
    index: int
    kind: str = ARRAY

    @property
    def is_read(self) -> bool:
        """Whether it was read from a file or a camera, and is BGR."""
        return self.kind != ARRAY


def read_picture(path: str | os.PathLike[str]) -> Pixels:
    """Read a picture file; of a file with several pages the first.

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


def read_source(source: Source, tell: Tell | None = None) -> Iterator[Frame]:
    """Iterate over the frames of a source; one frame is in memory at a time.

    Of several pictures and videos, those that cannot be read are passed over; when all others were given, one
    error names them. A video that ends before its time gives its frames, then the error.

    Args:
        source: a picture's path or URL; a folder (its pictures in the order of their names, hidden ones not);
            a pattern such as ``cam*/*.jpg``; a video's path or URL; a camera's number (0, or "0"); or any
            iterable of such paths or of arrays.
        tell: called with the error of each that is passed over, when that happens.

    Raises:
        DataError: nothing can be read there, or it ends before the first frame.
        TruncatedError: a video or a camera ended before its time.
        UnreadableError: some of several could not be read.
        TypeError: none of the above.
    """
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        return read_places([Place(str(source), CAMERA)], tell, is_list=False)
    if isinstance(source, (str, os.PathLike)):
        places = find_places(os.fspath(source))
        return read_places(places, tell, is_list=len(places) > 1)
    if isinstance(source, np.ndarray) or not isinstance(source, Iterable):
        raise TypeError(f"source: found {describe_type(source)}, expected a path, a camera number or arrays")
    return read_places(find_items(source), tell)


def find_items(items: Iterable[Item]) -> Iterator[Place | Pixels]:
    """Give arrays as they are, and paths as what there is to read."""
    for item in items:
        if isinstance(item, (str, os.PathLike)):
            yield from find_each([os.fspath(item)])
        else:
            yield item


def read_places(
    places: Iterable[Place | Pixels], tell: Tell | None = None, *, is_list: bool = True
) -> Iterator[Frame]:
    """Iterate over the frames of several places, and over arrays; see ``read_source``.

    Args:
        places: what to read.
        tell: as ``read_source``.
        is_list: there may be several; else what is wrong with the only one is simply raised.
    """
    problems: list[str] = []
    index = total = 0
    for place in places:
        total += 1
        if not isinstance(place, Place):
            yield Frame(place, f"frame {index}", index)
            index += 1
            continue
        try:
            for frame in read_place(place):
                yield replace(frame, index=index)
                index += 1
        except DataError as error:
            if not is_list:
                raise
            problems.append(str(error))
            if tell is not None:
                tell(error)
    if problems:
        raise UnreadableError(problems, total)


def read_place(place: Place) -> Iterator[Frame]:
    """Iterate over the frames of one place."""
    name = place.name
    if place.error is not None:
        raise place.error
    if place.kind == PICTURE:
        yield Frame(read_picture(name), name, 0, PICTURE)
        return
    if "://" in name and (pixels := fetch_picture(name)) is not None:
        yield Frame(pixels, name, 0, PICTURE)
        return
    address = int(name) if place.kind == CAMERA else name
    shown = f"camera {name}" if place.kind == CAMERA else name
    for index, pixels in enumerate(capture_frames(address, shown)):
        yield Frame(pixels, f"{shown}#{index}", index, place.kind)
