"""What goes into ``model_info``, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.metadata import DetectionSettings, ModelMetadata, Preprocessing
from gcv_edge.model_api.info import ModelInfo, check_task, describe_model, shown_size
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, SEGMENTATION, TASKS, Task

SQUARE, WIDE = (224, 224), (320, 240)


def describe(
    task: Task = CLASSIFICATION,
    size: tuple[int, int] = SQUARE,
    labels: tuple[str, ...] = (),
    activation: str = "softmax",
    **preprocessing: Any,
) -> ModelInfo:
    detection = DetectionSettings() if task in (DETECTION, INSTANCES) else None
    return describe_model(
        ModelMetadata(task, labels, Preprocessing(**preprocessing), detection, activation=activation), size
    )


def test_a_detector_says_all_that_its_wrapper_reads() -> None:
    info = describe(DETECTION, labels=("red cell", "platelet"), pad_value=114.0)
    assert info.entries == {
        "model_type": "ssd",
        "resize_type": "standard",
        "interpolation_mode": "LINEAR",
        "pad_value": "114",
        "mean_values": "123.675 116.28 103.53",
        "scale_values": "58.395 57.12 57.375",
        "reverse_input_channels": "True",
        "confidence_threshold": "0.01",
        "nms_execute": "False",
        "labels": "red_cell platelet",
    }
    assert info.warnings == ()


@pytest.mark.parametrize(
    ("preprocessing", "task", "size", "resize_type", "interpolation", "warning"),
    [
        ({}, DETECTION, WIDE, "standard", "LINEAR", None),
        ({"resize_type": "fit_to_window"}, DETECTION, WIDE, "fit_to_window", "LINEAR", None),
        ({"resize_type": "fit_to_window"}, INSTANCES, WIDE, "fit_to_window", "LINEAR", None),
        ({"interpolation": "bicubic"}, DETECTION, WIDE, "standard", "CUBIC", None),
        ({"interpolation": "by_size"}, DETECTION, WIDE, "standard", "LINEAR", "Model API has no by_size"),
        ({"interpolation": "area"}, DETECTION, WIDE, "standard", "LINEAR", "Model API has no area"),
        ({"interpolation": "lanczos"}, DETECTION, WIDE, "standard", "LINEAR", "Model API has no lanczos"),
        ({"interpolation": "nearest"}, DETECTION, WIDE, "standard", "NEAREST", "from other pixels"),
        (
            {"resize_type": "affine", "interpolation": "warp"},
            DETECTION,
            SQUARE,
            "fit_to_window_letterbox",
            "LINEAR",
            "Model API has no affine map",
        ),
        (
            {"resize_type": "crop"},
            CLASSIFICATION,
            SQUARE,
            "crop",
            "LINEAR",
            "cropped before they are resized",
        ),
        (
            {"resize_type": "crop", "crop_short": 240},
            CLASSIFICATION,
            WIDE,
            "standard",
            "LINEAR",
            "crops for square inputs only",
        ),
        (
            {"resize_type": "fit_to_window"},
            SEGMENTATION,
            SQUARE,
            "standard",
            "LINEAR",
            "frames are stretched, not fitted",
        ),
        (
            {"resize_type": "fit_to_window", "pad_value": 127.5},
            DETECTION,
            SQUARE,
            "fit_to_window",
            "LINEAR",
            "the level around frames is 128, not 127.5",
        ),
    ],
)
def test_what_has_no_equal_is_said(
    preprocessing: dict[str, Any],
    task: Task,
    size: tuple[int, int],
    resize_type: str,
    interpolation: str,
    warning: str | None,
) -> None:
    info = describe(task, size, **preprocessing)
    assert (info.entries["resize_type"], info.entries["interpolation_mode"]) == (resize_type, interpolation)
    assert len(info.warnings) == (warning is not None)
    assert (warning or "") in " ".join(info.warnings)


@pytest.mark.parametrize(
    ("preprocessing", "size", "expected"),
    [
        ({"resize_type": "crop", "crop_short": 256}, SQUARE, (256, 256)),
        ({"resize_type": "crop"}, SQUARE, SQUARE),
        ({"resize_type": "crop", "crop_short": 256}, WIDE, WIDE),
        ({"resize_type": "standard"}, SQUARE, SQUARE),
    ],
)
def test_a_crop_shows_more_than_the_network_sees(
    preprocessing: dict[str, Any], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert shown_size(Preprocessing(**preprocessing), size) == expected


def test_every_difference_has_a_line() -> None:
    info = describe(resize_type="crop", crop_short=256, interpolation="area", pad_value=0.5)
    assert len(info.warnings) == 3


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (CLASSIFICATION, "sea_snake tench_Tinca"),
        (DETECTION, "sea_snake tench_Tinca"),
        (INSTANCES, "background sea_snake tench_Tinca"),
        (SEGMENTATION, "tench_Tinca"),
    ],
)
def test_labels_are_counted_as_the_wrapper_counts(task: Task, expected: str) -> None:
    assert describe(task, labels=("sea snake", "tench, Tinca")).entries["labels"] == expected


@pytest.mark.parametrize("task", [CLASSIFICATION, DETECTION, INSTANCES, SEGMENTATION])
def test_without_class_names_there_are_no_labels(task: Task) -> None:
    assert "labels" not in describe(task).entries


def test_a_label_is_one_word_in_every_reader() -> None:
    labels = (" a  b ", "c;\td", "e\x01f\n", "\u2028", "<&>")
    assert describe(labels=labels).entries["labels"] == "a_b c_d e_f _ <&>"


def test_a_classifier_says_how_scores_are_made() -> None:
    assert describe().entries["output_raw_scores"] == "True"
    several = describe(activation="sigmoid").entries
    assert several["multilabel"] == "True"
    assert "output_raw_scores" not in several


@pytest.mark.parametrize(
    "name", sorted(TASKS.keys() - {"classification", "detection", "segmentation", "instance_segmentation"})
)
def test_other_tasks_are_refused(name: str) -> None:
    expected = (
        rf"^x\.onnx: OpenVINO Model API has no wrapper for {name}, only for classification, detection, "
        r"segmentation, instance_segmentation$"
    )
    with pytest.raises(UnsupportedError, match=expected):
        check_task(ModelMetadata(TASKS[name]), "x.onnx")


def test_what_would_come_out_wrong_is_refused() -> None:
    classifier = ModelMetadata(CLASSIFICATION)
    with pytest.raises(UnsupportedError, match="activation 'none'"):
        check_task(replace(classifier, activation="none"), "x.onnx")
    with pytest.raises(UnsupportedError, match="--input-shape 1,3,H,W"):
        check_task(replace(classifier, preprocessing=Preprocessing(short_side=600, long_side=800)), "x.onnx")
