"""Reading the bytes of a picture that is listed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from gcv_edge.batch.sources.entries import BROKEN, BYTES, CELL, MEMBER, PictureEntry
from gcv_edge.batch.storage import is_address, locate, open_parquet
from gcv_edge.errors import DataError, GcvEdgeError, MissingExtraError
from gcv_edge.runtime.addresses import fetch_bytes

KEPT_COLUMNS = 2
"""Row groups of tables whose pictures are in memory."""


class EntryReader:
    """Reads pictures, from several threads at once; of tables it keeps the row group that it is in."""

    def __init__(self) -> None:
        self._columns: OrderedDict[tuple[str, str, int], Any] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, entry: PictureEntry) -> bytes:
        """Return an encoded picture.

        Raises:
            DataError: there is none to read.
        """
        try:
            return self._read(entry)
        except FileNotFoundError:
            raise DataError(f"{entry.name}: no such file") from None
        except IsADirectoryError:
            raise DataError(f"{entry.name}: found a folder, expected a picture") from None
        except (DataError, MissingExtraError):
            raise
        except GcvEdgeError as error:  # what a store answers
            raise DataError(f"{entry.name}: {error}") from error
        except (OSError, ValueError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            raise DataError(f"{entry.name}: {reason}") from error

    def _read(self, entry: PictureEntry) -> bytes:
        if entry.kind == BROKEN:
            raise DataError(entry.error or f"{entry.name}: cannot be read")
        if entry.kind == BYTES:
            if not isinstance(entry.data, bytes):
                raise DataError(f"{entry.name}: found {type(entry.data).__name__}, expected bytes")
            return entry.data
        if entry.kind == MEMBER:
            return read_member(entry)
        if entry.kind == CELL:
            return self._read_cell(entry)
        if "://" in entry.name and not is_address(entry.name):
            return fetch_bytes(entry.name)
        place = locate(entry.name)
        return place.storage.read(place.path)

    def _read_cell(self, entry: PictureEntry) -> bytes:
        key = (entry.container, entry.column, entry.start)
        with self._lock:
            if key not in self._columns:
                while len(self._columns) >= KEPT_COLUMNS:
                    self._columns.popitem(last=False)
                self._columns[key] = read_group(entry)
            cell = self._columns[key][entry.extent].as_py()
        if not isinstance(cell, bytes):
            raise DataError(f"{entry.name}: found nothing in {entry.column}, expected a picture")
        return cell


def read_member(entry: PictureEntry) -> bytes:
    """Read a picture in a tar."""
    place = locate(entry.container)
    with place.storage.open(place.path) as file:
        file.seek(entry.start)
        data = file.read(entry.extent)
    if len(data) != entry.extent:
        raise DataError(f"{entry.name}: found {len(data)} bytes, expected {entry.extent}: the tar is cut off")
    return data


def read_group(entry: PictureEntry) -> Any:
    """Read a column of a row group."""
    with open_parquet(locate(entry.container), f"{entry.container}: a Parquet table") as table:
        column = table.read_row_group(entry.start, columns=[entry.column]).column(0)
    is_nested = column.type.num_fields > 0
    return column.combine_chunks().field(0) if is_nested else column
