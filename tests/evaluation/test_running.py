"""Models over data sets: networks whose outputs can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.data import open_dataset
from gcv_edge.errors import DataError, UnsupportedError, UsageError
from gcv_edge.evaluation import Evaluation, evaluate
from gcv_edge.evaluation.running import METRICS
from tests.runtime.conftest import LABELS, Maker, solid

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def write(path: Path, colour: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), solid(*COLOURS[colour]))


def measure(model: Path, data: Path, split: str | None = None, **options: Any) -> Evaluation:
    network = load(model)
    return evaluate(network, open_dataset(data, network.task, network.labels, split), **options)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three pictures of each colour; one of blue lies in the folder of red."""
    root = tmp_path / "colours"
    for colour in COLOURS:
        for number in range(3):
            write(root / colour / f"{number}.png", colour)
    write(root / "red" / "3.png", "blue")
    return root


def test_classification(make_model: Maker, folders: Path) -> None:
    (folders / "green" / "broken.png").write_bytes(b"no picture")
    steps: list[tuple[int, int]] = []
    found = measure(
        make_model("classification"), folders, progress=lambda done, total: steps.append((done, total))
    )
    assert (found.metric, found.title, found.kind) == ("top1", "top-1", "class folders")
    assert found.value == pytest.approx(0.9)
    assert found.measured.figures == {"top-1": pytest.approx(0.9), "top-5": 1.0}
    assert [(row.name, row.value, row.count) for row in found.measured.classes] == [
        ("red", 0.75, 4),
        ("green", 1, 3),
        ("blue", 1, 3),
    ]
    assert [vars(row) for row in found.measured.confusions] == [
        {"truth": "red", "predicted": "blue", "count": 1}
    ]
    assert found.pictures == 10
    assert [skipped.name for skipped in found.skipped] == ["green/broken.png"]
    assert steps == [(done, 11) for done in range(1, 11)]
    assert found.seconds > 0
    printed = json.loads(json.dumps(found.to_dict()))
    assert printed["dataset"]["fingerprint"] == found.fingerprint
    assert printed["skipped"] == [
        {"name": "green/broken.png", "reason": "found no picture, expected JPEG, PNG or the like"}
    ]
    assert repr(found).startswith("Evaluation(top-1 0.9000 on 10 pictures of ")


def test_limit(make_model: Maker, folders: Path) -> None:
    found = measure(make_model("classification"), folders, limit=3)
    assert found.pictures == 3
    assert len(found.measured.classes) > 1


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("color", ["bgr", "rgb"])
def test_frames_arrive_in_the_order_of_channels_that_the_model_wants(
    make_model: Maker, folders: Path, color: str, engine: str
) -> None:
    network = load(make_model("classification"), color=color, engine=engine)
    assert evaluate(network, open_dataset(folders, network.task, network.labels)).value == pytest.approx(0.9)


def test_results_stay_with_their_labels_when_many_run_at_once(make_model: Maker, folders: Path) -> None:
    network = load(make_model("classification"), streams=3)
    for _ in range(5):
        found = evaluate(network, open_dataset(folders, network.task, network.labels))
        assert found.value == pytest.approx(0.9)


def boxes_file(folder: Path, *rows: str) -> Path:
    write(folder / "red.png", "red")
    write(folder / "green.png", "green")
    path = folder / "boxes.csv"
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("metric", "title"), [(None, "VOC07 mAP"), ("voc12", "VOC12 mAP"), ("coco", "COCO box AP")]
)
def test_detection(make_model: Maker, tmp_path: Path, metric: str | None, title: str) -> None:
    """The network sees the first box, a quarter of the picture, in the picture's colour."""
    data = boxes_file(tmp_path, "red.png,0,0,32,32,red", "green.png,0,0,32,32,green")
    found = measure(make_model("detection"), data, metric=metric)
    assert (found.title, found.pictures) == (title, 2)
    assert found.value == pytest.approx(1)
    assert [row.name for row in found.measured.classes] == ["red", "green"]


def test_detections_of_the_wrong_class(make_model: Maker, tmp_path: Path) -> None:
    data = boxes_file(tmp_path, "red.png,0,0,32,32,green", "green.png,0,0,32,32,green")
    assert measure(make_model("detection"), data, metric="voc12").value == pytest.approx(0.5)


