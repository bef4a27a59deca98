"""One call: what it asks of the stages, what it tells, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.evaluation.drop import Score
from gcv_edge.optimize import Observer, OptimizeOptions, optimize
from gcv_edge.optimize.baseline import Baseline
from gcv_edge.optimize.evaluator import AccuracyScorer, AgreementScorer
from gcv_edge.optimize.options import PRUNING_SHARE
from gcv_edge.prune import PruneResult
from gcv_edge.runtime.modelfile import read_entries
from tests.cli.conftest import done, run
from tests.optimize.conftest import frames

QUICK: dict[str, Any] = {"mode": "minmax", "target": "portable", "is_quick": True}


class Recording(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def prepared(self, baseline: Baseline) -> None:
        assert baseline.split is not None
        self.told.append(len(baseline.split.calibration))

    def pruned(self, result: PruneResult) -> None:
        self.told.append(result.path.name)


def record(path: Path, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_entries(path)[f"gcv_edge {stage}"])
    return found


def test_both_stages_share_pictures_measure_and_limit(workplace: Path) -> None:
    observer = Recording()
    options = OptimizeOptions(macs=0.6, max_drop=80, samples=12, **QUICK)
    result = optimize("net.onnx", "labelled.csv", options, observer=observer)
    assert observer.told == [20, "net_pruned.onnx", 12]
    assert (result.float_path, result.path) == (Path("net_pruned.onnx"), Path("net_pruned_int8.onnx"))
    assert result.pruned is not None
    assert result.quantized is not None
    calibration, pruning = (record(result.path, stage) for stage in ("calibration", "pruning"))
    assert pruning["score"][0] == calibration["score_before"] == 100
    assert (calibration["metric"], calibration["measured"]) == ("top-1", "accuracy")
    assert calibration["max_drop"] == 80
    assert result.drop == result.quantized.drop == 100 - calibration["score_after"]
    assert result.passed == (result.drop_at_most <= 80)  # type: ignore[operator]
    assert result.fastest[0] in (result.float_path, result.path)


def test_the_file_is_the_command_s(workplace: Path) -> None:
    """All but the date of midnight."""
    options = OptimizeOptions(mode="minmax", target="portable", samples=10)
    made = optimize("net.onnx", "labelled.csv", options, output="python.onnx").path
    command = ("calibrate", "net.onnx", "--data", "labelled.csv", "--num-samples", "10", "-o", "command.onnx")
    done(*command, "--calib-mode", "naive", "--target", "portable")
    timed = ("milliseconds", "fastest", "date", "warnings")
    one, other = (record(path, "calibration") for path in (made, Path("command.onnx")))
    assert {key: one[key] for key in one if key not in timed} == {
        key: other[key] for key in other if key not in timed
    }


def test_pruning_that_loses_too_much_ends_it(workplace: Path) -> None:
    options = OptimizeOptions(macs=0.05, max_drop=0, **QUICK)
    result = optimize("net.onnx", "labelled.csv", options)
    assert options.pruning_max_drop == PRUNING_SHARE * 0
    assert (result.passed, result.quantized) == (False, None)
    assert result.path == Path("net_pruned_over_max_drop.onnx")
    assert result.fastest == (Path("net.onnx"), "f32")
    assert sorted(path.name for path in Path().glob("net*")) == ["net.onnx", result.path.name]


@pytest.mark.parametrize(
    ("data", "max_drop", "passed"),
    [("labelled.csv", None, False), ("labelled.csv", 100, True), ("pictures", None, True)],
)
def test_only_labels_set_a_limit_that_nobody_asked_for(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, data: str, max_drop: float | None, passed: bool
) -> None:
    """Of unlabelled pictures, so few are compared that one is many points."""
    for scorer in (AccuracyScorer, AgreementScorer):
        monkeypatch.setattr(
            scorer, "__call__", lambda _, path: Score(100 if path == Path("net.onnx") else 90)
        )
    options = OptimizeOptions(macs=0.7, int8=False, max_drop=max_drop)
    result = optimize("net.onnx", data, options, output="out.onnx")
    assert result.drop == 10
    assert result.passed is passed


def test_a_limit_of_all_points_is_none_for_each_stage() -> None:
    assert OptimizeOptions(macs=0.5, max_drop=100).pruning_max_drop == 100
    assert OptimizeOptions(macs=0.5, max_drop=80).pruning_max_drop == 60


def test_pruning_alone_may_lose_the_whole_limit(workplace: Path) -> None:
    options = OptimizeOptions(int8=False, macs=0.7, max_drop=90, seed=3)
    result = optimize("net.onnx", "labelled.csv", options, output="narrow.onnx")
    assert options.pruning_max_drop == 90
    assert (result.path, result.quantized, result.fastest) == (
        Path("narrow.onnx"),
        None,
        (Path("narrow.onnx"), "f32"),
    )
    assert record(result.path, "pruning")["seed"] == 3


def test_noise_is_for_pruning(workplace: Path) -> None:
    result = optimize("net.onnx", None, OptimizeOptions(int8=False, macs=0.7))
    assert record(result.path, "pruning")["data"] == "noise"
    assert (result.drop, result.baseline.split) == (None, None)
    with pytest.raises(UsageError, match="found None, expected pictures"):
        optimize("net.onnx", None)


def test_frames_and_a_measure_of_one_s_own(workplace: Path) -> None:
    """A file that was pruned before is held against the network that it came from."""
    optimize("net.onnx", None, OptimizeOptions(int8=False, macs=0.7))
    scored: list[str] = []

    def score(path: Path) -> float:
        scored.append(path.name)
        return 90.0 if path.name == "net.onnx" else 87.0

    options = OptimizeOptions(max_drop=4, **QUICK)
    result = optimize("net_pruned.onnx", frames(), options, output="own.onnx", score=score, whole="net.onnx")
    assert scored[0] == "net.onnx"
    assert "net_pruned.onnx" not in scored
    assert (result.drop, result.passed, result.path) == (3.0, True, Path("own.onnx"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speedup": 1.5, "macs": 0.5}, "expected speedup or macs, one of the two"),
        ({"int8": False}, "found nothing to do"),
        ({"distill": True}, "distill is for pruning"),
        ({"max_drop": -1.0}, "max_drop: found -1"),
        ({"max_drop": float("nan")}, "max_drop: found nan"),
        ({"samples": 0}, "samples: found 0"),
        ({"seed": -1}, "seed: found -1, expected 0 or more"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OptimizeOptions(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "entropi"}, "did you mean 'entropy'"),
        ({"target": "x68"}, "did you mean 'x86'"),
        ({"split": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(
    workplace: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(GcvEdgeError, match=message):
        optimize("net.onnx", "pictures", OptimizeOptions(macs=0.5, **options))
    assert [path.name for path in Path().glob("*net*")] == ["net.onnx"]


def test_options_cost_next_to_nothing() -> None:
    code = "import sys, gcv_edge.optimize as o; o.OptimizeOptions(); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"numpy", "onnx", "onnx_ir", "openvino"} & set(printed.split())


def test_the_command_tells_the_same_loss(workplace: Path) -> None:
    failed = run("prune", "net.onnx", "--data", "labelled.csv", "--macs", "0.05", "--max-drop", "0")
    assert failed.exit_code == 3
    assert failed.stderr.endswith(" allowed are 0; kept under this name\n")
