"""Lists of pictures with their labels: MXNet's ``.lst``, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gcv_edge.data.classes import ClassNames, as_class_id
from gcv_edge.data.packed import Numbers, parse_boxes, parse_class
from gcv_edge.data.reader import FileReader, Size
from gcv_edge.data.targets import BoxTarget, ClassTarget, Target
from gcv_edge.errors import DataError
from gcv_edge.tasks import CLASSIFICATION, DETECTION, Task

PATH_HEADINGS = ("path", "file", "filename", "file_name", "image", "image_path", "picture", "name", "id")
BOX_COLUMNS = 6
COLUMNS = {None: (2, BOX_COLUMNS), CLASSIFICATION: (2,), DETECTION: (BOX_COLUMNS,)}


class ListReader(FileReader):
    """MXNet's ``.lst``: lines of number, label (a class, or boxes as im2rec packs them), path, between tabs.

    Args:
        path: the list.
        pictures: folder that paths are relative to.
        task: classification or detection; None for pictures without labels.
        labels: the model's class names.

    Raises:
        DataError: the list cannot be read, a line is none, or no picture is there.
    """

    kind = "list"

    def __init__(self, path: Path, pictures: Path, task: Task | None, labels: Sequence[str]) -> None:
        refuse_task(path, task)
        rows = [parse_line(line, f"{path}: line {count}") for count, line in read_lines(path)]
        super().__init__(pictures, [picture for picture, _ in rows])
        if not rows:
            raise DataError(f"{path}: found no lines, expected number, label, path")
        self._labels = [label for _, label in rows]
        self._task = task
        self.classes = tuple(labels)
        self.check_pictures()

    def target(self, index: int, size: Size) -> Target | None:
        """Read the line's label."""
        if self._task is None:
            return None
        if self._task is CLASSIFICATION:
            return parse_class(self._labels[index], self.classes)
        return parse_boxes(self._labels[index], self.classes, size)

    def label_stamp(self, index: int) -> str:
        """Return the numbers."""
        return self._labels[index].tobytes().hex()


class TableReader(FileReader):
    """CSV: lines of path, class; or of path, x1, y1, x2, y2, class, one for each box.

    Boxes are zero-based pixels, the last one inside. A line with a path and nothing else is a picture without
    objects. Classes are names, or ids where no name is the model's. A line of headings is passed over.

    Raises:
        DataError: as ``ListReader``; or classes are unknown to the model.
    """

    kind = "CSV"

    def __init__(
        self, path: Path, pictures: Path, task: Task | None, labels: Sequence[str], ignore_unknown: bool
    ) -> None:
        refuse_task(path, task)
        rows = list(read_rows(path, COLUMNS[task]))
        groups: dict[str, list[Row]] = {}
        for place, cells in rows:
            groups.setdefault(cells[0], []).append((place, cells[1:]))
        super().__init__(pictures, list(groups))
        if not groups:
            raise DataError(f"{path}: found no lines, expected path, class or path, x1, y1, x2, y2, class")
        self._task, self._rows = task, list(groups.values())
        if task is not None:
            names = [cells[-1] for _, cells in rows if cells[-1]]
            self._names = name_classes(names, labels, str(path), ignore_unknown)
            self.classes = self._names.labels if self._names else tuple(labels)
            self.notes = self._names.notes if self._names else ()
        self.check_pictures()

    def target(self, index: int, size: Size) -> Target | None:  # noqa: ARG002
        """Read the picture's lines."""
        if self._task is None:
            return None
        found = [(self._id_of(cells[-1]), place, cells) for place, cells in self._rows[index] if any(cells)]
        known = [(class_id, place, cells) for class_id, place, cells in found if class_id is not None]
        if self._task is CLASSIFICATION:
            classes = {class_id for class_id, _, _ in known}
            if len(classes) != 1:
                raise DataError(f"found {len(classes)} classes, expected one")
            return ClassTarget(classes.pop())
        boxes = [parse_corners(cells[:4], place) for _, place, cells in known]
        class_ids = np.array([class_id for class_id, _, _ in known], np.int32)
        return BoxTarget(np.array(boxes, np.float64).reshape(-1, 4), class_ids)

    def label_stamp(self, index: int) -> str:
        """Return the lines' cells, and whether they hold names."""
        has_names = self._task is not None and self._names is not None
        return repr((has_names, [cells for _, cells in self._rows[index]]))

    def _id_of(self, name: str) -> int | None:
        if self._names is None:
            return as_class_id(float(name), self.classes)
        return self._names.id_of(name)


Row = tuple[int, list[str]]


def refuse_task(path: Path, task: Task | None) -> None:
    """Raise where a list cannot hold a task's labels."""
    if task not in (None, CLASSIFICATION, DETECTION):
        raise DataError(f"{path}: found a list, which holds no labels for {task.name}")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for count, line in enumerate(lines, start=1):
                if line.strip():
                    yield count, line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise DataError(f"{path}: found no text, expected a list of pictures") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error


def parse_line(line: str, where: str) -> tuple[str, Numbers]:
    """Take a line of a ``.lst`` apart."""
    cells = line.split("\t")
    try:
        label = np.array([float(cell) for cell in cells[1:-1]], np.float32)
    except ValueError:
        label = np.zeros(0, np.float32)
    if not label.size or not cells[-1]:
        raise DataError(f"{where}: found '{line[:60]}', expected number, label and path with tabs between")
    return cells[-1].strip(), label


def read_rows(path: Path, columns: Sequence[int]) -> Iterator[Row]:
    """Give the rows of a CSV file with their numbers.

    Raises:
        DataError: a row has another number of columns, no path, or a box without a class.
    """
    try:
        for count, cells in enumerate(csv.reader(line for _, line in read_lines(path)), start=1):
            row = [cell.strip() for cell in cells]
            if count == 1 and row[0].casefold() in PATH_HEADINGS:
                continue
            if len(row) == 1 or not any(row[1:]):
                row = [row[0], *[""] * (columns[0] - 1)]
            is_nameless = any(row[1:]) and not row[-1]
            if len(row) not in columns or not row[0] or is_nameless:
                found = ",".join(row)[:60]
                raise DataError(
                    f"{path}: line {count}: found '{found}', expected {describe_columns(columns)}"
                )
            yield count, row
    except csv.Error as error:
        raise DataError(f"{path}: found no CSV: {error}") from None


def describe_columns(columns: Sequence[int]) -> str:
    """Say what a row holds."""
    return "path,x1,y1,x2,y2,class" if BOX_COLUMNS in columns else "path,class"


def name_classes(
    names: Sequence[str], labels: Sequence[str], where: str, ignore_unknown: bool
) -> ClassNames | None:
    """Bring names and the model's together; None where the list has numbers."""
    numbers = all(name.isascii() and name.isdecimal() for name in names)
    if numbers and not set(names) & set(labels):
        return None
    return ClassNames(labels, sorted(names) if not labels else names, where, ignore_unknown)


def parse_corners(cells: Sequence[str], place: int) -> list[float]:
    """Read a row's box."""
    try:
        corners = [float(cell) for cell in cells]
    except ValueError:
        corners = []
    if len(corners) != 4 or not np.isfinite(corners).all():
        raise DataError(f"line {place}: found '{','.join(cells)}', expected x1,y1,x2,y2")
    return corners
