"""Pascal VOC with boxes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget
from gcv_edge.tasks import CLASSIFICATION, DETECTION
from tests.data_sets.conftest import read_or_refused, refused, write_picture

LABELS = ("cat", "dog")
OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
    "<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox>{more}</object>"
)


def thing(
    name: str, x1: float, y1: float, x2: float, y2: float, difficult: object = 0, more: str = ""
) -> str:
    return OBJECT.format(name=name, x1=x1, y1=y1, x2=x2, y2=y2, difficult=difficult, more=more)


def annotate(root: Path, name: str, *objects: str, size: tuple[int, int] = (20, 10)) -> None:
    write_picture(root / "JPEGImages" / f"{name}.jpg", 0, (20, 10))
    head = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    write_xml(root, name, f"<annotation>{head}{''.join(objects)}</annotation>")


def write_xml(root: Path, name: str, text: str | bytes) -> None:
    path = root / "Annotations" / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def write_split(root: Path, name: str, *names: str, kind: str = "Main") -> None:
    path = root / "ImageSets" / kind / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    annotate(tmp_path, "a", thing("dog", 1, 2, 10, 8), thing("cat", 3, 3, 20, 10, 1))
    annotate(tmp_path, "b", thing("cat", 5, 5, 6, 6))
    annotate(tmp_path, "c")
    write_split(tmp_path, "train", "b")
    write_split(tmp_path, "test", "a", "c")
    return tmp_path


def found(root: Path, split: str | None = None, **options: object) -> dict[str, BoxTarget]:
    dataset = open_dataset(root, DETECTION, LABELS, split, **options)  # type: ignore[arg-type]
    return {sample.name: sample.target for sample in dataset}  # type: ignore[misc]


def test_boxes(root: Path) -> None:
    targets = found(root)
    assert list(targets) == ["a", "c"]
    assert targets["a"].boxes.tolist() == [[0, 1, 9, 7], [2, 2, 19, 9]]
    assert targets["a"].class_ids.tolist() == [1, 0]
    assert targets["a"].difficult.tolist() == [False, True]
    assert targets["a"].areas.tolist() == [70, 144]
    assert len(targets["c"]) == 0


def test_splits(root: Path) -> None:
    assert list(found(root, "train")) == ["b"]
    assert refused(root, DETECTION, LABELS, "tset") == (
        f"{root}: found no split 'tset' in ImageSets/Main, expected test, train"
    )
    write_split(root, "cat_test", "a  1", "c -1")
    assert list(found(root, "cat_test")) == ["a", "c"]
    write_split(root, "empty")
    assert (
        refused(root, DETECTION, LABELS, "empty") == f"{root}: found no pictures in ImageSets/Main/empty.txt"
    )


def test_a_split_without_public_labels_is_not_chosen(root: Path) -> None:
    write_picture(root / "JPEGImages" / "z.jpg")
    write_split(root, "test", "z")
    assert list(found(root)) == ["b"]


def test_without_splits_every_annotation_counts(tmp_path: Path) -> None:
    annotate(tmp_path, "b", thing("cat", 1, 1, 5, 5))
    annotate(tmp_path, "a")
    assert list(found(tmp_path)) == ["a", "b"]


def test_the_folder_above(tmp_path: Path) -> None:
    annotate(tmp_path / "VOCdevkit" / "VOC2007", "a", thing("cat", 1, 1, 5, 5))
    assert list(found(tmp_path / "VOCdevkit")) == list(found(tmp_path)) == ["a"]
    annotate(tmp_path / "VOCdevkit" / "VOC2012", "a", thing("cat", 1, 1, 5, 5))
    assert "found VOC2007, VOC2012 with JPEGImages, expected one; name it" in refused(
        tmp_path / "VOCdevkit", DETECTION
    )


def test_classes(root: Path) -> None:
    assert open_dataset(root, DETECTION).classes == ("cat", "dog")
    assert open_dataset(root, DETECTION, ("x", "Dog", "CAT")).classes == ("x", "Dog", "CAT")
    assert "found the classes dog, cat, expected the model's: rose" in refused(root, DETECTION, ("rose",))
    assert "found class cat unknown to the model, expected dog" in refused(root, DETECTION, ("dog",))
    dataset = open_dataset(root, DETECTION, ("dog",), ignore_unknown=True)
    assert [len(sample.target) for sample in dataset] == [1, 0]  # type: ignore[arg-type]


def test_a_set_without_objects(tmp_path: Path) -> None:
    annotate(tmp_path, "a")
    assert (
        refused(tmp_path, DETECTION) == f"{tmp_path}: found no labelled object, expected some to measure with"
    )


def test_parts_of_objects_are_not_objects(tmp_path: Path) -> None:
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    annotate(tmp_path, "a", thing("cat", 1, 1, 5, 5, more=part))
    assert found(tmp_path)["a"].boxes.tolist() == [[0, 0, 4, 4]]


@pytest.mark.parametrize(
    ("corners", "kept"),
    [
        ((1, 1, 20, 10), True),
        ((1.5, 1, 20.5, 10), True),
        ((0, 1, 20, 10), False),
        ((1, 1, 22, 10), False),
        ((5, 5, 5, 9), False),
        ((9, 5, 3, 9), False),
        ((21, 1, 22, 9), False),
    ],
)
def test_boxes_that_gluoncv_leaves_out(
    tmp_path: Path, corners: tuple[float, ...], kept: bool, gluoncv: ModuleType
) -> None:
    annotate(tmp_path, "a", thing("cat", *corners), thing("dog", 1, 1, 2, 2))  # type: ignore[arg-type]
    write_split(tmp_path, "test", "a")
    dataset = open_dataset(tmp_path, DETECTION, LABELS)
    for _ in range(2):
        (sample,) = dataset
    assert isinstance(sample.target, BoxTarget)
    assert (len(sample.target), dataset.dropped_boxes) == (1 + kept, 1 - kept)
    voc = gluoncv.data.VOCDetection

    class Pets(voc):
        CLASSES = LABELS

    theirs = Pets(root=str(tmp_path), splits=[(".", "test")])[0][1]
    np.testing.assert_array_equal(theirs[:, :4], sample.target.boxes)
    np.testing.assert_array_equal(theirs[:, 4], sample.target.class_ids)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no element found"),
        ("<annotation>", "no element found"),
        ("no xml", "syntax error"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "found a document type, expected plain XML"),
        ("<!DOCTYPE a SYSTEM '/etc/passwd'><a/>", "found a document type, expected plain XML"),
        ("<a>" * 100 + "</a>" * 100, "found elements over 64 deep"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "unknown encoding"),
        (b"\xff\xfe<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0", "found a document type, expected plain XML"),
    ],
)
def test_annotations_that_cannot_be_read_are_skipped(root: Path, text: str | bytes, said: str) -> None:
    write_xml(root, "c", text)
    dataset = open_dataset(root, DETECTION, LABELS)
    assert [sample.name for sample in dataset] == ["a"]
    (skipped,) = dataset.skipped
    assert skipped.name == "c"
    assert skipped.reason.startswith("c.xml: ")
    assert said in skipped.reason


def test_other_reasons_to_skip(root: Path) -> None:
    annotate(root, "c", size=(40, 20))
    annotate(root, "d", thing("cat", 1, "two", 5, 5))  # type: ignore[arg-type]
    annotate(root, "e", thing("cat", 1, 1, 5, 5, difficult="Unspecified"), size=(0, 0))
    (root / "Annotations/b.xml").unlink()
    write_split(root, "test", "a", "b", "c", "d", "e", "f")
    dataset = open_dataset(root, DETECTION, LABELS)
    assert [sample.name for sample in dataset] == ["a", "e"]
    assert {skipped.name: skipped.reason for skipped in dataset.skipped} == {
        "b": "no such file",
        "c": "found a picture of 20 x 10, expected 40 x 20 as annotated",
        "d": "found 'two' as bndbox/ymin, expected a number",
        "f": "no such file",
    }


def test_pictures_alone(root: Path) -> None:
    write_xml(root, "c", "no xml")
    assert [sample.target for sample in open_dataset(root, split="test")] == [None, None]
    assert (
        refused(root, CLASSIFICATION) == f"{root}: found Pascal VOC, which holds no labels for classification"
    )


def test_no_pictures(root: Path) -> None:
    for path in (root / "JPEGImages").iterdir():
        path.unlink()
    assert "found none of the pictures that the labels name, expected JPEGImages/a.jpg" in refused(
        root, DETECTION
    )


def test_fingerprint_covers_the_annotations(root: Path) -> None:
    first = open_dataset(root, DETECTION, LABELS).fingerprint()
    annotate(root, "c", thing("cat", 1, 1, 5, 5))
    assert open_dataset(root, DETECTION, LABELS).fingerprint() != first


PARTS = st.sampled_from(
    ["<annotation>", "</annotation>", "<object>", "</object>", "<name>cat</name>", "<bndbox>", "</bndbox>"]
) | st.sampled_from(
    ["<xmin>1</xmin>", "<ymin>1</ymin>", "<xmax>1e999</xmax>", "&lt;", "&b;", "\0", "<size/>"]
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_any_annotation_is_read_or_skipped(root: Path, text: str) -> None:
    write_xml(root, "c", text)
    with read_or_refused(root):
        dataset = open_dataset(root, DETECTION, LABELS)
        assert len(list(dataset)) + len(dataset.skipped) == 2
