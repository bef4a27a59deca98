"""Sorting more names than memory should hold, and telling which came before."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

CHUNK = 100_000
"""Names that are sorted in memory."""
HASH_BYTES = 16


def sort_names(names: Iterable[str]) -> Iterator[str]:
    """Give names in the order of their characters; all but 100,000 wait on the disk.

    Args:
        names: without zero characters inside.
    """
    rest = iter(names)
    first = sorted(itertools.islice(rest, CHUNK))
    if len(first) < CHUNK:
        yield from first
        return
    files = [spill(first)]
    del first
    try:
        while chunk := sorted(itertools.islice(rest, CHUNK)):
            files.append(spill(chunk))
        yield from heapq.merge(*map(read_back, files))
    finally:
        for file in files:
            file.close()


def spill(names: list[str]) -> IO[str]:
    """Write names to a file that nobody else sees."""
    file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
    file.writelines(name.replace("\n", "\0") + "\n" for name in names)
    file.seek(0)
    return file


def read_back(file: IO[str]) -> Iterator[str]:
    """Give the names of a file; line ends inside them were written as zeros."""
    return (line[:-1].replace("\0", "\n") for line in file)


class SeenNames:
    """Tells names that came before; what it remembers is on the disk."""

    def __init__(self) -> None:
        self._names = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._names.executescript(
            "PRAGMA journal_mode=OFF; CREATE TABLE seen (name BLOB PRIMARY KEY) WITHOUT ROWID;"
        )
        self._names.execute("BEGIN")

    def add(self, name: str) -> bool:
        """Take a name; return whether it is new."""
        digest = hashlib.blake2b(os.fsencode(name), digest_size=HASH_BYTES).digest()
        return self._names.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1

    def close(self) -> None:
        """Forget all."""
        self._names.close()
