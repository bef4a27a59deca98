"""Semantic segmentation: a picture, and a PNG whose levels are class ids."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.folders import walk_pictures
from gcv_edge.data.reader import DamagedSampleError, FileReader, Size, read_bytes
from gcv_edge.data.targets import LabelMapTarget
from gcv_edge.data.voc import find_pictures, find_voc, read_split, voc_folders
from gcv_edge.errors import DataError

IGNORED = 255
"""Level of pixels that count neither way (Pascal VOC's borders)."""
MAP_FOLDERS = ("masks", "labels", "annotations", "SegmentationClass")
PICTURE_FOLDERS = ("images", "pictures", "JPEGImages")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE, GRAY = 3, 0


class LabelMapReader(FileReader):
    """Pictures with label maps.

    Args:
        root: Pascal VOC's folder (``SegmentationClass``); ``images`` and ``masks``; or pictures with PNG of
            the same names beside them.
        split: a file of ``ImageSets/Segmentation``, or a folder in ``images`` and ``masks``.
        labels: the model's class names.

    Raises:
        DataError: there are no pairs, or the split is none.
    """

    kind: ClassVar[str] = "label maps"

    def __init__(self, root: Path, split: str | None, labels: Sequence[str]) -> None:
        folder, pairs = find_pairs(root, split)
        super().__init__(folder, [picture for picture, _ in pairs])
        self._maps = [label_map for _, label_map in pairs]
        self.classes = tuple(labels)
        if not pairs:
            raise DataError(f"{root}: found no picture with a PNG of its name, expected label maps")
        self.check_pictures()

    def target(self, index: int, size: Size) -> LabelMapTarget:
        """Read the label map.

        Raises:
            DamagedSampleError: it cannot be read, or is of another size.
            DataError: it has a class that the model does not have.
        """
        class_map = read_class_ids(self.root / self._maps[index])
        if class_map.shape != size[::-1]:
            height, width = class_map.shape
            raise DamagedSampleError(
                f"found a label map of {width} x {height}, expected the picture's {size[0]} x {size[1]}"
            )
        known = class_map[class_map >= 0]
        if self.classes and known.size and known.max() >= len(self.classes):
            raise DataError(
                f"found class {known.max()} in {self._maps[index]}, "
                f"expected one of the model's {len(self.classes)} or {IGNORED} for none"
            )
        return LabelMapTarget(class_map)

    def label_stamp(self, index: int) -> str:
        """Return a checksum of the label map's file."""
        try:
            return f"{zlib.crc32(read_bytes(self.root / self._maps[index])):08x}"
        except DamagedSampleError as error:
            return str(error)


def read_class_ids(path: Path) -> NDArray[np.int32]:
    """Read a label map: the numbers that the PNG stores, not the colours that its palette shows.

    Returns:
        ``(h, w)`` int32; -1 for level 255.

    Raises:
        DamagedSampleError: it is missing, or no PNG of one channel.
    """
    data, factor = as_gray_png(read_bytes(path))
    try:
        levels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        levels = None
    if levels is None:
        raise DamagedSampleError(f"{path.name}: found no picture, expected a PNG of class ids")
    if levels.ndim != 2:
        raise DamagedSampleError(f"{path.name}: found a colour picture, expected a PNG of class ids")
    class_ids = np.asarray(levels, np.int32) // factor
    return np.where(class_ids == IGNORED, np.int32(-1), class_ids)


def as_gray_png(data: bytes) -> tuple[bytes, int]:
    """Turn a PNG with a palette into a grey one of the same numbers, since decoders give the colours.

    Returns:
        The PNG, and by how much a decoder will multiply its numbers (those of less than 8 bits).
    """
    header = struct.Struct(">I4sIIBBBBBI")
    if not data.startswith(SIGNATURE) or len(data) < len(SIGNATURE) + header.size:
        return data, 1
    length, name, width, height, depth, color, *rest, _ = header.unpack_from(data, len(SIGNATURE))
    if name != b"IHDR" or length != 13 or color not in (PALETTE, GRAY) or depth not in (1, 2, 4, 8):
        return data, 1
    factor = 255 // ((1 << depth) - 1)
    if color == GRAY:
        return data, factor
    fields = struct.pack(">4sIIBBBBB", b"IHDR", width, height, depth, GRAY, *rest)
    head = struct.pack(">I", 13) + fields + struct.pack(">I", zlib.crc32(fields))
    others = (chunk for name, chunk in chunks(data) if name in (b"IDAT", b"IEND"))
    return SIGNATURE + head + b"".join(others), factor


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the names and bytes of a PNG's chunks."""
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place : place + 12 + length]
        place += 12 + length


def find_pairs(root: Path, split: str | None) -> tuple[Path, list[tuple[str, str]]]:
    """Return a folder, and pairs of picture and label map below it."""
    if is_voc_segmentation(root):
        folder = find_voc(root)
        _, names = read_split(folder, "Segmentation", split, "SegmentationClass", ".png")
        pictures = find_pictures(folder / "JPEGImages", names)
        return folder, [
            (picture, f"SegmentationClass/{name}.png") for picture, name in zip(pictures, names, strict=True)
        ]
    sides = two_folders(root)
    if sides is None and split is not None:
        return find_pairs(root / split, None)
    pictures_in, maps_in = sides or ("", "")
    if split is not None:
        pictures_in, maps_in = f"{pictures_in}/{split}", f"{maps_in}/{split}"
    return root, list(pair_up(root, pictures_in, maps_in))


def is_voc_segmentation(root: Path) -> bool:
    """Tell whether a folder, or one in it as in VOCdevkit, has ``SegmentationClass`` and ``JPEGImages``."""
    folders = (folder for folder in (root, *voc_folders(root)) if (folder / "JPEGImages").is_dir())
    return any((folder / "SegmentationClass").is_dir() for folder in folders)


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
