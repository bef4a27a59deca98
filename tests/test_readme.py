"""The README's links lead somewhere, and its commands run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gcv_edge.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def results(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    return document


def six_figures() -> dict[str, tuple[str, str]]:
    """What a row of the first table begins with: its figure and its machine, from what was measured."""
    zoo = json.loads((ROOT / "gcv_edge" / "zoo.json").read_text())
    passed = sum(row["verdict"] == "passed" for row in zoo["names"])
    speed, accuracy, pruned = results("int8"), results("int8_accuracy"), results("pruning_detectors")
    ratios = speed["rows"]["resnet50_v1"]["uncapped"]["ratios"]
    points = accuracy["rows"]["yolo3_mobilenet0.25_custom"]["forms"]["gcv-edge"]
    detector, export = results("detector"), results("export")
    (ssd,) = (row for row in pruned["rows"].values() if "ssd" in row["network"])
    return {
        "names of GluonCV's zoo": (f"{passed} of {len(zoo['names'])}", cpu(zoo)),
        "speed of ResNet-50": (f"{ratios['MXNet FP32 unfused']:.2f}x", cpu(speed)),
        "mAP of a YOLOv3": (f"{points['fp32']:.2f}, {points['int8']:.2f}", cpu(accuracy)),
        "speed of an SSD": (f"{ssd['speedup']:.2f}x, {ssd['drop']:.2f} points", cpu(pruned)),
        "`Detector.run`": (f"{detector['rows']['f32']['ratio']:.2f}x the time", cpu(detector)),
        "export of ResNet-50": (
            f"{export['rows']['gcv-edge']['seconds_best']:.1f} s, {export['speedup']:.1f}x faster",
            cpu(export),
        ),
    }


def cpu(document: dict[str, Any]) -> str:
    """Name a machine as people do."""
    machine = document["machine"]
    return f"{machine['cpu'].replace('(R)', '').removesuffix(' Processor')}, {machine['cores']} cores"


def test_the_six_figures_are_those_that_were_measured() -> None:
    table = README.partition("## Figures")[2].partition("\n\n[Benchmarks]")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    expected = list(six_figures().items())
    assert len(rows) == len(expected)
    for (what, *found), (begin, measured) in zip(rows, expected, strict=True):
        assert (what.startswith(begin), *found) == (True, *measured)


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_first_export_runs(testdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a trained YOLOv3 of the three classes that the line names, and its parameters beside it."""
    monkeypatch.chdir(tmp_path)
    source = testdata / "trained_yolo3_mobilenet0.25_custom_bccd" / "yolo3_mobilenet0.25_custom"
    shutil.copy(f"{source}-symbol.json", "net-symbol.json")
    shutil.copy(f"{source}-0000.params", "net-0000.params")
    line = next(line for line in README.splitlines() if line.startswith("    gcv-edge export net-symbol"))
    arguments = shlex.split(line, comments=True)[1:]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "detection, 3 labels" in result.stdout
    assert Path("yolo3.onnx").is_file()
