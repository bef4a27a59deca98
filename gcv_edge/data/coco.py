"""COCO: boxes, masks and keypoints in JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from gcv_edge.data.classes import ClassNames
from gcv_edge.data.coco_json import Annotation, CocoFile, CocoImage, read_coco
from gcv_edge.data.reader import DamagedSampleError, FileReader, Size
from gcv_edge.data.targets import BoxTarget, InstanceTarget, KeypointTarget, Target
from gcv_edge.data.voc_folders import SPLITS
from gcv_edge.errors import DataError
from gcv_edge.files import is_file
from gcv_edge.repeated_labels import describe_repeated
from gcv_edge.tasks import DETECTION, INSTANCES, POSE, Task

PREFIXES = {None: "instances", DETECTION: "instances", INSTANCES: "instances", POSE: "person_keypoints"}


class CocoReader(FileReader):
    """Pictures with COCO's annotations; categories and the model's classes are brought together by name.

    A damaged annotation is left out (``damaged_labels``).

    Args:
        path: a file of annotations, or a folder with ``annotations/instances_SPLIT.json`` (for poses
            ``person_keypoints_SPLIT.json``).
        split: which of the folder's files, such as ``val2017`` or ``val``; None for the first there is of
            test, val and train.
        pictures: folder of the pictures; None to look where COCO has them.
        task: detection, instance segmentation or pose; None for pictures without labels.
        labels: the model's class names, or keypoint names.
        ignore_unknown: leave out objects of classes that the model does not know.

    Raises:
        DataError: files are missing or not as COCO's, or classes are unknown to the model.
    """

    kind = "COCO"

    def __init__(
        self,
        path: Path,
        split: str | None,
        pictures: Path | None,
        task: Task | None,
        labels: Sequence[str],
        ignore_unknown: bool,
    ) -> None:
        if task not in PREFIXES:
            raise DataError(f"{path}: found COCO, which holds no labels for {task.name if task else ''}")
        self._path = find_annotations(path, split, PREFIXES[task]) if path.is_dir() else path
        content = read_coco(self._path, task)
        listed = list(content.pictures.values())
        if not listed:
            raise DataError(f"{self._path}: found no images")
        folder = pictures or find_picture_folder(self._path, listed[0])
        super().__init__(folder, [picture.file_name for picture in listed])
        self.split = self._path.stem.removeprefix(f"{PREFIXES[task]}_") if path.is_dir() else None
        self._sizes = [picture.size for picture in listed]
        self._task = task
        self.check_pictures()
        if task is not None and not content.annotations:
            raise DataError(f"{self._path}: {describe_nothing(content)}")
        if task is POSE:
            self._index_people(content, labels)
        elif task is not None:
            self._index_objects(content, labels, ignore_unknown)

    def target(self, index: int, size: Size) -> Target | None:
        """Return the picture's labels."""
        if self._task is None:
            return None
        said = self._sizes[index]
        if said != size:
            raise DamagedSampleError(
                f"found a picture of {size[0]} x {size[1]}, expected {said[0]} x {said[1]} as annotated"
            )
        return self._targets[index]

    def damaged_labels(self, index: int) -> Sequence[str]:
        """Say what is wrong with the picture's annotations that are left out."""
        return () if self._task is None else self._damaged[index]

    def label_stamp(self, index: int) -> str:
        """Return a hash of the picture's annotations."""
        return "" if self._task is None else self._stamps[index]

    def _index_objects(self, content: CocoFile, labels: Sequence[str], ignore_unknown: bool) -> None:
        occurring = {annotation.category for annotation in content.annotations}
        names = [
            category.name
            for number, category in sorted(content.categories.items())
            if number in occurring or not labels
        ]
        classes = ClassNames(labels, names, str(self._path), ignore_unknown)
        ids = {number: classes.id_of(category.name) for number, category in content.categories.items()}
        self.classes = classes.labels
        repeated = describe_repeated([category.name for category in content.categories.values()])
        twice = (f"{self._path}: several categories are called the same and count as one: {repeated}",)
        self.notes = (*(twice if repeated else ()), *classes.notes)
        self._keep(content, {number: found for number, found in ids.items() if found is not None})

    def _index_people(self, content: CocoFile, labels: Sequence[str]) -> None:
        jointed = {number: category for number, category in content.categories.items() if category.keypoints}
        if len(jointed) != 1:
            raise DataError(f"{self._path}: found {len(jointed)} categories with keypoints, expected one")
        ((number, category),) = jointed.items()
        if labels and len(labels) != len(category.keypoints):
            raise DataError(
                f"{self._path}: found {len(category.keypoints)} keypoints, expected the model's {len(labels)}"
            )
        self.classes = tuple(labels) or category.keypoints
        self._keep(content, {number: 0})

    def _keep(self, content: CocoFile, class_ids: dict[int, int]) -> None:
        """Turn annotations into targets, a picture at a time."""
        places = {number: place for place, number in enumerate(content.pictures)}
        self._damaged: list[list[str]] = [[] for _ in places]
        for picture, reason in content.damaged:
            self._damaged[places[picture]].append(reason)
        groups: list[list[Object]] = [[] for _ in places]
        for annotation in content.annotations:
            if annotation.category in class_ids:
                groups[places[annotation.picture]].append(Object(class_ids[annotation.category], annotation))
        self._targets = [self._make_target(group) for group in groups]
        self._stamps = [hashlib.sha256(repr(group).encode()).hexdigest() for group in groups]

    def _make_target(self, group: Sequence[Object]) -> Target:
        found = [one.annotation for one in group]
        boxes = np.array([inclusive(one.box) for one in found], np.float64).reshape(-1, 4)
        crowd = np.array([one.crowd for one in found], bool)
        areas = np.array([one.area for one in found], np.float64)
        if self._task is POSE:
            points = np.array([one.keypoints for one in found], np.float64)
            return KeypointTarget(points.reshape(-1, len(self.classes), 3), boxes, areas, crowd)
        class_ids = np.array([one.class_id for one in group], np.int32)
        if self._task is DETECTION:
            return BoxTarget(boxes, class_ids, crowd=crowd, areas=areas)
        masks = tuple(one.mask for one in found if one.mask is not None)
        return InstanceTarget(boxes, class_ids, crowd=crowd, areas=areas, masks=masks)


