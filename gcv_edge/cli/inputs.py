"""What ``gcv-edge predict`` reads: checked before a model is loaded, and read on past a broken picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from gcv_edge.errors import DataError

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

from gcv_edge.runtime.sources import (
    PICTURE_SUFFIXES,
    Frame,
    list_pictures,
    read_picture,
    read_source,
)

MODEL_SUFFIXES = (".onnx", ".params", ".json")
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM", b"II*\0", b"MM\0*", b"RIFF")
"""First bytes of JPEG, PNG, BMP, TIFF and WebP."""


@dataclass
class Input:
    """Where frames come from.

    Attributes:
        name: as the user gave it.
        kind: ``picture``, ``folder``, ``video`` or ``camera``.
        pictures: a folder's pictures.
        unreadable: pictures of the folder that turned out to be none.
    """

    name: str
    kind: str
    pictures: list[Path] = field(default_factory=list)
    unreadable: int = 0

    @property
    def count(self) -> int | None:
        """How many frames there are, where that is known beforehand."""
        return {"picture": 1, "folder": len(self.pictures)}.get(self.kind)

    def frames(self) -> Iterator[Frame]:
        """Read the frames; a folder's unreadable picture is told and passed over."""
        return self._folder_frames() if self.kind == "folder" else read_source(self.name)

    def _folder_frames(self) -> Iterator[Frame]:
        for index, path in enumerate(self.pictures):
            try:
                yield Frame(read_picture(path), str(path), index)
            except DataError as error:
                self.unreadable += 1
                click.echo(f"Skipped {error}", err=True)


def open_input(name: str) -> Input:
    """Find out what an INPUT is.

    Raises:
        DataError: it does not exist, is a model, or is a folder without pictures.
    """
    if not name:
        raise DataError("found an empty name, expected a picture, a folder, a video or a camera number")
    path = Path(name)
    if path.is_dir():
        return Input(name, "folder", list_pictures(path))
    if name.isdecimal() and not path.exists():
        return Input(name, "camera")
    if "://" in name:
        return Input(name, "video")
    if not path.exists():
        raise DataError(f"{name}: no such file or folder")
    if path.suffix.lower() in MODEL_SUFFIXES:
        raise DataError(f"{name}: found a model, expected a picture, a folder, a video or a camera number")
    return Input(name, "picture" if path.suffix.lower() in PICTURE_SUFFIXES else "video")


def is_picture(name: str) -> bool:
    """Tell by its first bytes whether a file is a picture."""
    try:
        with Path(name).open("rb") as file:
            return file.read(8).startswith(MAGIC)
    except (OSError, ValueError):
        return False
