"""The parts of a data set: which there are, and which one is for training."""

from __future__ import annotations

from pathlib import Path

from gcv_edge.data.coco import PREFIXES, annotation_files, annotation_folder, is_coco
from gcv_edge.data.folders import names_of_folders, split_folders
from gcv_edge.data.label_maps import is_voc_segmentation, picture_folder
from gcv_edge.data.voc_folders import find_voc, is_voc, list_voc_splits
from gcv_edge.errors import DataError
from gcv_edge.tasks import SEGMENTATION, Task


def list_splits(path: Path, task: Task | None) -> list[str]:
    """List the parts of a data set by the names that ``open_dataset`` takes; none of a file."""
    if not path.is_dir():
        return []
    if task is SEGMENTATION and (found := picture_folder(path)) is not None:
        return names_of_folders(found)
    if task is SEGMENTATION and is_voc_segmentation(path):
        return list_voc_splits(find_voc(path), "Segmentation")
    if is_coco(path):
        prefix = PREFIXES.get(task, "instances")
        return [
            file.stem.removeprefix(f"{prefix}_") for file in annotation_files(annotation_folder(path), prefix)
        ]
    if is_voc(path):
        return list_voc_splits(find_voc(path), "Main")
    return split_folders(path)


def find_training_split(path: Path, task: Task | None, measured: str | None) -> str | None:
    """Find the part to calibrate on where another one is measured on; None where there is none."""
    try:
        others = [name for name in list_splits(path, task) if name != measured]
    except DataError:
        return None
    training = [name for name in others if is_training(name)]
    return min(training, key=len, default=None) or next((name for name in others if name == "trainval"), None)


def is_training(name: str) -> bool:
    """Whether a part is for training alone: ``train``, ``train2017``, ``training``."""
    return name.lower().startswith("train") and not name.lower().startswith("trainval")
