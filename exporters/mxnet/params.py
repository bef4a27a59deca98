"""The network's numbers: MXNet's NDArray list files (``.params``), read without MXNet.

The layout is that of NDArray::Save and NDArray::Load (src/ndarray/ndarray.cc), little-endian::

    uint64 0x112, uint64 reserved, uint64 count, arrays, uint64 name count, names (uint64 length, bytes)

    array, legacy  uint32 ndim, uint32 dims, context, dtype, data
    array, V1      uint32 0xF993FAC8, uint32 ndim, int64 dims, context, dtype, data
    array, V2      uint32 0xF993FAC9, int32 storage type, int32 ndim, int64 dims, context, dtype, data
    array, V3      uint32 0xF993FACA, as V2, but ndim 0 is a scalar and not an uninitialised array
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from gcv_edge.errors import ModelFileError

from .source_file import open_source, quoted

LIST_MAGIC = 0x112
V1_MAGIC, V2_MAGIC, V3_MAGIC = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
MAX_ARRAYS = 1 << 17
MAX_NDIM = 32
MAX_SHOWN = 6
MAX_ELEMENTS = 1 << 56
RESERVED_BYTES, CONTEXT_BYTES = 8, 8

DTYPES: Mapping[int, str] = {
    0: "<f4",
    1: "<f8",
    2: "<f2",
    3: "|u1",
    4: "<i4",
    5: "|i1",
    6: "<i8",
    7: "|b1",
    8: "<i2",
    9: "<u2",
    10: "<u4",
    11: "<u8",
    12: "bfloat16",
}
"""mshadow's type flags as NumPy type strings."""

STORAGE_TYPES: Mapping[int, str] = {0: "default", 1: "row_sparse", 2: "csr"}

Array = npt.NDArray[Any]
Buffer = bytes | mmap.mmap


