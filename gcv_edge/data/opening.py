"""Opening a data set of any kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gcv_edge.data.coco import CocoReader, is_coco
from gcv_edge.data.dataset import Dataset
from gcv_edge.data.folders import (
    ClassFolderReader,
    PictureReader,
    explain_single_folder,
    names_of_folders,
    split_folders,
)
from gcv_edge.data.label_maps import LabelMapReader
from gcv_edge.data.lists import ListReader, TableReader
from gcv_edge.data.reader import Reader
from gcv_edge.data.record_set import RecordReader
from gcv_edge.data.voc import VocReader
from gcv_edge.data.voc_folders import is_voc
from gcv_edge.errors import DataError
from gcv_edge.tasks import CLASSIFICATION, DETECTION, SEGMENTATION, Task

EXPECTED = "a folder, .rec, .lst, .csv or COCO's .json"


@dataclass(frozen=True)
class DatasetRequest:
    """What a caller asks for; the fields are ``open_dataset``'s arguments."""

    path: Path
    task: Task | None
    labels: tuple[str, ...]
    split: str | None
    pictures: Path | None
    ignore_unknown: bool


def open_dataset(
    path: str | os.PathLike[str],
    task: Task | None = None,
    labels: Sequence[str] = (),
    split: str | None = None,
    *,
    pictures: str | os.PathLike[str] | None = None,
    ignore_unknown: bool = False,
) -> Dataset:
    """Find out what a data set is and open it.

    Args:
        path: a folder (pictures, class folders, Pascal VOC, COCO, pictures with label maps), or a ``.rec``,
            ``.lst``, ``.csv`` or COCO ``.json`` file.
        task: what the labels are for; None for the pictures alone, of whatever kind of data set.
        labels: the model's class names, by which the data set's are numbered; empty for its own order.
        split: part of the data set, such as ``val``; None for the one that is for measuring: the first there
            is of test, val and train.
        pictures: folder of the pictures, where the labels are elsewhere (``.lst``, ``.csv``, COCO).
        ignore_unknown: leave out objects and folders of classes that the model does not know.

    Raises:
        DataError: there is nothing there, nothing that the task can use, or the labels are not the model's;
            the message is one line that names what was found and what was expected.
    """
    request = DatasetRequest(
        Path(path), task, tuple(labels), split, None if pictures is None else Path(pictures), ignore_unknown
    )
    if not os.fspath(path) or not request.path.exists():
        raise DataError(
            f"{os.fspath(path) or 'found an empty name'}: no such file or folder, expected {EXPECTED}"
        )
    reader = open_folder(request) if request.path.is_dir() else open_file(request)
    return Dataset(reader, os.fspath(path))


def open_file(request: DatasetRequest) -> Reader:
    """Open a data set that is a file."""
    path, suffix = request.path, request.path.suffix.lower()
    if suffix not in FILES:
        raise DataError(f"{path}: found {suffix or 'no suffix'}, expected {EXPECTED}")
    return FILES[suffix](request)


def open_records(request: DatasetRequest) -> Reader:
    """Open RecordIO by its ``.rec`` or its ``.idx``."""
    refuse_split(request)
    return RecordReader(request.path.with_suffix(".rec"), request.task, request.labels)


def open_list(request: DatasetRequest) -> Reader:
    """Open a ``.lst``."""
    refuse_split(request)
    pictures = request.pictures or request.path.parent
    return ListReader(request.path, pictures, request.task, request.labels)


def open_table(request: DatasetRequest) -> Reader:
    """Open a CSV file."""
    refuse_split(request)
    pictures = request.pictures or request.path.parent
    return TableReader(request.path, pictures, request.task, request.labels, request.ignore_unknown)


def open_coco(request: DatasetRequest) -> Reader:
    """Open COCO's annotations."""
    return CocoReader(
        request.path, request.split, request.pictures, request.task, request.labels, request.ignore_unknown
    )


FILES: dict[str, Callable[[DatasetRequest], Reader]] = {
    ".rec": open_records,
    ".idx": open_records,
    ".lst": open_list,
    ".csv": open_table,
    ".json": open_coco,
}


def open_folder(request: DatasetRequest) -> Reader:
    """Open a data set that is a folder."""
    path, task = request.path, request.task
    if task is SEGMENTATION:
        return LabelMapReader(path, request.split, request.labels)
    if is_coco(path):
        return open_coco(request)
    if is_voc(path):
        return open_voc(request)
    if request.split is not None:
        return open_split_folder(request, request.split)
    if parts := split_folders(path):
        return open_split_folder(request, parts[0])
    folders = names_of_folders(path) if task is CLASSIFICATION else []
    if not folders:
        return PictureReader(path)
    unlabelled = explain_single_folder(path, folders, request.labels)
    if unlabelled:
        return PictureReader(path, unlabelled)
    return ClassFolderReader(path, request.labels, request.ignore_unknown)


def open_voc(request: DatasetRequest) -> Reader:
    """Open Pascal VOC, for detection or for its pictures alone."""
    if request.task not in (None, DETECTION):
        raise DataError(f"{request.path}: found Pascal VOC, which holds no labels for {request.task.name}")
    labelled = request.task is not None
    return VocReader(request.path, request.split, request.labels, request.ignore_unknown, labelled)


def open_split_folder(request: DatasetRequest, split: str) -> Reader:
    """Open the folder of a split, such as ImageNet's ``val``."""
    folder = request.path / split
    if not folder.is_dir():
        raise DataError(f"{request.path}: found no folder '{split}', expected one for the split")
    reader = open_folder(
        DatasetRequest(folder, request.task, request.labels, None, None, request.ignore_unknown)
    )
    reader.split = split
    return reader


def refuse_split(request: DatasetRequest) -> None:
    """Raise where there are no splits to choose from."""
    if request.split is not None:
        raise DataError(
            f"{request.path}: found one file, expected no split: name the file of '{request.split}'"
        )
