"""Pictures below a folder and files that a pattern fits, in the order of names, whatever the storage."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from gcv_edge.batch.sources.sorting import sort_names
from gcv_edge.batch.storage import Located
from gcv_edge.errors import DataError
from gcv_edge.runtime.places import (
    SHOWN_SUFFIXES,
    VIDEO_SUFFIXES,
    advise_naming,
    describe_hidden,
    is_hidden_picture,
    is_picture_name,
)

MAGIC = re.compile(r"[*?\[]")
ANY_FOLDERS = "**"
CONTAINER_SUFFIXES = (".tar", ".parquet")
FOLDER_MARK = "/"


@dataclass
class PassedOver:
    """What of a folder is not read although a user may take it for pictures.

    Attributes:
        hidden: pictures whose name, or a folder's above them, starts with a dot.
        videos: how many.
        containers: tars and tables.
        first_video, first_container: their paths.
    """

    hidden: int = 0
    videos: int = 0
    containers: int = 0
    first_video: str = ""
    first_container: str = ""

    def see(self, name: str, path: str) -> None:
        """Count a file that is no picture to read."""
        suffix = PurePosixPath(name).suffix.lower()
        if name.startswith("."):
            self.hidden += is_hidden_picture(name)
        elif suffix in VIDEO_SUFFIXES:
            self.videos += 1
            self.first_video = self.first_video or path
        elif suffix in CONTAINER_SUFFIXES:
            self.containers += 1
            self.first_container = self.first_container or path

    def notes(self) -> Iterator[str]:
        """Say what was passed over."""
        yield from describe_hidden(self.hidden)
        if self.videos:
            yield advise_naming(self.videos, "a video", "videos", self.first_video)
        if self.containers:
            yield advise_naming(self.containers, "a tar or table", "tars and tables", self.first_container)


def walk_pictures(folder: Located, passed: PassedOver) -> Iterator[str]:
    """Give the paths of the pictures below a folder; hidden ones not.

    Raises:
        DataError: there is none, or the folder cannot be read.
    """
    found = False
    for path in walk(folder, folder.path, passed, above=()):
        found = True
        yield path
    if not found:
        notes = "; ".join(passed.notes())
        but = f" ({notes})" if notes else ""
        raise DataError(f"{folder.name(folder.path)}: found no pictures, expected {SHOWN_SUFFIXES}{but}")


def walk(place: Located, folder: str, passed: PassedOver, above: tuple[str, ...]) -> Iterator[str]:
    """Give the pictures of a folder and of those in it; a link to a folder above is not followed."""
    real = os.path.realpath(folder) if not place.storage.is_remote else folder
    if real in above:
        return
    for name, is_folder in sorted_children(place, folder):
        path = join(folder, name)
        if is_folder and not name.startswith("."):
            yield from walk(place, path, passed, (*above, real))
        elif not is_folder and is_picture_name(name) and not name.startswith("."):
            yield path
        elif not is_folder:
            passed.see(name, path)


def sorted_children(
    place: Located, folder: str, fits: Callable[[str], bool] = bool
) -> Iterator[tuple[str, bool]]:
    """Give names in a folder in order, and whether each is a folder itself.

    Raises:
        DataError: the folder cannot be read.
    """
    try:
        children = place.storage.children(folder)
        marked = (f"{name}{FOLDER_MARK if is_folder else ''}" for name, is_folder in children if fits(name))
        for name in sort_names(marked):
            yield name.removesuffix(FOLDER_MARK), name.endswith(FOLDER_MARK)
    except OSError as error:
        raise DataError(f"{place.name(folder)}: {error.strerror or error}") from error


def join(folder: str, name: str) -> str:
    """Join a folder and a name in it; the current folder needs no name."""
    if folder in ("", "."):
        return name
    return f"{folder}{'' if folder.endswith('/') else '/'}{name}"


def is_pattern(name: str) -> bool:
    """Tell a name with ``*``, ``?`` or ``[...]``."""
    return MAGIC.search(name) is not None


def match_paths(pattern: Located) -> Iterator[tuple[str, bool]]:
    """Give what a pattern fits, and whether it is a folder; ``**`` fits any folders, hidden names not.

    Raises:
        DataError: a folder cannot be read.
    """
    parts = [part for part in pattern.path.split("/") if part]
    yield from match_parts(pattern, "/" if pattern.path.startswith("/") else "", parts)


def match_parts(place: Located, folder: str, parts: list[str]) -> Iterator[tuple[str, bool]]:
    """Give what the rest of a pattern fits below a folder."""
    part, rest = parts[0], parts[1:]
    if part == ANY_FOLDERS:
        yield from match_any_folders(place, folder, rest)
        return
    if not is_pattern(part):
        path = join(folder, part)
        kind = place.storage.kind(path)
        if kind == "folder" and rest:
            yield from match_parts(place, path, rest)
        elif kind is not None and not rest:
            yield path, kind == "folder"
        return
    fits = re.compile(fnmatch.translate(part)).match
    for name, is_folder in sorted_children(place, folder, lambda name: fits(name) is not None):
        if name.startswith(".") and not part.startswith("."):
            continue
        if not rest:
            yield join(folder, name), is_folder
        elif is_folder:
            yield from match_parts(place, join(folder, name), rest)


def match_any_folders(
    place: Located, folder: str, rest: list[str], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, bool]]:
    """Give what the rest fits in a folder and in all below it; of no rest, the folder itself."""
    real = os.path.realpath(folder or ".") if not place.storage.is_remote else folder
    if real in above:
        return
    if not rest:
        yield folder or ".", True
        return
    yield from match_parts(place, folder, rest)
    for name, is_folder in sorted_children(place, folder):
        if is_folder and not name.startswith("."):
            yield from match_any_folders(place, join(folder, name), rest, (*above, real))
