"""Folders of pictures and of classes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gcv_edge.data import open_dataset
from gcv_edge.data.targets import ClassTarget
from gcv_edge.tasks import CLASSIFICATION, DETECTION
from tests.data_sets.conftest import refused, write_picture


def class_folders(root: Path, *names: str) -> Path:
    for level, name in enumerate(names):
        write_picture(root / name / "a.png", level)
    return root


def class_ids(root: Path, labels: tuple[str, ...] = (), **options: object) -> dict[str, int]:
    dataset = open_dataset(root, CLASSIFICATION, labels, **options)  # type: ignore[arg-type]
    return {
        sample.name: sample.target.class_id for sample in dataset if isinstance(sample.target, ClassTarget)
    }


def test_pictures_without_labels_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "below/c.bmp", ".hidden.png", ".trash/d.png"):
        write_picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    dataset = open_dataset(tmp_path)
    assert [sample.name for sample in dataset] == ["a.jpg", "b.png", "below/c.bmp"]
    assert [sample.target for sample in dataset] == [None] * 3
    assert dataset.kind == "pictures"


@pytest.mark.parametrize(
    ("folders", "labels", "expected", "why"),
    [
        (("cat", "dog"), (), [0, 1], "no names in the model: order of names"),
        (("dog", "cat"), ("dog", "cat"), [1, 0], "the model's numbers"),
        (("Cat", "guinea_pig"), ("guinea pig", "cat"), [1, 0], "case and spaces do not matter"),
        (("cat",), ("ant", "bee", "cat"), [2], "a data set of some of the classes"),
        (("aeroplane",), ("dog", "airplane"), [1], "VOC's and COCO's names"),
        (("n01440764", "n01443537"), ("tench", "goldfish"), [0, 1], "WordNet ids in their order"),
        (("0", "1", "10", "2"), (), [0, 1, 10, 2], "numbers"),
        (("1", "2"), ("a", "b", "c"), [1, 2], "numbers of the model's classes"),
    ],
)
def test_class_of_each_folder(
    tmp_path: Path, folders: tuple[str, ...], labels: tuple[str, ...], expected: list[int], why: str
) -> None:
    class_folders(tmp_path, *folders)
    assert list(class_ids(tmp_path, labels).values()) == expected


@pytest.mark.parametrize(
    ("folders", "labels", "said"),
    [
        (("cat", "dgo"), ("cat", "dog"), "found class dgo unknown to the model, did you mean 'dog'?"),
        (("rose", "lily"), ("cat", "dog"), "found the classes lily, rose, expected the model's: cat, dog"),
        (("n01440764",), ("tench", "goldfish"), "found 1 folders named by WordNet ids, expected 2"),
        (("0", "7"), ("a", "b"), "folder 7: found class 7, expected a class from 0 to 1"),
    ],
)
def test_folders_that_are_not_the_models(
    tmp_path: Path, folders: tuple[str, ...], labels: tuple[str, ...], said: str
) -> None:
    class_folders(tmp_path, *folders)
    message = refused(tmp_path, CLASSIFICATION, labels)
    assert message.startswith(f"{tmp_path}: ")
    assert said in message


def test_unknown_folders_may_be_left_out(tmp_path: Path) -> None:
    class_folders(tmp_path, "cat", "rose")
    assert class_ids(tmp_path, ("dog", "cat"), ignore_unknown=True) == {"cat/a.png": 1}


def test_folder_of_a_split(tmp_path: Path) -> None:
    class_folders(tmp_path / "val", "cat", "dog")
    assert class_ids(tmp_path, split="val") == {"cat/a.png": 0, "dog/a.png": 1}
    assert refused(tmp_path, CLASSIFICATION, split="test") == (
        f"{tmp_path}: found no folder 'test', expected one for the split"
    )


def test_empty_folders_are_no_classes(tmp_path: Path) -> None:
    class_folders(tmp_path, "cat", "dog")
    (tmp_path / "ant").mkdir()
    assert class_ids(tmp_path) == {"cat/a.png": 0, "dog/a.png": 1}


def test_detectors_see_pictures_without_labels(tmp_path: Path) -> None:
    class_folders(tmp_path, "cat", "dog")
    assert [sample.target for sample in open_dataset(tmp_path, DETECTION)] == [None, None]


def test_nothing_there(tmp_path: Path) -> None:
    assert "no such file or folder" in refused(tmp_path / "missing")
    assert refused("") == (
        "found an empty name: no such file or folder, expected a folder, .rec, .lst, .csv or COCO's .json"
    )
    assert "found no pictures, expected .jpg" in refused(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"")
    assert "found .onnx, expected a folder, .rec" in refused(tmp_path / "model.onnx")


def test_a_link_to_itself_ends(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(open_dataset(tmp_path)) < 20
    shutil.rmtree(tmp_path / "loop", ignore_errors=True)


def test_hidden_folders_are_no_classes(tmp_path: Path) -> None:
    for name in ("cat", "dog", ".ipynb_checkpoints"):
        write_picture(tmp_path / name / "1.png")
    assert len(open_dataset(tmp_path, CLASSIFICATION, ("cat", "dog"))) == 2
