"""Videos of which a few frames are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard, cast

import cv2
import numpy as np
from numpy.typing import ArrayLike

from gcv_edge.errors import DataError
from gcv_edge.runtime.captures import check_end
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.picture_decoding import open_capture
from gcv_edge.runtime.places import is_picture, list_pictures
from gcv_edge.runtime.sources import read_picture

VideoSource = str | os.PathLike[str] | Sequence[ArrayLike] | Sequence[str | os.PathLike[str]]


class Video:
    """Frames that can be counted, and read in order; at most one is in memory.

    Args:
        source: a video's path; a folder of pictures, which are its frames in the order of their names; a
            picture, a video of one frame; or a sequence of arrays, or of pictures' paths.

    Raises:
        DataError: there is no such file, it cannot be read, or it has no frame.
        TypeError: none of the above.
    """

    def __init__(self, source: VideoSource) -> None:
        self._source = Path(source) if isinstance(source, (str, os.PathLike)) else source
        if isinstance(self._source, Path):
            self.is_file = True
            self._pictures = list_frames(self._source)
            self.frames = len(self._pictures) if self._pictures else count_frames(self._source)
        elif is_list_of_paths(self._source):
            self.is_file = True
            self._pictures = list(map(Path, self._source))
            self.frames = len(self._pictures)
        elif hasattr(self._source, "__len__") and hasattr(self._source, "__getitem__"):
            self.is_file = False
            self.frames = len(self._source)
        else:
            kind = type(source).__name__
            raise TypeError(f"video: found {kind}, expected a path or a sequence of frames")
        if self.frames == 0:
            raise DataError(f"{source if self.is_file else 'video'}: it has no readable frame")

    def read(self, wanted: Sequence[int]) -> Iterator[tuple[int, ArrayLike]]:
        """Give the frames of these numbers, which are in order, each with its number.

        A file that ends a little before it said, as many containers only estimate their length, gives its
        last frame again for those that are missing.

        Raises:
            DataError: a frame cannot be read.
            TruncatedError: the video ended before its time.
        """
        if self.is_file and self._pictures:
            return ((index, read_picture(self._pictures[index])) for index in wanted)
        if isinstance(self._source, Path):
            return read_some(self._source, wanted)
        frames = cast("Sequence[ArrayLike]", self._source)
        return ((index, frames[index]) for index in wanted)


def is_list_of_paths(source: object) -> TypeGuard[Sequence[str | os.PathLike[str]]]:
    """Tell paths from arrays."""
    if not isinstance(source, Sequence) or isinstance(source, (str, bytes)) or not source:
        return False
    return all(isinstance(item, (str, os.PathLike)) for item in source)


def list_frames(path: Path) -> list[Path]:
    """List the pictures that are the frames; none for the file of a video."""
    if path.is_dir():
        return list_pictures(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    return [path] if is_picture(path) else []


def count_frames(path: Path) -> int:
    """Count a video's frames: what the file says, else by going through it."""
    capture = open_video(path)
    try:
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if count <= 0:
            count = 0
            while capture.grab():
                count += 1
        return count
    finally:
        capture.release()


def read_some(path: Path, wanted: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
    """Give some of a video's frames; the others are passed over without being decoded to pixels."""
    capture = open_video(path)
    try:
        position, seconds, last = -1, 0.0, None
        for index in wanted:
            while position < index and capture.grab():
                position += 1
                seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            if position < index:
                check_end(capture, str(path), position + 1, seconds, is_live=False)
            found, pixels = capture.retrieve() if position == index else (False, None)
            if not found and last is None:
                raise DataError(f"{path}: frame {index} cannot be read")
            last = np.asarray(pixels, np.uint8) if found else last
            assert last is not None
            yield index, last
    finally:
        capture.release()


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video.

    Raises:
        DataError: it is none, or its frames have too many pixels.
    """
    try:
        return open_capture(str(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
