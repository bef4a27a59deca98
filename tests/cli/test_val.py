"""``gcv-edge val``: figures for people and programs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from gcv_edge.cli.val import print_classes
from gcv_edge.evaluation import ClassFigure, Evaluation, Measured
from tests.cli.conftest import done, failed, run
from tests.runtime.conftest import Maker, solid

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@pytest.fixture
def colours(here: Path) -> Path:
    """Two pictures of each colour in class folders, and a blue one among the red."""
    for name, colour in COLOURS.items():
        (here / "colours" / name).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(f"colours/{name}/{number}.png", solid(*colour))
    cv2.imwrite("colours/red/2.png", solid(*COLOURS["blue"]))
    return Path("colours")


def test_figures_for_people(make_model: Maker, colours: Path) -> None:
    model = make_model("classification")
    printed = done("val", model, colours).splitlines()
    assert printed[:4] == [
        "class  labelled  top-1 %",
        "red           3    66.67",
        "green         2   100.00",
        "blue          2   100.00",
    ]
    assert printed[5:7] == ["most often, a  is taken for  times", "red            blue              1"]
    assert printed[8:11] == ["figure       %", "top-1    85.71", "top-5   100.00"]
    assert printed[11].startswith(
        f"{model}: top-1 85.71 % on 7 pictures of colours (class folders); openvino 20"
    )
    assert len(printed) == 12


def test_figures_for_programs(make_model: Maker, colours: Path) -> None:
    found = json.loads(
        done("val", make_model("classification"), colours, "--json", "--engine", "onnxruntime")
    )
    assert (found["metric"], found["pictures"], found["skipped"]) == ("top1", 7, [])
    assert found["value"] == pytest.approx(600 / 7)
    assert found["confusions"] == [{"truth": "red", "predicted": "blue", "count": 1}]
    assert len(found["dataset"]["fingerprint"]) == 64


def test_limit_and_split(make_model: Maker, colours: Path) -> None:
    model = make_model("classification")
    assert json.loads(done("val", model, colours, "--json", "--limit", "3"))["pictures"] == 3
    colours.rename("val")
    assert json.loads(done("val", model, ".", "--json", "--split", "val"))["pictures"] == 7


def test_metric_and_pictures(make_model: Maker, colours: Path) -> None:
    Path("labels").mkdir()
    Path("labels/boxes.csv").write_text("red/0.png,0,0,32,32,red\ngreen/0.png,0,0,32,32,rose\n")
    options = ("--pictures", colours, "--metric", "voc12", "--json", "--ignore-unknown")
    found = json.loads(done("val", make_model("detection"), "labels/boxes.csv", *options))
    assert (found["title"], found["value"]) == ("VOC12 mAP", 100)


def test_broken_pictures_are_told_and_passed_over(make_model: Maker, colours: Path) -> None:
    for number in range(12):
        (colours / "red" / f"broken{number:02}.png").write_text("no picture")
    result = run("val", make_model("classification"), colours)
    assert result.exit_code == 0
    assert "on 7 pictures, 12 skipped of colours" in result.stdout
    told = result.stderr.splitlines()
    assert told[0] == "Skipped red/broken00.png: found no picture, expected JPEG, PNG or the like"
    assert told[-1] == "Skipped 2 more (--json lists them)"
    assert len(told) == 11


def test_boxes_outside_their_picture_are_told(make_model: Maker, here: Path) -> None:
    Path("voc/JPEGImages").mkdir(parents=True)
    Path("voc/Annotations").mkdir()
    cv2.imwrite("voc/JPEGImages/a.png", solid(255, 0, 0))
    corners = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>{}</xmax><ymax>33</ymax></bndbox>"
    things = (f"<object><name>red</name>{corners.format(x2)}</object>" for x2 in (33, 99))
    Path("voc/Annotations/a.xml").write_text(f"<annotation>{''.join(things)}</annotation>")
    result = run("val", make_model("detection"), "voc")
    assert result.stderr == "Left out 1 labelled box outside the picture or without extent\n"
    assert "VOC07 mAP 100.00 % on 1 picture of voc (Pascal VOC)" in result.stdout


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (1, ("missing",), "missing: no such file or folder"),
        (1, ("colours", "--split", "test"), "colours: found no folder 'test'"),
        (1, ("colours/red",), "colours/red: found pictures without labels, expected some to measure with"),
        (2, ("colours", "--metric", "voc07"), "metric 'voc07' is not supported for classification"),
        (2, ("colours", "--metric", "voc7"), "did you mean 'voc07'?"),
        (2, ("colours", "--limit", "0"), "--limit"),
    ],
)
def test_what_is_refused(
    make_model: Maker, colours: Path, code: int, arguments: tuple[str, ...], said: str
) -> None:
    assert said in failed(code, "val", make_model("classification"), *arguments)


def test_tasks_without_a_metric(make_model: Maker, colours: Path) -> None:
    model = make_model("classification", entries={"gcv_edge task": "embedding"})
    result = run("val", model, colours)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_a_hundred_classes_are_not_printed() -> None:
    nothing = float("nan")
    rows = tuple(ClassFigure(i, f"class{i}", nothing if i == 50 else i / 100, 1) for i in range(100))
    found = Evaluation("top1", "top-1", Measured(0.5, {}, rows), "m", "d", "k", "f", 1)
    with CliRunner().isolation() as (stdout, *_):
        print_classes(found)
        printed = stdout.getvalue().decode().splitlines()
    assert printed[0] == "The worst 40 of 100 classes (--json has all):"
    assert printed[2].split() == ["class0", "1", "0.00"]
    assert len([line for line in printed if line]) == 42
    assert "class50" not in "".join(printed)


@pytest.mark.parametrize("data", ["colours", "values.csv"])
def test_numbers_are_not_measured(make_model: Maker, colours: Path, data: str) -> None:
    Path("values.csv").write_text("colours/red/0.png,3.5\n")
    message = "measuring regression is not supported: expected one of classification, detection,"
    assert message in failed(1, "val", make_model("regression"), data)
