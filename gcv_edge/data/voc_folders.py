"""How Pascal VOC arranges its files: ``JPEGImages``, and lists of names in ``ImageSets``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gcv_edge.errors import DataError
from gcv_edge.files import is_file
from gcv_edge.runtime.sources import PICTURE_SUFFIXES

SPLITS = ("test", "val", "valid", "trainval", "train")
"""Splits in the order in which one is chosen where the user names none."""


def find_voc(root: Path) -> Path:
    """Return the folder that holds ``JPEGImages``: the one given, or the only one such in it.

    Raises:
        DataError: there is none, or more than one.
    """
    if (root / "JPEGImages").is_dir():
        return root
    found = voc_folders(root)
    if len(found) != 1:
        names = ", ".join(folder.name for folder in found) or "no folder"
        raise DataError(f"{root}: found {names} with JPEGImages, expected one; name it")
    return found[0]


def voc_folders(root: Path) -> list[Path]:
    """List the folders in one such as VOCdevkit, which holds VOC2007 and VOC2012."""
    children = sorted(child for child in root.iterdir() if child.is_dir()) if root.is_dir() else []
    found = [child for child in children if (child / "JPEGImages").is_dir()]
    return found or [
        folder for child in children if child.name == "VOCdevkit" for folder in voc_folders(child)
    ]


def is_voc(path: Path) -> bool:
    """Tell whether a folder is Pascal VOC's, or holds such."""
    return any((folder / "Annotations").is_dir() for folder in (path, *voc_folders(path)))


def list_voc_splits(folder: Path, sets: str) -> list[str]:
    """List the lists of names in ``ImageSets``, without those of single classes such as ``cat_train``."""
    names = (path.stem for path in sorted((folder / "ImageSets" / sets).glob("*.txt")))
    return [name for name in names if "_" not in name]


def read_split(
    folder: Path, sets: str, split: str | None, labels: str, suffix: str
) -> tuple[str | None, list[str]]:
    """Return the split's name and the names of its pictures.

    Raises:
        DataError: there is no such split, or it is empty.
    """
    lists = {path.stem: path for path in sorted((folder / "ImageSets" / sets).glob("*.txt"))}
    if split is None:
        split = next(
            (name for name in SPLITS if name in lists and is_labelled(lists[name], folder / labels, suffix)),
            None,
        )
    elif split not in lists:
        expected = ", ".join(list_voc_splits(folder, sets)) or "no split: there are none"
        raise DataError(f"{folder}: found no split '{split}' in ImageSets/{sets}, expected {expected}")
    if split is None:
        names = sorted(path.stem for path in (folder / labels).glob(f"*{suffix}"))
    else:
        names = read_names(lists[split])
    if not names:
        where = f"ImageSets/{sets}/{split}.txt" if split else labels
        raise DataError(f"{folder}: found no pictures in {where}")
    return split, names


def is_labelled(path: Path, folder: Path, suffix: str) -> bool:
    """Tell whether the first picture of a split has labels; those of VOC2012's test are not public."""
    names = read_names(path)
    return bool(names) and is_file(folder / f"{names[0]}{suffix}")


def read_names(path: Path) -> list[str]:
    """Read the first word of each line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {error}") from None
    return [line.split()[0] for line in lines if line.strip()]


def find_pictures(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """Give each name's picture, relative to the folder's parent; most are JPEG."""
    try:
        there = {path.stem: path.name for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES}
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}") from error
    return (f"{folder.name}/{there.get(name, f'{name}.jpg')}" for name in names)
