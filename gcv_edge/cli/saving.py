"""Writing annotated copies: pictures for pictures, a video for a video, never over what is being read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from gcv_edge.cli.guard import make_folder, naming
from gcv_edge.cli.inputs import Inputs
from gcv_edge.errors import DataError, GcvEdgeError
from gcv_edge.files import replacing
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.picture_decoding import open_capture
from gcv_edge.runtime.places import CAMERA, VIDEO
from gcv_edge.runtime.sources import Frame

WRITABLE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
VIDEO_SUFFIX = ".mp4"
DEFAULT_RATE = 25.0


class Copies:
    """Takes annotated frames: a picture's become a picture, those of a video one video.

    A copy's name tells which file it is of: ``a.jpg`` for ``a.jpg``, ``a.gif.png`` for ``a.gif``,
    ``clip.avi.mp4`` for ``clip.avi``; of files called alike in several folders, the later ones get their
    folder's name in front.

    Attributes:
        saved: files that are complete.
        replaced: how many of them were there before.
    """

    def __init__(self, folder: Path, inputs: Inputs) -> None:
        self.saved: list[Path] = []
        self.replaced = 0
        self._folder = folder
        self._taken: set[Path] = set()
        self._read = [Path(item.name) for item in inputs.items()]
        self._video: tuple[str, VideoCopy, contextlib.ExitStack] | None = None

    def write(self, frame: Frame, canvas: Pixels) -> None:
        """Take a frame's annotated copy."""
        name = frame.name.rpartition("#")[0] if frame.kind == VIDEO else None
        if self._video is not None and self._video[0] != name:
            self.close()
        if name is None:
            target = self._choose(frame.name, picture_name(frame))
            write_picture(target, canvas)
            self.saved.append(target)
            return
        if self._video is None:
            self._video = (name, *self._open_video(name))
        self._video[1].write(canvas)

    def close(self) -> None:
        """Complete the video that is being written."""
        if self._video is not None:
            (_, video, stack), self._video = self._video, None
            with naming(video.target), stack:
                video.close()
            self.saved.append(video.target)

    def drop(self) -> None:
        """Leave the video that is being written unwritten."""
        if self._video is not None:
            (_, _, stack), self._video = self._video, None
            stack.__exit__(GcvEdgeError, GcvEdgeError(), None)

    def _open_video(self, name: str) -> tuple[VideoCopy, contextlib.ExitStack]:
        target = self._choose(name, video_name(name))
        with contextlib.ExitStack() as opening:
            temporary = opening.enter_context(replacing(target))
            return VideoCopy(target, temporary, frame_rate(name)), opening.pop_all()
        raise AssertionError

    def _choose(self, source: str, name: str) -> Path:
        """Choose where a copy goes: to no place that was taken before, nor over what is read."""
        parent = Path(source).absolute().parent.name if "://" not in source else "web"
        names = [name, f"{parent}_{name}", *(f"{number}_{parent}_{name}" for number in range(2, 10**6))]
        target = next(path for path in map(self._folder.joinpath, names) if path not in self._taken)
        self._taken.add(target)
        if target.exists():
            refuse_input(target, self._read)
            self.replaced += 1
        return target


class VideoCopy:
    """Frames that become one video, which appears when the last of them is in."""

    def __init__(self, target: Path, temporary: Path, rate: float) -> None:
        self.target = target
        self._temporary = temporary
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._count = 0

    def write(self, canvas: Pixels) -> None:
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
            raise GcvEdgeError(f"{self.target}: the video could not be written (disk full?)")


@contextlib.contextmanager
def open_copies(folder: str, inputs: Inputs) -> Iterator[Copies]:
    """Make the folder and give what writes into it.

    Raises:
        GcvEdgeError: the folder cannot be made, or a copy would replace what is read.
    """
    place = make_folder(folder)
    with naming(folder):
        for name in inputs.names:
            if Path(name).is_dir() and place.samefile(name):
                raise DataError(
                    f"{folder}: is the folder of the pictures themselves: give --save another one"
                )
    copies = Copies(place, inputs)
    try:
        yield copies
        copies.close()
    finally:
        copies.drop()


def picture_name(frame: Frame) -> str:
    """Name a picture's copy: as the picture where its format can be written, else with another suffix."""
    if frame.kind == CAMERA:
        name, _, number = frame.name.rpartition("#")
        return f"{name.replace(' ', '_')}_{int(number):06d}.jpg"
    name = file_name(frame.name)
    return name if Path(name).suffix.lower() in WRITABLE_SUFFIXES else f"{name}.png"


def video_name(name: str) -> str:
    """Name a video's copy."""
    last = file_name(name)
    return last if last.lower().endswith(VIDEO_SUFFIX) else f"{last}{VIDEO_SUFFIX}"


def file_name(name: str) -> str:
    """Return the last part of a path or of a URL."""
    return Path(urlsplit(name).path).name or "web" if "://" in name else Path(name).name


def refuse_input(target: Path, read: list[Path]) -> None:
    """Raise DataError where a copy would replace something that is read."""
    for path in read:
        if path.exists() and target.samefile(path):
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
