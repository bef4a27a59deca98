"""Damaged inputs for everything that reads what others wrote, by the million (python -m tests.fuzz -h)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if Path(sys.path[0]).resolve() == ROOT and sys.argv[0].endswith(("-m", "fuzz/__main__.py")):
    sys.path.append(sys.path.pop(0))  # gcv_edge is the installed one, which has its native core
