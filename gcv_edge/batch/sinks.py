"""Files that rows are written to: Parquet, JSON lines, CSV, and COCO's results."""

from __future__ import annotations

import base64
import csv
import json
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from gcv_edge.batch.rows import HEAD_COLUMNS, VECTORS, TableSource, make_schema
from gcv_edge.batch.storage import import_pyarrow
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.runtime.rows import CORNERS, Row, coco_results, object_rows
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, POSE

ROWS_AT_ONCE = 256
"""Rows that wait for the file."""
CELLS = {
    DETECTION.name: ("class_id", "label", "score", *CORNERS),
    INSTANCES.name: ("class_id", "label", "score", *CORNERS, "mask"),
    CLASSIFICATION.name: ("class_id", "label", "score"),
    POSE.name: ("person", "keypoint", "x", "y", "score"),
}
"""Columns of a CSV that has a row per object, class or point."""


class Sink(ABC):
    """Takes rows, and closes the file.

    Args:
        path: a file that this sink may write over.
        source: what the rows are computed with.
    """

    suffix: ClassVar[str]

    def __init__(self, path: Path, source: TableSource) -> None:
        self.source = source
        self.start(path)

    @abstractmethod
    def start(self, path: Path) -> None:
        """Begin the file."""

    @abstractmethod
    def write(self, row: Row) -> None:
        """Append a row."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""


class ParquetSink(Sink):
    """A row a picture, with nested lists; needs pyarrow."""

    suffix = ".parquet"

    def start(self, path: Path) -> None:
        """Begin the file."""
        self._arrow = import_pyarrow("a Parquet table")
        self._schema = make_schema(self.source)
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._vectors = [name for name in self.source.columns if name in VECTORS and self.source.vector]
        self._blank = [float("nan")] * self.source.vector

    def write(self, row: Row) -> None:
        """Append a row; without a vector it gets one of NaN, since Parquet's readers stumble over none."""
        self._rows.append({**row, **{name: self._blank for name in self._vectors if row[name] is None}})
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Complete the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows = []


class JsonLinesSink(Sink):
    """A line of JSON per picture, the same columns as Parquet; bytes are in base64."""

    suffix = ".jsonl"

    def start(self, path: Path) -> None:
        """Begin the file."""
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, row: Row) -> None:
        """Append a row."""
        self._file.write(json.dumps(row, default=spell_bytes, ensure_ascii=False, allow_nan=True) + "\n")

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


class CsvSink(Sink):
    """A row per object, class or keypoint; a picture with none, or with an error, has one all the same."""

    suffix = ".csv"

    def start(self, path: Path) -> None:
        """Begin the file with its headings."""
        own = self.source.columns[len(HEAD_COLUMNS) :]
        self._cells = CELLS.get(self.source.task, own)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.DictWriter(self._file, (*HEAD_COLUMNS, *self._cells), lineterminator="\n")
        self._rows.writeheader()

    def write(self, row: Row) -> None:
        """Append a picture's rows."""
        head = {name: row[name] for name in HEAD_COLUMNS}
        found = object_rows(row) if row["error"] is None else []
        for one in found or [{}]:
            self._rows.writerow({**head, **{name: spell_cell(one.get(name)) for name in self._cells}})

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


class CocoSink(Sink):
    """COCO's results, one JSON list; pictures that cannot be read, or without objects, have no entry."""

    suffix = ".coco.json"

    def start(self, path: Path) -> None:
        """Begin the list.

        Raises:
            UnsupportedError: COCO has no such results.
        """
        if self.source.task not in (DETECTION.name, INSTANCES.name, POSE.name):
            raise UnsupportedError(
                f".coco.json: found a network for {self.source.task}, expected one for boxes, masks or poses"
            )
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._between = "[\n"

    def write(self, row: Row) -> None:
        """Append a picture's objects."""
        if row["error"] is not None:
            return
        for one in coco_results(row, image_id(row["path"])):
            self._file.write(self._between + json.dumps(one, ensure_ascii=False))
            self._between = ",\n"

    def close(self) -> None:
        """Complete the list."""
        self._file.write("\n]\n" if self._between.startswith(",") else "[]\n")
        self._file.close()


SINKS: tuple[type[Sink], ...] = (ParquetSink, JsonLinesSink, CsvSink, CocoSink)
PART_SINKS: dict[str, type[Sink]] = {sink.suffix.lstrip("."): sink for sink in (ParquetSink, JsonLinesSink)}
"""Of folders of parts, by the name of the format."""


def sink_for(name: str) -> type[Sink]:
    """Choose the sink by the end of a file's name.

    Raises:
        UsageError: it ends in none that is known.
    """
    for sink in SINKS:
        if name.lower().endswith(sink.suffix):
            return sink
    known = ", ".join(sink.suffix for sink in SINKS)
    raise UsageError(f"-o {name}: expected a file that ends in {known}, or a folder: {name}/")


def image_id(path: str) -> int | str:
    """Return COCO's number of a picture, which its file is named by (``000000000139.jpg``), else the path."""
    stem = PurePosixPath(path).stem
    return int(stem) if stem.isascii() and stem.isdecimal() else path


def spell_bytes(value: Any) -> str:
    """Spell what JSON has no form for."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"found {type(value).__name__}, expected what JSON has")


def spell_cell(value: Any) -> Any:
    """Spell a value for a cell of a CSV: lists as JSON, bytes in base64."""
    if isinstance(value, bytes):
        return spell_bytes(value)
    return json.dumps(value) if isinstance(value, list) else value
