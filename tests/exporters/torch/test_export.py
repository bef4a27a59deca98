"""Torch modules become files of this project's form, verified against torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcv_edge import Classifier, Segmenter
from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.verify import verify_model

OPTIONS = ExportOptions(input_shape=(1, 3, 32, 48))
SEGMENTATION = replace(OPTIONS, task="segmentation")


@pytest.fixture(autouse=True)
def _torch() -> None:
    pytest.importorskip("torch", reason="the extra [torch] is not installed", exc_type=ImportError)


@pytest.mark.parametrize("dynamic", [False, True])
def test_classifier(tmp_path: Path, dynamic: bool) -> None:
    options = ExportOptions(input_shape=(1, 3, 32, 48), labels=tuple("abcde"), dynamic_batch=dynamic)
    result = export("torch_networks:classifier", tmp_path / "net.onnx", options=options)
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.reference.startswith("torch")
    assert len(Classifier(result.path).run(np.zeros((60, 60, 3), np.uint8)).top(3)) == 3


def test_only_the_main_head_of_a_segmenter_stays(tmp_path: Path) -> None:
    result = export("torch_networks:segmenter", tmp_path / "net.onnx", options=SEGMENTATION)
    assert result.metadata.task.name == "segmentation"
    assert any("left out" in note for note in result.notes)
    segmenter = Segmenter(result.path)
    assert list(segmenter.session.outputs) == ["logits"]
    assert segmenter.run(np.zeros((20, 30, 3), np.uint8)).class_map.shape == (20, 30)


@pytest.mark.parametrize(
    ("source", "options", "task", "outputs"),
    [
        ("softmax_classifier", OPTIONS, "classification", ["logits"]),
        ("grey_classifier", replace(OPTIONS, input_shape=(1, 1, 32, 48)), "classification", ["logits"]),
        ("two_answers", OPTIONS, "tensors", ["mean", "maps.0", "maps.1"]),
        ("segmenter", OPTIONS, "tensors", ["output.0", "output.1"]),
        ("two_answers", replace(OPTIONS, outputs=("relu", "mean")), "tensors", ["relu", "mean"]),
        ("two_answers", replace(OPTIONS, outputs=("mean",), task="embedding"), "embedding", ["logits"]),
        ("two_inputs", replace(OPTIONS, input_shape=(1, 4), further_shapes=((1, 3),)), "tensors", ["output"]),
        ("classifier", replace(OPTIONS, task="tensors"), "tensors", ["output"]),
    ],
)
def test_outputs_of_any_form(
    source: str, options: ExportOptions, task: str, outputs: list[str], tmp_path: Path
) -> None:
    result = export(f"torch_networks:{source}", tmp_path / "net.onnx", options=options)
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.reference.startswith("torch")
    assert result.metadata.task.name == task
    assert [comparison.name for comparison in result.verification.comparisons] == outputs


GREY = replace(OPTIONS, input_shape=(1, 1, 32, 48))
LAST = replace(OPTIONS, input_shape=(1, 32, 48, 3))


@pytest.mark.parametrize(
    ("source", "options", "scale"),
    [
        ("takes_unit", OPTIONS, 255.0),
        ("takes_levels", OPTIONS, 1.0),
        ("takes_levels_turned", OPTIONS, 1.0),
        ("takes_clamped_levels", OPTIONS, 1.0),
        ("takes_byte_levels", OPTIONS, 1.0),
        ("takes_twice_unit", OPTIONS, 255.0),
        ("takes_grey_levels", GREY, 1.0),
        ("takes_levels_with_channels_last", LAST, 1.0),
        ("takes_levels_with_channels_last", replace(LAST, dynamic_batch=True), 1.0),
    ],
)
def test_what_normalises_its_input_is_not_normalised_again(
    source: str, options: ExportOptions, scale: float, tmp_path: Path
) -> None:
    result = export(f"torch_networks:{source}", tmp_path / "net.onnx", options=options)
    preprocessing = result.metadata.preprocessing
    assert (set(preprocessing.mean), set(preprocessing.scale)) == ({0.0}, {scale})
    assert any("normalises its input itself" in note for note in result.notes)
    assert len(Classifier(result.path).run(np.zeros((60, 60, 3), np.uint8)).top(3)) == 3


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        ("classifier", OPTIONS, "assumed: RGB levels normalised by ImageNet's"),
        ("scales_a_little", replace(OPTIONS, bgr=True), "assumed: BGR levels normalised by ImageNet's"),
        ("takes_anything_with_channels_last", LAST, "assumed: RGB levels normalised by ImageNet's"),
        ("grey_classifier", GREY, "its input is taken for grey levels from 0 to 1"),
    ],
)
def test_levels_that_nothing_tells_are_noted(
    source: str, options: ExportOptions, told: str, tmp_path: Path
) -> None:
    result = export(f"torch_networks:{source}", tmp_path / "net.onnx", options=options)
    assert any(note.startswith(told) for note in result.notes)
    assert not any("normalises its input itself" in note for note in result.notes)


def test_of_two_activations_one_is_taken_off(tmp_path: Path) -> None:
    result = export("torch_networks:sigmoid_softmax_classifier", tmp_path / "net.onnx", options=OPTIONS)
    logits = Classifier(result.path).run(np.zeros((60, 60, 3), np.uint8)).logits
    assert result.metadata.activation == "softmax"
    assert logits.min() > 0
    assert logits.max() < 1


def test_a_probability_is_divided_at_a_half(tmp_path: Path) -> None:
    result = export("torch_networks:enlarged_sigmoid", tmp_path / "net.onnx", options=SEGMENTATION)
    assert any("the thing where it is over 0.5" in note for note in result.notes)
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    assert set(Segmenter(result.path).run(frame).areas) == {0, 1}


def test_verify_against_the_module(tmp_path: Path) -> None:
    result = export("torch_networks:classifier", tmp_path / "net.onnx", options=OPTIONS)
    assert verify_model(result.path, against="torch_networks:classifier").passed


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("torch_networks:classifier", ExportOptions(), UsageError, "give the input's shape"),
        (
            "torch_networks:two_answers",
            replace(OPTIONS, outputs=("meen",)),
            UsageError,
            "no such tensor: did you mean mean",
        ),
        ("torch_networks:grey_classifier", replace(GREY, bgr=True), UsageError, "this one sees grey"),
        ("torch_networks:branching", OPTIONS, UnsupportedError, "torch cannot export it"),
        ("torch_networks:broken", OPTIONS, UsageError, r"FileNotFoundError: weights\.pth"),
        ("torch_networks:number", OPTIONS, UnsupportedError, "found int, expected a torch.nn.Module"),
        ("torch_networks:absent", OPTIONS, UsageError, "AttributeError"),
        ("no_such_package:net", OPTIONS, UsageError, "ModuleNotFoundError"),
    ],
)
def test_refusals(
    source: str, options: ExportOptions, error: type[GcvEdgeError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message) as caught:
        export(source, tmp_path / "net.onnx", options=options)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_parameters_belong_to_the_factory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="let a factory load"):
        export("torch_networks:classifier", tmp_path / "net.onnx", params="x.params", options=OPTIONS)


def test_the_source_hash_is_of_graph_parameters_and_options(tmp_path: Path) -> None:
    given = [("classifier", OPTIONS), ("classifier", OPTIONS), ("softmax_classifier", OPTIONS)]
    given.append(("classifier", replace(OPTIONS, labels=tuple("abcde"))))
    hashes = [
        export(
            f"torch_networks:{name}", tmp_path / "a.onnx", options=options, verify=False
        ).metadata.source_hash
        for name, options in given
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
