"""COCO's JSON: boxes, masks and keypoints."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gcv_edge.data import open_dataset
from gcv_edge.data.masks import check_mask, decode_runs
from gcv_edge.data.targets import BoxTarget, InstanceTarget, KeypointTarget
from gcv_edge.errors import DataError
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, POSE, Task
from tests.data_sets.conftest import read_or_refused, refused, write_picture

MODEST = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
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
        (
            changed("annotations", "category_id", "18"),
            "annotations[0]: category_id: found 18, expected a whole",
        ),
        (changed("annotations", "id", [1]), "annotations[0]: id: found [1], expected a whole number"),
        (
            changed("annotations", "id", 2),
            "annotations[1]: id: found 2 for the second time, expected another",
        ),
        (changed("images", "id", 3), "images[1]: id: found 3 for the second time, expected another"),
        (changed("images", "id", 3.0), "images[1]: id: found 3 for the second time, expected another"),
        (changed("images", "file_name", "b.jpg"), "images: found b.jpg for the ids 7 and 3, expected one"),
        (changed("categories", "id", 1), "categories[1]: id: found 1 for the second time, expected another"),
        (changed("categories", "id", 1.5), "categories[0]: id: found 1.5, expected a whole number"),
    ],
)
def test_content_that_is_not_cocos(here: Path, content: Any, said: str) -> None:
    path = write(here / "set.json", content)
    message = refused(path, DETECTION)
    assert message.startswith(str(path))
    assert said in message


def runs(counts: Any, size: Any = (10, 20)) -> dict[str, Any]:
    return {"size": size, "counts": counts}


@pytest.mark.parametrize(
    ("task", "key", "value", "said"),
    [
        (DETECTION, "bbox", [1, 2, 3], "bbox: found [1, 2, 3], expected x, y, width, height"),
        (
            DETECTION,
            "bbox",
            [1, 2, 3, float("nan")],
            "bbox: found [1, 2, 3, nan], expected a list of numbers",
        ),
        (
            DETECTION,
            "bbox",
            [1, 2, 3, float("inf")],
            "bbox: found [1, 2, 3, inf], expected a list of numbers",
        ),
        (DETECTION, "bbox", [1, 2, 1e300, 4], "bbox: found [1, 2, 1e+300, 4], expected a list of numbers"),
        (DETECTION, "bbox", [1, 2, -3, 4], "bbox: found [1, 2, -3, 4], expected x, y, width, height"),
        (DETECTION, "bbox", {"x": 1}, "bbox: found {'x': 1}, expected a list of numbers"),
        (DETECTION, "bbox", None, "bbox: found None, expected a list of numbers"),
        (DETECTION, "area", -1, "area: found -1, expected 0 or more"),
        (DETECTION, "iscrowd", "no", "iscrowd: found no, expected a whole number"),
        (INSTANCES, "segmentation", None, "segmentation: found None, expected polygons of x, y, ..."),
        (INSTANCES, "segmentation", [], "segmentation: found [], expected polygons of x, y, ..."),
        (INSTANCES, "segmentation", "abc", "segmentation: found abc, expected polygons of x, y, ..."),
        (INSTANCES, "segmentation", [[1, 2, 3, 4]], "found [1, 2, 3, 4], expected a polygon of x, y, ..."),
        (
            INSTANCES,
            "segmentation",
            [[1, 2, 3, 4, 5, 6, 7]],
            "expected a polygon of x, y, ... with at least 3",
        ),
        (INSTANCES, "segmentation", [POLYGON[0], [1]], "found [1], expected a polygon of x, y, ..."),
        (INSTANCES, "segmentation", [[1, 2, 3, 4, 5, float("nan")]], "5, nan], expected a polygon"),
        (INSTANCES, "segmentation", [[1, 2, 3, 4, float("inf"), 6]], "inf, 6], expected a polygon"),
        (
            INSTANCES,
            "segmentation",
            [[1, 2, 1e9, 2, 3, 3]],
            "found the point 1e+09, 2, expected one of a picture",
        ),
        (
            INSTANCES,
            "segmentation",
            [[1, 2, 4, 2, 3, -11]],
            "found the point 3, -11, expected one of a picture",
        ),
        (
            INSTANCES,
            "segmentation",
            [[0, 0, 20, 10] * 200],
            "found an outline of 8000 pixels, expected 6000 at",
        ),
        (
            INSTANCES,
            "segmentation",
            runs([0, 200], [0, 0]),
            "found run lengths of size [0, 0], expected [10, 20]",
        ),
        (INSTANCES, "segmentation", runs([0, 200], [20, 10]), "of size [20, 10], expected [10, 20]"),
        (INSTANCES, "segmentation", runs([0, 200], [9**9, 1]), "of size [387420489, 1], expected [10, 20]"),
        (INSTANCES, "segmentation", runs([0, 200], None), "of size None, expected [10, 20]"),
        (INSTANCES, "segmentation", runs([0, 250, -50]), "found a run length of -50, expected none below 0"),
        (INSTANCES, "segmentation", runs([0, 100, 50]), "found run lengths of 150 pixels, expected 200"),
        (INSTANCES, "segmentation", runs([1, 9**9]), "found run lengths of 387420490 pixels, expected 200"),
        (
            INSTANCES,
            "segmentation",
            runs([100.5, 99.5]),
            "found run lengths [100.5, 99.5], expected whole numbers",
        ),
        (
            INSTANCES,
            "segmentation",
            runs(None),
            "found run lengths None, expected whole numbers or COCO's text",
        ),
        (INSTANCES, "segmentation", runs([]), "found run lengths of 0 pixels, expected 200"),
        (INSTANCES, "segmentation", runs(""), "found run lengths that end in ...'', expected whole numbers"),
        (INSTANCES, "segmentation", runs("0000Ö"), "expected characters from 0 to o"),
        (INSTANCES, "segmentation", runs("\ud800"), "expected characters from 0 to o"),
        (INSTANCES, "segmentation", runs("0\0"), "expected characters from 0 to o"),
        (
            INSTANCES,
            "segmentation",
            runs("0oo"),
            "found run lengths that end in ...'0oo', expected whole numbers",
        ),
        (
            INSTANCES,
            "segmentation",
            runs("oooooooo0"),
            "found a run length of 9 characters, expected 7 at most",
        ),
        (INSTANCES, "segmentation", runs("O"), "found a run length of -1, expected none below 0"),
        (INSTANCES, "segmentation", runs("HVTob4mOc"), "found run lengths that end in"),
    ],
)
def test_a_damaged_annotation_is_left_out(here: Path, task: Task, key: str, value: Any, said: str) -> None:
    """It is named with its id and picture; the others stay."""
    dataset = open_dataset(write(here / "set.json", changed("annotations", key, value)), task)
    ((name, reason),) = dataset.damaged_labels
    assert name == "a.jpg"
    assert reason.startswith(f"annotation 1: {key}: ")
    assert said in reason
    assert [len(sample.target) for sample in dataset] == [1, 0]  # type: ignore[arg-type]
    assert dataset.skipped == []


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([1, 2, 2, 0, 0], "keypoints: found 5 numbers, expected 6"),
        ([1, 2, 2] * 17, "keypoints: found 51 numbers, expected 6"),
        ([1, 2, 2, float("nan"), 0, 0], "keypoints: found [1, 2, 2, nan, 0, 0], expected a list of numbers"),
        ("all", "keypoints: found all, expected a list of numbers"),
    ],
)
def test_damaged_keypoints_are_left_out(here: Path, points: Any, said: str) -> None:
    content = copy.deepcopy(PEOPLE)
    content["annotations"][0]["keypoints"] = points
    dataset = open_dataset(write(here / "set.json", content), POSE)
    assert dataset.damaged_labels == [("b.jpg", f"annotations[0]: {said}")]
    assert [len(sample.target) for sample in dataset] == [0, 1]  # type: ignore[arg-type]


def test_what_the_task_does_not_want_is_not_looked_at(here: Path) -> None:
    path = write(here / "set.json", changed("annotations", "segmentation", runs([-1])))
    assert len(found(path, DETECTION)["a.jpg"]) == 2
    assert open_dataset(path, DETECTION).damaged_labels == []
    assert open_dataset(path).damaged_labels == []


def test_nothing_but_damage(here: Path) -> None:
    content = copy.deepcopy(CONTENT)
    for annotation in content["annotations"]:
        annotation["bbox"] = [0, 0, -1, 0]
    assert refused(write(here / "set.json", content), DETECTION).endswith(
        "found 2 labelled objects, all damaged, the first in a.jpg: annotation 1: bbox: found [0, 0, -1, 0], "
        "expected x, y, width, height"
    )


def test_damage_of_a_part_is_the_parts(here: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content["annotations"] += [{**content["annotations"][0], "id": "third", "image_id": 3, "area": -1}]
    dataset = open_dataset(write(here / "set.json", content), DETECTION)
    for part in (dataset, *dataset.split(1)):
        assert len(part.damaged_labels) == list(part.names()).count("b.jpg")
    assert dataset.damaged_labels[0].reason == "annotation 'third': area: found -1, expected 0 or more"


@pytest.mark.parametrize("value", ["any text", 2**60, 7.5, None])
def test_an_annotations_id_may_be_anything(here: Path, value: Any) -> None:
    assert len(found(write(here / "set.json", changed("annotations", "id", value)), DETECTION)["a.jpg"]) == 2


MASKS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 2, (10, 20), np.uint8)
)


@MODEST
@given(MASKS, st.integers(1, 9))
def test_run_lengths_are_read_as_pycocotools_reads_them(bits: NDArray[np.uint8], block: int) -> None:
    mask = pytest.importorskip("pycocotools.mask")
    bitmap = np.asfortranarray(np.kron(bits, np.ones((block, block), np.uint8)))
    packed = mask.encode(bitmap)
    lengths = np.diff(np.flatnonzero(np.diff(bitmap.ravel("F"), prepend=2, append=2))).tolist()
    assert decode_runs(packed["counts"]) == ([0] if bitmap[0, 0] else []) + lengths
    assert check_mask(packed, bitmap.shape[::-1]) == packed


@MODEST
@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=12))
def test_any_text_is_safe_or_refused(text: str) -> None:
    try:
        check_mask(runs(text), (20, 10))
    except DataError:
        return
    assert pytest.importorskip("pycocotools.mask").decode(runs(text)).shape == (10, 20)


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


@MODEST
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


@pytest.mark.parametrize(("place", "key"), [("images", "file_name"), ("categories", "name")])
def test_half_a_character_is_no_text(here: Path, place: str, key: str) -> None:
    content = changed(place, key, "a\ud800")
    assert f"{place}[0]: {key}: found" in refused(write(here / "half.json", content), DETECTION)


def test_half_a_character_names_no_joint(here: Path) -> None:
    people = copy.deepcopy(PEOPLE)
    people["categories"][0]["keypoints"][0] = "\udfff"
    assert "expected a list of names" in refused(write(here / "half.json", people), POSE)
