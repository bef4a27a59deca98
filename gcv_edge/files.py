"""Reading files that are files, and writing them so that a reader sees the old content or all of the new."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

TOKEN_BYTES = 4


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; there is none of a name that the system does not take."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than file systems take, or with a zero inside
        return False


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read a file; a pipe or a device, which may wait for ever, is none.

    Raises:
        OSError: it cannot be read, or is none.
        ValueError: a zero is in its name.
    """
    with open(path, "rb", opener=open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "found a pipe or a device, expected a file")
        return file.read()


def open_without_waiting(path: str, flags: int) -> int:
    """Open a path; of a pipe, nobody needs to write to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block succeeds.

    The temporary file is removed when the block raises, whatever it raises; what a process that was killed
    has left there is removed by the next one. Links are followed; an existing file's permissions are kept.

    Raises:
        OSError: the folder does not exist, is not writable, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    remove_abandoned(target)
    temporary, descriptor = create_beside(target)
    try:
        yield temporary
        keep_permissions(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def create_beside(target: Path) -> tuple[Path, int]:
    """Create a hidden file in the folder of a target, with a lock that says that it is being written.

    Returns:
        its path, and a descriptor that holds the lock.
    """
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(TOKEN_BYTES)}{target.suffix}")
        # mkstemp's files are for their owner alone, and to read the mask is to change it for all threads
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: nothing is ever taken for abandoned
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else another writer took it for abandoned before it was locked
            return temporary, descriptor
        os.close(descriptor)


def keep_permissions(existing: Path, temporary: Path) -> None:
    """Give a new file the permissions of the one that it replaces."""
    with contextlib.suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(existing.stat().st_mode))


def remove_abandoned(target: Path) -> None:
    """Remove temporary files of a target whose writers are gone; a living one holds a lock on its own."""
    token = "[0-9a-f]" * 2 * TOKEN_BYTES
    for path in target.parent.glob(f".{glob.escape(target.name)}.{token}{glob.escape(target.suffix)}"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)
