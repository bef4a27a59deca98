"""What makes the published figures, and the figures: ``python -m benchmarks.NAME`` in a checkout's root."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GCV_EDGE_TESTDATA", ROOT.parent / "shared" / "data"))
"""Folder of trained networks and pictures, as tests find it."""

if Path(sys.path[0]).resolve() == ROOT:
    sys.path.append(sys.path.pop(0))  # gcv_edge is the installed one, which has its native core
