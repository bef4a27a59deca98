"""MXNet's RecordIO container, read without MXNet; every length is checked before it is believed.

A record is one or more parts: magic, a word with 3 bits of kind and 29 bits of length, the payload, zeros up
to a multiple of 4. Where the magic itself occurs in a record (at a multiple of 4), the writer cuts there and
leaves it out, so parts are joined with it. Source: dmlc-core's include/dmlc/recordio.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.reader import DamagedSampleError
from gcv_edge.errors import DataError

MAGIC = struct.pack("<I", 0xCED7230A)
HEAD = struct.Struct("<4sI")
LENGTH_BITS = 29
MAX_RECORD = 1 << 29
SEARCH_STEP = 1 << 20
Offsets = NDArray[np.int64]


class PartKind(IntEnum):
    """What a part is of its record."""

    WHOLE = 0
    FIRST = 1
    MIDDLE = 2
    LAST = 3


class PartHeader(NamedTuple):
    """The words before a part's payload."""

    kind: int
    length: int

    @property
    def padded(self) -> int:
        """Length of the payload in the file."""
        return (self.length + 3) // 4 * 4

    @property
    def starts(self) -> bool:
        """Tell whether a record begins here."""
        return self.kind in (PartKind.WHOLE, PartKind.FIRST)


def read_record(path: Path, offset: int) -> bytes:
    """Read one record.

    Raises:
        DamagedSampleError: there is no whole record at the offset.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return join_parts(file)
    except OSError as error:
        raise DamagedSampleError(str(error.strerror)) from error


def join_parts(file: BinaryIO) -> bytes:
    """Read the parts of the record that begins here."""
    head = read_head(file)
    if not head.starts:
        raise DamagedSampleError(f"found part kind {head.kind}, expected the beginning of a record")
    parts = [read_payload(file, head)]
    total = head.length
    while head.kind not in (PartKind.WHOLE, PartKind.LAST):
        head = read_head(file)
        if head.starts:
            raise DamagedSampleError("found another record, expected the rest of this one")
        total += head.length + len(MAGIC)
        if total > MAX_RECORD:
            raise DamagedSampleError(f"found a record over {MAX_RECORD} bytes")
        parts.append(read_payload(file, head))
    return MAGIC.join(parts)


def read_head(file: BinaryIO) -> PartHeader:
    """Read magic, kind and length."""
    data = file.read(HEAD.size)
    if len(data) < HEAD.size:
        raise DamagedSampleError("found the end of the file, expected a record")
    magic, word = HEAD.unpack(data)
    if magic != MAGIC:
        raise DamagedSampleError(f"found {magic.hex()}, expected RecordIO's magic {MAGIC.hex()}")
    return PartHeader(word >> LENGTH_BITS, word & ((1 << LENGTH_BITS) - 1))


def read_payload(file: BinaryIO, head: PartHeader) -> bytes:
    """Read the bytes of a part; a length beyond the file costs neither memory nor time."""
    left = os.fstat(file.fileno()).st_size - file.tell()
    if left < head.length or head.kind > PartKind.LAST:
        raise DamagedSampleError(f"found {left} bytes, expected a part of {head.length}")
    return file.read(head.padded)[: head.length]


def scan_records(path: Path) -> Offsets:
    """Find where records begin, reading their heads only; damaged places are passed over.

    Raises:
        DataError: the file cannot be read, or does not begin as RecordIO does.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise DataError(f"{path}: found no RecordIO, expected a file that im2rec wrote")
            return np.fromiter(find_beginnings(file, size), np.int64)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error


def find_beginnings(file: BinaryIO, size: int) -> Iterator[int]:
    """Give the offsets of records, walking from head to head."""
    place, search = 0, HeadSearch(file)
    while place + HEAD.size <= size:
        file.seek(place)
        try:
            head = read_head(file)
        except DamagedSampleError:
            place = search.next_after(place, size)
            continue
        if head.starts:
            yield place
        end = place + HEAD.size + head.padded
        place = end if head.kind <= PartKind.LAST and end <= size else search.next_after(place, size)


class HeadSearch:
    """Finds heads behind damaged places. What has been read is kept, so that no byte is searched twice.

    Args:
        file: the records.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = self._end = 0
        self._heads: Offsets = np.empty(0, np.int64)

    def next_after(self, place: int, size: int) -> int:
        """Return where a head next stands, a multiple of 4 behind a place; the file's size for nowhere."""
        place += 4
        while place < size:
            if not self._start <= place < self._end:
                self._load(place)
            later = self._heads[np.searchsorted(self._heads, place) :]
            if later.size:
                return int(later[0])
            place = self._end
        return size

    def _load(self, place: int) -> None:
        """Find all heads of a block; a word more is read, for the kind of one that stands at its end."""
        self._file.seek(place)
        block = self._file.read(SEARCH_STEP + 4)
        words = np.frombuffer(block[: len(block) // 4 * 4], "<u4")
        is_head = (words[:-1] == int.from_bytes(MAGIC, "little")) & (
            words[1:] >> LENGTH_BITS <= PartKind.LAST
        )
        self._heads = place + 4 * np.flatnonzero(is_head).astype(np.int64)
        self._start, self._end = place, place + SEARCH_STEP


def read_index(path: Path, records: Path) -> Offsets:
    """Read the offsets of an ``.idx`` file: lines of key, tab, offset.

    Raises:
        DataError: it cannot be read, a line is none, or an offset lies outside the records.
    """
    try:
        size = records.stat().st_size
        with path.open(encoding="utf-8", errors="replace") as lines:
            return np.fromiter(parse_index(lines, path, size), np.int64)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error


def parse_index(lines: Iterator[str], path: Path, size: int) -> Iterator[int]:
    """Give the offset of each line."""
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        offset = line.split()[-1]
        if not (offset.isascii() and offset.isdecimal() and len(offset) < 19 and int(offset) < size):
            raise DataError(
                f"{path}: line {count}: found '{line.strip()[:40]}', expected an offset below {size}"
            )
        yield int(offset)
