"""``export --prune --calibrate``: one file whose record holds both stages."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from gcv_edge.graph.writing import write_model
from gcv_edge.prune import gate
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.runtime.modelfile import read_entries
from tests.cli.conftest import failed, run
from tests.support.small_graphs import make

QUICKLY = ("--no-verify", "--calib-mode", "naive", "--target", "portable")
NETWORK = ("--task", "classification", "--classes", "a,b,c,d", "--mean", "127", "--scale", "64")


@pytest.fixture
def network(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small network and a folder of pictures; it may become slower, since only numbers count here."""
    monkeypatch.setattr(gate, "SLOWEST", 0.0)
    (here / "pictures").mkdir()
    for number, frame in enumerate(noise_frames(40, (12, 10), seed=7)):
        cv2.imwrite(f"pictures/{number}.png", frame)
    write_model(make("residual"), here / "small.onnx")
    return "small.onnx"


def test_both_stages_in_one_file(network: str) -> None:
    arguments = ("--prune", "60%", "--calibrate", "pictures", *NETWORK, *QUICKLY, "--max-drop", "100")
    done = run("export", network, *arguments, "-o", "net.onnx", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["pruned"]["path"], found["int8"]["path"]) == ("net_pruned.onnx", "net_pruned_int8.onnx")
    entries = read_entries(Path("net_pruned_int8.onnx"))
    pruning, calibration = (json.loads(entries[f"gcv_edge {name}"]) for name in ("pruning", "calibration"))
    assert pruning["macs"][1] <= 0.6 * pruning["macs"][0]
    assert entries["gcv_edge variant"] == "int8"
    assert calibration["score_before"] == 100.0
    assert found["int8"]["dataset"]["measured_on"] == 20
    assert found["pruned"]["pictures_given"] == 20


def test_a_limit_that_pruning_breaks_ends_it(network: str) -> None:
    arguments = ("--prune", "5%", "--calibrate", "pictures", *NETWORK, *QUICKLY, "--max-drop", "0")
    done = run("export", network, *arguments, "-o", "net.onnx")
    assert done.exit_code in (0, 3), done.output
    assert Path("net_pruned_int8.onnx").exists() == (
        "not calibrated" not in done.stderr and done.exit_code == 0
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prune", "1.5x"), "--prune 1.5x needs pictures: --calibrate DATA"),
        (("--prune", "fast", "--calibrate", "pictures"), "--prune fast: expected 1.5x"),
        (("--prune", "0.5x", "--calibrate", "pictures"), "--prune 0.5x: expected 1.5x"),
        (("--prune", "120%", "--calibrate", "pictures"), "--prune 120%: expected 1.5x"),
    ],
)
def test_wrong_goals(network: str, arguments: tuple[str, ...], message: str) -> None:
    assert message in failed(2, "export", network, *arguments, *NETWORK)
