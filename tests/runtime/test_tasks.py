"""Classifier, Segmenter, PoseEstimator and load, held against values worked out with NumPy and OpenCV."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import onnx
import pytest

from gcv_edge import Classifier, Detector, PoseEstimator, Segmenter, load
from gcv_edge.errors import ModelFileError
from gcv_edge.metadata import RESIZE_TYPES, ClipSettings
from tests.runtime.conftest import GREY_UNIT, UNIT, Maker, solid


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum()


def test_classifier(make_model: Maker) -> None:
    result = Classifier(make_model("classification")).run(solid(51, 255, 102))
    np.testing.assert_allclose(result.logits, [0.2, 1.0, 0.4], atol=1e-6)
    np.testing.assert_allclose(result.probabilities, softmax(np.array([0.2, 1.0, 0.4])), atol=1e-6)
    best, second = result.top(2)
    assert (best.class_id, best.label) == (1, "green")
    assert second.label == "blue"
    assert best.probability == pytest.approx(float(result.probabilities[1]))


def test_several_classes_at_once(make_model: Maker) -> None:
    result = Classifier(make_model("labelling")).run(solid(51, 255, 102))
    assert result.activation == "sigmoid"
    np.testing.assert_allclose(result.probabilities, 1 / (1 + np.exp([-0.2, -1.0, -0.4])), atol=1e-6)
    assert [row.label for row in result.top(3)] == ["green", "blue", "red"]


def test_scores_without_an_activation(make_model: Maker) -> None:
    result = Classifier(make_model("classification", activation="none")).run(solid(51, 255, 102))
    np.testing.assert_array_equal(result.probabilities, result.logits)
    assert result.top(1)[0].probability == 1


def test_files_that_do_not_say_are_softmax(make_model: Maker) -> None:
    path = make_model("classification", without=("gcv_edge activation",))
    assert Classifier(path).run(solid(0, 0, 0)).probabilities.sum() == pytest.approx(1)


def test_yes_or_no(make_model: Maker) -> None:
    """One class with a sigmoid: its probability."""
    result = Classifier(make_model("grey", labels=("defect",))).run(solid(255, 255, 255))
    (only,) = result.top()
    assert only == (0, "defect", pytest.approx(1 / (1 + np.exp(-1))))


FRAMES = {
    "bgr": lambda frame: frame,
    "bgra": lambda frame: np.dstack([frame, np.full(frame.shape[:2], 9, np.uint8)]),
    "grey": lambda frame: cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY),
    "grey with an axis": lambda frame: cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[:, :, None],
    "rgb as a view": lambda frame: np.ascontiguousarray(frame[:, :, ::-1])[:, :, ::-1],
}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("kind", FRAMES)
def test_networks_that_see_grey_take_any_frame(kind: str, engine: str, make_model: Maker) -> None:
    path = make_model("grey", size=BLOBS.shape[:2])
    expected = cv2.cvtColor(BLOBS, cv2.COLOR_BGR2GRAY).mean() / 255
    found = Classifier(path, engine=engine).run(FRAMES[kind](BLOBS))
    np.testing.assert_allclose(found.logits, [expected], rtol=1e-5)


@pytest.mark.parametrize("reverse", [True, False])
def test_the_order_of_channels_does_not_change_grey(reverse: bool, make_model: Maker) -> None:
    path = make_model("grey", preprocessing=replace(GREY_UNIT, reverse_channels=reverse))
    assert Classifier(path).run(solid(255, 0, 0)).logits[0] == pytest.approx(76 / 255, rel=1e-5)
    rgb = solid(255, 0, 0)[:, :, ::-1]
    assert Classifier(path, color="rgb").run(rgb).logits[0] == pytest.approx(76 / 255, rel=1e-5)


@pytest.mark.parametrize(
    "kind", ["detection", "segmentation", "pose", "depth", "image_to_image", "embedding"]
)
def test_every_task_sees_grey(kind: str, make_model: Maker) -> None:
    model = load(make_model(kind, channels=1, batch=None))
    model.warmup()
    first, second = model.run_batch([BLOBS, BLOBS[::-1]])
    assert type(first) is type(second) is type(model.run(BLOBS))


def test_clips_in_grey(make_model: Maker) -> None:
    recognizer = load(make_model("clip", channels=1, clip=ClipSettings((0, 2, 4, 6), 8)))
    result = recognizer.run([solid(level, level, level) for level in range(8)])
    np.testing.assert_allclose(result.logits * 255, [0, 2, 4, 6], atol=1e-4)


WRONG_CHANNELS = [
    ("grey", {"preprocessing": UNIT}, "'model_info mean_values': found 3, expected 1: a number for each"),
    (
        "classification",
        {"preprocessing": GREY_UNIT},
        "'model_info mean_values': found 1, expected 3: a number",
    ),
    (
        "grey",
        {"entries": {"model_info scale_values": "1 2 3"}},
        "'model_info scale_values': found '1 2 3', expected 1 finite number",
    ),
    ("embedding", {"channels": 2}, r"found float32 \[1, 2, 32, 32\], expected .* \[N, C, H, W\], C 3 or 1"),
]


@pytest.mark.parametrize(("kind", "change", "text"), WRONG_CHANNELS)
def test_channels_that_do_not_fit_are_named(
    kind: str, change: dict[str, object], text: str, make_model: Maker
) -> None:
    with pytest.raises(ModelFileError, match=text):
        load(make_model(kind, **change))


def test_a_mask_is_a_segmentation_into_two(make_model: Maker) -> None:
    frame = solid(255, 255, 255, (48, 64))
    frame[:, :32] = 90
    result = Segmenter(make_model("mask")).run(frame)
    assert result.labels == ("rest", "thing")
    assert result.class_map[10, 10] == 0
    assert result.class_map[40, 60] == 1
    assert result.areas[1] == pytest.approx(48 * 32, rel=0.05)


def test_classifier_crops_the_centre(make_model: Maker) -> None:
    """Short side to 36, then the middle 32 x 32: the frame's coloured borders are out of view."""
    frame = solid(255, 255, 255, (72, 288))
    frame[:, 108:180] = (0, 0, 255)
    path = make_model("classification", preprocessing=replace(UNIT, resize_type="crop", crop_short=36))
    np.testing.assert_allclose(Classifier(path).run(frame).logits, [1, 0, 0], atol=1e-6)


