"""Version, instruction sets, and the extension's stub."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gcv_edge
from gcv_edge import _core

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_same_everywhere() -> None:
    line = next(
        line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version")
    )
    assert _core.version() == gcv_edge.__version__ == line.split('"')[1]


def test_the_instruction_set_can_be_chosen(isa: str) -> None:
    assert _core.isa() == isa
    with pytest.raises(ValueError, match="instruction set: found 'sse9', this processor has scalar"):
        _core.set_isa("sse9")
    assert _core.isa() == isa


def test_the_stub_is_that_of_the_extension(tmp_path: Path) -> None:
    pytest.importorskip("nanobind")
    command = [sys.executable, "-m", "nanobind.stubgen", "-m", "gcv_edge._core", "-O", str(tmp_path)]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "_core.pyi").read_text() == (ROOT / "gcv_edge" / "_core.pyi").read_text()


def test_every_function_documents_itself() -> None:
    public = [getattr(_core, name) for name in dir(_core) if not name.startswith("_")]
    assert all(item.__doc__ for item in public)
