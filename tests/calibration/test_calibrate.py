"""The calibration stage on the shipped detector: file, record, gate."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from gcv_edge import Detector, verify
from gcv_edge.calibration import CalibrationOptions, CalibrationResult, calibrate
from gcv_edge.errors import DataError, UnsupportedError, UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.support.demo_files import CLASSES, DEMO, SYMBOL
from tests.support.processors import needs_vnni

QUICK = CalibrationOptions(correction="fast", time_forms=False, data="demo pictures")
Calibrate = Callable[..., CalibrationResult]


def frames(count: int = 12) -> Iterator[np.ndarray]:
    """Cuttings of the shipped pictures."""
    pictures = [cv2.imread(str(path)) for path in sorted(DEMO.glob("*.jpg"))]
    for index in range(count):
        picture = pictures[index % len(pictures)]
        yield np.roll(picture, 37 * index, axis=1)


@pytest.fixture(scope="module")
def floating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("float") / "signs.onnx"
    return export(str(SYMBOL), output, options=ExportOptions((1, 3, 256, 256), labels=CLASSES)).path


@pytest.fixture(scope="module")
def result(floating: Path, tmp_path_factory: pytest.TempPathFactory) -> CalibrationResult:
    output = tmp_path_factory.mktemp("int8") / "signs_int8.onnx"
    options = CalibrationOptions()
    return calibrate(floating, frames(), output, mode="mse", options=options)


def entries(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_file_finds_what_the_float_file_finds(
    floating: Path, result: CalibrationResult, engine: str
) -> None:
    before, after = Detector(floating), Detector(result.path, engine=engine)
    for path in sorted(DEMO.glob("*.jpg")):
        frame = cv2.imread(str(path))
        expected, found = before.run(frame), after.run(frame)
        sure = expected.scores > 0.6
        for box, class_id in zip(expected.boxes[sure], expected.class_ids[sure], strict=True):
            near = np.abs(found.boxes - box).max(axis=1) < 8
            assert class_id in found.class_ids[near & (found.scores > 0.4)]


def test_the_file_is_one_valid_file_with_the_same_metadata(floating: Path, result: CalibrationResult) -> None:
    onnx.checker.check_model(str(result.path), full_check=True)
    assert [path.name for path in result.path.parent.iterdir()] == ["signs_int8.onnx"]
    assert result.path.stat().st_size < 0.5 * floating.stat().st_size
    before, after = entries(floating), entries(result.path)
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed <= {"gcv_edge variant", "gcv_edge verification", "gcv_edge self_test"}
    assert after["gcv_edge variant"] == "int8"
    assert Detector(result.path).labels == CLASSES


def test_the_record_says_how_it_came_about(result: CalibrationResult) -> None:
    record = json.loads(entries(result.path)["gcv_edge calibration"])
    assert (record["target"], record["mode"], record["correction"] in ("none", "fast", "full")) == (
        "x86",
        "mse",
        True,
    )
    assert (record["pictures"], record["held_out"], len(record["data_hash"])) == (9, 3, 64)
    assert record["layers"] + len(record["kept_float"]) == result.layers + len(result.kept_float) > 10
    assert len(record["candidates"]) == 3
    assert record["agreement"] == max(record["candidates"].values()) or record["kept_float"]
    assert {"fp32", "int8"} <= set(record["milliseconds"])
    assert record["fastest"] in record["milliseconds"]
    assert {"openvino", "onnx-ir"} <= set(record["versions"])
    assert record["machine"]["cpu"]
    assert any("9 pictures" in warning for warning in record["warnings"])


def test_scales_of_layers_that_stay_float_do_not_count(floating: Path, tmp_path: Path) -> None:
    layers = [node.name for node in onnx.load(floating).graph.node if node.op_type == "Conv"]
    counts = []
    for kept in ([], layers[1:]):
        options = replace(QUICK, keep_float=tuple(kept))
        found = calibrate(floating, frames(6), tmp_path / "net.onnx", mode="mse", options=options)
        counts.append(found.scales["count"])
        assert set(found.kept_float.values()) <= {"asked for"}
    assert counts[0] > counts[1] == 1


@needs_vnni
def test_the_file_verifies_itself(result: CalibrationResult) -> None:
    assert result.engines_agree
    assert verify.verify_model(result.path).passed


@pytest.mark.parametrize("target", ["arm", "portable"])
def test_other_targets(floating: Path, tmp_path: Path, target: str) -> None:
    found = calibrate(floating, frames(6), tmp_path / "net.onnx", target=target, mode="naive", options=QUICK)
    assert (found.target, found.mode, found.agreement > 15) == (target, "minmax", True)
    assert found.milliseconds == {}


def test_layers_return_to_float_until_the_score_is_kept(floating: Path, tmp_path: Path) -> None:
    """A score that asks for three layers in float."""

    def score(path: Path) -> float:
        model = onnx.load(path)
        stored = {
            value.name for value in model.graph.initializer if value.data_type == onnx.TensorProto.FLOAT
        }
        layers = [node for node in model.graph.node if node.op_type == "Conv"]
        return 80.0 + min(3, sum(node.input[1] in stored for node in layers))

    found = calibrate(
        floating, frames(6), tmp_path / "net.onnx", mode="mse", score=score, max_drop=0.5, options=QUICK
    )
    assert found.passed
    assert (found.score_before, found.score_after, found.drop) == (83.0, 83.0, 0.0)
    assert list(found.kept_float.values()) == ["accuracy"] * 3
    worst = sorted(found.sensitivity, key=lambda layer: found.sensitivity[layer])
    assert set(found.kept_float) == set(worst[:3])


@pytest.mark.parametrize(
    ("time_budget", "deadline"), [(0, math.inf), (None, -math.inf)], ids=["time budget", "deadline"]
)
def test_a_drop_over_the_limit_is_in_the_name(
    floating: Path, tmp_path: Path, time_budget: float | None, deadline: float
) -> None:
    scores = itertools.chain([90.0], itertools.repeat(50.0))
    found = calibrate(
        floating,
        frames(6),
        tmp_path / "net.onnx",
        mode="mse",
        score=lambda path: next(scores),
        max_drop=1,
        time_budget=time_budget,
        options=replace(QUICK, deadline=deadline),
    )
    assert (found.passed, found.complete, found.drop) == (False, False, 40.0)
    assert [path.name for path in tmp_path.iterdir()] == ["net_over_max_drop.onnx"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"target": "amd"}, UsageError, "target: found 'amd'"),
        ({"mode": "entropi"}, UsageError, "did you mean 'entropy'"),
        ({"max_drop": 1.0}, UsageError, "max_drop needs a score"),
        (
            {"options": CalibrationOptions(keep_float=("nothing",))},
            UsageError,
            "found 'nothing', expected names",
        ),
        ({"frames": []}, DataError, "found no pictures"),
        ({"frames": [np.zeros((4, 4, 3), np.float32)]}, DataError, "calibration picture 1"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    floating: Path, tmp_path: Path, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"frames": frames(3), **arguments}
    with pytest.raises(error, match=message):
        calibrate(floating, given.pop("frames"), tmp_path / "net.onnx", **given)
    assert not list(tmp_path.iterdir())


def test_an_8_bit_file_is_not_quantised_again(result: CalibrationResult, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="found variant 'int8', expected 'fp32'"):
        calibrate(result.path, frames(3), tmp_path / "net.onnx")


def test_progress_counts_pictures_and_recipes(floating: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    options = CalibrationOptions(time_forms=False)
    result = calibrate(
        floating,
        list(frames()),
        tmp_path / "int8.onnx",
        options=options,
        progress=lambda *step: steps.append(step),
    )
    read = [(done, total) for stage, done, total in steps if stage == "read"]
    assert read == [(0, 0), *((done, 12) for done in range(1, 13))]
    counts = [done for stage, done, _ in steps if stage == "compare"]
    assert counts == list(range(len(result.candidates) + 1))
    assert steps[-1] == ("write", 0, 0)
