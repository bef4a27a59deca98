"""Odd surroundings: no home, closed streams, threads that are at work when the program ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PICTURE, QUICK, environment, error_line
from tests.runtime.conftest import Maker

NO_HOME = """
import os, pwd, sys

def unknown(number):
    raise KeyError(number)

pwd.getpwuid = unknown
for name in ("HOME", "GCV_EDGE_HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
from gcv_edge.__main__ import run
run()
"""
"""A user without a name in a container: neither HOME nor an entry that has one."""

AT_WORK = """
import sys, threading, time
import numpy as np
import gcv_edge

model = gcv_edge.load(sys.argv[1], engine=sys.argv[2])
frame = np.zeros((64, 64, 3), np.uint8)

def work():
    while True:
        model.run(frame)

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
"""


def without_home(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", NO_HOME, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


def test_without_a_home_all_but_the_store_works(here: Path) -> None:
    done = without_home("export", *QUICK, "-o", "net.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    done = without_home("predict", "net.onnx", PICTURE)
    assert (done.returncode, done.stderr) == (0, "")
    assert without_home("list").returncode == 0
    refused = without_home("export", *QUICK)
    assert refused.returncode == 1
    assert error_line(refused.stderr) == (
        "the model store: found no home folder, expected GCV_EDGE_HOME or HOME to name one"
    )


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(here: Path, make_model: Maker, stream: str) -> None:
    """What is written to a file is there, and nothing else is in it."""
    model = make_model("detection")
    command = f"{sys.executable} -m gcv_edge predict {model} {PICTURE} --json --save out {stream}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env=environment()
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("out", PICTURE.name).read_bytes()[:2] == b"\xff\xd8"
    missing = f"{sys.executable} -m gcv_edge info nothing.onnx {stream}"
    assert (
        subprocess.run(
            ["/bin/sh", "-c", missing], capture_output=True, check=False, env=environment()
        ).returncode
        == 1
    )


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_threads_that_are_at_work_when_the_program_ends(make_model: Maker, engine: str) -> None:
    command = [sys.executable, "-c", AT_WORK, make_model("detection"), engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
