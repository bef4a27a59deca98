"""Opening the files that a reader was pointed at."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from gcv_edge.errors import ModelFileError

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def open_source(path: str | os.PathLike[str]) -> tuple[BinaryIO, int]:
    """Open a regular, non-empty file for reading; return it with its size in bytes.

    Folders, pipes and devices are refused before they are opened, because opening a pipe may wait for ever.

    Raises:
        ModelFileError: there is no such file, it cannot be read, is empty or is no regular file.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(path, f"is {_kind_of_file(status.st_mode)}, expected a file")
        if status.st_size == 0:
            raise ModelFileError(path, "is empty")
        refuse_pointer(path)
        return Path(path).open("rb"), status.st_size
    except OSError as error:
        raise ModelFileError(path, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL byte inside the path
        raise ModelFileError(os.fspath(path).replace("\0", "?"), str(error)) from error


def refuse_pointer(path: str | os.PathLike[str]) -> None:
    """Refuse what stands in a file's place in a Git repository whose large files were not fetched.

    Raises:
        ModelFileError: it is that.
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise ModelFileError(path, "is a Git LFS pointer, not the file itself: run git lfs pull")


def quoted(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotes, on one line and not longer than about ``limit`` characters."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def _kind_of_file(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "a pipe or device"
