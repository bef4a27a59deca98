"""What ``gcv-edge predict`` reads to print: listed as a stream, and read on past a broken picture."""

from __future__ import annotations

import itertools
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gcv_edge.cli.console import tell_notes
from gcv_edge.cli.text import echo
from gcv_edge.errors import DataError, TruncatedError, UnreadableError
from gcv_edge.files import is_file

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

from gcv_edge.batch.sources.entries import FILE, PictureEntry
from gcv_edge.batch.sources.listing import PictureListing
from gcv_edge.batch.storage import LOCAL, is_address, locate
from gcv_edge.batch.work import Workshop
from gcv_edge.runtime import places
from gcv_edge.runtime.picture_size import page_count, picture_kind
from gcv_edge.runtime.places import CAMERA, PICTURE, VIDEO, Place
from gcv_edge.runtime.sources import Frame, read_places
from gcv_edge.runtime.streaming import run_in_order

if TYPE_CHECKING:
    from gcv_edge.runtime.model import Model

Item: TypeAlias = "PictureEntry | Place"
"""A picture, or what has several frames."""

MODEL_SUFFIXES = (".onnx", ".params", ".json")
TIFF_SUFFIXES = (".tif", ".tiff")
HEAD = 32


class Inputs:
    """All that a user names, in order.

    Args:
        names: as ``PictureListing`` takes them, videos, and cameras' numbers.
        column: of tables, as ``PictureListing``.

    Attributes:
        names: as given.
        notes: what was passed over, as far as was listed.
        failure: what could not be read; None before the end, and where all could.

    Raises:
        DataError: the only name leads to nothing, to a model, or to a folder without pictures.
    """

    def __init__(self, names: Sequence[str], column: str | None = None) -> None:
        self.names = names
        self.failure: DataError | None = None
        self._column = column
        self.notes: list[str] = []
        first = list(itertools.islice(self.items(), 2))
        self._is_list = len(first) > 1 or len(names) > 1
        self._total, self._problems, self._are_pictures = 0, 0, True

    def items(self) -> Iterator[Item]:
        """List what there is to read."""
        for moving, names in itertools.groupby(self.names, is_moving):
            if moving:
                yield from (Place(name, CAMERA if name.isdecimal() else VIDEO) for name in names)
            else:
                yield from self.list_files(list(names))

    def list_files(self, names: Sequence[str]) -> Iterator[Item]:
        """List pictures and videos, and say what is passed over."""
        for name in names:
            if len(self.names) == 1 and Path(name).suffix.lower() in MODEL_SUFFIXES and is_file(Path(name)):
                raise DataError(
                    f"{name}: found a model, expected a picture, a folder, a video or a camera number"
                )
        listing = PictureListing(names, self._column)
        for entry in listing:
            yield Place(entry.name, VIDEO) if is_video(entry, names) else entry
        self.notes += listing.notes

    def run(self, network: Model[Any]) -> Iterator[tuple[Frame, Any]]:
        """Give frames and results in order; of several inputs, what cannot be read is told and skipped.

        Raises:
            DataError: the only one cannot be read.
        """
        index, self.notes = itertools.count(), []
        with Workshop(network, keeps_pixels=True) as workshop:
            for are_pictures, items in itertools.groupby(self.items(), is_still):
                if are_pictures:
                    results = self._run_pictures(workshop, items)
                else:
                    results = self._run_videos(network, items)
                for frame, result in results:
                    yield Frame(frame.pixels, frame.name, next(index), frame.kind), result
        tell_notes(self.notes)
        if self._problems:
            noun = "pictures" if self._are_pictures else "inputs"
            self.failure = DataError(f"{self._problems} of {self._total} {noun} could not be read")

    def _run_pictures(self, workshop: Workshop, entries: Iterable[Any]) -> Iterator[tuple[Frame, Any]]:
        for outcome in workshop.run(entries):
            self._total += 1
            name = outcome.entry.name
            if outcome.error is not None:
                self._skip(outcome.error)
            elif outcome.pixels is not None:
                tell_notes(describe_pages(outcome.entry))
                yield Frame(outcome.pixels, name, 0, PICTURE), outcome.result

    def _run_videos(self, network: Model[Any], items: Iterable[Any]) -> Iterator[tuple[Frame, Any]]:
        frames = read_places(self._count(items), tell, is_list=self._is_list)
        try:
            yield from run_in_order(lambda frame: network.run(frame.pixels), frames, network.session.streams)
        except UnreadableError as error:
            self._problems += len(error.problems)
        except TruncatedError as error:
            self.failure = error

    def _count(self, items: Iterable[Place]) -> Iterator[Place]:
        for item in items:
            self._total += 1
            self._are_pictures = False
            yield item

    def _skip(self, error: DataError) -> None:
        if not self._is_list:
            raise error
        self._problems += 1
        tell(error)


def is_still(item: Item) -> bool:
    """Tell a picture from what has several frames."""
    return isinstance(item, PictureEntry)


def is_moving(name: str) -> bool:
    """Tell a camera's number, and a URL, which may turn out to be a picture."""
    if "://" in name:
        return not is_address(name)
    return name.isdecimal() and not Path(name).exists()


def is_video(entry: PictureEntry, named: Sequence[str]) -> bool:
    """Tell a video of this machine from a picture, by its suffix, else by its content.

    A GIF is one where the user names it; in a folder it counts as a picture.
    """
    if entry.name not in named and entry.name.lower().endswith(".gif"):
        return False
    if entry.kind != FILE or ("://" in entry.name and not is_address(entry.name)):
        return False
    place = locate(entry.name)
    return place.storage is LOCAL and is_file(Path(place.path)) and not places.is_picture(Path(place.path))


def tell(error: DataError) -> None:
    """Say on standard error what is passed over."""
    echo(f"{'Cut short:' if isinstance(error, TruncatedError) else 'Skipped'} {error}", err=True)


def describe_pages(entry: PictureEntry) -> Iterator[str]:
    """Say of a TIFF that its further pages are not read."""
    if entry.kind == FILE and entry.name.lower().endswith(TIFF_SUFFIXES):
        pages = count_pages(entry.name)
        if pages > 1:
            yield f"{entry.name}: the first of {pages} pages is read"


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
