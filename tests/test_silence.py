"""Nothing is sent over the network, and nothing is written but what is asked for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.prune.conftest import write_small
from tests.support.demo_files import SYMBOL

PROGRAM = """
import sys, time
from click.testing import CliRunner
from gcv_edge.cli import main

began = time.monotonic()

def run(*arguments):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, (arguments, done.output)

symbol, shape, least_seconds = sys.argv[1:]
run("export", symbol, "--input-shape", shape, "-o", "net.onnx")
run("calibrate", "net.onnx", "--data", "pictures", "--calib-mode", "naive", "-o", "net8.onnx")
run("prune", "small.onnx", "--data", "noise", "--macs", "0.7", "-o", "pruned.onnx")
for engine in ("openvino", "onnxruntime"):
    run("predict", "net8.onnx", "pictures", "--engine", engine)
run("verify", "net.onnx")
time.sleep(max(0.0, float(least_seconds) - (time.monotonic() - began)))
"""
NO_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}
OWN = ("/dev/", "/proc/", "/sys/")


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    return found


@pytest.mark.parametrize(
    "least_seconds",
    [
        pytest.param(0, id="at once"),
        # Telemetry that waits for a minute; the commands themselves are watched in every run.
        pytest.param(60, id="for a minute", marks=pytest.mark.slow),
    ],
)
def test_commands_reach_no_host_and_leave_no_file(least_seconds: int, strace: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    work = tmp_path / "work"
    (work / "pictures").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(12):
        cv2.imwrite(f"{work}/pictures/{number}.png", random.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    write_small(work / "small.onnx")
    trace = tmp_path / "trace"
    calls = "trace=connect,sendto,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
    watched = [strace, "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", calls]
    command = [*watched, sys.executable, "-c", PROGRAM, SYMBOL, "1,3,64,64", str(least_seconds)]
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(work), "PATH": "/usr/bin:/bin"} | NO_BYTE_CODE
    done = subprocess.run(command, cwd=work, env=places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = trace.read_text(errors="replace").splitlines()
    assert [line for line in lines if re.search(r"\b(connect|sendto)\(.*AF_INET", line)] == []
    written = {path for line in lines for path in written_files(line, work)}
    own = *OWN, f"{work}/", f"{tmp_path}/home/.cache/gcv-edge/"
    strangers = {path for path in written if not f"{path}/".startswith(own)}
    assert strangers <= {f"{tmp_path}/home/.cache"}


def written_files(line: str, work: Path) -> list[str]:
    """Names that a traced call makes or opens for writing, where it succeeds."""
    if re.search(r"= -1 ", line):
        return []
    if "openat(" in line and not re.search(r"O_(WRONLY|RDWR|CREAT)", line):
        return []
    names = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    is_one = not re.search(r"\brename", line)
    return [str(work / name) for name in (names[:1] if is_one else names[-1:])]
