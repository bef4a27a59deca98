"""The network that the package ships, as tests use it."""

from __future__ import annotations

from pathlib import Path

import gcv_edge

DEMO = Path(gcv_edge.__file__).parent / "demo"
SYMBOL = DEMO / "traffic_signs-symbol.json"
PARAMS = DEMO / "traffic_signs-0000.params"
CLASSES = tuple((DEMO / "classes.txt").read_text().split())
EXPECTED = Path(__file__).parents[1] / "data" / "demo" / "expected.npz"
