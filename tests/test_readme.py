"""The README's links lead somewhere, and its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gcv_edge.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


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
