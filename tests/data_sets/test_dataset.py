"""What every data set can do, whatever its kind."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gcv_edge.data import Dataset, Sample, open_dataset
from gcv_edge.files import read_file
from gcv_edge.tasks import CLASSIFICATION
from tests.data_sets.conftest import encode, write_picture


@pytest.fixture
def ten(tmp_path: Path) -> Dataset:
    for level in range(10):
        write_picture(tmp_path / f"class{level // 5}" / f"{level}.png", level)
    return open_dataset(tmp_path, CLASSIFICATION)


def levels(dataset: Dataset) -> list[int]:
    return [int(sample.frame[0, 0, 0]) for sample in dataset]


def test_samples(ten: Dataset) -> None:
    first = next(iter(ten))
    assert isinstance(first, Sample)
    assert first.name == "class0/0.png"
    assert first.frame.shape == (10, 20, 3)
    assert first.frame.dtype == np.uint8
    assert levels(ten) == levels(ten) == list(range(10))
    assert list(ten.names()) == [sample.name for sample in ten]
    assert (len(ten), ten.classes) == (10, ("class0", "class1"))
    assert repr(ten).endswith("class folders, 10 samples, 2 classes)")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
@pytest.mark.parametrize("part", [0.3, 0.9, 0.99])
def test_a_picture_that_is_cut_off_is_skipped(tmp_path: Path, suffix: str, part: float) -> None:
    whole = write_picture(tmp_path / f"a{suffix}", size=(200, 100))
    data = whole.read_bytes()
    whole.write_bytes(data[: int(part * len(data))])
    dataset = open_dataset(tmp_path)
    assert list(dataset) == []
    assert len(dataset.skipped) == 1


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [0]), (2, [0, 5]), (3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))],
)
def test_limit_spreads_over_the_classes(ten: Dataset, count: int, expected: list[int]) -> None:
    assert levels(ten.limit(count)) == expected


def test_limit_of_nothing(ten: Dataset) -> None:
    with pytest.raises(ValueError, match="count: found 0, expected at least 1"):
        ten.limit(0)


@pytest.mark.parametrize(("part", "sizes"), [(0.5, (5, 5)), (3, (3, 7)), (0.9, (9, 1))])
def test_split(ten: Dataset, part: float, sizes: tuple[int, int]) -> None:
    first, second = ten.split(part)
    assert (len(first), len(second)) == sizes
    assert sorted(levels(first) + levels(second)) == list(range(10))
    assert levels(first) == sorted(levels(first))
    assert levels(ten.split(part)[0]) == levels(first)


def test_split_by_lot(ten: Dataset) -> None:
    """The same on every machine, since the lot is a hash."""
    assert levels(ten.split(3)[0]) == [1, 4, 6]
    assert len({tuple(levels(ten.split(3, seed)[0])) for seed in range(20)}) > 10


@pytest.mark.parametrize("part", [0, 10, 0.0, 1.0, 0.01])
def test_split_with_an_empty_half(ten: Dataset, part: float) -> None:
    with pytest.raises(ValueError, match="each half of 10 samples"):
        ten.split(part)


def test_subsets_of_subsets(ten: Dataset) -> None:
    half, _ = ten.split(0.5)
    assert set(levels(half.limit(2))) < set(levels(half))


def test_fingerprint_changes_with_names_pictures_and_labels(tmp_path: Path, ten: Dataset) -> None:
    def fingerprint() -> str:
        return open_dataset(tmp_path, CLASSIFICATION).fingerprint()

    first = ten.fingerprint()
    assert len(first) == 64
    assert first == fingerprint()
    assert first != ten.limit(9).fingerprint()
    moved = tmp_path / "class0/9.png"
    (tmp_path / "class1/9.png").rename(moved)
    assert fingerprint() != first
    moved.rename(tmp_path / "class1/9.png")
    assert fingerprint() == first
    content = (tmp_path / "class1/9.png").read_bytes()
    (tmp_path / "class1/9.png").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fingerprint() != first
    (tmp_path / "class1/9.png").unlink()
    assert fingerprint() != first


def test_fingerprint_of_a_picture_that_changes_meanwhile(tmp_path: Path, ten: Dataset) -> None:
    first = ten.fingerprint()
    path = tmp_path / "class0/0.png"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(0, 0))
    changed = ten.fingerprint()
    assert changed != first
    path.write_bytes(content)
    assert ten.fingerprint() == first


def test_pictures_are_hashed_once(ten: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def read_once(path: Path) -> bytes:
        read.append(path)
        return read_file(path)

    monkeypatch.setattr("gcv_edge.data.reader.read_file", read_once)
    for part in (ten, ten.limit(4), *ten.split(0.5)):
        part.fingerprint()
    assert len(read) == len(set(read)) == 10


def test_frames_are_given_as_often_as_they_are_asked_for(ten: Dataset) -> None:
    frames = ten.limit(3).frames
    first, again = list(frames), list(frames)
    assert len(first) == len(again) == 3
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_broken_pictures_are_named_and_skipped(tmp_path: Path, ten: Dataset) -> None:
    (tmp_path / "class0/0.png").write_bytes(b"")
    (tmp_path / "class0/1.png").write_bytes(encode()[:40])
    (tmp_path / "class0/2.png").unlink()
    (tmp_path / "class1/9.png").write_text("no picture")
    for _ in range(2):
        assert levels(ten) == [3, 4, 5, 6, 7, 8]
    none = "found no picture, expected JPEG, PNG or the like"
    assert [tuple(skipped) for skipped in ten.skipped] == [
        ("class0/0.png", none),
        ("class0/1.png", "found a damaged PNG: it is cut off, or cannot be decoded"),
        ("class0/2.png", "no such file"),
        ("class1/9.png", none),
    ]


def test_one_picture_is_in_memory_at_a_time(tmp_path: Path) -> None:
    for number in range(40):
        write_picture(tmp_path / f"{number}.jpg", number, (500, 500))
    dataset = open_dataset(tmp_path)
    tracemalloc.start()
    for _ in dataset:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 500 * 500 * 3
