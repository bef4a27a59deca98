"""The golden vectors that ctest runs: the file is what its script writes from the oracle."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "data" / "core"


def test_the_vectors_are_those_of_the_oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = runpy.run_path(str(FOLDER / "make_vectors.py"))
    made["main"].__globals__["HERE"] = tmp_path
    made["main"]()
    assert (tmp_path / "vectors.txt").read_text() == (FOLDER / "vectors.txt").read_text()
