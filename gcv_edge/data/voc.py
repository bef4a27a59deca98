"""Pascal VOC detection: ``Annotations``, ``JPEGImages`` and ``ImageSets/Main``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from gcv_edge.data.classes import ClassNames
from gcv_edge.data.reader import DamagedSampleError, FileReader, Size
from gcv_edge.data.safe_xml import read_xml
from gcv_edge.data.targets import BoxTarget
from gcv_edge.data.voc_folders import find_pictures, find_voc, read_split

CORNERS = ("xmin", "ymin", "xmax", "ymax")


class Labelled(NamedTuple):
    """An object of an annotation, its box zero-based."""

    box: list[float]
    class_id: int
    difficult: bool


class VocReader(FileReader):
    """Pictures with boxes in XML, as GluonCV's VOCDetection reads them: one-based corners become zero-based.

    A box outside its picture or without extent is left out (``dropped_boxes``), as GluonCV does.

    Args:
        root: the folder with ``Annotations`` and ``JPEGImages``, or one such as VOCdevkit that holds it.
        split: a file of ``ImageSets/Main``; None for the first there is of test, val, trainval and train, or
            all annotations where there are no splits.
        labels: the model's class names; empty: the names found, in their order.
        ignore_unknown: leave out objects of classes that the model does not know.
        labelled: False for the pictures alone.

    Raises:
        DataError: folders are missing, the split is none, or classes are unknown to the model.
    """

    kind = "Pascal VOC"

    def __init__(
        self,
        root: Path,
        split: str | None,
        labels: Sequence[str],
        ignore_unknown: bool,
        labelled: bool = True,
    ) -> None:
        self._folder = find_voc(root)
        self.split, names = read_split(self._folder, "Main", split, "Annotations", ".xml")
        super().__init__(self._folder, list(find_pictures(self._folder / "JPEGImages", names)))
        self._names = names
        self._labelled = labelled
        self._dropped: dict[int, int] = {}
        self.check_pictures()
        if labelled:
            self._classes = ClassNames(labels, self._class_names(labels), str(root), ignore_unknown)
            self.classes = self._classes.labels
            self.notes = self._classes.notes

    def name(self, index: int) -> str:
        """Return the picture's name in the split."""
        return self._names[index]

    def target(self, index: int, size: Size) -> BoxTarget | None:
        """Read the annotation."""
        if not self._labelled:
            return None
        rows = [self._parse(entry) for entry in self._objects(index, size)]
        known = [row for row in rows if row is not None]
        kept = [row for row in known if is_within(row.box, size)]
        self._dropped[index] = len(known) - len(kept)
        return BoxTarget(
            np.array([row.box for row in kept], np.float64).reshape(-1, 4),
            np.array([row.class_id for row in kept], np.int32),
            np.array([row.difficult for row in kept], bool),
        )

    def dropped_boxes(self, index: int) -> int:
        """Count the boxes that the picture cannot have, once it has been read."""
        return self._dropped.get(index, 0)

    def label_stamp(self, index: int) -> str:
        """Return the annotation's hash."""
        return self.hash_of(self._annotation(index)) if self._labelled else ""

    def _annotation(self, index: int) -> Path:
        return self._folder / "Annotations" / f"{self._names[index]}.xml"

    def _objects(self, index: int, size: Size) -> list[Element]:
        root = read_xml(self._annotation(index))
        said = tuple(int(read_number(root, f"size/{side}", 0)) for side in ("width", "height"))
        if all(said) and said != size:
            raise DamagedSampleError(
                f"found a picture of {size[0]} x {size[1]}, expected {said[0]} x {said[1]} as annotated"
            )
        return root.findall("object")

    def _parse(self, entry: Element) -> Labelled | None:
        class_id = self._classes.id_of(name_of(entry))
        if class_id is None:
            return None
        box = [read_number(entry, f"bndbox/{corner}") - 1 for corner in CORNERS]
        return Labelled(box, class_id, read_number(entry, "difficult", 0) != 0)

    def _class_names(self, labels: Sequence[str]) -> list[str]:
        """Collect the classes of the split; annotations that cannot be read are for later."""
        found: dict[str, None] = {}
        for index in range(len(self)):
            try:
                objects = read_xml(self._annotation(index)).findall("object")
                found.update(dict.fromkeys(name_of(entry) for entry in objects))
            except DamagedSampleError:
                continue
        return list(found) if labels else sorted(found)


def name_of(entry: Element) -> str:
    """Return an object's class."""
    return (entry.findtext("name") or "").strip()


def read_number(entry: Element, place: str, default: float | None = None) -> float:
    """Read a number below an element.

    Raises:
        DamagedSampleError: it is missing and there is no default, or it is none.
    """
    text = (entry.findtext(place) or "").strip()
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        if default is not None:
            return default
        raise DamagedSampleError(f"found '{text}' as {place}, expected a number")
    return value


def is_within(box: Sequence[float], size: Size) -> bool:
    """Tell whether GluonCV takes a box (``_validate_label`` in gluoncv/data/pascal_voc/detection.py)."""
    x1, y1, x2, y2 = box
    return 0 <= x1 < size[0] and 0 <= y1 < size[1] and x1 < x2 <= size[0] and y1 < y2 <= size[1]
