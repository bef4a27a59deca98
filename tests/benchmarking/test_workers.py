"""The protocol between the process that measures and those that are measured."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.benchmarking.frames import store_frames
from gcv_edge.benchmarking.workers import Worker, worker_environment
from gcv_edge.errors import GcvEdgeError, UnsupportedError
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
    with Worker(job, "test", tmp_path / "log") as worker:
        facts = worker.ask("load")
        assert facts["engine"].startswith("onnxruntime ")
        assert min(facts[f"{name}_seconds"] for name in ("import", "load", "first")) > 0
        assert facts["memory"] > 1e6
        for command in ("turn", "network"):
            turn = worker.ask(command, seconds=0.01)
            assert turn["frames"] == len(turn["stages"]["total"]) > 0


def test_the_folder_one_is_in_does_not_matter(
    job: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gcv_edge").mkdir()
    (tmp_path / "gcv_edge" / "__init__.py").write_text("raise ImportError('another package')")
    monkeypatch.chdir(tmp_path)
    with Worker(job, "test", tmp_path / "log") as worker:
        assert worker.ask("load")["engine"].startswith("onnxruntime ")


def test_batches(job: dict[str, Any], tmp_path: Path) -> None:
    with Worker({**job, "batch": 3}, "test", tmp_path / "log") as worker:
        worker.ask("load")
        turn = worker.ask("turn", seconds=0.01)
        assert turn["frames"] == 3 * len(turn["stages"]["total"])


def test_what_is_not_supported_is_said(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker({**job, "precision": "bf16"}, "test", tmp_path / "log") as worker,
        pytest.raises(UnsupportedError, match="not supported by onnxruntime"),
    ):
        worker.ask("load")


def test_nothing_is_measured_before_it_is_loaded(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker(job, "test", tmp_path / "log") as worker,
        pytest.raises(GcvEdgeError, match="expected load, turn, network or profile, after load"),
    ):
        worker.ask("turn", seconds=1)


def test_a_process_that_dies_is_told_of(job: dict[str, Any], tmp_path: Path) -> None:
    worker = Worker(job, "openvino FP32", tmp_path / "log")
    worker.ask("load")
    os.kill(worker._process.pid, signal.SIGKILL)
    with pytest.raises(GcvEdgeError, match="openvino FP32: its process was ended by SIGKILL"):
        worker.ask("turn", seconds=1)
    worker.close()


def test_a_broken_environment_is_told_of(job: dict[str, Any], tmp_path: Path) -> None:
    with (
        Worker({**job, "frames": str(tmp_path / "none.npz")}, "test", tmp_path / "log") as worker,
        pytest.raises(GcvEdgeError, match="No such file"),
    ):
        worker.ask("load")


def test_closing_ends_the_process_and_may_be_repeated(job: dict[str, Any], tmp_path: Path) -> None:
    worker = Worker(job, "test", tmp_path / "log")
    worker.close()
    worker.close()
    assert worker._process.poll() is not None


def test_caps_are_in_the_environment(job: dict[str, Any]) -> None:
    capped = worker_environment({**job, "isa": "vnni", "threads": 3})
    assert capped["ONEDNN_MAX_CPU_ISA"] == capped["DNNL_MAX_CPU_ISA"] == "AVX512_CORE_VNNI"
    assert capped["OMP_NUM_THREADS"] == "3"
    assert capped["MXNET_SUBGRAPH_BACKEND"] == "NONE"
    assert "ONEDNN_MAX_CPU_ISA" not in set(worker_environment(job)) - set(os.environ)