NOISE = np.random.default_rng(3).integers(0, 256, (9, 12, 3), dtype=np.uint8)
BLOBS = cv2.resize(NOISE, (320, 240), interpolation=cv2.INTER_CUBIC)


def test_a_frame_of_the_inputs_size_is_not_resampled(make_model: Maker) -> None:
    result = Segmenter(make_model("segmentation", size=(240, 320))).run(BLOBS)
    np.testing.assert_array_equal(result.class_map, BLOBS[:, :, ::-1].argmax(axis=2))


@pytest.mark.parametrize("size", [(32, 32), (100, 300), (480, 640), (1, 1)], ids=str)
def test_stretching_is_opencvs_bilinear(size: tuple[int, int], make_model: Maker) -> None:
    expected = (
        cv2.resize(BLOBS, size[::-1], interpolation=cv2.INTER_LINEAR)[:, :, ::-1].mean(axis=(0, 1)) / 255
    )
    path = make_model("classification", size=size)
    np.testing.assert_allclose(Classifier(path).run(BLOBS).logits, expected, atol=1 / 255)


def test_segmenter_maps_to_the_frames_size(make_model: Maker) -> None:
    frame = solid(255, 0, 0, (96, 128))
    frame[:, 64:] = (255, 0, 0)
    frame[48:, :64] = (0, 255, 0)
    letterbox = replace(UNIT, resize_type="fit_to_window")
    for preprocessing in (UNIT, letterbox):
        result = Segmenter(make_model("segmentation", preprocessing=preprocessing)).run(frame)
        assert result.class_map.shape == (96, 128)
        assert result.class_map[20, 20] == 0
        assert result.class_map[80, 20] == 1
        assert result.class_map[20, 100] == result.class_map[80, 100] == 2
        assert result.areas[2] == pytest.approx(96 * 64, rel=0.05)


def people() -> np.ndarray:
    """Three spots, one per keypoint: red at (40, 40), green at (88, 56), blue at (64, 104)."""
    planes = [np.zeros((128, 128), np.uint8) for _ in range(3)]
    for plane, place in zip(planes, [(40, 40), (88, 56), (64, 104)], strict=True):
        cv2.circle(plane, place, 3, 255, -1)
    return np.stack(planes[::-1], axis=2)


PLACES = np.array([[40, 40], [88, 56], [64, 104]])


def test_pose_of_the_whole_frame(make_model: Maker) -> None:
    result = PoseEstimator(make_model("pose", size=(128, 128))).run(people())
    assert result.keypoints.shape == (1, 3, 2)
    np.testing.assert_allclose(result.keypoints[0], PLACES, atol=4)
    np.testing.assert_array_equal(result.boxes, [[0, 0, 128, 128]])
    assert (result.scores > 0.5).all()


