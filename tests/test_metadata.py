"""What a file says of itself survives being written and read, and errors name key, value and cure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.errors import MetadataError
from gcv_edge.metadata import (
    BOX_RULES,
    NMS_PLACES,
    RESIZE_TYPES,
    ClipSettings,
    DepthSettings,
    DetectionSettings,
    ImageSettings,
    ModelMetadata,
    Preprocessing,
    RunSettings,
    format_metadata,
    format_run,
    format_verification,
    parse_metadata,
)
from gcv_edge.tasks import ACTION, DEPTH, DETECTION, IMAGE, INSTANCES, POSE, TASKS

numbers = st.floats(-1e4, 1e4, width=32)
factors = numbers.filter(bool)
triples = st.tuples(numbers, numbers, numbers)
label = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
preprocessings = st.builds(
    Preprocessing,
    mean=triples,
    scale=st.tuples(factors, factors, factors),
    reverse_channels=st.booleans(),
    resize_type=st.sampled_from(RESIZE_TYPES),
    pad_value=st.floats(0, 255, width=32),
    crop_short=st.integers(0, 4096),
    crop_wide=st.integers(0, 4096),
    box_rule=st.sampled_from(BOX_RULES),
)
detections = st.builds(
    DetectionSettings,
    confidence_threshold=st.floats(0, 1, width=32),
    iou_threshold=st.floats(0, 1, width=32),
    nms_topk=st.integers(-1, 10**6),
    post_nms=st.integers(-1, 10**6),
    class_agnostic=st.booleans(),
    nms=st.sampled_from(NMS_PLACES),
    topk_per_class=st.booleans(),
)
clips = st.builds(
    ClipSettings,
    offsets=st.lists(st.integers(0, 63), min_size=1).map(tuple),
    window=st.integers(64, 128),
    segments=st.integers(1, 25),
    in_graph=st.booleans(),
)
eighths = st.integers(1, 800).map(lambda number: number / 8)
depths = st.builds(DepthSettings, nearest=st.just(0.1), farthest=eighths, scale=eighths)
images = st.builds(ImageSettings, low=eighths, high=eighths)


@given(
    st.sampled_from(list(TASKS.values())),
    st.lists(label, max_size=4).map(tuple),
    preprocessings,
    detections,
    clips,
    depths,
    images,
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_round_trip(task, labels, preprocessing, detection, clip, depth, image) -> None:
    selects = task in (DETECTION, INSTANCES)
    metadata = ModelMetadata(
        task,
        labels,
        preprocessing,
        detection if selects else None,
        clip if task is ACTION else None,
        depth if task is DEPTH else None,
        image if task is IMAGE else None,
        source="net",
        variant="fp32",
    )
    read = parse_metadata(format_metadata(metadata), "net.onnx")
    assert (read.clip, read.depth, read.image) == (metadata.clip, metadata.depth, metadata.image)
    assert read.labels == labels
    assert read.preprocessing.mean == pytest.approx(preprocessing.mean, rel=1e-6)
    assert read.preprocessing.resize_type == preprocessing.resize_type
    assert read.preprocessing.crop_short == preprocessing.crop_short
    assert read.preprocessing.crop_wide == preprocessing.crop_wide
    assert read.preprocessing.box_rule == (preprocessing.box_rule if task is POSE else "grown")
    if selects:
        assert read.detection is not None
        assert read.detection.iou_threshold == pytest.approx(detection.iou_threshold, rel=1e-6)
        assert (read.detection.nms_topk, read.detection.nms) == (detection.nms_topk, detection.nms)
        assert read.detection.topk_per_class == detection.topk_per_class
    else:
        assert read.detection is None


DETECTOR = format_metadata(ModelMetadata(DETECTION, ("a",), detection=DetectionSettings()))
OPTIONAL = (
    "interpolation",
    "labels",
    "source",
    "source_hash",
    "variant",
    "version",
    "model_type",
    "topk_per_class",
)


@pytest.mark.parametrize("key", [key for key in DETECTOR if not key.endswith(OPTIONAL)])
def test_a_missing_key_is_named_with_the_cure(key: str) -> None:
    entries = {name: value for name, value in DETECTOR.items() if name != key}
    with pytest.raises(MetadataError, match=rf"net\.onnx: metadata key '{key}' is missing.*gcv-edge export"):
        parse_metadata(entries, "net.onnx")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("model_info mean_values", "1 2", "3 finite numbers"),
        ("model_info mean_values", "1 2 nan", "3 finite numbers"),
        ("model_info pad_value", "black", "1 finite number"),
        ("model_info pad_value", "300", "a level from 0 to 255"),
        ("model_info scale_values", "1 0 1", "numbers other than 0"),
        ("model_info reverse_input_channels", "maybe", "one of YES, NO"),
        ("model_info resize_type", "squash", "one of standard"),
        ("gcv_edge nms_topk", "many", "a whole number"),
        ("gcv_edge task", "detecton", "expected one of classification, detection"),
        ("gcv_edge self_test", "{", "JSON"),
        ("gcv_edge verification", "[1]", "JSON"),
    ],
)
def test_a_senseless_value_is_named(key: str, value: str, expected: str) -> None:
    with pytest.raises(MetadataError) as caught:
        parse_metadata(DETECTOR | {key: value}, "net.onnx")
    assert expected in str(caught.value)
    assert f"'{key}'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("task", "key", "value", "expected"),
    [
        ("action", "gcv_edge clip_offsets", "0 16", "a whole number from 0 to 15"),
        ("action", "gcv_edge clip_offsets", "", "a whole number"),
        ("action", "gcv_edge clip_window", "16 16", "a whole number"),
        ("action", "gcv_edge clip_segments", "0", "a whole number from 1"),
        ("depth", "gcv_edge depth", "100 0.1 1", "0 < nearest < farthest"),
        ("depth", "gcv_edge depth", "0.1 100", "3 finite numbers"),
        ("image_to_image", "gcv_edge image_range", "black white", "2 finite numbers"),
    ],
)
def test_a_senseless_value_of_a_task_is_named(task: str, key: str, value: str, expected: str) -> None:
    metadata = ModelMetadata(
        TASKS[task],
        clip=ClipSettings(window=16) if task == "action" else None,
        depth=DepthSettings() if task == "depth" else None,
        image=ImageSettings() if task == "image_to_image" else None,
    )
    with pytest.raises(MetadataError) as caught:
        parse_metadata(format_metadata(metadata) | {key: value}, "net.onnx")
    assert expected in str(caught.value)
    assert f"'{key}'" in str(caught.value)


def test_verdict_and_self_test_survive() -> None:
    entries = DETECTOR | format_verification({"passed": True}, [{"output": "boxes"}])
    read = parse_metadata(entries, "net.onnx")
    assert read.verification == {"passed": True}
    assert read.self_test == [{"output": "boxes"}]


def test_model_api_reads_its_own_keys() -> None:
    """Spelling that OpenVINO Model API expects: numbers by spaces, YES and NO, no space in a label."""
    entries = format_metadata(
        ModelMetadata(DETECTION, ("traffic light", "car"), detection=DetectionSettings())
    )
    assert entries["model_info labels"] == "traffic_light car"
    assert entries["model_info mean_values"].split() == ["123.675", "116.28", "103.53"]
    assert entries["model_info reverse_input_channels"] == "YES"


@pytest.mark.parametrize(
    "run", [RunSettings(), RunSettings("bf16"), RunSettings("f32", batch=4, streams=2, cpus=8)], ids=str
)
def test_how_a_file_runs_best_survives(run: RunSettings) -> None:
    entries = format_metadata(ModelMetadata(TASKS["tensors"]))
    assert parse_metadata(entries | format_run(run), "net.onnx").run == run
