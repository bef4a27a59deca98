"""``--report`` of ``calibrate`` and ``export --calibrate``: the page, and what stands in its way."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("plotly", reason="the extra [report] is not installed")

from gcv_edge.optimize.samples import COUNT, LONGEST
from tests.cli.conftest import (
    CLASSES_FILE,
    DEMO,
    QUICK,
    WITHOUT,
    contents,
    done,
    error_line,
    failed,
    run,
    shell,
)
from tests.runtime.conftest import Maker, solid
from tests.support.browsers import addresses, find_browser, open_page, page_data, probe, table_lines

NAIVE = ("--calib-mode", "naive", "--target", "portable")
WITHOUT_PLOTLY = "missing = ('plotly', 'plotly.offline')\n" + WITHOUT


def data_of(page: Path) -> dict[str, Any]:
    """What the page shows."""
    return page_data(page.read_text(encoding="utf-8"))


def bars(dom: str) -> int:
    return len(re.findall(r'<g class="point"', dom.split('id="layers"')[1]))


def sample_pictures(dom: str) -> list[np.ndarray]:
    """Decode the pictures that a page holds."""
    coded = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', dom)
    return [cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), cv2.IMREAD_COLOR) for one in coded]


def test_the_page_opens_alone_and_shows_it_all(make_net: Maker, colours: Path) -> None:
    browser = find_browser()
    model = make_net("classification")
    printed = done("calibrate", model, "--data", colours, *NAIVE, "--report", "page.html")
    assert "The report is in page.html\n" in printed
    assert list(addresses(Path("page.html").read_text(encoding="utf-8"))) == []
    dom = open_page(browser, Path("page.html").resolve().as_uri())
    assert "net in 8 bits" in dom
    assert "Lost: 0.00 points of top-1 on 6 pictures not calibrated on" in dom
    assert "calibrated on 5 pictures: 100 to 500 give steadier ranges" in dom
    forms = {row[0]: row for row in table_lines(dom, "forms")}
    assert (forms["fp32"][1], forms["int8"][1]) == ("100.00", "100.00")
    assert float(forms["fp32"][3]) == 1
    assert bars(dom) == 2
    assert "error of the outputs, %" in dom.split('id="layers"')[1]
    assert len(table_lines(dom, "recipes")) == 3
    drawn = sample_pictures(dom)
    assert len(drawn) == 2 * COUNT
    assert all(max(picture.shape[:2]) <= LONGEST for picture in drawn)
    assert Path("page.html").stat().st_size < 7e6
    assert probe(browser, Path("page.html").read_text("utf-8"), Path(), "390,1600")["wide"] == []


def test_layers_that_stay_float_are_listed_with_the_reason(make_net: Maker, colours: Path) -> None:
    model = make_net("classification", ballast=3000.0)
    limits = ("--max-drop", "20", "--keep-float", "conv1", "--report", "page.html")
    done("calibrate", model, "--data", colours, *NAIVE, *limits)
    found = data_of(Path("page.html"))
    assert found["kept"] == {"conv1": "asked for", "conv2": "accuracy"}
    assert [layer["kept"] for layer in found["layers"]] == ["asked for", "accuracy"]
    dom = open_page(find_browser(), Path("page.html").resolve().as_uri(), "390,1600")
    assert [row[2] for row in table_lines(dom, "kept")] == [
        "it was asked for (--keep-float)",
        "8 bits cost too much accuracy here",
    ]


def test_too_much_is_lost_and_the_page_says_so(make_net: Maker, colours: Path) -> None:
    model = make_net("classification", ballast=3000.0)
    limits = ("--max-drop", "20", "--time-budget", "0", "--report", "page.html", "--json")
    result = run("calibrate", model, "--data", colours, *NAIVE, *limits)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["report"] == "page.html"
    found = data_of(Path("page.html"))
    assert found["passed"] is False
    assert "kept as net_int8_over_max_drop.onnx" in found["verdict"][0]  # type: ignore[index]
    assert len(found["layers"]) == 2


@pytest.mark.parametrize(
    "task", ["detection", "segmentation", "depth", "image_to_image", "embedding", "pose"]
)
def test_results_of_every_task_are_drawn(make_net: Maker, pictures: Path, task: str) -> None:
    model = make_net(task, opset=17)  # depth of this test reads axes as an attribute, as 17 has it
    done("calibrate", model, "--data", pictures, *NAIVE, "--report", "page.html")
    samples = data_of(Path("page.html"))["samples"]
    assert len(samples) == COUNT


def test_large_pictures_are_made_small(make_net: Maker, here: Path) -> None:
    Path("large").mkdir()
    for number in range(4):
        noise = np.random.RandomState(number).randint(0, 256, (1200, 1800, 3), np.uint8)
        cv2.imwrite(f"large/{number}.png", noise)
    done("calibrate", make_net("segmentation"), "--data", "large", *NAIVE, "--report", "page.html")
    assert len(data_of(Path("page.html"))["samples"]) == 2
    assert Path("page.html").stat().st_size < 8e6


def test_export_writes_it_too(here: Path) -> None:
    options = ("--calibrate", DEMO, *NAIVE, "--num-samples", "2", "--report", "page.html", "--json")
    command = ("export", *QUICK, "--classes", CLASSES_FILE, "-o", "net.onnx")
    found = json.loads(done(*command, *options))
    assert found["int8"]["report"] == "page.html"
    page = data_of(Path("page.html"))
    assert page["measure"] == "matched detections"
    assert len(page["layers"]) > 10


def test_without_plotly_it_says_so_before_the_work(make_net: Maker, colours: Path) -> None:
    model = make_net("classification")
    before = contents(Path())
    for command in (
        ("calibrate", model, "--data", colours),
        ("export", *QUICK, "-o", "new.onnx", "--calibrate", colours),
    ):
        process = shell(["-c", WITHOUT_PLOTLY, *command, "--report", "page.html"])
        assert process.returncode == 1
        assert error_line(process.stderr) == (
            "a report needs the extra [report]: pip install 'gcv-edge[report]'"
        )
    assert contents(Path()) == before


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        (2, "page.htm", "--report page.htm: expected a name that ends in .html"),
        (1, "nowhere/page.html", "nowhere: no such folder"),
        (1, "folder.html", "folder.html: found a folder, expected a file"),
    ],
)
def test_pages_that_cannot_be_written_are_refused_at_once(
    make_net: Maker, colours: Path, code: int, name: str, said: str
) -> None:
    Path("folder.html").mkdir()
    model = make_net("classification")
    before = contents(Path())
    assert failed(code, "calibrate", model, "--data", colours, "--report", name) == said
    assert contents(Path()) == before


def test_names_of_files_cannot_break_out(make_net: Maker, here: Path) -> None:
    hostile = "</script><script>console.error('broken out')</script>".replace("/", "")
    Path("odd").mkdir()
    for number in range(4):
        cv2.imwrite("odd/one.png", solid(200 - number, 40, 40))
        Path("odd/one.png").rename(f"odd/{number}<b>{hostile}.png")
    done("calibrate", make_net("classification"), "--data", "odd", *NAIVE, "--report", "page.html")
    dom = open_page(find_browser(), Path("page.html").resolve().as_uri())
    assert "<b>" not in dom.split('id="samples"')[1].split('id="layers-section"')[0]
