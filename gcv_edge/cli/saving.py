"""Writing annotated copies: pictures for pictures, a video for a video, never over what is being read."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from gcv_edge.cli.guard import make_folder, naming
from gcv_edge.cli.inputs import Input
from gcv_edge.errors import DataError, GcvEdgeError
from gcv_edge.files import replacing
from gcv_edge.runtime.decoding import open_capture
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.sources import Frame

WRITABLE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
VIDEO_SUFFIX = ".mp4"
DEFAULT_RATE = 25.0


class Sink(ABC):
    """Takes annotated frames; ``saved`` lists the files that are complete."""

    def __init__(self) -> None:
        self.saved: list[Path] = []

    @abstractmethod
    def write(self, frame: Frame, canvas: Pixels) -> None:
        """Take a frame's annotated copy."""


class PictureSink(Sink):
    """Writes every frame as a picture of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def write(self, frame: Frame, canvas: Pixels) -> None:
        """Write a copy under the picture's own name, in its own format where that can be written."""
        target = self._folder / picture_name(frame)
        if target in self.saved:
            target = self._folder / f"{Path(frame.name).name}.png"
        refuse_input(target, frame.name)
        write_picture(target, canvas)
        self.saved.append(target)


class VideoSink(Sink):
    """Writes all frames as one video; it appears when the last frame is in."""

    def __init__(self, target: Path, temporary: Path, rate: float) -> None:
        super().__init__()
        self._target = target
        self._temporary = temporary
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._count = 0

    def write(self, frame: Frame, canvas: Pixels) -> None:  # noqa: ARG002
        """Append a frame."""
        if self._writer is None:
            size = (canvas.shape[1], canvas.shape[0])
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self._temporary), codec, self._rate, size)
        self._writer.write(canvas)
        self._count += 1

    def close(self) -> None:
        """Complete the file.

        Raises:
            GcvEdgeError: not all frames are in it; OpenCV does not say why (a full disk, a missing codec).
        """
        if self._writer is not None:
            self._writer.release()
        if self._count and count_frames(self._temporary) != self._count:
            raise GcvEdgeError(f"{self._target}: the video could not be written (disk full?)")
        self.saved.append(self._target)


@contextlib.contextmanager
def open_sink(folder: str, source: Input) -> Iterator[Sink]:
    """Make the folder and give what writes into it.

    Raises:
        GcvEdgeError: the folder cannot be made, or a copy would replace what is read.
    """
    place = make_folder(folder)
    with naming(folder):
        if source.kind == "folder" and place.samefile(source.name):
            raise DataError(f"{folder}: is the folder of the pictures themselves: give --save another one")
    if source.kind != "video":
        yield PictureSink(place)
        return
    target = place / (Path(urlsplit(source.name).path).stem + VIDEO_SUFFIX)
    refuse_input(target, source.name)
    with naming(target), replacing(target) as temporary:
        sink = VideoSink(target, temporary, frame_rate(source.name))
        yield sink
        sink.close()


def picture_name(frame: Frame) -> str:
    """Name a frame's copy: as its picture, or by its number where it is a camera's."""
    if "#" in Path(frame.name).name and not Path(frame.name).exists():
        name, _, number = frame.name.rpartition("#")
        return f"{name.replace(' ', '_')}_{int(number):06d}.jpg"
    path = Path(frame.name)
    return path.name if path.suffix.lower() in WRITABLE_SUFFIXES else f"{path.stem}.png"


def refuse_input(target: Path, source: str) -> None:
    """Raise DataError where a copy would replace the input."""
    if target.exists() and Path(source).exists() and target.samefile(source):
        raise DataError(f"{target}: is the input itself: give --save another folder")


def write_picture(target: Path, canvas: Pixels) -> None:
    """Write a picture in the format of its name, wholly or not at all.

    Raises:
        GcvEdgeError: it cannot be written.
    """
    encoded, data = cv2.imencode(target.suffix.lower(), canvas)
    if not encoded:
        raise GcvEdgeError(f"{target}: cannot be encoded")
    with naming(target), replacing(target) as temporary:
        temporary.write_bytes(data.tobytes())


def frame_rate(source: str) -> float:
    """Return a video's frames per second."""
    try:
        capture = open_capture(source)
    except DataError:  # told with its name when the frames are read
        return DEFAULT_RATE
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    return rate if 0 < rate < 1000 else DEFAULT_RATE


def count_frames(path: Path) -> int:
    """Count the frames that a video says it has."""
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return count
