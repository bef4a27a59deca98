"""Class names that occur twice, and folders that are no classes: one line says so, in every command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from tests.cli.conftest import QUICK, done, failed, run
from tests.runtime.conftest import Maker, solid

TWICE = ("red", "green", "red")
NAMES = "a,b,c,a,e,b"


@pytest.mark.parametrize("as_file", [False, True], ids=["names", "a file"])
def test_an_export_says_which_names_occur_twice(here: Path, as_file: bool) -> None:
    Path("names.txt").write_text(NAMES.replace(",", "\n"))
    printed = done("export", *QUICK, "--classes", "names.txt" if as_file else NAMES, "-o", "net.onnx")
    assert (
        "note: class names occur more than once: 'a' (classes 0, 3), 'b' (classes 1, 5): results cannot tell "
        "them apart"
    ) in printed.splitlines()
    assert "a, e, b; more than once: 'a' (classes 0, 3), 'b' (classes 1, 5)" in done("info", "net")


def test_names_that_differ_are_not_worth_a_word(here: Path) -> None:
    printed = done("export", *QUICK, "--classes", "a,b,c,d,e,f", "-o", "net.onnx")
    assert "more than once" not in printed + done("info", "net")


def test_a_data_set_by_a_name_that_two_classes_of_the_model_have(make_net: Maker, colours: Path) -> None:
    (colours / "blue").rename("blue")
    line = "colours: class 'red' is taken for the model's class 0, not 2 of that name"
    result = run("val", make_net("classification", labels=TWICE), colours)
    assert (result.exit_code, result.stderr) == (0, f"Note: {line}\n")
    printed = done("calibrate", "net.onnx", "--data", colours, "--calib-mode", "naive")
    assert f"Warning: {line}" in printed.splitlines()


def test_folders_that_are_one_class(make_net: Maker, colours: Path) -> None:
    (colours / "blue").rename(colours / "R_e-d")
    result = run("val", make_net("classification"), colours, "--json")
    assert result.stderr == "Note: colours: classes 'R_e-d', 'red' are all taken for the model's 'red'\n"
    assert json.loads(result.stdout)["pictures"] == 12


def test_categories_of_one_name(make_model: Maker, here: Path) -> None:
    cv2.imwrite("a.png", solid(255, 0, 0))
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
        "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "red"}],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": n, "bbox": [0, 0, 32, 32], "area": 1024, "iscrowd": 0}
            for n in (1, 2)
        ],
    }
    Path("coco.json").write_text(json.dumps(document))
    result = run("val", make_model("detection"), "coco.json", "--pictures", ".", "--metric", "voc07")
    assert result.exit_code == 0, result.stderr
    assert "coco.json: several categories are called the same and count as one: 'red' (" in result.stderr


@pytest.mark.parametrize("labels", [("red", "green", "blue"), ()], ids=["named", "without names"])
def test_one_folder_of_pictures_is_no_data_set_of_one_class(
    make_net: Maker, pictures: Path, labels: tuple[str, ...]
) -> None:
    Path("set").mkdir()
    pictures.rename("set/images")
    Path("set/val.lst").touch()
    why = "set: its only folder 'images' is no class of the model: give set/val.lst for the labels"
    net = make_net("classification", labels=labels)
    assert failed(1, "val", net, "set") == why
    printed = done("calibrate", net, "--data", "set", "--calib-mode", "naive")
    assert printed.startswith("set (pictures): 8 of 12 pictures to calibrate")
    assert f"Warning: labels are not used: {why}" in printed.splitlines()


def test_one_folder_that_is_a_class_is_one(make_net: Maker, colours: Path) -> None:
    for name in ("green", "blue"):
        (colours / name).rename(name)
    assert json.loads(done("val", make_net("classification"), colours, "--json"))["pictures"] == 4


def test_folders_of_another_number_than_a_model_without_names_has(make_net: Maker, colours: Path) -> None:
    (colours / "green").rename("green")
    net = make_net("classification", labels=())
    printed = done("calibrate", net, "--data", colours, "--calib-mode", "naive", "-o", "out.onnx")
    assert "Warning: labels are not used: colours: found 2 classes, expected the network's 3; " in printed
    assert "agreement with the float file" in printed
    assert Path("out.onnx").is_file()


def test_hidden_pictures_of_a_data_set_are_counted(make_net: Maker, colours: Path) -> None:
    (colours / "red/0.png").rename(colours / "red/.0.png")
    (colours / "red/._1.png").write_bytes(b"of macOS")
    result = run("val", make_net("classification"), colours, "--json")
    assert (result.exit_code, json.loads(result.stdout)["pictures"]) == (0, 11)
    assert result.stderr == "Note: colours: 1 hidden picture passed over\n"


@pytest.mark.parametrize("labels", [("red", "green", "blue"), ()], ids=["named", "numbered"])
def test_a_list_of_ids_that_the_network_does_not_have(
    make_net: Maker, colours: Path, labels: tuple[str, ...]
) -> None:
    pictures = sorted(colours.rglob("*.png"))
    ids = [7 if at == 9 else at % 3 for at in range(len(pictures))]
    names = [path.relative_to(colours) for path in pictures]
    rows = [f"{at}\t{ids[at]}\t{name}" for at, name in enumerate(names)]
    Path("train.lst").write_text("\n".join(rows) + "\n")
    model = make_net("classification", labels=labels)
    printed = done("calibrate", model, "--data", "train.lst", "--pictures", colours, "--calib-mode", "naive")
    (line,) = [line for line in printed.splitlines() if line.startswith("Warning: labels are not used: ")]
    assert "class 7" in line or "found 7" in line
    assert "top-1 agreement" in printed
