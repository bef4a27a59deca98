"""COCO's JSON: boxes, masks and keypoints."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget, InstanceTarget, KeypointTarget
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, POSE, Task

from .conftest import read_or_refused, refused, write_picture

POLYGON = [[1.0, 2.0, 4.0, 2.0, 4.0, 6.0]]
RUNS = {"size": [10, 20], "counts": [0, 50, 150]}
CONTENT: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "a.jpg", "width": 20, "height": 10},
        {"id": 3, "file_name": "b.jpg", "width": 20, "height": 10},
    ],
    "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "cat"}, {"id": 2, "name": "never seen"}],
    "annotations": [
        {"image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4], "area": 6, "segmentation": POLYGON, "id": 1},
        {
            "image_id": 7,
            "category_id": 1,
            "bbox": [0, 0, 0.5, 10],
            "iscrowd": 1,
            "segmentation": RUNS,
            "id": 2,
        },
    ],
}
PEOPLE: dict[str, Any] = {
    "images": CONTENT["images"],
    "categories": [{"id": 1, "name": "person", "keypoints": ["nose", "tail"]}],
    "annotations": [
        {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 6, "keypoints": [1, 2, 2, 0, 0, 0]},
        {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 6, "iscrowd": 1},
    ],
}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        write_picture(tmp_path / name)
    return tmp_path


def found(path: Path, task: Task | None, labels: tuple[str, ...] = (), **options: object) -> dict[str, Any]:
    dataset = open_dataset(path, task, labels, **options)  # type: ignore[arg-type]
    return {sample.name: sample.target for sample in dataset}


def test_boxes_have_their_last_pixel_inside(here: Path) -> None:
    path = write(here / "set.json", CONTENT)
    targets = found(path, DETECTION, ("cat", "dog"))
    assert list(targets) == ["a.jpg", "b.jpg"]
    target = targets["a.jpg"]
    assert type(target) is BoxTarget
    assert target.boxes.tolist() == [[1, 2, 3, 5], [0, 0, -0.5, 9]]
    assert target.class_ids.tolist() == [1, 0]
    assert target.crowd.tolist() == [False, True]
    assert target.areas.tolist() == [6, 5]
    assert len(targets["b.jpg"]) == 0
    assert targets["b.jpg"].boxes.shape == (0, 4)


def test_classes_by_name(here: Path) -> None:
    path = write(here / "set.json", CONTENT)
    dataset = open_dataset(path, DETECTION)
    assert (dataset.classes, dataset.kind) == (("cat", "never seen", "dog"), "COCO")
    assert found(path, DETECTION)["a.jpg"].class_ids.tolist() == [2, 0]
    assert "found class cat unknown to the model, expected dog" in refused(path, DETECTION, ("dog",))
    assert found(path, DETECTION, ("dog",), ignore_unknown=True)["a.jpg"].class_ids.tolist() == [0]


def test_masks(here: Path) -> None:
    target = found(write(here / "set.json", CONTENT), INSTANCES)["a.jpg"]
    assert isinstance(target, InstanceTarget)
    assert target.masks == (POLYGON, RUNS)
    content = copy.deepcopy(CONTENT)
    del content["annotations"][0]["segmentation"]
    message = refused(write(here / "set.json", content), INSTANCES)
    assert "found an object of picture 7 without a mask" in message


def test_keypoints(here: Path) -> None:
    path = write(here / "set.json", PEOPLE)
    targets = found(path, POSE)
    people = targets["b.jpg"]
    assert isinstance(people, KeypointTarget)
    assert people.keypoints.tolist() == [[[1, 2, 2], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]
    assert people.crowd.tolist() == [False, True]
    assert targets["a.jpg"].keypoints.shape == (0, 2, 3)
    assert open_dataset(path, POSE).classes == ("nose", "tail")
    assert "found 2 keypoints, expected the model's 3" in refused(path, POSE, ("a", "b", "c"))
    assert "found 0 categories with keypoints, expected one" in refused(write(path, CONTENT), POSE)


def test_pictures_alone(here: Path) -> None:
    content = {**CONTENT, "annotations": []}
    path = write(here / "set.json", content)
    assert found(path, None) == {"a.jpg": None, "b.jpg": None}
    assert "found no labelled object" in refused(path, DETECTION)
    assert "found COCO, which holds no labels for classification" in refused(path, CLASSIFICATION)


@pytest.mark.parametrize(
    ("annotations", "pictures"),
    [
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/instances_val2017.json", "images/val2017"),
        ("annotations/instances_val2017.json", "images"),
        ("annotations/instances_val2017.json", "."),
        ("_annotations.coco.json", "."),
        ("annotations/all.json", "annotations/images"),
    ],
)
def test_where_pictures_are(tmp_path: Path, annotations: str, pictures: str) -> None:
    write(tmp_path / annotations, CONTENT)
    for name in ("a.jpg", "b.jpg"):
        write_picture(tmp_path / pictures / name)
    assert list(found(tmp_path, DETECTION)) == list(found(tmp_path / annotations, DETECTION))


def test_pictures_named_by_the_user(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write(tmp_path_factory.mktemp("labels") / "set.json", CONTENT)
    assert "name the folder of pictures" in refused(path, DETECTION)
    assert list(found(path, DETECTION, pictures=here)) == ["a.jpg", "b.jpg"]


def test_splits(here: Path) -> None:
    for split in ("train2017", "val2017"):
        write(here / f"annotations/instances_{split}.json", CONTENT)
        write(here / f"annotations/person_keypoints_{split}.json", PEOPLE)
    write(here / "annotations/captions_val2017.json", "nothing of ours")
    assert found(here, DETECTION)
    assert found(here, POSE, split="train")
    assert found(here, POSE, split="train2017")
    assert refused(here, DETECTION, split="test") == (
        f"{here}: found no split 'test', expected one of train2017, val2017"
    )
    write(here / "annotations/instances_val2014.json", CONTENT)
    assert "found the splits val2014, val2017, expected one; name it" in refused(here, DETECTION)


def changed(place: str, key: str, value: object) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    content[place][0][key] = value
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "found no JSON: "),
        ("[" * 200_000, "found no JSON: "),
        ("[]", "found list, expected COCO's object of images and annotations"),
        ("{}", "found no list 'images', expected"),
        ({**CONTENT, "images": []}, "annotations[0]: image_id 7 is none of the images"),
        ({**CONTENT, "images": [], "annotations": []}, "found no images"),
        ({**CONTENT, "images": ["a.jpg"]}, "images[0]: found str, expected an object"),
        (changed("images", "id", "seven"), "images[0]: id: found seven, expected a whole number"),
        (changed("images", "id", 10**400), "images[0]: id: found 1000000"),
        (changed("images", "width", 1.5), "images[0]: width: found 1.5, expected a whole number"),
        (changed("images", "file_name", None), "images[0]: file_name: found None, expected text"),
        (changed("categories", "name", 4), "categories[0]: name: found 4, expected text"),
        (
            changed("categories", "keypoints", [1]),
            "categories[0]: keypoints: found [1], expected a list of names",
        ),
        (changed("annotations", "category_id", 5), "annotations[0]: category_id 5 is none of the categories"),
        (changed("annotations", "image_id", True), "annotations[0]: image_id: found True, expected"),
        (changed("annotations", "bbox", [1, 2, 3]), "bbox: found [1, 2, 3], expected x, y, width, height"),
        (changed("annotations", "bbox", [1, 2, 3, float("nan")]), "bbox: found [1, 2, 3, nan], expected"),
        (changed("annotations", "bbox", [1, 2, 3, float("inf")]), "bbox: found [1, 2, 3, inf], expected"),
        (changed("annotations", "bbox", {"x": 1}), "bbox: found {'x': 1}, expected a list of numbers"),
        (changed("annotations", "segmentation", [[1, 2]]), "segmentation: found [[1, 2]], expected polygons"),
        (changed("annotations", "segmentation", {"size": [9**9, 1]}), "expected run lengths with a size"),
        (
            changed("annotations", "segmentation", {"size": [2, 2], "counts": [1, 9**9]}),
            "expected run lengths that add up to 4",
        ),
    ],
)
def test_content_that_is_not_cocos(here: Path, content: Any, said: str) -> None:
    path = write(here / "set.json", content)
    message = refused(path, DETECTION)
    assert message.startswith(str(path))
    assert said in message


def test_pictures_of_another_size_are_skipped(here: Path) -> None:
    write_picture(here / "b.jpg", size=(30, 10))
    dataset = open_dataset(write(here / "set.json", CONTENT), DETECTION)
    assert [sample.name for sample in dataset] == ["a.jpg"]
    assert dataset.skipped[0].reason == "found a picture of 30 x 10, expected 20 x 10 as annotated"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["size", "counts"]), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [(place, key) for place, entries in CONTENT.items() for key in (*entries[0], "keypoints", "iscrowd")]
)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(KEYS, VALUES, st.sampled_from([DETECTION, INSTANCES, POSE]))
def test_any_value_anywhere_is_read_or_refused(
    here: Path, key: tuple[str, str], value: object, task: Task
) -> None:
    path = write(here / "set.json", changed(*key, value))
    with read_or_refused(here):
        assert len(found(path, task)) <= 2


def test_fingerprint_covers_the_annotations(here: Path) -> None:
    seen = set()
    for value in ([1, 2, 3, 4], [1, 2, 3, 5]):
        path = write(here / "set.json", changed("annotations", "bbox", value))
        seen.add(open_dataset(path, DETECTION).fingerprint())
    assert len(seen) == 2


@pytest.mark.parametrize(("task", "objects"), [(DETECTION, 382), (INSTANCES, 382), (POSE, 127)])
def test_a_piece_of_coco(testdata: Path, task: Task, objects: int) -> None:
    targets = found(testdata / "tiny_coco", task)
    assert len(targets) == 50
    assert sum(map(len, targets.values())) == objects
