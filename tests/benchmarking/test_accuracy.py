"""What files tell of how good they are: points that calibration and pruning measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.benchmarking import list_variants
from gcv_edge.benchmarking.accuracy import StageScores, read_scores
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, Preprocessing, format_metadata
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.tasks import CLASSIFICATION
from tests.runtime.conftest import Maker
from tests.support.small_graphs import make as make_graph

SOURCE = {"gcv_edge source": "net"}


def calibration(before: Any, after: Any, **more: str) -> dict[str, str]:
    record = {"score_before": before, "score_after": after, **more}
    return {"gcv_edge variant": "int8", "gcv_edge calibration": json.dumps(record)}


def pruning(before: Any, after: Any, **more: str) -> dict[str, str]:
    return {"gcv_edge variant": "pruned", "gcv_edge pruning": json.dumps({"score": [before, after], **more})}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({}, ()),
        (calibration(71.2, 70.9), (StageScores("calibration", "", "accuracy", 0.712, 0.709),)),
        (
            calibration(100, 98.5, metric="matched detections", measured="agreement"),
            (StageScores("calibration", "matched detections", "agreement", 1.0, 0.985),),
        ),
        (
            pruning(70.0, 69.0, metric="top-1", measured="accuracy"),
            (StageScores("pruning", "top-1", "accuracy", 0.7, 0.69),),
        ),
        (
            {**pruning(70.0, 69.0), **calibration(68.5, 68.0)},
            (
                StageScores("pruning", "", "accuracy", 0.7, 0.69),
                StageScores("calibration", "", "accuracy", 0.685, 0.68),
            ),
        ),
        (
            {**pruning(100.0, 99.0), **calibration(100.0, 98.0, metric="mask", measured="agreement")},
            (
                StageScores("pruning", "mask", "agreement", 1.0, 0.99),
                StageScores("calibration", "mask", "agreement", 1.0, 0.98),
            ),
        ),
        (calibration(0.5, 0.4), (StageScores("calibration", "", "accuracy", 0.005, 0.004),)),
        (calibration(None, None), ()),
        (calibration(70, True), ()),
        (calibration(70, 171), ()),
        ({"gcv_edge calibration": "[1, 2]"}, ()),
        ({"gcv_edge pruning": '{"score": 70}'}, ()),
        ({"gcv_edge pruning": '{"score": [70]}'}, ()),
        ({"gcv_edge calibration": "damaged"}, ()),
    ],
)
def test_what_stages_measured(entries: dict[str, str], expected: tuple[StageScores, ...]) -> None:
    found = read_scores(entries)
    assert [(one.stage, one.metric, one.kind) for one in found] == [
        (one.stage, one.metric, one.kind) for one in expected
    ]
    for one, wanted in zip(found, expected, strict=True):
        assert (one.before, one.after) == pytest.approx((wanted.before, wanted.after))


def make(maker: Maker, folder: Path, name: str, entries: dict[str, str]) -> Path:
    return maker("classification", path=folder / f"{name}.onnx", entries={**SOURCE, **entries})


def accuracies(files: list[Path]) -> dict[str, float | None]:
    return {variant.name: variant.accuracy for variant in list_variants(files, ("f32",))}


def test_the_float_file_has_the_accuracy_from_before(make_model: Maker, tmp_path: Path) -> None:
    files = [
        make(make_model, tmp_path, name, entries)
        for name, entries in (("a", {}), ("b", calibration(80.0, 79.0, metric="top-1")))
    ]
    variants = {variant.name: variant for variant in list_variants(files)}
    found = {name: variant.accuracy for name, variant in variants.items()}
    assert found == {"FP32": 0.8, "BF16": None, "INT8": 0.79, "INT8 + BF16": None}
    assert variants["INT8 + BF16"].without == "its file was measured in f32, not in bf16"
    assert variants["FP32"].metric == variants["INT8"].metric == "top-1"


def test_a_file_that_went_through_both_shows_both(make_model: Maker, tmp_path: Path) -> None:
    both = {**pruning(80.0, 78.0), **calibration(77.5, 77.0)}
    files = [
        make(make_model, tmp_path, name, entries)
        for name, entries in (("a", {}), ("b", pruning(80.0, 78.0)), ("c", both))
    ]
    assert accuracies(files) == {"FP32": 0.8, "pruned FP32": 0.78, "pruned INT8": 0.77}
    assert accuracies([files[0], files[2]]) == {"FP32": 0.8, "pruned INT8": 0.77}
    told = [one.describe() for one in list_variants([files[2]])[0].measured]
    assert told == ["pruning: accuracy 80.00 % -> 78.00 %", "calibration: accuracy 77.50 % -> 77.00 %"]


def test_a_pruned_float_file_is_not_the_whole_network(make_model: Maker, tmp_path: Path) -> None:
    """`export --prune` calibrates what is left and holds it against the whole network."""
    both = {**pruning(80.0, 78.0), **calibration(80.0, 77.0)}
    entries = {"a": {}, "b": {"gcv_edge pruning": "{}"}, "c": both}
    files = [make(make_model, tmp_path, name, each) for name, each in entries.items()]
    assert accuracies(files) == {"FP32": 0.8, "pruned FP32": 0.78, "pruned INT8": 0.77}


def test_the_accuracy_before_calibration_is_not_the_8_bit_files(make_model: Maker, tmp_path: Path) -> None:
    """Pruned with labels, calibrated without: what is known is of the float network."""
    both = {**pruning(80.0, 78.0), **calibration(None, None)}
    assert accuracies([make(make_model, tmp_path, "c", both)]) == {"pruned INT8": None}


def test_agreement_is_no_accuracy(make_model: Maker, tmp_path: Path) -> None:
    entries = calibration(100.0, 98.5, metric="matched detections", measured="agreement")
    plain, int8 = list_variants(
        [make(make_model, tmp_path, "a", {}), make(make_model, tmp_path, "b", entries)], ("f32",)
    )
    assert (plain.accuracy, int8.accuracy) == (None, None)
    assert (plain.agreement, int8.agreement) == (None, 0.985)
    assert int8.measured[0].describe().endswith("100.00 % -> 98.50 %, agreement with the network before")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A network that can be pruned and calibrated."""
    model = make_graph("residual")
    preprocessing = Preprocessing(mean=(127.0,) * 3, scale=(64.0,) * 3, resize_type="standard")
    metadata = ModelMetadata(CLASSIFICATION, ("a", "b", "c", "d"), preprocessing, source="small")
    model.metadata_props.update(format_metadata(metadata))
    write_model(model, tmp_path / "small.onnx")
    return tmp_path / "small.onnx"


