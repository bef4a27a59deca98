"""The tutorials, each run from top to bottom in an empty folder beside a checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = ROOT / "docs" / "tutorials"


def read_blocks(page: Path) -> list[tuple[str, str]]:
    """The commands and programs of a page, in order."""
    return re.findall(r"```(sh|python)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow  # calibrating and building take a minute each; tests of the commands are quicker
@pytest.mark.parametrize("page", sorted(TUTORIALS.glob("*.md")), ids=lambda page: page.stem)
def test_every_line_runs(page: Path, tmp_path: Path) -> None:
    (tmp_path / "gcv-edge").symlink_to(ROOT)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "GCV_EDGE_HOME": str(tmp_path / "home")}
    blocks = read_blocks(page)
    assert blocks
    for language, text in blocks:
        command = (
            ["bash", "-euo", "pipefail", "-c", text] if language == "sh" else [sys.executable, "-c", text]
        )
        found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert found.returncode == 0, f"{text}\n{found.stdout}\n{found.stderr}"


def test_no_tutorial_is_without_commands() -> None:
    pages = list(TUTORIALS.glob("*.md"))
    assert len(pages) > 3
    assert [page.name for page in pages if not read_blocks(page)] == []