@dataclass(frozen=True)
class _Record:
    """Where an array's data lies in the file."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


class Params(Mapping[str, Array]):
    """Arrays by name, without ``arg:`` and ``aux:``; each look-up makes a read-only view of the mapped file.

    bfloat16 arrays are widened to a float32 copy at each look-up. Leaving the ``with`` block (or ``close``)
    unmaps the file once the last view is gone. The file must not be shortened in the meantime.

    Attributes:
        prefixes: by name, ``"arg"``, ``"aux"`` or ``""`` (Gluon's save_parameters writes none).
        uninitialised: names of arrays that were saved without a shape; they are not in the mapping.
        named: whether the file has names; without them, the keys are "0", "1" and so on.
    """

    def __init__(self, buffer: Buffer, records: list[_Record | None], names: list[str], source: str) -> None:
        """Take the index of ``buffer`` as parse_params made it."""
        keys, prefixes = _unique_keys(names or [str(index) for index in range(len(records))])
        self._buffer: Buffer | None = buffer
        self._records = {key: record for key, record in zip(keys, records, strict=True) if record is not None}
        self.source = source
        self.named = bool(names)
        self.prefixes: Mapping[str, str] = dict(zip(keys, prefixes, strict=True))
        self.uninitialised = tuple(key for key in keys if key not in self._records)

    def __getitem__(self, name: str) -> Array:
        """Return a view of the array, with its stored shape and type."""
        record = self._records[name]
        if self._buffer is None:
            raise ValueError(f"{self.source} is closed")
        return _view(self._buffer, record)

    def __iter__(self) -> Iterator[str]:
        """Go through the names in file order."""
        return iter(self._records)

    def __len__(self) -> int:
        """Count the initialised arrays."""
        return len(self._records)

    def __contains__(self, name: object) -> bool:
        """Whether there is an initialised array of this name."""
        return name in self._records

    def __enter__(self) -> Params:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Give the file up; views that still exist stay valid."""
        buffer, self._buffer = self._buffer, None
        if isinstance(buffer, mmap.mmap):
            with contextlib.suppress(BufferError):
                buffer.close()


def read_params(path: str | os.PathLike[str]) -> Params:
    """Map a ``.params`` file of any MXNet version and index its arrays, without reading their data.

    Raises:
        ModelFileError: the file is unreadable, damaged, holds sparse arrays, or is not an NDArray list.
    """
    file, _ = open_source(path)
    with file:
        try:
            buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ModelFileError(path, f"cannot be mapped: {error}") from error
    return parse_params(buffer, os.fspath(path))


def release_pages(arrays: Iterable[Array]) -> None:
    """Let the system take back the memory in which it holds arrays' files; what is needed is read again."""
    for buffer in {id(buffer): buffer for buffer in map(find_buffer, arrays)}.values():
        if isinstance(buffer, mmap.mmap) and hasattr(buffer, "madvise"):
            buffer.madvise(mmap.MADV_DONTNEED)


def find_buffer(array: Array) -> object:
    """Return what holds an array's numbers."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def parse_params(buffer: Buffer, source: str = "<bytes>") -> Params:
    """Index the arrays of an NDArray list in memory; ``source`` names it in errors.

    Raises:
        ModelFileError: the bytes are damaged, hold sparse arrays, or are not an NDArray list.
    """
    try:
        cursor = _Cursor(buffer)
        records = _read_records(cursor)
        names = _read_names(cursor, len(records))
        if cursor.left:
            raise _ParamsDamageError(f"{cursor.left} bytes are left over after the last name")
        return Params(buffer, records, names, source)
    except _ParamsDamageError as damage:
        raise ModelFileError(source, f"not a usable MXNet parameter file: {damage}") from None


class _ParamsDamageError(Exception):
    """What is wrong with the bytes; parse_params adds where they are from."""


class _Cursor:
    """A position in the buffer that never passes its end."""

    def __init__(self, buffer: Buffer) -> None:
        """Start at the first byte."""
        self.buffer = buffer
        self.offset = 0

    @property
    def left(self) -> int:
        return len(self.buffer) - self.offset

    def skip(self, size: int, what: str) -> int:
        """Pass ``size`` bytes; return the offset at which they start."""
        if size > self.left:
            raise _ParamsDamageError(f"{what} needs {size} bytes, but {self.left} are left")
        start = self.offset
        self.offset += size
        return start

    def numbers(self, layout: str, what: str) -> tuple[int, ...]:
        """Read numbers by their struct letters."""
        layout = "<" + layout
        return struct.unpack_from(layout, self.buffer, self.skip(struct.calcsize(layout), what))

    def number(self, letter: str, what: str) -> int:
        return self.numbers(letter, what)[0]


def _read_records(cursor: _Cursor) -> list[_Record | None]:
    magic = cursor.number("Q", "the header")
    if magic != LIST_MAGIC:
        start = cursor.buffer[:8]
        raise _ParamsDamageError(f"it starts with {start!r}, expected {struct.pack('<Q', LIST_MAGIC)!r}")
    cursor.skip(RESERVED_BYTES, "the header")
    count = cursor.number("Q", "the number of arrays")
    if count > MAX_ARRAYS:
        raise _ParamsDamageError(f"{count} arrays are announced, expected at most {MAX_ARRAYS}")
    return [_read_record(cursor, f"array {index}") for index in range(count)]


def _read_record(cursor: _Cursor, what: str) -> _Record | None:
    """Read one array's header and pass its data; None for an array without a shape."""
    shape = _read_shape(cursor, what)
    if shape is None:
        return None
    cursor.skip(CONTEXT_BYTES, f"the context of {what}")
    dtype = _read_dtype(cursor, what)
    item_size = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
    return _Record(
        cursor.skip(math.prod(shape) * item_size, f"the data of {what} {_shown(shape)}"), shape, dtype
    )


def _read_shape(cursor: _Cursor, what: str) -> tuple[int, ...] | None:
    magic = cursor.number("I", f"the format of {what}")
    if magic in (V2_MAGIC, V3_MAGIC):
        _check_storage(cursor.number("i", f"the storage type of {what}"), what)
        ndim = cursor.number("i", f"the shape of {what}")
    elif magic == V1_MAGIC:
        ndim = cursor.number("I", f"the shape of {what}")
    else:
        ndim = magic
    return _read_dims(cursor, ndim, magic, what)


def _read_dims(cursor: _Cursor, ndim: int, magic: int, what: str) -> tuple[int, ...] | None:
    numpy_shape = magic == V3_MAGIC
    if ndim == (-1 if numpy_shape else 0):
        return None
    if not 0 <= ndim <= MAX_NDIM:
        raise _ParamsDamageError(f"{what} has {ndim} dimensions, expected 0 to {MAX_NDIM}")
    letter = "q" if magic in (V1_MAGIC, V2_MAGIC, V3_MAGIC) else "I"
    dims = cursor.numbers(f"{ndim}{letter}", f"the shape of {what}")
    if numpy_shape and -1 in dims:
        return None
    _check_dims(dims, what)
    return dims


def _check_dims(dims: tuple[int, ...], what: str) -> None:
    if any(dim < 0 for dim in dims):
        raise _ParamsDamageError(f"{what} has the shape {_shown(dims)}, expected no negative dimension")
    if math.prod(max(dim, 1) for dim in dims) > MAX_ELEMENTS:
        raise _ParamsDamageError(f"{what} has the shape {_shown(dims)}, which no memory can hold")


def _shown(dims: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, dims[:MAX_SHOWN]))}{', ...' if len(dims) > MAX_SHOWN else ''})"


