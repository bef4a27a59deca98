"""The protocol between a process that asks and one that works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.measure.workers import Worker, worker_environment

ECHO = "tests.measure.services:Echo"
JOB: dict[str, Any] = {"threads": 1, "isa": "native"}


def test_it_answers_as_often_as_it_is_asked(tmp_path: Path) -> None:
    with Worker(ECHO, JOB, "echo", tmp_path / "log") as worker:
        for number in range(3):
            assert worker.ask("say", number=number) == {"command": "say", "job": JOB, "number": number}
    assert (tmp_path / "log").read_text() == "not an answer\n" * 3


def test_the_folder_one_is_in_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gcv_edge").mkdir()
    (tmp_path / "gcv_edge" / "__init__.py").write_text("raise ImportError('another package')")
    monkeypatch.chdir(tmp_path)
    with Worker(ECHO, JOB, "echo", tmp_path / "log") as worker:
        assert worker.ask("say")["job"] == JOB


@pytest.mark.parametrize(
    ("command", "error", "message"),
    [
        ("refuse", UnsupportedError, "it is not supported"),
        ("fail", GcvEdgeError, "found 1, expected 2"),
        ("die", GcvEdgeError, "echo: its process was ended by SIGKILL: not an answer"),
    ],
)
def test_what_goes_wrong_is_told(
    tmp_path: Path, command: str, error: type[GcvEdgeError], message: str
) -> None:
    with Worker(ECHO, JOB, "echo", tmp_path / "log") as worker, pytest.raises(error, match=message):
        worker.ask(command)


def test_a_service_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with (
        Worker("tests.measure.services:None", JOB, "echo", tmp_path / "log") as worker,
        pytest.raises(GcvEdgeError, match="its process ended with exit code 1: AttributeError"),
    ):
        worker.ask("say")


def test_patience_ends(tmp_path: Path) -> None:
    with (
        Worker(ECHO, JOB, "echo", tmp_path / "log", patience=0.01) as worker,
        pytest.raises(GcvEdgeError, match=r"echo: sleep took more than 0\.01 s and was ended"),
    ):
        worker.ask("sleep")


def test_closing_ends_the_process_and_may_be_repeated(tmp_path: Path) -> None:
    worker = Worker(ECHO, JOB, "echo", tmp_path / "log")
    worker.close()
    worker.close()
    assert worker._process.poll() is not None


def test_caps_are_in_the_environment() -> None:
    capped = worker_environment({"isa": "vnni", "threads": 3})
    assert capped["ONEDNN_MAX_CPU_ISA"] == capped["DNNL_MAX_CPU_ISA"] == "AVX512_CORE_VNNI"
    assert capped["OMP_NUM_THREADS"] == "3"
    assert capped["MXNET_SUBGRAPH_BACKEND"] == "NONE"
    assert "ONEDNN_MAX_CPU_ISA" not in set(worker_environment(JOB)) - set(os.environ)
