"""Files that hold many pictures, or their names: lists, CSV, Parquet, tars of webdataset."""

from __future__ import annotations

import csv
import io
import itertools
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from gcv_edge.batch.sources.entries import BROKEN, CELL, MEMBER, PictureEntry
from gcv_edge.batch.storage import Located, import_pyarrow, open_parquet
from gcv_edge.errors import DataError
from gcv_edge.runtime.places import is_picture_name

LIST_SUFFIXES = (".txt", ".lst")
TABLE_SUFFIXES = (".csv", ".parquet")
TAR_SUFFIX = ".tar"
CONTAINER_KINDS = (*LIST_SUFFIXES, *TABLE_SUFFIXES, TAR_SUFFIX)
PATH_COLUMNS = ("path", "file", "filename", "file_name", "image", "image_path", "picture", "url", "uri")
BYTES_FIELD = "bytes"
"""Of the column ``image`` in tables of Hugging Face's datasets."""
ROWS_AT_ONCE = 10_000
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
"""First bytes of gzip, bzip2, xz and zstd."""


def suffix_of(name: str) -> str:
    """Return a name's suffix in small letters."""
    return PurePosixPath(name).suffix.lower()


def is_container(name: str) -> bool:
    """Tell by its suffix a file that holds many pictures or names."""
    return suffix_of(name) in CONTAINER_KINDS


def list_container(place: Located, column: str | None) -> Iterator[PictureEntry]:
    """Give the pictures of a list, a table or a tar, in its order; relative names are beside it.

    Args:
        place: the file.
        column: of a table; None where its headings tell.

    Raises:
        DataError: it is damaged, or of another form.
        MissingExtraError: it is Parquet, and pyarrow is not installed.
    """
    suffix = suffix_of(place.path)
    name = place.name(place.path)
    try:
        if suffix == TAR_SUFFIX:
            yield from list_tar(place)
        elif suffix == ".parquet":
            yield from list_parquet(place, column)
        elif suffix == ".csv":
            yield from list_csv(place, column)
        else:
            yield from (beside(place, path) for path in read_lines(place))
    except (UnicodeDecodeError, csv.Error, tarfile.TarError, OverflowError) as error:
        raise DataError(f"{name}: {error}, expected {'a tar' if suffix == TAR_SUFFIX else 'text'}") from error
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error


def beside(place: Located, path: str) -> PictureEntry:
    """Return the picture that a list in a folder names."""
    if "://" in path or (path.startswith("/") and not place.storage.is_remote):
        return PictureEntry(path)
    folder = place.path.rpartition("/")
    return PictureEntry(place.name(f"{folder[0]}{folder[1]}{path}"))


def open_text(place: Located) -> io.TextIOWrapper:
    """Open a file of text; bytes that are no UTF-8 are names all the same."""
    return io.TextIOWrapper(place.storage.open(place.path), "utf-8-sig", "surrogateescape", newline="")


def read_lines(place: Located) -> Iterator[str]:
    """Give the names in a list: one per line, or in MXNet's ``.lst`` what is behind the last tab."""
    is_lst = suffix_of(place.path) == ".lst"
    with open_text(place) as lines:
        for line in lines:
            name = line.rstrip("\r\n")
            if "\0" in name:
                raise DataError(f"{place.name(place.path)}: found zeros, expected a name per line")
            if name.strip():
                yield name.rpartition("\t")[2] if is_lst else name


def list_csv(place: Located, column: str | None) -> Iterator[PictureEntry]:
    """Give the pictures that a CSV's column names."""
    with open_text(place) as lines:
        rows = csv.reader(lines)
        headings = next(rows, [])
        index = headings.index(choose_column(place, headings, column))
        for row in rows:
            if row:
                path = row[index] if index < len(row) else ""
                yield beside(place, path) if path else without_path(place, f"line {rows.line_num}")


def without_path(place: Located, where: str) -> PictureEntry:
    """Return what stands for a row that names no picture."""
    name = f"{place.name(place.path)}, {where}"
    return PictureEntry(name, BROKEN, error=f"{name}: found no path")


def choose_column(place: Located, headings: Sequence[str], wanted: str | None) -> str:
    """Return the column that holds the pictures' names.

    Raises:
        DataError: there is none, or there are several.
    """
    fitting = [one for one in headings if one == wanted or (wanted is None and one.lower() in PATH_COLUMNS)]
    if len(fitting) != 1:
        expected = f"'{wanted}'" if wanted is not None else "path (or say which: --column NAME)"
        raise DataError(
            f"{place.name(place.path)}: found columns '{', '.join(headings)[:200]}', expected {expected}"
        )
    return fitting[0]


def list_tar(place: Located) -> Iterator[PictureEntry]:
    """Give the pictures in a tar that is not compressed, by where their bytes are."""
    name = place.name(place.path)
    with place.storage.open(place.path) as file:
        if file.read(max(map(len, COMPRESSED))).startswith(COMPRESSED):
            raise DataError(f"{name}: found a compressed tar, expected a plain one")
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # else all of them stay in memory
                last = member.name.rpartition("/")[2]
                if member.isreg() and is_picture_name(last) and not last.startswith("."):
                    yield PictureEntry(f"{name}/{member.name}", MEMBER, name, member.offset_data, member.size)


def list_parquet(place: Located, column: str | None) -> Iterator[PictureEntry]:
    """Give the pictures of a Parquet table: names in a column of text, or bytes in a column of them."""
    name = place.name(place.path)
    with open_parquet(place, f"{name}: a Parquet table") as table:
        chosen, is_bytes = choose_field(place, table.schema_arrow, column)
        if is_bytes:
            yield from list_cells(name, table, chosen)
            return
        batches = table.iter_batches(ROWS_AT_ONCE, columns=[chosen])
        paths = itertools.chain.from_iterable(batch.column(0).to_pylist() for batch in batches)
        for row, path in enumerate(paths):
            yield beside(place, path) if path else without_path(place, f"row {row}")


def list_cells(name: str, table: Any, column: str) -> Iterator[PictureEntry]:
    """Give the cells of a column without reading them."""
    count = 0
    for group in range(table.num_row_groups):
        for row in range(table.metadata.row_group(group).num_rows):
            yield PictureEntry(f"{name}#{count}", CELL, name, group, row, column)
            count += 1


def choose_field(place: Located, schema: Any, wanted: str | None) -> tuple[str, bool]:
    """Return the column to read, and whether it holds the pictures themselves.

    Raises:
        DataError: which one is meant cannot be told, or it holds something else.
    """
    arrow = import_pyarrow("a Parquet table")
    columns: dict[str, tuple[str, bool]] = {}
    for one in schema:
        kind = one.type
        if arrow.types.is_struct(kind) and kind.get_field_index(BYTES_FIELD) >= 0:
            columns[one.name] = (f"{one.name}.{BYTES_FIELD}", True)
        elif arrow.types.is_binary(kind) or arrow.types.is_large_binary(kind):
            columns[one.name] = (one.name, True)
        elif arrow.types.is_string(kind) or arrow.types.is_large_string(kind):
            columns[one.name] = (one.name, False)
    with_bytes = [one for one in columns.values() if one[1]]
    if wanted is None and len(with_bytes) == 1:
        return with_bytes[0]
    if wanted is None and with_bytes:
        raise DataError(
            f"{place.name(place.path)}: found bytes in several of {', '.join(columns)}: say which: --column"
        )
    return columns[choose_column(place, list(columns), wanted)]
