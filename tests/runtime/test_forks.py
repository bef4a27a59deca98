"""Processes that are started while an engine is at work: by fork one line, by others results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.conftest import Maker

PROGRAM = """
import multiprocessing, sys
import numpy as np

import gcv_edge
from gcv_edge.errors import ForkError

FRAME = np.full((8, 8, 3), 90, np.uint8)
path, engine, method = sys.argv[1:]


def anew(_=None):
    try:
        return gcv_edge.load(path, engine=engine).run(FRAME).logits.tolist()
    except ForkError as error:
        return str(error)


def before(_=None):
    try:
        return model.run(FRAME).logits.tolist()
    except ForkError as error:
        return str(error)


if __name__ == "__main__":
    model, other = (gcv_edge.load(path, engine=engine) for _ in range(2))
    expected = [one.run(FRAME).logits.tolist() for one in (model, other)][0]
    work = (anew, before) if method == "fork" else (anew,)
    with multiprocessing.get_context(method).Pool(1) as pool:
        for function in work:
            (found,) = pool.map(function, [None])
            print(function.__name__, "same" if found == expected else found)
"""


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_beside_two_networks(make_model: Maker, tmp_path: Path, engine: str, method: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-W", "ignore", tmp_path / "program.py", make_model("classification"), engine]
    done = subprocess.run(
        [*command, method], capture_output=True, text=True, timeout=120, check=True, env=dict(os.environ)
    )
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    if method != "fork":
        assert told == {"anew": "same"}
        return
    assert told["before"].startswith("the file was opened before this process was forked, and its threads")
    if engine == "openvino":
        assert told["anew"].startswith("OpenVINO was used before this process was forked, and its threads")
    else:
        assert told["anew"] == "same"


END = """
import os, signal, sys
import numpy as np

import gcv_edge

FRAME = np.full((8, 8, 3), 90, np.uint8)
model = gcv_edge.load(sys.argv[1], engine=sys.argv[2])
model.run(FRAME)
if os.fork() == 0:
    signal.alarm(60)
    del model
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_forked_process_ends(make_model: Maker, engine: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", END, str(make_model("classification")), engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "7\n"
