"""A verdict says yes to rounding alone, and tells on what its yes stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gcv_edge.agreement import Comparison
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.pictures import check_inputs
from gcv_edge.tasks import DETECTION, TENSORS
from gcv_edge.verification.remarks import remark
from gcv_edge.verification.runs import Trial
from gcv_edge.verification.verdict import Verification
from gcv_edge.verify import check_export, refuse_empty_lists
from tests.support import trial_networks
from tests.support.trial_networks import METADATA, Build, Numbers, OtherFramework, scaled, sigmoid, write

SMALL: dict[str, Build] = {
    "a billionth": scaled(1e-9),
    "around a half": sigmoid(1e-4),
    "around ten": scaled(1e-2, 10.0),
    "large": scaled(1e6),
}


def check(file: Path, other: Path, change: Callable[[Numbers], Numbers] = np.asarray) -> Verification:
    return check_export(file, METADATA, OtherFramework(other, change))


@pytest.mark.parametrize("name", SMALL)
def test_outputs_of_any_size_are_compared(name: str, tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", SMALL[name])
    other = write(tmp_path / "other.onnx", SMALL[name], seed=1)
    verification = check(file, file)
    assert verification.passed, verification.worst
    assert verification.worst.max_error < verification.worst.tolerance / 2
    assert verification.remarks == ()
    assert check(file, other).worst.max_error > 50 * verification.worst.tolerance


@pytest.mark.parametrize(
    ("build", "remarks"),
    [
        (trial_networks.zero, ["logits: every number is 0 on every picture"]),
        (scaled(0, 0.25), ["logits: every number is 0.25 on every picture"]),
        (trial_networks.blind, ["logits: every number is 0 on every picture"]),
        (scaled(1e-9, 0.25), ["logits: every number is 0.25 on every picture"]),
        (trial_networks.biased, ["logits: the same on every picture, within 0.002 of its deviation"]),
        (trial_networks.bright, ["logits: the same on black as on picture, within 0.002 of its deviation"]),
        (trial_networks.dark, ["logits: NaN or infinite in 6 of 6 numbers on black"]),
    ],
    ids=["zero", "constant", "not reached", "hardly varying", "biases alone", "saturated", "no numbers"],
)
def test_what_proves_little_is_told(build: Build, remarks: list[str], tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", build)
    verification = check(file, file)
    assert verification.passed, verification.worst
    assert list(verification.remarks) == remarks
    assert verification.to_dict()["remarks"] == remarks


@pytest.mark.parametrize(
    ("ours", "theirs", "change", "words"),
    [
        ("dark", "positive", np.asarray, "is NaN or infinite in 6 of 6 numbers that the reference computes"),
        ("positive", "dark", np.asarray, "is finite in 6 of 6 numbers where the reference's is NaN or"),
        ("positive", "positive", lambda value: value[:, :5], "has shape [1, 6], the reference's has [1, 5]"),
        ("positive", "positive", lambda value: value * 1.01, "differs from another framework by 0.0"),
    ],
    ids=["NaN here", "NaN there", "another shape", "a hundredth more"],
)
def test_failures_are_said_in_words(
    ours: str, theirs: str, change: Callable[[Numbers], Numbers], words: str, tmp_path: Path
) -> None:
    files = [write(tmp_path / f"{name}.onnx", getattr(trial_networks, name)) for name in (ours, theirs)]
    verification = check(files[0], files[1], change)
    assert not verification.passed
    described = verification.worst.describe(verification.reference)
    assert words in described
    assert described.startswith("'logits' on ")


def test_an_unstable_picture_does_not_count(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", trial_networks.normalising())
    verification = check(file, file)
    assert verification.passed
    assert verification.worst.picture in ("noise", "picture")
    assert "logits: unstable on black, rounding alone moves it by " in verification.remarks[0]
    assert set(verification.noise or {}) == {"logits"}


@pytest.mark.parametrize("factor", [1.01, 0.9, 2.0])
def test_a_wrong_layer_fails_on_the_other_pictures(factor: float, tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", trial_networks.normalising(factor))
    verification = check(file, write(tmp_path / "right.onnx", trial_networks.normalising()))
    assert not verification.passed
    assert verification.worst.picture in ("noise", "picture")


def test_unstable_on_every_picture_is_not_verified(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", trial_networks.chaotic)
    verification = check(file, file)
    assert not verification.passed
    assert "'logits' is unstable on every picture" in verification.worst.describe("any")
    assert verification.noise == {}


def test_the_verdict_says_what_it_stands_on(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", scaled(1))
    stored = check(file, file).to_dict()
    assert stored["engine"].startswith("onnxruntime ")
    assert stored["reference"] == "another framework"
    assert stored["inputs"] == ["black", "noise", "picture"]
    assert stored["shapes"] == {"data": [1, 3, 16, 16]}
    assert stored["seeds"] == {"noise": 1}
    assert stored["batches"] == [1, 3]
    assert [row["name"] for row in stored["comparisons"]] == ["logits"]


def test_without_a_reference_the_engines_are_compared(tmp_path: Path) -> None:
    verification = check_export(write(tmp_path / "net.onnx", scaled(1.5, 0.5)), METADATA, None)
    assert verification.passed, verification.worst
    assert verification.reference.startswith("openvino ")


@pytest.mark.parametrize(
    ("ids", "names", "passed", "why"),
    [
        (-1, ["detections"], False, "the list is all there is, and it is empty"),
        (0, ["detections"], True, "a detection was compared"),
        (-1, ["scores", "boxes", "detections"], True, "boxes and scores were compared too"),
    ],
)
def test_empty_lists_alone_verify_nothing(ids: int, names: list[str], passed: bool, why: str) -> None:
    found = {"ids": np.full((1, 2, 1), ids), "scores": np.ones((1, 2, 1)), "boxes": np.ones((1, 2, 4))}
    metadata = ModelMetadata(DETECTION, detection=DetectionSettings(0.01, 0.5, 10, 10, nms="graph"))
    trials = [Trial("noise", {}, found, found)]
    comparisons = refuse_empty_lists([Comparison(name, 0, 1) for name in names], trials, metadata)
    assert all(comparison.passed for comparison in comparisons) == passed, why
    assert bool(remark(trials, metadata, {})) == (ids < 0)


@pytest.mark.parametrize(
    ("shape", "is_picture"),
    [
        ((1, 3, 8, 12), True),
        ((1, 1, 8, 12), True),
        ((1, 8, 12, 3), True),
        ((1, 3, 4, 8, 12), True),
        ((1, 100, 1, 1), False),
        ((1, 6, 8, 12), False),
        ((1, 3), False),
    ],
    ids=str,
)
def test_tensors_are_tried_on_two_noises_and_pictures(shape: tuple[int, ...], is_picture: bool) -> None:
    kinds = check_inputs({"data": shape, "im_info": (1, 3)}, ModelMetadata(TENSORS))
    assert set(kinds) == {"noise", "other noise", *(["picture"] if is_picture else [])}
    assert all(one["data"].shape == shape and one["data"].dtype == np.float32 for one in kinds.values())
    assert not np.array_equal(kinds["noise"]["data"], kinds["other noise"]["data"])
    assert not np.array_equal(kinds["noise"]["im_info"], kinds["other noise"]["im_info"])
    if is_picture:
        assert kinds["picture"]["data"].max() > 100
        assert np.array_equal(kinds["picture"]["im_info"], kinds["noise"]["im_info"])
