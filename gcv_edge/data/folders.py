"""Folders of pictures: without labels, or with a folder for each class (as ImageNet comes)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gcv_edge.data.classes import ClassNames, as_class_id, fold
from gcv_edge.data.reader import FileReader, Size
from gcv_edge.data.targets import ClassTarget
from gcv_edge.errors import DataError
from gcv_edge.runtime import places
from gcv_edge.runtime.places import SHOWN_SUFFIXES, is_hidden_picture, is_picture_name

WORDNET_ID = re.compile(r"n\d{8}")
MAX_DEPTH = 8
PARTS = ("test", "val", "valid", "validation", "trainval", "train", "training")
"""Names of folders that are parts of a data set, in the order in which one is measured on."""
LIST_SUFFIXES = (".lst", ".csv", ".rec", ".json")
"""Files that may hold the labels of the pictures beside them."""


class PictureReader(FileReader):
    """Pictures of a folder and the folders below it, without labels."""

    kind = "pictures"

    def __init__(self, root: Path, unlabelled: str = "") -> None:
        super().__init__(root, list(walk_pictures(root)))
        self.unlabelled = unlabelled
        self.notes = describe_hidden(root)
        if not self.paths:
            raise DataError(
                f"{'; '.join((f'{root}: found no pictures, expected {SHOWN_SUFFIXES}', *self.notes))}"
            )


class ClassFolderReader(FileReader):
    """Pictures in a folder per class.

    Folders are named as the model's classes; or by WordNet ids (ImageNet: numbered in their order); or by
    class numbers. Where the model has no names, folders are numbered in the order of their names.

    Raises:
        DataError: folders and classes do not match.
    """

    kind = "class folders"

    def __init__(self, root: Path, labels: Sequence[str], ignore_unknown: bool) -> None:
        paths, owners = [], []
        ids, notes = number_folders(names_of_folders(root), labels, str(root), ignore_unknown)
        for folder, class_id in ids.items():
            found = [f"{folder}/{path}" for path in walk_pictures(root / folder)]
            paths += found
            owners += [class_id] * len(found)
        super().__init__(root, paths)
        in_order = list(ids.values()) == list(range(len(ids)))
        self.classes = tuple(labels) or (tuple(ids) if in_order else ())
        self._class_ids = np.array(owners, np.int32)
        self.notes = (*notes, *describe_hidden(root))
        if not paths:
            raise DataError(f"{root}: found no pictures in the folders of classes")

    def target(self, index: int, size: Size) -> ClassTarget:  # noqa: ARG002
        """Return the folder's class."""
        return ClassTarget(int(self._class_ids[index]))

    def label_stamp(self, index: int) -> str:
        """Return the class."""
        return str(self._class_ids[index])


def number_folders(
    names: Sequence[str], labels: Sequence[str], where: str, ignore_unknown: bool
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Find the class id of each folder; and say what of that is not certain."""
    if labels and all(WORDNET_ID.fullmatch(name) for name in names) and names[0] not in labels:
        if len(names) != len(labels):
            raise DataError(
                f"{where}: found {len(names)} folders named by WordNet ids, "
                f"expected {len(labels)}, one for each class of the model"
            )
        return {name: place for place, name in enumerate(names)}, ()
    if all(name.isdecimal() for name in names) and not set(names) & set(labels):
        return {name: as_folder_number(name, labels, where) for name in names}, ()
    classes = ClassNames(labels, names, where, ignore_unknown)
    found = {name: classes.id_of(name) for name in names}
    return {name: class_id for name, class_id in found.items() if class_id is not None}, classes.notes


def as_folder_number(name: str, labels: Sequence[str], where: str) -> int:
    """Read a folder's name as a class id."""
    try:
        return as_class_id(int(name), labels)
    except DataError as error:
        raise DataError(f"{where}: folder {name}: {error}") from None


def split_folders(path: Path) -> list[str]:
    """List the folders of a data set where each is a part of it, the one to measure on first."""
    names = names_of_folders(path)
    are_parts = len(names) > 1 and all(name.lower() in PARTS for name in names)
    return sorted(names, key=lambda name: PARTS.index(name.lower())) if are_parts else []


def names_of_folders(path: Path) -> list[str]:
    """List the folders with pictures, in the order of their names; hidden ones not."""
    return [
        entry.name
        for entry in list_folder(path)
        if entry.is_dir() and not entry.name.startswith(".") and has_pictures(path / entry.name)
    ]


def explain_single_folder(root: Path, names: Sequence[str], labels: Sequence[str]) -> str:
    """Say why a folder with a single folder of pictures is no data set of one class; nothing if it is one."""
    (name, *more) = names
    known = {fold(label) for label in labels}
    if more or name.isdecimal() or WORDNET_ID.fullmatch(name) or fold(name) in known:
        return ""
    lists = sorted(path.name for path in root.iterdir() if path.suffix.lower() in LIST_SUFFIXES)
    hint = f": give {root / lists[0]} for the labels" if lists else ""
    return f"{root}: its only folder '{name}' is no class of the model{hint}"


def describe_hidden(root: Path, depth: int = MAX_DEPTH) -> tuple[str, ...]:
    """Say how many hidden pictures there are below a folder."""
    return tuple(f"{root}: {note}" for note in places.describe_hidden(count_hidden(root, depth)))


def count_hidden(root: Path, depth: int) -> int:
    """Count the hidden pictures of a folder and of those below it that are not hidden themselves."""
    total = 0
    for entry in list_folder(root):
        if is_hidden_picture(entry.name) and not entry.is_dir():
            total += 1
        elif depth and not entry.name.startswith(".") and entry.is_dir():
            total += count_hidden(root / entry.name, depth - 1)
    return total


def has_pictures(folder: Path) -> bool:
    """Tell whether there is a picture in a folder or below it."""
    return next(walk_pictures(folder), None) is not None


def walk_pictures(root: Path, depth: int = MAX_DEPTH) -> Iterator[str]:
    """Give paths of pictures below a folder, relative to it, in the order of their names; hidden ones not."""
    for entry in list_folder(root):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            below = walk_pictures(root / entry.name, depth - 1) if depth else iter(())
            yield from (f"{entry.name}/{path}" for path in below)
        elif is_picture_name(entry.name):
            yield entry.name


def list_folder(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder in the order of names.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}") from error
