"""What OpenVINO Model API finds in pictures, against what this package's runtime finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detections, Detector, InstanceSegmenter, Segmenter
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.engines import import_openvino
from gcv_edge.exporters.framing import FrameFit
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import DetectionSettings, Preprocessing
from gcv_edge.model_api.info import SEPARATORS
from gcv_edge.pipeline import export
from tests.model_api.conftest import Open
from tests.runtime.conftest import UNIT, Maker, solid
from tests.support.demo_files import DEMO
from tests.support.processors import needs_vnni
from tests.support.task_networks import KINDS, write_network

Listed = TypeVar("Listed", bound=Detections)

PICTURES = 10
SMALLEST_AREA = 1
"""Of boxes, pixels: Model API lists larger ones only."""
TRAINED = {
    "yolo3": ("trained_yolo3_mobilenet0.25_custom_bccd/yolo3_mobilenet0.25_custom", (1, 3, 416, 416)),
    "ssd": ("trained_ssd_300_mobilenet0.25_custom_bccd/ssd_300_mobilenet0.25_custom", None),
}
FIRST_TO_CROP = (2026, 2)
LETTERBOX = "fit_to_window_letterbox"
DETECTORS = Path(__file__).resolve().parents[1] / "data" / "detectors"


def openvino_version() -> tuple[int, ...]:
    return tuple(map(int, import_openvino().__version__.split("-")[0].split(".")[:2]))


def read_pictures(folder: Path) -> list[np.ndarray]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    step = max(len(files) // PICTURES, 1)
    return [cv2.imread(str(path)) for path in files[::step][:PICTURES]]


def resized(pictures: Sequence[np.ndarray], size: tuple[int, int]) -> list[np.ndarray]:
    """Pictures that need no resizing: the last bit of a level is otherwise each library's own."""
    return [cv2.resize(picture, size) for picture in pictures]


def as_listed(found: Listed, frame: np.ndarray) -> Listed:
    """Round boxes to pixels inside the frame and leave out the smallest, as Model API does."""
    corners = np.clip(np.round(found.boxes), 0, frame.shape[1::-1] * 2)
    sides = corners[:, 2:] - corners[:, :2]
    large = sides.prod(axis=1) > SMALLEST_AREA
    return replace(found[large], boxes=corners[large])


def compare_lists(theirs: Any, found: Detections, frame: np.ndarray, first_label: int = 0) -> None:
    ours = as_listed(found, frame)
    assert theirs.labels.tolist() == (ours.class_ids + first_label).tolist()
    np.testing.assert_allclose(theirs.scores, ours.scores, atol=2e-5)
    np.testing.assert_allclose(theirs.bboxes, ours.boxes, atol=1)


def export_trained(name: str, folder: Path, testdata: Path) -> Path:
    prefix, shape = TRAINED[name]
    labels = tuple((testdata / prefix).with_name("classes.txt").read_text().split())
    options = ExportOptions(input_shape=shape, labels=labels, interpolation="bilinear")
    return export(
        f"{testdata / prefix}-symbol.json", folder / f"{name}.onnx", options=options, verify=False
    ).path


@pytest.fixture(params=TRAINED)
def trained(request: pytest.FixtureRequest, tmp_path: Path, testdata: Path) -> Path:
    return export_trained(request.param, tmp_path, testdata)


def test_trained_detectors_list_the_same(trained: Path, testdata: Path, open_wrapper: Open) -> None:
    wrapper, detector = open_wrapper(trained), Detector(trained)
    assert type(wrapper).__name__ == "SSD"
    for picture in resized(read_pictures(testdata / "bccd_voc"), detector.input_size):
        theirs, ours = wrapper(picture), detector.run(picture)
        assert len(ours) > 20
        compare_lists(theirs, ours, picture)
        assert theirs.label_names == as_listed(ours, picture).names


def test_trained_detectors_see_the_same_in_whole_pictures(
    trained: Path, testdata: Path, open_wrapper: Open
) -> None:
    """Resized levels differ by one at most, which these small networks notice."""
    wrapper, detector = open_wrapper(trained), Detector(trained)
    pairs = 0
    for picture in read_pictures(testdata / "bccd_voc"):
        theirs, ours = wrapper(picture), detector.run(picture).over(0.5)
        for box, class_id, score in zip(ours.boxes, ours.class_ids, ours.scores, strict=True):
            distances = np.abs(theirs.bboxes - box).max(axis=1) + 1e3 * (theirs.labels != class_id)
            nearest = int(distances.argmin())
            assert distances[nearest] <= 10
            assert theirs.scores[nearest] == pytest.approx(score, abs=0.15)
            pairs += 1
    assert pairs >= PICTURES


