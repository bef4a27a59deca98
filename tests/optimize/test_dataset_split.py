"""Which pictures are calibrated on and which are measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.errors import DataError
from gcv_edge.optimize.dataset_split import SplitOptions, split_dataset
from gcv_edge.tasks import CLASSIFICATION
from tests.data_sets.conftest import write_picture


def make_folders(root: Path, counts: dict[str, int]) -> Path:
    for folder, count in counts.items():
        for number in range(count):
            write_picture(root / folder / f"{number:03}.png")
    return root


def sizes(root: Path, options: SplitOptions) -> tuple[int, int]:
    found = split_dataset(root, CLASSIFICATION, ("cat", "dog"), options)
    calibration, evaluation = found.calibration, found.evaluation
    assert len(calibration.without(evaluation)) == len(calibration)
    return len(calibration), len(evaluation)


def test_the_part_for_training_is_calibrated_on_and_the_whole_other_measured(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 20, "train/dog": 20, "val/cat": 6, "val/dog": 6})
    found = split_dataset(tmp_path, CLASSIFICATION, ("cat", "dog"), SplitOptions(300))
    assert (len(found.calibration), len(found.evaluation), found.has_labels) == (40, 12, True)
    assert found.warning == ""
    assert found.describe() == (
        f"{tmp_path} (class folders): 40 of 40 pictures of 'train' to calibrate, 10 of them to choose the "
        "recipe; 12 pictures of 'val' to measure"
    )
    assert sizes(tmp_path, SplitOptions(8)) == (8, 12)
    assert sizes(tmp_path, SplitOptions(300, calibration_split="val")) == (6, 6)
    assert sizes(tmp_path, SplitOptions(300, split="train", calibration_split="val")) == (12, 40)


def test_pictures_for_measuring_are_calibrated_on_only_where_there_are_no_others(tmp_path: Path) -> None:
    make_folders(tmp_path, {"test/cat": 8, "val/dog": 8})
    found = split_dataset(tmp_path, CLASSIFICATION, ("cat", "dog"), SplitOptions(300))
    assert (len(found.calibration), len(found.evaluation)) == (4, 4)
    assert found.warning == (
        "found no split for training: some pictures of 'test' are calibrated on, and measured on the others "
        "alone"
    )
    assert found.to_dict()["by_lot"] is True


@pytest.mark.parametrize(
    ("count", "has_limit", "expected"),
    [(300, False, (270, 30)), (300, True, (150, 150)), (100, False, (100, 32)), (1000, False, (270, 30))],
)
def test_without_labels_all_but_a_few_are_calibrated_on(
    tmp_path: Path, count: int, has_limit: bool, expected: tuple[int, int]
) -> None:
    make_folders(tmp_path, {"": 300})
    assert sizes(tmp_path, SplitOptions(count, has_limit=has_limit)) == expected


def test_one_picture_is_too_few(tmp_path: Path) -> None:
    make_folders(tmp_path, {"": 1})
    with pytest.raises(DataError, match="found 1 picture, expected at least 2"):
        split_dataset(tmp_path, CLASSIFICATION, (), SplitOptions(300))
