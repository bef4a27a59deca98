"""docs/benchmarks.md is what the stored results say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_that_of_the_results() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "page.py"), "--check"]
    subprocess.run(command, check=True)