@needs_vnni
def test_an_8_bit_classifier_gives_the_same_probabilities(
    tmp_path: Path, testdata: Path, open_wrapper: Open
) -> None:
    symbol = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-symbol.json"
    floating = export(str(symbol), tmp_path / "float.onnx", verify=False).path
    pictures = read_pictures(testdata / "cifar10_test_jpeg_2000")
    options = CalibrationOptions(correction="none", time_forms=False)
    made = calibrate(floating, pictures, tmp_path / "int8.onnx", mode="minmax", options=options)
    for path in (floating, made.path):
        wrapper, classifier = open_wrapper(path, topk=5), Classifier(path)
        for picture in pictures:
            theirs, ours = wrapper(picture), classifier.run(picture)
            np.testing.assert_allclose(theirs.raw_scores, ours.probabilities, atol=1e-5)
            assert [label.id for label in theirs.top_labels] == [row.class_id for row in ours.top(5)]


@pytest.mark.parametrize(("fit", "tolerance"), [("stretch", 0.03), ("crop", 1e-5)])
def test_a_classifier_of_whole_pictures(
    tmp_path: Path, testdata: Path, open_wrapper: Open, fit: str, tolerance: float
) -> None:
    """The pictures' short side is that of a crop: they are not resized then."""
    if fit == "crop" and openvino_version() < FIRST_TO_CROP:
        pytest.skip("before OpenVINO 2026.2, Model API's crop of a high picture shows the picture before it")
    symbol = testdata / "gluoncv_squeezenet1.1_converted" / "squeezenet1.1-symbol.json"
    options = ExportOptions(fit=FrameFit(fit))
    path = export(str(symbol), tmp_path / "squeezenet.onnx", options=options, verify=False).path
    wrapper, classifier = open_wrapper(path), Classifier(path)
    for picture in read_pictures(testdata / "imagenet_sample_400"):
        (theirs,), ours = wrapper(picture).top_labels, classifier.run(picture).top(1)[0]
        assert (theirs.id, theirs.name) == (ours.class_id, SEPARATORS.sub("_", ours.label))
        assert theirs.confidence == pytest.approx(ours.probability, abs=tolerance)


def test_classes_that_are_judged_by_themselves(make_model: Maker, open_wrapper: Open) -> None:
    path = make_model("labelling")
    theirs, ours = open_wrapper(path)(solid(200, 3, 100)), Classifier(path).run(solid(200, 3, 100))
    assert [(label.id, label.name) for label in theirs.top_labels] == [(0, "red"), (1, "green"), (2, "blue")]
    assert [label.confidence for label in theirs.top_labels] == pytest.approx(list(ours.probabilities))


@pytest.mark.parametrize("crop_short", [0, 32, 48])
def test_a_crop_shows_the_same_part(make_model: Maker, open_wrapper: Open, crop_short: int) -> None:
    path = make_model(
        "classification", preprocessing=replace(UNIT, resize_type="crop", crop_short=crop_short)
    )
    side = crop_short or 32
    frame = np.random.default_rng(0).integers(0, 256, (side, side + 28, 3), np.uint8)
    theirs, ours = open_wrapper(path)(frame), Classifier(path).run(frame)
    np.testing.assert_allclose(theirs.raw_scores, ours.probabilities, atol=1e-5)


def test_a_segmentation_gives_each_pixel_the_same_class(make_model: Maker, open_wrapper: Open) -> None:
    path = make_model("segmentation", size=(96, 128))
    wrapper, segmenter = open_wrapper(path), Segmenter(path)
    pictures = resized(read_pictures(DEMO), segmenter.input_size)
    assert len(pictures) > 4
    for picture in pictures:
        theirs, ours = wrapper(picture), segmenter.run(picture)
        assert len(np.unique(ours.class_map)) == 3
        np.testing.assert_array_equal(theirs.resultImage, ours.class_map)
        np.testing.assert_allclose(theirs.soft_prediction.sum(axis=2), 1, atol=1e-5)