def _check_storage(storage: int, what: str) -> None:
    if storage != 0:
        found = STORAGE_TYPES.get(storage, f"unknown ({storage})")
        raise _ParamsDamageError(
            f"{what} has storage type {found}, expected a dense one (tostype('default'))"
        )


def _read_dtype(cursor: _Cursor, what: str) -> str:
    flag = cursor.number("i", f"the type of {what}")
    if flag not in DTYPES:
        raise _ParamsDamageError(f"{what} has type flag {flag}, expected 0 to {max(DTYPES)}")
    return DTYPES[flag]


def _read_names(cursor: _Cursor, count: int) -> list[str]:
    found = cursor.number("Q", "the number of names")
    if found not in (0, count):
        raise _ParamsDamageError(f"{found} names for {count} arrays")
    return [_read_name(cursor, f"name {index}") for index in range(found)]


def _read_name(cursor: _Cursor, what: str) -> str:
    size = cursor.number("Q", f"the length of {what}")
    start = cursor.skip(size, what)
    try:
        return cursor.buffer[start : start + size].decode()
    except UnicodeDecodeError:
        raise _ParamsDamageError(f"{what} is not UTF-8 text") from None


def _unique_keys(names: list[str]) -> tuple[list[str], list[str]]:
    """Split names into keys and prefixes; a key that occurs twice is an error."""
    keys, prefixes, seen = [], [], set()
    for name in names:
        prefix, key = (name[:3], name[4:]) if name.startswith(("arg:", "aux:")) else ("", name)
        if key in seen:
            raise _ParamsDamageError(f"two arrays are named {quoted(key)}")
        seen.add(key)
        keys.append(key)
        prefixes.append(prefix)
    return keys, prefixes


def _view(buffer: Buffer, record: _Record) -> Array:
    size = math.prod(record.shape)
    stored = "<u2" if record.dtype == "bfloat16" else record.dtype
    flat: Array = np.frombuffer(buffer, stored, size, record.offset) if size else np.empty(0, stored)
    if record.dtype == "bfloat16":
        flat = (flat.astype("<u4") << 16).view("<f4")
    view = flat.reshape(record.shape)
    view.flags.writeable = False
    return view
