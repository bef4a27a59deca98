"""What there is to read where a caller points: a file, a folder, a pattern, a URL, a camera."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gcv_edge.errors import DataError
from gcv_edge.runtime.picture_size import picture_kind

PICTURE_SUFFIXES = frozenset(
    (
        *(".bmp", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
        *(".avif", ".gif", ".heic", ".heif", ".j2k", ".jp2", ".jxl"),
    )
)
"""Of files that are taken for pictures; what OpenCV cannot decode of them is named."""
SHOWN_SUFFIXES = ".jpg, .png, .bmp, .tif, .webp and the like"
VIDEO_SUFFIXES = frozenset((".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm", ".wmv"))

ARRAY, PICTURE, VIDEO, CAMERA, BROKEN = "array", "picture", "video", "camera", "broken"
RESOURCE_FORK = "._"
"""Begins the name of what macOS lays beside a file on foreign disks; it never holds a picture."""
HEAD = 32
"""First bytes of a file, which tell its format."""


@dataclass(frozen=True)
class Place:
    """Something to read.

    Attributes:
        name: path, URL or number.
        kind: ``picture``, ``video`` (a URL may turn out to be a picture), ``camera``, or ``broken``.
        error: why nothing can be read there.
    """

    name: str
    kind: str
    error: DataError | None = None


def find_each(names: Iterable[str]) -> Iterator[Place]:
    """Give what there is to read at each of several names; one that is wrong becomes a broken place."""
    for name in names:
        try:
            yield from find_places(name)
        except DataError as error:
            yield Place(name, BROKEN, error)


def find_places(name: str) -> list[Place]:
    """List what there is to read at a name.

    Args:
        name: a path, a folder, a pattern with ``*``, ``?`` or ``[...]``, a URL, or a camera's number.

    Raises:
        DataError: there is nothing, or a folder has no pictures.
    """
    if not name:
        raise DataError("found an empty name, expected a picture, a folder, a video or a camera number")
    path = Path(name)
    if path.is_dir():
        return [Place(str(picture), PICTURE) for picture in list_pictures(path)]
    if path.exists():
        return [Place(name, PICTURE if is_picture(path) else VIDEO)]
    if name.isdecimal():
        return [Place(name, CAMERA)]
    if "://" in name:
        return [Place(name, VIDEO)]
    if glob.has_magic(name):
        return find_matches(name)
    raise DataError(f"{name}: no such file or folder")


def find_matches(pattern: str) -> list[Place]:
    """List what there is to read where a pattern fits, each once; ``**`` fits any folders.

    A folder stands for its pictures, if it has any.

    Raises:
        DataError: it fits nothing.
    """
    found: dict[str, Place] = {}
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207
        for place in find_each([match]):
            if place.kind != BROKEN or not Path(match).is_dir():
                found.setdefault(str(Path(place.name)), place)
    if not found:
        raise DataError(f"{pattern}: fits no file")
    return list(found.values())


def is_picture(path: Path) -> bool:
    """Tell a picture by its suffix, else by its content; a GIF is a video, since it may have many frames."""
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return suffix != ".gif"
    if suffix in VIDEO_SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            return picture_kind(file.read(HEAD)) not in (None, "GIF")
    except OSError:
        return False


def list_pictures(folder: Path) -> list[Path]:
    """List a folder's pictures in the order of their names; hidden ones not.

    Raises:
        DataError: it has none, or cannot be read.
    """
    files = list_files(folder)
    paths = [path for path in files if is_picture_name(path.name) and not path.name.startswith(".")]
    if not paths:
        passed = "; ".join(describe_passed_over(folder))
        but = f" ({passed})" if passed else ""
        raise DataError(f"{folder}: found no pictures, expected {SHOWN_SUFFIXES}{but}")
    return paths


def describe_passed_over(folder: Path) -> list[str]:
    """Say what of a folder is passed over although a user may take it for pictures or a video."""
    files = list_files(folder)
    names = [path.name for path in files]
    hidden = sum(is_hidden_picture(name) for name in names)
    videos = [name for name in names if Path(name).suffix.lower() in VIDEO_SUFFIXES and name[0] != "."]
    found = list(describe_hidden(hidden))
    if videos:
        found.append(advise_naming(len(videos), "a video", "videos", videos[0]))
    inner = [path for path in files if not path.name.startswith(".") and holds_pictures(path)]
    if inner:
        found.append(advise_naming(len(inner), "a folder of pictures", "folders of pictures", str(inner[0])))
    return found


def advise_naming(count: int, one: str, many: str, example: str) -> str:
    """Say that something is passed over unless a user names it: 2 videos, with the first as an example."""
    counted = one if count == 1 else f"{count} {many}"
    return f"{counted} passed over: give {example}{' ...' if count > 1 else ''} by name"


def describe_hidden(count: int) -> Iterator[str]:
    """Say how many hidden pictures are passed over, if any are."""
    if count:
        yield f"{count} hidden picture{'s' if count > 1 else ''} passed over"


def holds_pictures(path: Path) -> bool:
    """Tell a folder with pictures of its own."""
    try:
        return path.is_dir() and any(is_picture_name(inner.name) for inner in path.iterdir())
    except OSError:
        return False


def is_picture_name(name: str) -> bool:
    """Tell by its suffix a file that should be a picture."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def is_hidden_picture(name: str) -> bool:
    """Tell a picture that is hidden; what macOS lays beside pictures is none."""
    return name.startswith(".") and not name.startswith(RESOURCE_FORK) and is_picture_name(name)


def list_files(folder: Path) -> list[Path]:
    """List what is in a folder, in the order of names.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}") from error
