"""Semantic segmentation: a picture, and a PNG whose levels are class ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.class_png import read_levels
from gcv_edge.data.folders import split_folders, walk_pictures
from gcv_edge.data.reader import DamagedSampleError, FileReader, Size
from gcv_edge.data.targets import LabelMapTarget
from gcv_edge.data.voc_folders import find_pictures, find_voc, read_split, voc_folders
from gcv_edge.errors import DataError

IGNORED = 255
"""Level of pixels that count neither way (Pascal VOC's borders)."""
MAP_FOLDERS = ("masks", "labels", "annotations", "SegmentationClass")
PICTURE_FOLDERS = ("images", "pictures", "JPEGImages")

CITYSCAPES_LEVELS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The levels of ``labelIds`` that GluonCV's networks know as classes 0, 1, ..."""


class Layout(NamedTuple):
    """Where a data set keeps its label maps and what their levels mean.

    Attributes:
        kind: what the data set is, for people.
        folder: what the paths are relative to.
        pairs: picture and label map.
        class_ids: class id by level, -1 for none, 256 of them; None where levels are class ids.
        split: part of the data set; None where it has no parts.
    """

    kind: str
    folder: Path
    pairs: list[tuple[str, str]]
    class_ids: NDArray[np.int32] | None = None
    split: str | None = None


class LabelMapReader(FileReader):
    """Pictures with label maps.

    Args:
        root: Pascal VOC's folder (``SegmentationClass``); ADE20K's or Cityscapes'; ``images`` and ``masks``;
            or pictures with PNG of the same names beside them.
        split: a file of ``ImageSets/Segmentation``, or the folder of a split.
        labels: the model's class names.

    Raises:
        DataError: there are no pairs, or the split is none.
    """

    def __init__(self, root: Path, split: str | None, labels: Sequence[str]) -> None:
        layout = find_layout(root, split)
        super().__init__(layout.folder, [picture for picture, _ in layout.pairs])
        self.kind = layout.kind
        self.split = layout.split
        self._maps = [label_map for _, label_map in layout.pairs]
        self._class_ids = layout.class_ids
        self.classes = tuple(labels)
        if not layout.pairs:
            raise DataError(f"{root}: found no picture with a PNG of its name, expected label maps")
        self.check_pictures()

    def target(self, index: int, size: Size) -> LabelMapTarget:
        """Read the label map.

        Raises:
            DamagedSampleError: it cannot be read, or is of another size.
            DataError: it has a class that the model does not have.
        """
        class_map = self._number(read_levels(self.root / self._maps[index]))
        if class_map.shape != size[::-1]:
            height, width = class_map.shape
            raise DamagedSampleError(
                f"found a label map of {width} x {height}, expected the picture's {size[0]} x {size[1]}"
            )
        highest = class_map.max(initial=-1)
        if self.classes and highest >= len(self.classes):
            raise DataError(
                f"found class {highest} in {self._maps[index]}, expected a class from 0 to "
                f"{len(self.classes) - 1}, or {IGNORED} for none"
            )
        return LabelMapTarget(class_map)

    def label_stamp(self, index: int) -> str:
        """Return the hash of the label map's file."""
        return self.hash_of(self.root / self._maps[index])

    def _number(self, levels: NDArray[np.int32]) -> NDArray[np.int32]:
        if self._class_ids is None:
            return np.where(levels == IGNORED, np.int32(-1), levels)
        return np.take(self._class_ids, np.minimum(levels, len(self._class_ids) - 1))


def find_layout(root: Path, split: str | None) -> Layout:
    """Find out how a data set keeps its label maps."""
    if is_voc_segmentation(root):
        return find_voc_maps(root, split)
    if (root / "leftImg8bit").is_dir() and (root / "gtFine").is_dir():
        return find_cityscapes(root, split or "val")
    if (root / "annotations" / "validation").is_dir() and (root / "images" / "validation").is_dir():
        return find_ade20k(root, split or "validation")
    sides = two_folders(root)
    if sides is None and split is not None:
        return find_layout(root / split, None)._replace(split=split)
    pictures_in, maps_in = sides or ("", "")
    split = split or next(iter(split_folders(root / pictures_in)), None)
    if split is not None:
        pictures_in, maps_in = f"{pictures_in}/{split}", f"{maps_in}/{split}"
    return Layout("label maps", root, list(pair_up(root, pictures_in, maps_in)), split=split)


def is_voc_segmentation(root: Path) -> bool:
    """Tell whether a folder, or one in it as in VOCdevkit, has ``SegmentationClass`` and ``JPEGImages``."""
    folders = (folder for folder in (root, *voc_folders(root)) if (folder / "JPEGImages").is_dir())
    return any((folder / "SegmentationClass").is_dir() for folder in folders)


def find_voc_maps(root: Path, split: str | None) -> Layout:
    """Pair the pictures of Pascal VOC."""
    folder = find_voc(root)
    split, names = read_split(folder, "Segmentation", split, "SegmentationClass", ".png")
    pictures = find_pictures(folder / "JPEGImages", names)
    maps = (f"SegmentationClass/{name}.png" for name in names)
    return Layout("Pascal VOC", folder, list(zip(pictures, maps, strict=True)), split=split)


def find_ade20k(root: Path, split: str) -> Layout:
    """Pair the pictures of ADE20K, where level 0 is nothing and level 1 class 0."""
    class_ids = np.arange(-1, IGNORED, dtype=np.int32)
    pairs = list(pair_up(root, f"images/{split}", f"annotations/{split}"))
    return Layout("ADE20K", root, pairs, class_ids, split)


def find_cityscapes(root: Path, split: str) -> Layout:
    """Pair the pictures of Cityscapes, whose maps have more classes than networks learn."""
    class_ids = np.full(IGNORED + 1, -1, np.int32)
    class_ids[list(CITYSCAPES_LEVELS)] = np.arange(len(CITYSCAPES_LEVELS))
    pairs = []
    for path in walk_pictures(root / "leftImg8bit" / split):
        label_map = f"gtFine/{split}/{path.replace('_leftImg8bit', '_gtFine_labelIds')}"
        if (root / label_map).is_file():
            pairs.append((f"leftImg8bit/{split}/{path}", label_map))
    return Layout("Cityscapes", root, pairs, class_ids, split)


def picture_folder(root: Path) -> Path | None:
    """Find the folder whose folders are the parts of a data set; None where it keeps no such."""
    if (root / "leftImg8bit").is_dir():
        return root / "leftImg8bit"
    sides = None if is_voc_segmentation(root) else two_folders(root)
    return root / sides[0] if sides is not None else None


def two_folders(root: Path) -> tuple[str, str] | None:
    """Find the folder of pictures and that of label maps."""
    pictures = next((name for name in PICTURE_FOLDERS if (root / name).is_dir()), None)
    maps = next((name for name in MAP_FOLDERS if (root / name).is_dir()), None)
    return None if pictures is None or maps is None else (pictures, maps)


def pair_up(root: Path, pictures_in: str, maps_in: str) -> Iterator[tuple[str, str]]:
    """Give pairs of the same name; in one folder, a picture is what is no PNG."""
    for picture in walk_pictures(root / pictures_in):
        if pictures_in == maps_in and picture.lower().endswith(".png"):
            continue
        label_map = str(Path(maps_in, picture).with_suffix(".png"))
        if (root / label_map).is_file():
            yield str(Path(pictures_in, picture)), label_map
