"""Lists: MXNet's .lst and CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget, ClassTarget
from gcv_edge.errors import DataError
from gcv_edge.tasks import CLASSIFICATION, DETECTION, SEGMENTATION, Task
from tests.data_sets.conftest import read_or_refused, refused, write_picture

LABELS = ("cat", "dog", "bird")
MODEST = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "deep/c.png"):
        write_picture(tmp_path / name)
    return tmp_path


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def targets(path: Path, task: Task | None, labels: tuple[str, ...] = LABELS, **options: object) -> list:
    return [sample.target for sample in open_dataset(path, task, labels, **options)]  # type: ignore[arg-type]


def rows(target: BoxTarget) -> list[tuple[int, list[float]]]:
    return list(zip(target.class_ids.tolist(), target.boxes.tolist(), strict=True))


def test_lst_classes(here: Path) -> None:
    path = write(here / "a.lst", "0\t2.000000\ta.png", "", "7\t0\tdeep/c.png")
    dataset = open_dataset(path, CLASSIFICATION, LABELS)
    assert [(sample.name, sample.target) for sample in dataset] == [
        ("a.png", ClassTarget(2)),
        ("deep/c.png", ClassTarget(0)),
    ]


def test_lst_boxes(here: Path) -> None:
    path = write(here / "a.lst", "0\t4\t5\t20\t10\t1\t0.5\t0\t1\t0.5\ta.png", "1\t2\t5\tb.png")
    first, second = targets(path, DETECTION)
    assert rows(first) == [(1, [10, 0, 20, 5])]
    assert rows(second) == []


def test_pictures_of_a_list_may_be_elsewhere(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write(tmp_path_factory.mktemp("lists") / "a.lst", "0\t2\ta.png")
    assert "found none of the pictures that the labels name, expected a.png" in refused(path, CLASSIFICATION)
    assert targets(path, CLASSIFICATION, pictures=here) == [ClassTarget(2)]
    absolute = write(tmp_path_factory.mktemp("lists") / "b.lst", f"0\t2\t{here / 'a.png'}")
    assert targets(absolute, CLASSIFICATION) == [ClassTarget(2)]


@pytest.mark.parametrize("line", ["a.png", "0\ta.png", "0\tcat\ta.png", "0 1 a.png", "0\t1\t"])
def test_a_line_that_is_none(here: Path, line: str) -> None:
    path = write(here / "a.lst", "0\t1\ta.png", line)
    assert refused(path, CLASSIFICATION).startswith(f"{path}: line 2: found '{line}', expected number, label")


def test_csv_classes(here: Path) -> None:
    path = write(here / "a.csv", "path,label", "a.png,dog", "b.png, cat ")
    assert targets(path, CLASSIFICATION) == [ClassTarget(1), ClassTarget(0)]
    assert targets(path, CLASSIFICATION, ()) == [ClassTarget(1), ClassTarget(0)]
    assert open_dataset(path, CLASSIFICATION).classes == ("cat", "dog")
    assert targets(path, None) == [None, None]


def test_csv_numbers(here: Path) -> None:
    path = write(here / "a.csv", "a.png,2", "b.png,0")
    assert targets(path, CLASSIFICATION) == [ClassTarget(2), ClassTarget(0)]
    assert targets(path, CLASSIFICATION, ()) == [ClassTarget(2), ClassTarget(0)]
    assert "found class 2, expected a class from 0 to 1" in refused(path, CLASSIFICATION, ("x", "y"))


def test_fingerprint_covers_what_the_labels_are_read_as(here: Path) -> None:
    """A class by number, until another line has a name."""
    seen = set()
    for label in ("0", "dog"):
        path = write(here / "a.csv", "a.png,1", f"b.png,{label}")
        dataset = open_dataset(path, CLASSIFICATION, ("x", "dog"), ignore_unknown=True)
        seen.add(dataset.limit(1).fingerprint())
    assert len(seen) == 2


def test_csv_boxes(here: Path) -> None:
    path = write(
        here / "a.csv", "b.png,,,,,", "a.png,1,2,3.5,4,dog", '"deep/c.png",0,0,5,5,cat', "a.png,0,0,9,9,bird"
    )
    dataset = open_dataset(path, DETECTION, LABELS)
    assert {sample.name: rows(sample.target) for sample in dataset} == {  # type: ignore[arg-type]
        "b.png": [],
        "a.png": [(1, [1, 2, 3.5, 4]), (2, [0, 0, 9, 9])],
        "deep/c.png": [(0, [0, 0, 5, 5])],
    }


@pytest.mark.parametrize(
    ("task", "line", "said"),
    [
        (CLASSIFICATION, "a.png,1,2,3,4,dog", "line 2: found 'a.png,1,2,3,4,dog', expected path,class"),
        (DETECTION, "a.png,dog", "line 2: found 'a.png,dog', expected path,x1,y1,x2,y2,class"),
        (DETECTION, "a.png,1,2,three,4,dog", "line 2: found '1,2,three,4', expected x1,y1,x2,y2"),
        (DETECTION, "a.png,1,2,inf,4,dog", "line 2: found '1,2,inf,4', expected x1,y1,x2,y2"),
        (DETECTION, ",1,2,3,4,dog", "expected path,x1,y1,x2,y2,class"),
        (DETECTION, "a.png,1,2,3,4,", "line 2: found 'a.png,1,2,3,4,', expected path,x1,y1,x2,y2,class"),
        (DETECTION, "a.png,1,2,3,4,  ", "line 2: found 'a.png,1,2,3,4,', expected path,x1,y1,x2,y2,class"),
        (DETECTION, "a.png,,2,,4,", "line 2: found 'a.png,,2,,4,', expected path,x1,y1,x2,y2,class"),
        (DETECTION, "a.png,1,2,3,4,dgo", "found class dgo unknown to the model, did you mean 'dog'?"),
    ],
)
def test_csv_rows_that_are_none(here: Path, task: Task, line: str, said: str) -> None:
    other = "b.png,cat" if task is CLASSIFICATION else "b.png,0,0,1,1,cat"
    path = write(here / "a.csv", other, line)
    message = refused(path, task, LABELS)
    assert message.startswith(str(path))
    assert said in message


def test_two_classes_for_a_picture(here: Path) -> None:
    path = write(here / "a.csv", "a.png,cat", "a.png,dog")
    assert refused(path, CLASSIFICATION, LABELS) == f"{path}: a.png: found 2 classes, expected one"


def test_unknown_classes_may_be_left_out(here: Path) -> None:
    path = write(here / "a.csv", "a.png,0,0,1,1,cat", "a.png,0,0,1,1,rose")
    (target,) = targets(path, DETECTION, ignore_unknown=True)
    assert target.class_ids.tolist() == [0]


def test_lists_that_are_none(here: Path) -> None:
    for name in ("a.lst", "a.csv"):
        path = write(here / name)
        assert "found no lines" in refused(path, CLASSIFICATION)
        path.write_bytes(b"\xff\xfe\0")
        assert refused(path, CLASSIFICATION) == f"{path}: found no text, expected a list of pictures"
        assert refused(path, SEGMENTATION) == f"{path}: found a list, which holds no labels for segmentation"


TEXT = st.text(st.sampled_from("a.png,\t\n\"'0127-e\0é"), max_size=40)


@MODEST
@given(TEXT, st.sampled_from(["a.csv", "a.lst"]), st.sampled_from([CLASSIFICATION, DETECTION, None]))
def test_any_text_is_read_or_refused(here: Path, text: str, name: str, task: Task | None) -> None:
    path = here / name
    path.write_text(text, encoding="utf-8")
    with read_or_refused(here):
        for sample in open_dataset(path, task, LABELS):
            assert sample.frame.shape == (10, 20, 3)


def test_a_line_that_is_there_twice_is_one_class(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "all.csv").write_text("a.png,cat\na.png,cat\n")
    (sample,) = open_dataset(tmp_path / "all.csv", CLASSIFICATION, ("cat", "dog"))
    assert sample.target.class_id == 0
    (tmp_path / "all.csv").write_text("a.png,cat\na.png,dog\n")
    assert "found 2 classes, expected one" in refused(tmp_path / "all.csv", CLASSIFICATION, ("cat", "dog"))


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        (
            "a.lst",
            "0\t2\t5\t9e18\t0\t0\t1\t1\ta.png",
            "a.png: found class 9e+18, expected a whole",
        ),
        ("a.csv", "a.png,1,1,5,5,9999999999", "a.png: found class 1e+10, expected a whole number from 0"),
        ("a.csv", f"{'x' * 5000},1,1,5,5,1", "found none of the pictures that the labels name"),
    ],
)
def test_classes_and_names_out_of_all_proportion(here: Path, name: str, line: str, said: str) -> None:
    assert said in refused(write(here / name, line), DETECTION)


def test_class_ids_say_where_a_label_is_wrong(here: Path) -> None:
    path = write(here / "a.csv", "a.png,cat", "a.png,dog")
    with pytest.raises(DataError) as caught:
        list(open_dataset(path, CLASSIFICATION).class_ids())
    assert str(caught.value) == f"{path}: a.png: found 2 classes, expected one"
