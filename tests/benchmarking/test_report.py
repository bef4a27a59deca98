"""The page opens without a network, draws its marks, and has nothing to complain about."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.errors import MissingExtraError
from tests.support.browsers import addresses, find_browser, open_page, probe, table_lines

pytest.importorskip("plotly", reason="the extra [report] is not installed")

from gcv_edge.benchmarking.report import format_report, write_report

HOSTILE = "</script><script>console.error('broken out')</script>"


def make_row(family: str, variant: str, milliseconds: float, **changes: Any) -> dict[str, Any]:
    times = {"p50": milliseconds, "p90": milliseconds * 1.1, "p99": milliseconds * 1.4}
    rate = {"median": 1e3 / milliseconds, "low": 900 / milliseconds, "high": 1100 / milliseconds}
    return {
        "family": family, "variant": variant, "title": f"openvino {variant}", "task": "classification",
        "is_reference": False, "engine": "openvino 1", "precision": "f32", "batch": 1,
        "stages_ms": dict.fromkeys(("preprocess", "inference", "postprocess", "total"), times),
        "throughput": rate, "network_throughput": rate,
        "startup_s": {"import": 0.1, "load": 0.2, "first": 0.1},
        "memory_bytes": 10**8, "size_bytes": 10**7, "accuracy": 70.0, "agreement": None, "ratios": {},
        **changes,
    }  # fmt: skip


def make_document() -> dict[str, Any]:
    against = {"openvino FP32": {"total": {"median": 3.0, "low": 2.9, "high": 3.1}}}
    return {
        "date": "2026-01-01", "machine": {"cpu": "a processor", "usable_cpus": 2},
        "settings": {"hint": "latency", "threads": None, "isa": "vnni"}, "frames": "6 frames",
        "rows": [
            make_row("net", "FP32", 30.0),
            make_row("net", "INT8", 10.0, ratios=against, accuracy=69.0),
            make_row("finder", "FP32", 50.0, task="detection", accuracy=None),
            make_row(HOSTILE, "FP32", 5.0, task="detection", is_reference=True, title=f"mxnet {HOSTILE}"),
        ],
        "left_out": [{"variant": "openvino BF16", "batch": 1, "reason": "none here"}],
        "notes": [HOSTILE], "advice": "Deploy INT8 <at once>.",
    }  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> str:
    return find_browser()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_document(), tmp_path_factory.mktemp("report") / "report.html")


def count_points(dom: str) -> int:
    return len(re.findall(r'<path class="point[ "]', dom.split('id="bars"')[0]))


def count_bars(dom: str) -> int:
    return len(re.findall(r'<g class="point"', dom.split('id="bars"')[1]))


def test_marks_are_drawn_and_the_console_is_empty(browser: str, page: Path) -> None:
    dom = open_page(browser, page.as_uri())
    assert count_points(dom) == 3
    assert "1 of 4 have no accuracy" in dom
    assert count_bars(dom) == 3 * 4
    assert len(table_lines(dom, "table")) == 4
    assert "Deploy INT8 &lt;at once&gt;." in dom
    assert "3.00 (2.90–3.10)" in dom
    assert "Left out: openvino BF16" in dom


def test_it_can_be_filtered_sorted_and_compared(browser: str, page: Path) -> None:
    wanted = "#task=classification&y=size&log-y=yes&choose=0,1&sort=p50%20ms"
    dom = open_page(browser, page.as_uri() + wanted, "390,1600")
    assert count_points(dom) == 2
    assert [line[0] for line in table_lines(dom, "table")] == ["net openvino INT8", "net openvino FP32"]
    compared = dom.split('id="compare"')[1].split("</table>")[0]
    assert "3.00x" in compared
    assert "-1.00 points" in compared


def test_agreement_is_shown_where_there_is_no_accuracy(browser: str, tmp_path: Path) -> None:
    document = make_document()
    for row, agreement in zip(document["rows"], (None, 98.0, 97.0, None), strict=True):
        row |= {"accuracy": None, "agreement": agreement}
    dom = open_page(browser, write_report(document, tmp_path / "page.html").as_uri() + "#y=agreement")
    assert count_points(dom) == 2
    assert "2 of 4 have no agreement with the network before" in dom


@pytest.mark.parametrize(
    "speeds", [(257.2, 306.2), (240.0, 2400.0), (99.0, 101.0), (50.0, 50.0), (3.0, 25.0)]
)
def test_a_logarithmic_axis_has_numbers(browser: str, tmp_path: Path, speeds: tuple[float, float]) -> None:
    document = make_document()
    document["rows"] = document["rows"][:2]
    for row, speed in zip(document["rows"], speeds, strict=True):
        row["throughput"] = {"median": speed, "low": speed, "high": speed}
    dom = open_page(browser, write_report(document, tmp_path / "page.html").as_uri() + "#y=size&log-x=yes")
    shown = re.findall(r'class="xtick".*?<text[^>]*data-unformatted="([^"]*)"', dom.split('id="bars"')[0])
    assert len(shown) >= 2
    assert all(speeds[0] / 11 <= float(tick.replace(",", "")) <= speeds[1] * 11 for tick in shown)


def test_it_fits_a_phone(browser: str, page: Path, tmp_path: Path) -> None:
    seen = probe(browser, page.read_text(encoding="utf-8"), tmp_path, "390,1600", "#choose=0,1")
    assert seen["inner"] == 390
    assert seen["wide"] == []


def test_it_fits_paper(browser: str, page: Path, tmp_path: Path) -> None:
    """What is for paper, shown on a screen as wide as A4 without its margins."""
    text = page.read_text(encoding="utf-8").replace("@media print", "@media all")
    seen = probe(browser, text, tmp_path, "1030,1600")
    assert seen["form"] == "none"
    assert seen["wide"] == []


def test_it_prints(browser: str, page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    line = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={paper}", page.as_uri()]
    subprocess.run(line, capture_output=True, timeout=100, check=True)
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_size > 20_000


def test_nothing_is_fetched(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert list(addresses(text)) == []


def test_texts_cannot_break_out() -> None:
    text = format_report(make_document())
    data = text.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(data)["notes"] == [HOSTILE]


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gcv-edge\[report\]'"):
        format_report(make_document())


def test_an_older_page_stays_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("older")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_report({"rows": float("nan")}, target)
    assert target.read_text() == "older"
    assert list(tmp_path.iterdir()) == [target]
