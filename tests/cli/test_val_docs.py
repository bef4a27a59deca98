"""The page docs/val.md, run from top to bottom."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.cli.conftest import done
from tests.data_sets.conftest import pack_image, pack_record
from tests.runtime.conftest import Maker, solid

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/val.md").read_text(encoding="utf-8")
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@pytest.fixture
def workplace(here: Path, make_model: Maker) -> Path:
    """Small data sets under the names of the page; the networks tell colours."""
    for name, kind in (("detector", "detection"), ("classifier", "classification")):
        make_model(kind, path=here / f"{name}.onnx")
    make_model("segmentation", path=here / "segmenter.onnx")
    for name, colour in COLOURS.items():
        for folder in (
            f"flowers/{name}",
            "VOC2007/JPEGImages",
            "VOC2012/JPEGImages",
            "coco/val2017",
            "pairs",
        ):
            Path(folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(f"{folder}/{name}.bmp", solid(*colour))
    make_boxes()
    make_label_maps()
    rows = list(enumerate(COLOURS))
    Path("flowers.lst").write_text("".join(f"{i}\t{i}\tflowers/{name}/{name}.bmp\n" for i, name in rows))
    pictures = (Path(f"flowers/{name}/{name}.bmp").read_bytes() for name in COLOURS)
    records = (pack_record(pack_image(float(i), picture)) for i, picture in enumerate(pictures))
    Path("flowers.rec").write_bytes(b"".join(records))
    return here


def make_boxes() -> None:
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>33</xmax><ymax>33</ymax>"
    for folder in ("VOC2007/Annotations", "VOC2007/ImageSets/Main", "lists", "coco/annotations"):
        Path(folder).mkdir(parents=True)
    Path("VOC2007/ImageSets/Main/test.txt").write_text("\n".join(COLOURS))
    for name in COLOURS:
        thing = f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
        Path(f"VOC2007/Annotations/{name}.xml").write_text(f"<annotation>{thing}</annotation>")
    Path("lists/boxes.csv").write_text("".join(f"{name}.bmp,0,0,32,32,{name}\n" for name in COLOURS))
    Path("boxes.csv").write_text(
        "".join(f"VOC2007/JPEGImages/{name}.bmp,0,0,32,32,{name}\n" for name in COLOURS)
    )
    sized = {"width": 64, "height": 64}
    content = {
        "images": [{"id": i, "file_name": f"{name}.bmp", **sized} for i, name in enumerate(COLOURS)],
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(COLOURS)],
        "annotations": [
            {"image_id": i, "category_id": i + 1, "bbox": [0, 0, 33, 33], "area": 999} for i in range(3)
        ],
    }
    Path("coco/annotations/instances_val2017.json").write_text(json.dumps(content))


def make_label_maps() -> None:
    for folder in ("VOC2012/SegmentationClass", "VOC2012/ImageSets/Segmentation"):
        Path(folder).mkdir(parents=True)
    Path("VOC2012/ImageSets/Segmentation/val.txt").write_text("\n".join(COLOURS))
    for class_id, name in enumerate(COLOURS):
        for folder in ("VOC2012/SegmentationClass", "pairs"):
            cv2.imwrite(f"{folder}/{name}.png", np.full((64, 64), class_id, np.uint8))


def lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    shown = re.findall(r"\| `(gcv-edge val [^`]*)`", TEXT)
    return [*(line for block in blocks for line in block.splitlines()), *shown]


def test_every_line_runs_and_finds_the_colours(workplace: Path) -> None:
    assert len(lines()) > 14
    for line in lines():
        command, *words = shlex.split(line)
        assert command == "gcv-edge"
        if ">" in words:
            assert json.loads(done(*words[: words.index(">")]))["value"] == pytest.approx(100)
        else:
            assert " 100.00 % on 3 pictures of " in done(*words), line


def test_the_python_example_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "docs/val.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[-1] == "matched detections 1.0"


def test_the_page_has_every_option_and_metric() -> None:
    from gcv_edge.cli.val import METRIC_NAMES
    from gcv_edge.evaluation import METRICS

    assert {name for choices in METRICS.values() for name in choices} == set(METRIC_NAMES)
    assert [name for name in METRIC_NAMES if f"`{name}`" not in TEXT] == []
    options = set(re.findall(r"^\s+(--[a-z-]+)", done("val", "--help"), re.MULTILINE))
    options -= {"--debug", "--help", "--precision"}
    assert [option for option in sorted(options) if option not in TEXT] == []
