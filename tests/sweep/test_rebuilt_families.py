"""Networks of MXNet's users beside GluonCV's zoo, as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import ROOT


def families(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.families", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def test_a_network_is_rebuilt_exported_and_compared_once(gluoncv: ModuleType, tmp_path: Path) -> None:
    code, printed = families("mtcnn_pnet", "--output", tmp_path)
    assert code == 0, printed
    assert "1 passed, 0 failed, 0 not done" in printed
    record = json.loads((tmp_path / "mtcnn_pnet.json").read_text())
    assert record["task"] == "tensors"
    assert record["command"].startswith("gcv-edge export mtcnn_pnet-symbol.json --input-shape 1,3,12,12")
    for found in record["errors"].values():
        assert found.keys() == {"prob1", "conv4_2"}
        assert all(0 < error < 1e-4 for error in found.values())
    code, printed = families("mtcnn_pnet", "--output", tmp_path)
    assert (code, printed) == (0, "1 passed, 0 failed, 0 not done\n")


def test_what_fails_is_a_result_and_the_exit_code(gluoncv: ModuleType, tmp_path: Path) -> None:
    code, printed = families("mtcnn_rnet", "--output", tmp_path, "--timeout", "0.1")
    assert code == 1
    assert "failed  mtcnn_rnet" in printed
    assert "not done after 0.1 s" in printed


def test_a_name_that_is_none_is_a_usage_error(gluoncv: ModuleType, tmp_path: Path) -> None:
    code, printed = families("resnet", "--output", tmp_path)
    assert code == 2
    assert "resnet: no such network: found mtcnn_pnet, " in printed


@pytest.mark.parametrize(
    ("notes", "lost"),
    [((), ["loss"]), (("output 'loss' is left out: it needs a label",), [])],
    ids=["nothing is said", "a note tells it"],
)
def test_a_head_must_not_be_lost_in_silence(
    gluoncv: ModuleType, notes: tuple[str, ...], lost: list[str]
) -> None:
    from benchmarks.families.comparing import lost_heads
    from benchmarks.families.family import UserNetwork, sym
    from benchmarks.families.original import OriginalNetwork

    data = sym.Variable("data")
    symbol = sym.Group([sym.softmax(data, name="prob"), sym.MakeLoss(data, name="loss")])
    family = UserNetwork("net", "a test", lambda: symbol, (1, 3, 8, 8))
    original = OriginalNetwork(family, symbol, Path("net-0000.params"))
    assert lost_heads(original, {"prob": 0.0}, notes) == lost