def test_a_detector_with_its_nms_inside(make_model: Maker, tmp_path: Path) -> None:
    data = boxes_file(tmp_path, "red.png,0,0,32,32,green")
    assert measure(make_model("kept"), data).value == pytest.approx(1)
    with pytest.raises(DataError, match="the model has no names to tell which class is which"):
        measure(make_model("kept", labels=()), data)


def test_boxes_out_of_coco_are_measured_as_coco_does(make_model: Maker, tmp_path: Path) -> None:
    write(tmp_path / "red.png", "red")
    content = {
        "images": [{"id": 1, "file_name": "red.png", "width": 64, "height": 64}],
        "categories": [{"id": 5, "name": "red"}],
        "annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 33, 33], "area": 1000}],
    }
    path = tmp_path / "set.json"
    path.write_text(json.dumps(content))
    found = measure(make_model("detection"), path)
    assert (found.metric, found.value) == ("coco", pytest.approx(1))
    assert measure(make_model("detection"), path, metric="voc07").value == pytest.approx(1)


def test_masks(make_model: Maker, tmp_path: Path) -> None:
    """The network's object is about the left half of a box of 32 by 32 pixels, its corners round."""
    write(tmp_path / "red.png", "red")
    half = [[0, 0, 16, 0, 16, 32, 0, 32]]
    annotation = {"image_id": 1, "category_id": 5, "bbox": [0, 0, 33, 33], "segmentation": half}
    content = {
        "images": [{"id": 1, "file_name": "red.png", "width": 64, "height": 64}],
        "categories": [{"id": 5, "name": "green"}],
        "annotations": [annotation],
    }
    path = tmp_path / "set.json"
    path.write_text(json.dumps(content))
    model = make_model("instance_segmentation")
    found = measure(model, path)
    assert found.metric == "coco-masks"
    assert [found.measured.figures[name] for name in ("AP50", "AP75")] == pytest.approx([1, 0])
    assert measure(model, path, metric="coco").measured.figures["AP50"] == pytest.approx(1)


def test_segmentation(make_model: Maker, tmp_path: Path) -> None:
    for name, colour in (("1", "red"), ("2", "green")):
        write(tmp_path / "pairs" / f"{name}.bmp", colour)
        levels = np.full((64, 64), LABELS.index(colour), np.uint8)
        levels[:32] = 255
        levels[-16:] = 2
        cv2.imwrite(str(tmp_path / "pairs" / f"{name}.png"), levels)
    found = measure(make_model("segmentation", labels=()), tmp_path / "pairs")
    assert found.measured.figures == {
        "mIoU": pytest.approx((0.5 + 0.5) / 3),
        "pixAcc": pytest.approx(0.5),
        "mIoU of the classes that occur": pytest.approx(1 / 3),
    }


def test_poses_are_looked_for_in_the_boxes_of_people(
    make_model: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "red.png", "red")
    write(tmp_path / "nobody.png", "red")
    person = {"image_id": 1, "category_id": 1, "bbox": [-9, 0, 30, 40], "area": 900}
    content = {
        "images": [
            {"id": number, "file_name": name, "width": 64, "height": 64}
            for number, name in ((1, "red.png"), (2, "nobody.png"))
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": ["a", "b", "c"]}],
        "annotations": [
            {**person, "keypoints": [1, 2, 2, 3, 4, 1, 0, 0, 0]},
            {**person, "keypoints": [0] * 9},
            {**person, "keypoints": [1] * 9, "iscrowd": 1},
        ],
    }
    path = tmp_path / "person_keypoints_val.json"
    path.write_text(json.dumps(content))
    model = make_model("pose", labels=("a", "b", "c"))
    with pytest.raises(UnsupportedError, match="OKS of 3 keypoints is not supported"):
        measure(model, path)
    from gcv_edge.evaluation import running

    network = load(model)
    dataset = open_dataset(path, network.task, network.labels)
    people = {sample.name: result for sample, result in running.run_labelled(network, dataset)}
    assert people["red.png"].boxes.tolist() == [[0, 0, 20, 39]]
    assert len(people["nobody.png"]) == 0


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        ((), ("red", "blue"), "found 2 classes, expected the network's 3; the model has no names"),
        (("a", "b", "c"), ("red", "blue"), "found the classes blue, red, expected the model's: a, b, c"),
    ],
)
def test_classes_that_do_not_match(
    make_model: Maker, tmp_path: Path, labels: tuple[str, ...], names: tuple[str, ...], said: str
) -> None:
    for name in names:
        write(tmp_path / "set" / name / "1.png", name)
    with pytest.raises(DataError) as error:
        measure(make_model("classification", labels=labels), tmp_path / "set")
    assert said in str(error.value)