class Object(NamedTuple):
    """An annotation with the model's class id."""

    class_id: int
    annotation: Annotation


def describe_nothing(content: CocoFile) -> str:
    """Say that there is no object, or that all are damaged, and how the first is."""
    if not content.damaged:
        return "found no labelled object, expected some to measure with"
    picture, reason = content.damaged[0]
    name = content.pictures[picture].file_name
    return f"found {len(content.damaged)} labelled objects, all damaged, the first in {name}: {reason}"


def inclusive(box: Sequence[float]) -> tuple[float, float, float, float]:
    """Turn x, y, width, height into corners with the last pixel inside."""
    x, y, width, height = box
    return x, y, x + width - 1, y + height - 1


def find_annotations(root: Path, split: str | None, prefix: str) -> Path:
    """Find the file of a split.

    Raises:
        DataError: there is none, or there are several that the split may mean.
    """
    files = annotation_files(annotation_folder(root), prefix)
    found = {path.stem.removeprefix(f"{prefix}_"): path for path in files}
    for wanted in SPLITS if split is None else (split,):
        names = [name for name in found if name == wanted] or [
            name for name in found if name.startswith(wanted)
        ]
        if len(names) == 1:
            return found[names[0]]
        if len(names) > 1:
            raise DataError(f"{root}: found the splits {', '.join(names)}, expected one; name it")
    if split is None and len(found) == 1:
        return next(iter(found.values()))
    expected = f"one of {', '.join(found)}" if found else f"{prefix}_SPLIT.json in annotations"
    raise DataError(f"{root}: found no split{f' {split!r}' if split else ''}, expected {expected}")


def is_coco(path: Path) -> bool:
    """Tell whether a folder holds COCO's annotations."""
    return any((path / "annotations").glob("*.json")) or any(path.glob("*coco*.json"))


def annotation_folder(root: Path) -> Path:
    """Return the folder of the annotations."""
    return root / "annotations" if (root / "annotations").is_dir() else root


def annotation_files(folder: Path, prefix: str) -> list[Path]:
    """List the files of a kind; where none is called as COCO's are, every JSON file."""
    return sorted(folder.glob(f"{prefix}_*.json")) or sorted(folder.glob("*.json"))


def find_picture_folder(annotations: Path, first: CocoImage) -> Path:
    """Look for the first picture where COCO and other tools put them.

    Raises:
        DataError: it is nowhere there.
    """
    split = annotations.stem.rpartition("_")[2]
    beside = annotations.parent
    root = beside.parent if beside.name == "annotations" else beside
    places = [
        base / name
        for base in (root, beside)
        for name in (split, f"images/{split}", "images", "JPEGImages", ".")
    ]
    for place in places:
        if is_file(place / first.file_name):
            return place
    name = PurePosixPath(first.file_name).name
    raise DataError(
        f"{annotations}: found {name} neither in {places[0]} nor beside it: name the folder of pictures"
    )
