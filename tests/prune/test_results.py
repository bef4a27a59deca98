"""The page of a pruning, and ``prune --report``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("plotly", reason="the extra [report] is not installed")

from click.testing import CliRunner

from gcv_edge.cli.root import main
from gcv_edge.evaluation.drop import Drop
from gcv_edge.prune.results import Candidate, PruneResult, format_report
from tests.support.browsers import addresses, find_browser, open_page, page_data, probe

HOSTILE = "</script><script>alert(1)</script>"


def make_result(**changes: object) -> PruneResult:
    fields: dict[str, object] = {
        "path": Path("small.onnx"),
        "widths": {"conv0": (64, 32), HOSTILE: (16, 0)},
        "macs": (2_000_000, 1_000_000),
        "seconds_per_picture": (2e-3, 1e-3),
        "divergence": 0.01,
        "precision": "f32",
        "changed": 1.5,
        "is_classifier": True,
        "score": (90.0, 89.5),
        "drop": Drop(0.5),
        "max_drop": None,
        "passed": True,
        "record": {"data": "pictures", "pictures": 40, "pictures_given": 40},
        "stages": {"fit": 1.0},
        "free": {"conv0": 64, HOSTILE: 16, "conv2": 32},
        "curves": {"conv0": (64, {48: 0.1, 32: 0.2}), HOSTILE: (16, {0: 0.5}), "conv2": (32, {16: 1.0})},
        "trail": (
            Candidate("widths", "aimed at 2.00x", 1.9, 0.3),
            Candidate("fit", "fitted", 2.0, 0.01, 1.5, 89.5),
        ),
    }
    return PruneResult(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_page_opens_alone_and_shows_it_all(tmp_path: Path) -> None:
    browser = find_browser()
    page = tmp_path / "page.html"
    page.write_text(format_report(make_result(), title="net", verdict=["2.00 times faster"]), "utf-8")
    assert list(addresses(page.read_text("utf-8"))) == []
    dom = open_page(browser, page.as_uri())
    assert "net, pruned" in dom
    assert "2.00 times faster" in dom
    drawn = dom.split('id="widths"')[1].split('id="trail-plot"')[0]
    assert len(re.findall(r'<g class="point"', drawn)) == 4
    assert len(re.findall(r"<tr", dom.split('id="trail"')[1].split("</table>")[0])) == 3
    assert len(re.findall(r'<g class="trace scatter', dom.split('id="curves"')[1])) == 3
    assert probe(browser, page.read_text("utf-8"), tmp_path, "390,1600")["wide"] == []


def test_texts_cannot_break_out() -> None:
    text = format_report(make_result(), title=HOSTILE, verdict=[])
    data = page_data(text)
    assert data["title"] == HOSTILE
    assert data["spaces"][1] == {"name": HOSTILE, "before": 16, "after": 0}
    assert data["curves"]["conv0"] == [[0.5, 0.2], [0.75, 0.1]]


def test_the_command_writes_the_page(source: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    arguments = ["prune", source, "--data", "noise", "--macs", "0.7", "--report", page, "--json"]
    done = CliRunner().invoke(main, [*map(str, arguments), "-o", str(tmp_path / "out.onnx")])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["report"] == str(page)
    text = page.read_text("utf-8")
    data = page_data(text)
    assert [step["stage"] for step in data["trail"]] == ["widths", "exchange", "fit"]
    assert data["facts"]["File"] == "out.onnx"


def test_a_page_of_another_name_is_refused_at_once(source: Path) -> None:
    done = CliRunner().invoke(
        main, ["prune", str(source), "--data", "noise", "--macs", "0.7", "--report", "a.txt"]
    )
    assert done.exit_code == 2
    assert "expected a name that ends in .html" in done.output
