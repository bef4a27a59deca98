"""The tables' commands on the smallest networks: what they store, and that they go on where they were."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import ROOT
from benchmarks.rates import hold_against_app

QUICK = ("--rounds", "1", "--seconds", "0.01", "--threads", "1")


def run_table(name: str, folder: Path, *arguments: str) -> str:
    """Run a command; return what it prints."""
    line = [sys.executable, "-m", f"benchmarks.{name}", *QUICK, "--results", str(folder)]
    done = subprocess.run([*line, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return found


@pytest.mark.skipif(platform.machine() != "x86_64", reason="caps are for x86")
def test_a_table_goes_on_where_it_was(mxnet: ModuleType, tmp_path: Path) -> None:
    names = ("--names", "mobilenet0.25")
    assert "mobilenet0.25, native: " in run_table("table_zoo", tmp_path, *names)
    document = read(tmp_path, "table_zoo")
    assert document["machine"]["cpu"]
    assert document["machine"]["versions"]["openvino"]
    first = document["rows"]["mobilenet0.25"]["runs"]["native"]
    assert {"openvino FP32", "openvino INT8"} <= set(first["rows"])
    assert first["rows"]["openvino INT8"]["threads"] == 1
    assert first["command"].startswith("python -m benchmarks.table_zoo --rounds 1")
    assert str(tmp_path) not in first["command"]
    assert "is there already" in run_table("table_zoo", tmp_path, *names)
    printed = run_table("table_zoo", tmp_path, *names, "--isa", "native,avx2")
    assert "avx2: " in printed
    assert "native: " not in printed
    runs = read(tmp_path, "table_zoo")["rows"]["mobilenet0.25"]["runs"]
    assert runs["native"] == first
    assert list(runs) == ["native", "avx2"]


def test_a_row_that_fails_says_why_and_the_next_is_measured(mxnet: ModuleType, tmp_path: Path) -> None:
    run_table("table_zoo", tmp_path, "--names", "mobilenet0.3,mobilenet0.25")
    rows = read(tmp_path, "table_zoo")["rows"]
    assert "mobilenet0.3" in rows["mobilenet0.3"]["reason"]
    assert "native" in rows["mobilenet0.25"]["runs"]
    assert list(rows) == ["mobilenet0.25", "mobilenet0.3"]


def test_other_machines_rows_are_not_taken_over(mxnet: ModuleType, tmp_path: Path) -> None:
    row = {"mobilenet0.25": {"runs": {"native": {}}}}
    stored = {"machine": {"cpu": "another", "cores": 2, "versions": {}}, "rows": row}
    (tmp_path / "table_zoo.json").write_text(json.dumps(stored))
    printed = run_table("table_zoo", tmp_path, "--names", "mobilenet0.25", "--minutes", "0")
    assert "not begun, 0 minutes are over" in printed


def test_frames_per_second_beside_benchmark_app(signs: Path, tmp_path: Path) -> None:
    folder = str(Path(sys.executable).parent)
    if shutil.which("benchmark_app", path=os.pathsep.join([folder, os.environ["PATH"]])) is None:
        pytest.skip("benchmark_app is not installed")
    shutil.copy(signs, tmp_path / "signs.onnx")
    found = hold_against_app(tmp_path / "signs.onnx", "native", Namespace(rounds=1, seconds=1.0, threads=1))
    ours, theirs = (found[name]["median"] for name in ("frames_per_second", "benchmark_app"))
    assert found["ratio"]["median"] == pytest.approx(ours / theirs, rel=1e-3)
    assert ours > 0