def test_pose_in_boxes(make_model: Maker) -> None:
    estimator = PoseEstimator(make_model("pose", size=(128, 128)))
    result = estimator.run(people(), boxes=[[20, 20, 110, 120], [30, 10, 100, 125]])
    assert result.keypoints.shape == (2, 3, 2)
    np.testing.assert_allclose(result.keypoints, [PLACES, PLACES], atol=4)
    np.testing.assert_array_equal(result.boxes, [[20, 20, 110, 120], [30, 10, 100, 125]])


def test_pose_crop_reads_what_opencv_warp_affine_reads(make_model: Maker) -> None:
    """GluonCV cuts people out with cv2.warpAffine; the test network's heat maps are means of 4 x 4 pixels."""
    rng = np.random.default_rng(5)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (200, 260, 3), dtype=np.uint8), (0, 0), 4)
    box = np.array([60.0, 30.0, 150.0, 170.0])
    width = max(box[2] - box[0], (box[3] - box[1]) * 48 / 64) * 1.25
    step = width / 48
    centre = (box[:2] + box[2:]) / 2
    offset = centre - np.array([24, 32]) * step
    warp = np.array([[1 / step, 0, -offset[0] / step], [0, 1 / step, -offset[1] / step]])
    crop = cv2.warpAffine(frame, warp, (48, 64), flags=cv2.INTER_LINEAR)[:, :, ::-1] / 255
    pooled = crop.reshape(16, 4, 12, 4, 3).mean(axis=(1, 3))
    result = PoseEstimator(make_model("pose", size=(64, 48))).run(frame, box[None])
    np.testing.assert_allclose(result.scores[0], pooled.max(axis=(0, 1)), atol=0.01)
    for joint in range(3):
        y, x = np.unravel_index(pooled[:, :, joint].argmax(), (16, 12))
        np.testing.assert_allclose(
            result.keypoints[0, joint], offset + np.array([x, y]) * 4 * step, atol=step + 0.01
        )


def test_pose_in_no_boxes(make_model: Maker) -> None:
    result = PoseEstimator(make_model("pose")).run(people(), boxes=np.zeros((0, 4)))
    assert len(result) == 0
    assert result.keypoints.shape == (0, 3, 2)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"boxes: found shape \(4,\), expected \(n, 4\)"),
        ([[5, 5, 5, 9]], r"boxes: found \[5.0, 5.0, 5.0, 9.0\], expected finite x1 < x2 and y1 < y2"),
        ([[0, 0, np.nan, 9]], "boxes: found .* expected finite"),
    ],
)
def test_impossible_boxes(boxes: object, message: str, make_model: Maker) -> None:
    with pytest.raises(ValueError, match=message):
        PoseEstimator(make_model("pose")).run(people(), boxes=boxes)


def test_a_detectors_boxes_go_into_a_pose_estimator(make_model: Maker) -> None:
    frame = solid(255, 255, 255)
    found = Detector(make_model("detection")).run(frame)
    poses = PoseEstimator(make_model("pose")).run(frame, found.boxes)
    assert len(poses) == len(found)


@pytest.mark.parametrize("resize_type", RESIZE_TYPES)
@pytest.mark.parametrize("kind", ["detection", "classification", "segmentation", "pose"])
def test_extreme_frames(kind: str, resize_type: str, make_model: Maker) -> None:
    model = load(make_model(kind, preprocessing=replace(UNIT, resize_type=resize_type)))
    for size in ((1, 1), (1, 900), (900, 1), (3, 2), (2000, 7)):
        result = model.run(solid(255, 255, 255, size))
        drawn = result.plot(solid(0, 0, 0, size))
        assert drawn.shape == (*size, 3)


def test_network_of_eight_bit_input_gets_levels(make_model: Maker) -> None:
    path = make_model("classification")
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    model.graph.node.insert(0, onnx.helper.make_node("Cast", ["data"], ["levels"], to=onnx.TensorProto.FLOAT))
    model.graph.node[1].input[0] = "levels"
    onnx.save(model, path)
    for engine in ("openvino", "onnxruntime"):
        result = Classifier(path, engine=engine).run(solid(7, 80, 250))
        np.testing.assert_allclose(result.logits, [7, 80, 250], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("detection", Detector),
        ("kept", Detector),
        ("classification", Classifier),
        ("segmentation", Segmenter),
        ("pose", PoseEstimator),
    ],
)
def test_load_picks_the_class(kind: str, expected: type, make_model: Maker) -> None:
    model = load(make_model(kind), engine="onnxruntime", color="rgb")
    assert type(model) is expected
    assert model.labels == ("red", "green", "blue")
    assert model.session.engine.startswith("onnxruntime ")


def test_a_file_for_another_task(make_model: Maker) -> None:
    with pytest.raises(ModelFileError, match="found a pose network, expected detection: use PoseEstimator"):
        Detector(make_model("pose"))
