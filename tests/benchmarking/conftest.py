"""Small files to measure, and measurements that are over at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.benchmarking import Settings
from tests.runtime.conftest import make_model  # noqa: F401

QUICK = Settings(rounds=2, seconds=0.01, threads=1, rest=0)


@pytest.fixture(autouse=True)
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the machine to others."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped detector, exported."""
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export
    from tests.support.demo_files import DEMO

    target = tmp_path_factory.mktemp("signs") / "signs.onnx"
    options = ExportOptions(input_shape=(1, 3, 256, 256))
    return export(str(DEMO / "traffic_signs-symbol.json"), target, options=options, verify=False).path