def test_what_the_stages_really_write(small: Path, tmp_path: Path) -> None:
    def score(path: Path) -> float:
        return 80.0 if path == small else 78.0

    frames = list(noise_frames(40, (12, 10), seed=7))
    pruned = prune(small, iter(frames), tmp_path / "pruned.onnx", macs=0.7, score=score).path
    options = CalibrationOptions("none", metric="top-1", measured="accuracy", time_forms=False)
    int8 = calibrate(small, frames, tmp_path / "int8.onnx", mode="minmax", score=score, options=options).path
    variants = {variant.name: variant for variant in list_variants([small, pruned, int8], ("f32",))}
    found = {name: variant.accuracy for name, variant in variants.items()}
    assert found == {"FP32": 0.8, "pruned FP32": 0.78, "INT8": None}, (
        "nothing tells that pictures are the same"
    )
    assert variants["INT8"].without == "it was measured on other pictures, or by another metric"
    assert accuracies([small, int8]) == {"FP32": 0.8, "INT8": 0.78}


def test_only_figures_of_the_same_pictures_are_compared(make_model: Maker, tmp_path: Path) -> None:
    """Pruned on 36 test pictures, and calibrated twice on 103 of training."""
    entries = {
        "a": {},
        "b": pruning(70.0, 69.0, data_hash="test", metric="mAP"),
        "c": calibration(90.0, 88.0, data_hash="train", metric="mAP"),
        "d": {
            **pruning(90.0, 87.0, data_hash="train", metric="mAP"),
            **calibration(90.0, 86.0, data_hash="train", metric="mAP"),
        },
    }
    files = [make(make_model, tmp_path, name, each) for name, each in entries.items()]
    assert accuracies(files) == {"FP32": 0.9, "pruned FP32": 0.87, "INT8": 0.88, "pruned INT8": 0.86}
    assert accuracies(files[:3]) == {"FP32": 0.7, "pruned FP32": 0.69, "INT8": None}
    assert accuracies(files[1:3]) == {"pruned FP32": 0.69, "INT8": None}
