"""Every name of GluonCV's model zoo: exported, held against MXNet, timed (python -m benchmarks.zoo -h)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if Path(sys.path[0]).resolve() == ROOT:
    sys.path.append(sys.path.pop(0))  # gcv_edge is the installed one, which has its native core