def test_contours_have_the_names_of_their_classes(make_model: Maker, open_wrapper: Open) -> None:
    """Model API looks for none of class 0."""
    wrapper = open_wrapper(make_model("segmentation"))
    frame = np.vstack([solid(255, 0, 0, (32, 64)), solid(0, 0, 255, (32, 64))])
    assert [found.label for found in wrapper.get_contours(wrapper(frame))] == ["blue"]


def test_a_segmentation_of_random_weights(tmp_path: Path, open_wrapper: Open) -> None:
    path = write_network(tmp_path / "mask.onnx", KINDS["mask"], size=64)
    wrapper, segmenter = open_wrapper(path), Segmenter(path)
    for picture in resized(read_pictures(DEMO), segmenter.input_size):
        np.testing.assert_array_equal(wrapper(picture).resultImage, segmenter.run(picture).class_map)


def test_instances_have_the_same_boxes_and_masks(tmp_path: Path, open_wrapper: Open) -> None:
    options = ExportOptions(input_shape=(1, 3, 96, 128), labels=tuple("abc"))
    symbol = DETECTORS / "mask_rcnn_fpn-symbol.json"
    path = export(str(symbol), tmp_path / "mask_rcnn.onnx", options=options, verify=False).path
    wrapper, segmenter = open_wrapper(path, postprocess_semantic_masks=False), InstanceSegmenter(path)
    for picture in resized(read_pictures(DEMO), segmenter.input_size):
        theirs, ours = wrapper(picture), segmenter.run(picture)
        compare_lists(theirs, ours, picture, first_label=1)
        listed = as_listed(ours, picture)
        assert theirs.label_names == listed.names
        np.testing.assert_allclose(theirs.masks, listed.masks, atol=1e-4)


def test_masks_cover_the_same_pixels(make_model: Maker, open_wrapper: Open) -> None:
    path = make_model("instance_segmentation", size=(64, 64))
    frame = solid(90, 90, 90, (128, 128))
    theirs, ours = open_wrapper(path)(frame), InstanceSegmenter(path).run(frame)
    assert len(theirs.masks) == len(ours.bitmaps) == 2
    masks = theirs.masks.astype(bool)
    assert (masks & ours.bitmaps).sum() / (masks | ours.bitmaps).sum() > 0.85


@pytest.mark.parametrize("resize_type", ["standard", "fit_to_window", LETTERBOX])
@pytest.mark.parametrize("size", [(64, 32), (32, 64), (48, 48)], ids=["high", "wide", "square"])
def test_boxes_lie_where_they_do_here(
    make_model: Maker, open_wrapper: Open, resize_type: str, size: tuple[int, int]
) -> None:
    path = make_model("detection", preprocessing=replace(UNIT, resize_type=resize_type, pad_value=114.0))
    frame = solid(200, 20, 100, size)
    compare_lists(open_wrapper(path)(frame), Detector(path).run(frame), frame)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("kept", DetectionSettings(nms="graph")),
        ("detection", DetectionSettings(post_nms=5)),
        ("detection", DetectionSettings(confidence_threshold=0.5, iou_threshold=0.9)),
    ],
    ids=["NMS in the graph", "five rows, which is how long a row is", "other thresholds"],
)
def test_lists_made_in_the_graph(
    make_model: Maker, open_wrapper: Open, kind: str, settings: DetectionSettings
) -> None:
    path = make_model(kind, detection=settings)
    frame = solid(250, 130, 160, (32, 32))
    ours = Detector(path).run(frame)
    assert 1 <= len(ours) <= 5
    compare_lists(open_wrapper(path)(frame), ours, frame)


def test_an_open_batch_becomes_one(make_model: Maker, open_wrapper: Open) -> None:
    path = make_model("detection", batch=None)
    wrapper, frame = open_wrapper(path), solid(200, 20, 100, (32, 32))
    assert wrapper.outputs["boxes"].shape[0] == 1
    compare_lists(wrapper(frame), Detector(path).run(frame), frame)


@pytest.mark.parametrize("reverse", [True, False])
def test_levels_are_normalised_in_the_same_order(
    make_model: Maker, open_wrapper: Open, reverse: bool
) -> None:
    preprocessing = Preprocessing((10.0, 20.5, 40.0), (50.0, 60.0, 70.25), reverse_channels=reverse)
    path = make_model("classification", preprocessing=preprocessing)
    frame = solid(200, 100, 30)
    theirs, ours = open_wrapper(path)(frame), Classifier(path).run(frame)
    np.testing.assert_allclose(theirs.raw_scores, ours.probabilities, atol=1e-5)
