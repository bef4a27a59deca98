"""The sweep over GluonCV's zoo as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import ROOT
from benchmarks.pages import ZOO_PAGE, ZOO_TABLE

pytestmark = pytest.mark.usefixtures("gluoncv")

NAME = "cifar_resnet20_v1"


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.zoo", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def sweep(*arguments: str | Path) -> tuple[int, str]:
    process = start(*arguments)
    printed, _ = process.communicate(timeout=300)
    return process.returncode, printed


def test_a_name_is_compared_and_timed_once(tmp_path: Path) -> None:
    code, printed = sweep("--names", NAME, "--output", tmp_path, "--jobs", "1")
    assert code == 0, printed
    assert "1 passed, 0 failed, 0 not in GluonCV, 0 not done of 1" in printed
    record = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert (record["task"], record["inputs"]) == ("classification", [[1, 3, 32, 32]])
    assert all(0 < found["worst"] < 1e-4 for found in record["parity"].values())
    assert set(record["speed"]) == {"mxnet", "onnxruntime", "openvino"}
    assert record["distinct"] < record["operators"]
    assert record["export"]["seconds"] > 0
    assert record["bytes"] > record["export"]["params_bytes"]
    assert {path.name for path in tmp_path.iterdir()} == {f"{NAME}.json", ".lock"}
    begun = time.monotonic()
    code, printed = sweep("--names", NAME, "--output", tmp_path)
    assert code == 0
    assert "0 of 1 names to do" in printed
    assert time.monotonic() - begun < 60


def test_what_gluoncv_cannot_build_is_no_failure(tmp_path: Path) -> None:
    code, printed = sweep("--names", "resnet50_v1b_gn", "--output", tmp_path)
    assert code == 0, printed
    assert "resnet50_v1b_gn: not in GluonCV: resnet50_v1b_gn: MXNet cannot trace it" in printed


def test_a_failure_is_the_exit_code(tmp_path: Path) -> None:
    code, printed = sweep("--names", NAME, "--output", tmp_path, "--timeout", "0.1")
    assert code == 1
    assert f"{NAME}: failed: not done after 0.1 s" in printed


def test_an_unknown_name_is_one_line(tmp_path: Path) -> None:
    code, printed = sweep("--names", "resnet1000*", "--output", tmp_path)
    assert code == 1
    assert printed.splitlines()[-1] == "Error: --names resnet1000*: no such name in GluonCV's zoo"


def test_a_table_of_some_names_is_not_published(tmp_path: Path) -> None:
    before = ZOO_TABLE.read_bytes(), ZOO_PAGE.read_bytes()
    code, printed = sweep("--publish", "--output", tmp_path)
    assert code == 1
    wanted = "expected 332 to publish (python -m benchmarks.zoo makes them)"
    assert printed.splitlines()[-1] == f"Error: {tmp_path}: found results of 0 names, {wanted}"
    assert (ZOO_TABLE.read_bytes(), ZOO_PAGE.read_bytes()) == before


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_only_whole_records(tmp_path: Path, kind: signal.Signals) -> None:
    process = start("--names", "resnet152_v1,resnet152_v2", "--output", tmp_path, "--jobs", "1")
    wait_for(lambda: list(tmp_path.glob("work-*/log")))
    process.send_signal(kind)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "interrupted" in printed
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert str(tmp_path) not in all_commands()


def wait_for(condition: object) -> None:
    """Wait until a function gives something."""
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.1)


def all_commands() -> str:
    """Command lines of all processes."""
    return subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
