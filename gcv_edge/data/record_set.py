"""Data sets in MXNet's RecordIO: ``.rec`` with or without its ``.idx``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gcv_edge.data.packed import parse_boxes, parse_class, unpack_image
from gcv_edge.data.reader import Hashes, Reader, Size
from gcv_edge.data.recordio import read_index, read_record, scan_records
from gcv_edge.data.targets import Target
from gcv_edge.errors import DataError
from gcv_edge.tasks import CLASSIFICATION, DETECTION, Task


class RecordReader(Reader):
    """Records that im2rec wrote: a picture's class, or its boxes.

    Args:
        path: the ``.rec`` file; where an ``.idx`` lies beside it, that says where records begin.
        task: classification or detection; None for pictures without labels.
        labels: the model's class names.

    Raises:
        DataError: the files cannot be read or are no RecordIO.
    """

    kind = "RecordIO"

    def __init__(self, path: Path, task: Task | None, labels: Sequence[str]) -> None:
        if task not in (None, CLASSIFICATION, DETECTION):
            raise DataError(f"{path}: found RecordIO, which holds no labels for {task.name}")
        index = path.with_suffix(".idx")
        self._path, self._task = path, task
        self._offsets = read_index(index, path) if index.is_file() else scan_records(path)
        self._hashes = Hashes()
        self.classes = tuple(labels)
        if not len(self._offsets):
            raise DataError(f"{path}: found no records")

    def __len__(self) -> int:
        return len(self._offsets)

    def name(self, index: int) -> str:
        """Return the record's number in the file."""
        return f"{self._path.name}#{index}"

    def picture(self, index: int) -> bytes:
        """Read the record's picture."""
        return unpack_image(self._read(index)).picture

    def target(self, index: int, size: Size) -> Target | None:
        """Read the record's label."""
        if self._task is None:
            return None
        label = unpack_image(self._read(index)).label
        if self._task is CLASSIFICATION:
            return parse_class(label, self.classes)
        return parse_boxes(label, self.classes, size)

    def stamp(self, index: int) -> str:
        """Return the record's hash."""
        return self._hashes.of(self._path, lambda: self._read(index), int(self._offsets[index]))

    def _read(self, index: int) -> bytes:
        return read_record(self._path, int(self._offsets[index]))
