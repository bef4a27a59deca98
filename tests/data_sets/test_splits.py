"""The parts of data sets: which there are, which is measured on, and which is for training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gcv_edge.data import open_dataset
from gcv_edge.data.splits import find_training_split, list_splits
from gcv_edge.tasks import CLASSIFICATION, DETECTION, SEGMENTATION, Task
from tests.data_sets.conftest import write_picture

BOX = "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
OBJECT = f"<object><name>cat</name>{BOX}</object>"


def make_voc(root: Path, parts: dict[str, list[str]]) -> None:
    for part, names in parts.items():
        list_file = root / "ImageSets" / "Main" / f"{part}.txt"
        list_file.parent.mkdir(parents=True, exist_ok=True)
        list_file.write_text("\n".join(names))
        for name in names:
            write_picture(root / "JPEGImages" / f"{name}.jpg")
            (root / "Annotations").mkdir(exist_ok=True)
            (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{OBJECT}</annotation>")


def make_coco(root: Path, parts: dict[str, list[str]]) -> None:
    (root / "annotations").mkdir(parents=True)
    for part, names in parts.items():
        images = [
            {"id": number, "file_name": f"{name}.png", "width": 20, "height": 10}
            for number, name in enumerate(names)
        ]
        boxes = [
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "bbox": [1, 1, 5, 5],
                "area": 25,
                "iscrowd": 0,
            }
            for number in range(len(names))
        ]
        content = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}
        (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(content))
        for name in names:
            write_picture(root / part / f"{name}.png")


def make_class_folders(root: Path, parts: dict[str, list[str]]) -> None:
    for part, names in parts.items():
        for name in names:
            write_picture(root / part / "cat" / f"{name}.png")


def make_maps(root: Path, parts: dict[str, list[str]]) -> None:
    for part, names in parts.items():
        for name in names:
            write_picture(root / "images" / part / f"{name}.jpg")
            write_picture(root / "masks" / part / f"{name}.png")


MAKERS = [
    (make_voc, DETECTION, "train", "val"),
    (make_coco, DETECTION, "train2017", "val2017"),
    (make_class_folders, CLASSIFICATION, "train", "val"),
    (make_class_folders, None, "training", "validation"),
    (make_maps, SEGMENTATION, "train", "val"),
]
Make = Callable[[Path, dict[str, list[str]]], None]


@pytest.mark.parametrize(("make", "task", "train", "val"), MAKERS, ids=[row[0].__name__ for row in MAKERS])
def test_what_is_measured_on_and_what_is_for_training(
    tmp_path: Path, make: Make, task: Task | None, train: str, val: str
) -> None:
    make(tmp_path, {train: ["a", "b", "c"], val: ["d", "e"]})
    assert sorted(list_splits(tmp_path, task)) == sorted([train, val])
    measured = open_dataset(tmp_path, task, ("cat",))
    assert (measured.split_name, len(measured)) == (val, 2)
    assert find_training_split(tmp_path, task, measured.split_name) == train
    training = open_dataset(tmp_path, task, ("cat",), train)
    assert (training.split_name, len(training)) == (train, 3)
    assert find_training_split(tmp_path, task, train) is None


def test_a_picture_that_is_in_both_parts_is_left_out_of_one(tmp_path: Path) -> None:
    """Pascal VOC's trainval holds val; folders of parts hold other pictures of the same names."""
    make_voc(tmp_path / "voc", {"val": ["a", "b"], "trainval": ["a", "b", "c"]})
    measured, both = (open_dataset(tmp_path / "voc", DETECTION, (), part) for part in ("val", "trainval"))
    assert list(both.without(measured).names()) == ["c"]
    assert find_training_split(tmp_path / "voc", DETECTION, "val") == "trainval"
    make_class_folders(tmp_path / "folders", {"val": ["a", "b"], "train": ["a", "b"]})
    val, train = (open_dataset(tmp_path / "folders", CLASSIFICATION, (), part) for part in ("val", "train"))
    assert len(train.without(val)) == 2


def test_lists_of_single_classes_are_no_parts(tmp_path: Path) -> None:
    make_voc(tmp_path, {"val": ["a"], "train": ["b"], "cat_train": ["b"]})
    assert list_splits(tmp_path, DETECTION) == ["train", "val"]


def test_classes_are_not_taken_for_parts(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        write_picture(tmp_path / name / "1.png")
    dataset = open_dataset(tmp_path, CLASSIFICATION, ("bus", "train"))
    assert (dataset.split_name, len(dataset)) == (None, 2)
    assert list_splits(tmp_path, CLASSIFICATION) == []


def test_a_file_has_no_parts(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "all.lst").write_text("0\t0\ta.png\n")
    assert list_splits(tmp_path / "all.lst", CLASSIFICATION) == []
    assert find_training_split(tmp_path / "all.lst", CLASSIFICATION, None) is None
