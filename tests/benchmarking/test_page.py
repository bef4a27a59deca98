"""Pages are what the stored results say, and results become tables and sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pages import BENCHMARKS_PAGE, PAGES, make_page

CIRCUMSTANCES = {"command": "python -m benchmarks.table", "date": "2026-01-02T03:04:05+00:00"}
MACHINE = {"cpu": "a processor", "cpu_flags": ["avx2"], "cores": 2, "versions": {"openvino": "1"}}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_that_of_the_results(page: Path) -> None:
    assert page.read_text() == make_page(page)


def spread(value: float) -> dict[str, float]:
    return {"median": value, "low": value * 0.9, "high": value * 1.1}


def form(ratios: dict[str, float], kinds: dict[str, float], **more: Any) -> dict[str, Any]:
    return {
        "batch": 2, "waver": 0.01, "ratios": {title: spread(value) for title, value in ratios.items()},
        "stages_ms": {"postprocess": 0.5}, "kinds_ms": kinds, "kernels": [], "int8_share": 0.0, **more,
    }  # fmt: skip


def run(rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rows": rows, "left_out": [], "notes": [], **CIRCUMSTANCES, **more}


def write_page(folder: Path, name: str, rows: dict[str, Any]) -> str:
    document = {"name": name, "machine": MACHINE, "rows": rows, **CIRCUMSTANCES}
    (folder / f"{name}.json").write_text(json.dumps(document))
    return make_page(BENCHMARKS_PAGE, folder)


def int8_rows() -> dict[str, Any]:
    plain = {"convolution": 50.0, "normalisation": 20.0, "activation": 20.0, "boxes": 10.0}
    return {
        "mxnet FP32": form({}, plain),
        "mxnet FP32 fused": form({"mxnet FP32": 1.6}, {"convolution": 52.0, "boxes": 10.0}),
        "mxnet INT8": form({"mxnet FP32": 4.0}, {"convolution": 15.0, "boxes": 10.0}),
        "openvino FP32": form({"mxnet FP32": 2.5}, {"convolution": 38.0, "moving data": 2.0}),
        "openvino INT8": form(
            {"mxnet FP32": 10.0}, {"convolution": 9.0, "moving data": 1.0}, int8_share=0.9
        ),
    }  # fmt: skip


def test_int8_with_what_is_behind_it(tmp_path: Path) -> None:
    published = {"batch": 4, "gluoncv_05": 6.4, "gluoncv_04": None}
    stages = {"preprocess": 0.5, "inference": 20.0, "postprocess": 0.25}
    rate = {
        "benchmark_app": spread(100), "frames_per_second": spread(97), "ratio": spread(0.97),
        "last": {"rows": {"openvino FP32": {"stages_ms": stages}}},
    }  # fmt: skip
    measured = run(int8_rows(), detector={"FP32": rate})
    left = {"family": "net", "variant": "mxnet INT8", "batch": 2, "reason": "MXNet cannot quantise it"}
    rows = {
        "net": {"published": published, "batch": 2, "runs": {"vnni": {**measured, "left_out": [left]}}},
        "other": {"reason": "it cannot be exported"},
    }
    text = write_page(tmp_path, "table_int8", rows)
    assert "| `net` | 2 | 4 | 6.40 |  | 1.60 (1.44-1.76) |" in text
    assert "Goal reached by 1 of 1 networks." in text
    assert "spends 50 % of its time in convolutions and 40 % in what fusion takes into them" in text
    assert "of the published 6.40, 4.00 are left for 8 bits" in text
    assert "(MXNet's INT8 here: 4.00 over plain, 2.50 over fused)." in text
    assert "Ours in FP32 is 2.50 times as fast as plain MXNet (convolutions 1.32 times," in text
    assert "and INT8 10.00 times, 4.00 over our FP32. It spends 90 % of its time in 8-bit kernels;" in text
    assert "beside convolutions: moving data 10 %." in text
    assert "4 times our FP32, which is VNNI's arithmetic, would be 10.00: more than published." in text
    assert "Sorting out boxes takes MXNet 5.00 ms a picture and ours 0.25." in text
    assert "`net`, mxnet INT8: left out, MXNet cannot quantise it" in text
    assert "- `other`: it cannot be exported" in text
    assert (
        "| `net` | capped to VNNI | FP32 | 100.0 | 97.0 | 0.970 (0.873-1.067) | 0.50 | 20.00 | 0.25 | yes |"
        in text
    )


def test_a_row_without_its_reference_says_so(tmp_path: Path) -> None:
    """Plain MXNet did not run: no ratio is made up."""
    published = {"batch": 4, "gluoncv_05": 6.4, "gluoncv_04": 2.2}
    ours = {"openvino INT8": form({}, {"convolution": 9.0}, int8_share=0.9)}
    rows = {"net": {"published": published, "batch": 2, "runs": {"native": run(ours)}}}
    text = write_page(tmp_path, "table_int8", rows)
    assert "Goal reached by 0 of 1 networks." in text
    assert "| `net` | 2 | 4 | 6.40 | 2.20 |  |  |  |  |  |  |  |" in text


def test_pruned_with_what_is_behind_it(tmp_path: Path) -> None:
    whole = form({}, {"convolution": 30.0, "pooling": 2.0})
    pruned = form({"openvino FP32": 4.0}, {"convolution": 6.0, "pooling": 2.0})
    published = {"base": "net", "speedup": 5.01, "top1": 70.7}
    facts = {"macs": 20, "parameters": 30, "whole": {"macs": 100, "parameters": 100}}
    rows = {
        "net_0.2": {
            "published": published,
            **facts,
            "runs": {"native": run({"openvino FP32": whole, "openvino pruned FP32": pruned})},
        }
    }
    text = write_page(tmp_path, "table_pruned", rows)
    assert "| `net_0.2` | 70.70 | 5.01 | 4.00 (3.60-4.40) |" in text
    assert "20 % of the multiply-accumulates and 30 % of the parameters are left" in text
    assert "if time followed them, 5.00 times as fast." in text
    assert "convolutions are 5.00 times as fast (15.00 ms -> 3.00 ms) and all else 1.00 times." in text


@pytest.mark.parametrize("name", ["table_int8", "table_pruned", "table_zoo", "table_throughput"])
def test_a_table_of_which_nothing_could_be_measured(tmp_path: Path, name: str) -> None:
    text = write_page(tmp_path, name, {"net": {"reason": "there is not enough memory"}})
    assert "- `net`: there is not enough memory" in text