def test_class_numbers_beyond_the_network(make_model: Maker, tmp_path: Path) -> None:
    write(tmp_path / "1.png", "red")
    (tmp_path / "set.lst").write_text("0\t7\t1.png\n")
    with pytest.raises(DataError, match=r"set.lst: 1.png: found class 7, expected a class from 0 to 2"):
        measure(make_model("classification", labels=()), tmp_path / "set.lst")


def test_no_labels(make_model: Maker, tmp_path: Path) -> None:
    write(tmp_path / "set" / "1.png", "red")
    with pytest.raises(DataError, match="found pictures without labels, expected some to measure with"):
        measure(make_model("classification"), tmp_path / "set")


def test_no_readable_picture(make_model: Maker, folders: Path) -> None:
    for path in folders.glob("*/*"):
        path.write_text("no picture")
    with pytest.raises(DataError, match=r"none of 10 pictures could be read; blue/0.png: found no picture"):
        measure(make_model("classification"), folders)


def test_metrics_that_the_task_does_not_have(make_model: Maker, folders: Path) -> None:
    with pytest.raises(
        UsageError, match=r"metric 'voc07' is not supported for classification: expected.* top1"
    ):
        measure(make_model("classification"), folders, metric="voc07")


def test_every_metric_has_the_name_under_which_it_is_asked_for() -> None:
    for choices in METRICS.values():
        assert {name: metric.key for name, metric in choices.items()} == {name: name for name in choices}


def test_memory_does_not_grow_with_the_pictures(make_model: Maker, tmp_path: Path) -> None:
    import tracemalloc

    network = load(make_model("classification"))
    peaks = []
    for count in (40, 160):
        for number in range(count):
            write(tmp_path / str(count) / "red" / f"{number}.png", "red")
        dataset = open_dataset(tmp_path / str(count), network.task, network.labels)
        tracemalloc.start()
        evaluate(network, dataset)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 8 * 64 * 64 * 3


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("labelling", {}, "the class with the highest of independent scores"),
        ("classification", {"activation": "none"}, "the class with the highest logit"),
    ],
)
def test_classifiers_without_softmax(
    make_model: Maker, folders: Path, kind: str, options: dict[str, str], why: str
) -> None:
    found = measure(make_model(kind, **options), folders)
    assert found.measured.figures["top-1"] == pytest.approx(9 / 10)


def test_a_grey_classifier(make_model: Maker, tmp_path: Path) -> None:
    for colour in COLOURS:
        write(tmp_path / "one" / "thing" / f"{colour}.png", colour)
    found = measure(make_model("grey", labels=("thing",)), tmp_path / "one")
    assert (found.value, found.pictures) == (1.0, 3)


def write_masks(root: Path, thing: int) -> Path:
    """A picture whose right half is white, and a mask that calls three quarters of it the thing."""
    picture, mask = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.uint8)
    picture[:, 16:], mask[:, 8:] = 255, thing
    for folder, pixels in (("images", picture), ("masks", mask)):
        (root / folder).mkdir(parents=True)
        cv2.imwrite(str(root / folder / "0.png"), pixels)
    return root


def test_masks_of_two_classes(make_model: Maker, tmp_path: Path) -> None:
    found = measure(make_model("mask"), write_masks(tmp_path / "pairs", 1))
    assert [figure.value for figure in found.measured.classes] == pytest.approx([1 / 2, 2 / 3])
    assert found.measured.figures["pixAcc"] == pytest.approx(3 / 4)


def test_masks_spelt_in_black_and_white_are_no_labels(make_model: Maker, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found masks of 0 and 255, expected 0 and 1"):
        measure(make_model("mask"), write_masks(tmp_path / "pairs", 255))
