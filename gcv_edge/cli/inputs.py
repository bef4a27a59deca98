"""What ``gcv-edge predict`` reads: checked before a model is loaded, and read on past a broken picture."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gcv_edge.cli.console import tell_notes
from gcv_edge.cli.text import echo
from gcv_edge.errors import DataError, TruncatedError, UnreadableError
from gcv_edge.files import is_file

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

from gcv_edge.runtime.picture_size import page_count, picture_kind
from gcv_edge.runtime.places import BROKEN, PICTURE, Place, describe_passed_over, find_places
from gcv_edge.runtime.sources import Frame, read_places

MODEL_SUFFIXES = (".onnx", ".params", ".json")
TIFF_SUFFIXES = (".tif", ".tiff")
HEAD = 32


@dataclass
class Input:
    """What a user names.

    Attributes:
        name: as the user gave it.
        kind: ``picture``, ``folder``, ``video``, ``camera`` or ``broken``.
        places: what is to be read.
    """

    name: str
    kind: str
    places: list[Place]


@dataclass
class Inputs:
    """All that a user names, read in order.

    Attributes:
        parts: one for each name.
        failure: what could not be read; None before the end, and where all could.
    """

    parts: list[Input]
    failure: DataError | None = field(default=None)

    @property
    def places(self) -> list[Place]:
        """What is to be read."""
        return [place for part in self.parts for place in part.places]

    @property
    def count(self) -> int | None:
        """How many frames there are, where that is known beforehand."""
        places = self.places
        return len(places) if all(place.kind in (PICTURE, BROKEN) for place in places) else None

    def frames(self) -> Iterator[Frame]:
        """Read the frames; of several places, what cannot be read is reported and skipped.

        Raises:
            DataError: the only place cannot be read.
        """
        places = self.places
        try:
            yield from read_places(places, tell, is_list=len(places) > 1)
        except UnreadableError as error:
            noun = "pictures" if self.count is not None else "inputs"
            self.failure = DataError(f"{len(error.problems)} of {error.total} {noun} could not be read")
        except TruncatedError as error:
            self.failure = error


def tell(error: DataError) -> None:
    """Say on standard error what is passed over."""
    echo(f"{'Cut short:' if isinstance(error, TruncatedError) else 'Skipped'} {error}", err=True)


def open_inputs(names: Sequence[str]) -> Inputs:
    """Find out what INPUTs are; of several, wrong ones are reported when their turn comes.

    Raises:
        DataError: the only one does not exist, is a model, or is a folder without pictures.
    """
    parts = []
    for name in names:
        try:
            parts.append(open_input(name))
        except DataError as error:
            if len(names) == 1:
                raise
            parts.append(Input(name, BROKEN, [Place(name, BROKEN, error)]))
    return Inputs(parts)


def open_input(name: str) -> Input:
    """Find out what an INPUT is, and say what of it is passed over.

    Raises:
        DataError: it does not exist, is a model, or is a folder without pictures.
    """
    path = Path(name)
    if path.is_file() and path.suffix.lower() in MODEL_SUFFIXES:
        raise DataError(f"{name}: found a model, expected a picture, a folder, a video or a camera number")
    places = find_places(name)
    tell_notes(describe_partial(path, places))
    if len(places) == 1 and places[0].name == name:
        return Input(name, places[0].kind, places)
    return Input(name, "folder", places)


def describe_partial(path: Path, places: Sequence[Place]) -> Iterator[str]:
    """Say what of an input is not read: hidden pictures, videos in a folder, further pages of a TIFF."""
    if path.is_dir():
        yield from (f"{path}: {line}" for line in describe_passed_over(path))
    for place in places:
        if place.kind == PICTURE and place.name.lower().endswith(TIFF_SUFFIXES):
            pages = count_pages(place.name)
            if pages > 1:
                yield f"{place.name}: the first of {pages} pages is read"


def count_pages(name: str) -> int:
    """Count the pictures in a file; 1 where that cannot be told."""
    try:
        with Path(name).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return page_count(data)
    except (OSError, ValueError):  # nothing can be mapped of an empty file
        return 1


def is_picture(name: str) -> bool:
    """Tell by its first bytes whether a file is a picture; a pipe is left to who reads it."""
    if not is_file(Path(name)):
        return False
    try:
        with Path(name).open("rb") as file:
            return picture_kind(file.read(HEAD)) is not None
    except (OSError, ValueError):
        return False
