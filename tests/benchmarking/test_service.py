"""What a worker of a benchmark answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gcv_edge.benchmarking.frames import store_frames
from gcv_edge.benchmarking.measuring import SERVICE
from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.measure.workers import Worker
from tests.runtime.conftest import Maker, solid


def make_job(model: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    frames = store_frames([solid(200, 100, 0), solid(0, 50, 0, (20, 30))], folder)
    return {
        "model": str(model), "engine": "onnxruntime", "precision": "f32", "source": None, "params": None,
        "seed": None, "hint": "latency", "threads": 1, "isa": "native", "batch": 1, "frames": str(frames),
        **changes,
    }  # fmt: skip


@pytest.fixture
def job(make_model: Maker, tmp_path: Path) -> dict[str, Any]:
    return make_job(make_model("classification", batch=None), tmp_path)


def test_it_loads_and_takes_turns(job: dict[str, Any], tmp_path: Path) -> None:
    with Worker(SERVICE, job, "test", tmp_path / "log") as worker:
        facts = worker.ask("load")
        assert facts["engine"].startswith("onnxruntime ")
        assert min(facts[f"{name}_seconds"] for name in ("import", "load", "first")) > 0
        assert facts["memory"] > 1e6
        for command in ("turn", "network"):
            turn = worker.ask(command, seconds=0.01)
            assert turn["frames"] == len(turn["stages"]["total"]) > 0


def test_batches(job: dict[str, Any], tmp_path: Path) -> None:
    with Worker(SERVICE, {**job, "batch": 3}, "test", tmp_path / "log") as worker:
        worker.ask("load")
        turn = worker.ask("turn", seconds=0.01)
        assert turn["frames"] == 3 * len(turn["stages"]["total"])


def test_what_is_not_supported_is_said(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker(SERVICE, {**job, "precision": "bf16"}, "test", tmp_path / "log") as worker,
        pytest.raises(UnsupportedError, match="not supported by onnxruntime"),
    ):
        worker.ask("load")


def test_nothing_is_measured_before_it_is_loaded(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker(SERVICE, job, "test", tmp_path / "log") as worker,
        pytest.raises(GcvEdgeError, match="expected load, turn, network or profile, after load"),
    ):
        worker.ask("turn", seconds=1)


def test_a_broken_environment_is_told_of(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker(SERVICE, {**job, "frames": str(tmp_path / "none.npz")}, "test", tmp_path / "log") as worker,
        pytest.raises(GcvEdgeError, match="No such file"),
    ):
        worker.ask("load")
