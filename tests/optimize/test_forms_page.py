"""The page of a search for the fastest form, and ``optimize --report``."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("plotly", reason="the extra [report] is not installed")

from gcv_edge.optimize import Form, FormSearchResult, Goal, format_form_report, write_form_report
from gcv_edge.optimize.baseline import Baseline
from gcv_edge.optimize.evaluator import Evaluator
from gcv_edge.optimize.forms import choose
from tests.cli.conftest import WITHOUT, contents, done, error_line, failed, run, shell
from tests.support.browsers import addresses, find_browser, open_page, page_data, probe, table_lines

HOSTILE = "</script><script>alert(1)</script>"
FORMS = (
    Form("float", "f32", 90.0, 0.0, 0.0, milliseconds=4.0, size=2_000_000),
    Form("8 bits", "f32", 89.9, 0.1, 0.4, milliseconds=2.0, size=500_000),
    Form("8 bits in bf16", "bf16", 89.8, 0.2, 0.6, milliseconds=1.6, size=500_000),
    Form("pruned 2x", "f32", 85.0, 5.0, 6.0, milliseconds=1.0, size=900_000),
)


def make_result(
    goal: Goal | None = None, forms: tuple[Form, ...] = FORMS, **changes: Any
) -> FormSearchResult:
    goal = goal or Goal(1)
    baseline = Baseline(
        Path("net.onnx"), None, None, Evaluator("top-1", "accuracy", lambda _: 90.0), "openvino"
    )
    machine = {"cpu": "a processor", "openvino": "1.2", "usable_cpus": 2}
    best = choose(forms, goal)
    path = None if best is None else Path("net_optimized.onnx")
    found = FormSearchResult(path, best, forms, goal, baseline, (), Path("net.onnx"), machine, 90.0)
    return replace(found, **changes)


def test_the_page_opens_alone_and_shows_it_all(tmp_path: Path) -> None:
    browser = find_browser()
    page = write_form_report(make_result(notes=("one form was left out",)), tmp_path / "page.html")
    text = page.read_text("utf-8")
    assert list(addresses(text)) == []
    dom = open_page(browser, page.as_uri())
    assert "8 bits in bf16 wins: 2.50x as fast as the float file; loses 0.20 points (0.60 at most" in dom
    assert "one form was left out" in dom
    assert table_lines(dom, "forms") == [
        ["1float", "90.00", "4.00", "1.00", "2.00", "2.50x the time"],
        ["28 bits", "89.90", "2.00", "2.00", "0.50", "1.25x the time"],
        ["38 bits in bf16", "89.80", "1.60", "2.50", "0.50", "wins"],
        ["4pruned 2x", "85.00", "1.00", "4.00", "0.90",
         "loses 5.00 (6.00 at most, at 90 % confidence), allowed are 1"],
    ]  # fmt: skip
    chart = dom.split('id="scatter"')[1].split("</section>")[0]
    assert len(re.findall(r'<path class="point[ "]', chart)) == 4
    legend = re.findall(r'class="legendtext"[^>]*data-unformatted="([^"]*)"', chart)
    assert set(legend) == {
        "wins", "within the limits", "beyond a limit", "no form is better in both", "limit: 1 point lost",
    }  # fmt: skip
    assert "1.5 of 30 minutes" in dom
    assert "a processor; 2 CPUs; OpenVINO 1.2" in dom
    assert probe(browser, text, tmp_path, "390,1600")["wide"] == []
    assert probe(browser, text.replace("@media print", "@media all"), tmp_path, "1030,1600")["wide"] == []


@pytest.mark.parametrize(
    ("goal", "sentence", "passed"),
    [
        (Goal(0), "The float file wins: no other form is faster within the limits", True),
        (Goal(None, target_ms=3), "8 bits wins: 2.00x as fast as the float file; loses 0.10 points", True),
        (Goal(1, target_ms=1), "No form wins: no form needs 1 ms and loses 1 points at most; ", False),
    ],
)  # fmt: skip
def test_the_verdict(goal: Goal, sentence: str, passed: bool) -> None:
    data = page_data(format_form_report(make_result(goal)))
    assert data["verdict"][0].startswith(sentence)
    assert data["passed"] is passed


def test_limits_are_marked(tmp_path: Path) -> None:
    page = write_form_report(make_result(Goal(1, target_ms=3)), tmp_path / "page.html")
    dom = open_page(find_browser(), page.as_uri())
    legend = re.findall(r'class="legendtext"[^>]*data-unformatted="([^"]*)"', dom)
    assert {"limit: 3 ms", "limit: 1 point lost"} <= set(legend)
    data = page_data(page.read_text("utf-8"))
    assert data["lowest"] == 89
    assert data["fastest_needed"] == pytest.approx(4 / 3, abs=1e-4)


def test_without_accuracy_there_is_no_chart(tmp_path: Path) -> None:
    forms = tuple(replace(form, points=None, drop=None, drop_at_most=None) for form in FORMS)
    page = write_form_report(make_result(Goal(None), forms), tmp_path / "page.html")
    dom = open_page(find_browser(), page.as_uri())
    assert re.search(r'<section id="scatter-section"[^>]*hidden', dom)
    assert [line[1] for line in table_lines(dom, "forms")] == ["–"] * 4


def test_texts_cannot_break_out() -> None:
    forms = (replace(FORMS[0], name=HOSTILE), *FORMS[1:])
    data = page_data(format_form_report(make_result(forms=forms, notes=("/*PLOTLY*/",))))
    assert data["forms"][0]["name"] == HOSTILE
    assert data["warnings"] == ["/*PLOTLY*/"]


QUICK = ("--time-budget", "0.0001", "--max-drop", "100")


def test_pictures_per_second(tmp_path: Path) -> None:
    rates = {"float": 100.0, "8 bits": 250.0, "8 bits in bf16": 200.0, "pruned 2x": 400.0}
    forms = tuple(
        replace(form, milliseconds=math.nan, per_second=rates[form.name], batch=4, streams=2)
        for form in FORMS
    )
    page = write_form_report(make_result(Goal(1, hint="throughput"), forms), tmp_path / "page.html")
    data = page_data(page.read_text("utf-8"))
    assert data["verdict"][1] == (
        "Open it with load(..., hint='throughput'): batch 4, 2 streams; give run_batch 4 pictures"
    )
    lines = table_lines(open_page(find_browser(), page.as_uri()), "forms")
    assert lines[1] == ["28 bits", "89.90", "250.0", "2.50", "0.50", "wins; batch 4, 2 streams"]
    assert lines[0][-1] == "2.50x the time; batch 4, 2 streams"


def test_the_command_writes_the_page(workplace: Path) -> None:
    said = done("optimize", "net.onnx", "--data", "labelled.csv", *QUICK, "--report", "page.html")
    assert "The report is in page.html\n" in said
    data = page_data(Path("page.html").read_text("utf-8"))
    assert data["title"] == "net"
    assert data["is_latency"]
    assert [form["is_best"] for form in data["forms"]].count(True) == 1
    assert data["forms"][0]["times"] == 1
    assert "labelled.csv" in data["facts"]["Pictures"]
    assert data["facts"]["Time used"].endswith("of 0.0001 minutes")


def test_the_page_of_a_search_in_vain(workplace: Path) -> None:
    never = ("--target-ms", "0.000001", "--time-budget", "0.0001")
    result = run("optimize", "net.onnx", "--data", "labelled.csv", *never, "--report", "page.html", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["report"] == "page.html"
    data = page_data(Path("page.html").read_text("utf-8"))
    assert data["passed"] is False
    assert data["verdict"][0].startswith("No form wins: no form needs 1e-06 ms; the fastest is ")


def test_what_stands_in_the_way_of_a_page_is_said_before_the_work(workplace: Path) -> None:
    before = contents(Path())
    command = ("optimize", "net.onnx", "--data", "labelled.csv", *QUICK, "--report")
    assert failed(2, *command, "page.htm") == "--report page.htm: expected a name that ends in .html"
    assert failed(1, *command, "nowhere/page.html") == "nowhere: no such folder"
    missing = "missing = ('plotly', 'plotly.offline')\n"
    process = shell(["-c", missing + WITHOUT, *command, "page.html"])
    assert error_line(process.stderr) == "a report needs the extra [report]: pip install 'gcv-edge[report]'"
    assert contents(Path()) == before
