"""``gcv-edge predict``: pictures, folders and videos through every kind of network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from gcv_edge import Detector
from gcv_edge.metadata import ClipSettings, DetectionSettings
from tests.cli.conftest import PICTURE, contents, done, failed, fingerprint, run, shell
from tests.runtime.conftest import GRAPHS, Maker, Nodes, constant, kept_graph, solid
from tests.support.demo_files import CLASSES, DEMO

RED = solid(255, 0, 0)


@pytest.fixture
def detector(make_model: Maker, here: Path) -> Path:
    """Finds two red things in a red picture, with scores 1 and 0.5."""
    return make_model("detection")


@pytest.fixture
def red(here: Path) -> str:
    cv2.imwrite("red.png", RED)
    return "red.png"


def lines(*arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done("predict", "--json", *arguments).splitlines()]


def test_a_picture_is_a_line(detector: Path, red: str) -> None:
    line = done("predict", detector, red)
    assert line.startswith("red.png: 1 red 1.00 (pre ")
    assert line.count("\n") == 1


def test_json_is_a_line_per_picture(detector: Path, red: str) -> None:
    (line,) = lines(detector, red)
    assert {key: line[key] for key in ("name", "index", "width", "height")} == {
        "name": "red.png",
        "index": 0,
        "width": 64,
        "height": 64,
    }
    (found,) = line["detections"]
    assert (found["class_id"], found["label"]) == (0, "red")
    assert found["score"] == pytest.approx(1)
    assert found["box"] == [0, 0, 32, 32]
    assert set(line["speed"]) == {"preprocess_ms", "inference_ms", "postprocess_ms"}


@pytest.mark.parametrize(("threshold", "count"), [(0, 2), (0.4, 2), (0.5, 1), (0.99, 1), (1, 0)])
def test_threshold(detector: Path, red: str, threshold: float, count: int) -> None:
    assert len(lines(detector, red, "--threshold", threshold)[0]["detections"]) == count


@pytest.mark.parametrize("task", ["classification", "segmentation", "embedding", "depth"])
def test_a_threshold_for_what_has_no_scores_to_leave_out_by(make_model: Maker, red: str, task: str) -> None:
    message = failed(2, "predict", make_model(task), red, "--threshold", "0.5")
    assert "--threshold is for detections and keypoints; " in message
    assert message.rstrip().endswith(f"is for {task}")


def test_nothing_over_the_threshold(detector: Path, red: str) -> None:
    assert done("predict", detector, red, "--threshold", "1").startswith("red.png: nothing over 1 (")


@pytest.mark.parametrize(
    ("kind", "said", "key"),
    [
        ("detection", "1 red 1.00", "detections"),
        ("kept", "1 green 0.90", "detections"),
        ("classification", "red 57.6%, green 21.2%, blue 21.2%", "top"),
        ("segmentation", "100% red", "classes"),
        ("pose", "1 of 3 keypoints over 0.2", "poses"),
    ],
)
def test_every_task(make_model: Maker, red: str, kind: str, said: str, key: str) -> None:
    model = make_model(kind)
    assert done("predict", model, red).startswith(f"red.png: {said} (pre ")
    (line,) = lines(model, red, "--save", "out")
    assert line[key]
    assert cv2.imread("out/red.png").shape == RED.shape


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_both_engines_see_what_python_sees(signs: Path, here: Path, engine: str) -> None:
    (line,) = lines(signs, PICTURE, "--engine", engine, "--threshold", "0.02")
    expected = Detector(signs).run(cv2.imread(str(PICTURE))).over(0.02)
    assert [row["label"] for row in line["detections"]] == list(expected.names)
    assert {row["label"] for row in line["detections"]} <= set(CLASSES)
    scores = [row["score"] for row in line["detections"]]
    assert scores == pytest.approx(expected.scores.tolist(), abs=1e-4)
    assert scores == sorted(scores, reverse=True)


def test_objects_with_masks(make_model: Maker, red: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GRAPHS, "instance_segmentation", instance_graph)
    model = make_model("instance_segmentation", detection=DetectionSettings(nms="graph"))
    assert done("predict", model, red, "--save", "out").startswith("red.png: 1 green 0.90 (pre ")
    assert np.any(cv2.imread("out/red.png") != RED)
    (found,) = lines(model, red)[0]["detections"]
    assert found["area"] == pytest.approx(32 * 32, rel=0.1)
    assert "instance_segmentation" in done("info", model)


def instance_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """What ``kept_graph`` lists, with masks that cover the whole boxes."""
    nodes, constants, outputs = kept_graph()
    nodes += [
        onnx.helper.make_node("ReduceSum", ["nothing", "axis"], ["row_of_nothing"], keepdims=1),
        onnx.helper.make_node("Unsqueeze", ["row_of_nothing", "last"], ["nothing_of_masks"]),
        onnx.helper.make_node("Add", ["nothing_of_masks", "whole"], ["masks"]),
    ]
    constants += [constant("last", [3], np.int64), constant("whole", np.ones((1, 3, 4, 4)))]
    return nodes, constants, {**outputs, "masks": ["N", 3, 4, 4]}


def test_precision_may_be_left_to_the_engine(detector: Path, red: str) -> None:
    assert "1 red 1.00" in done("predict", detector, red, "--precision", "auto")


def test_the_annotated_copy(detector: Path, red: str, here: Path) -> None:
    before = fingerprint(here / red)
    printed = done("predict", detector, red, "--save", "deep/er")
    assert printed.splitlines()[-1] == "Saved deep/er/red.png"
    assert fingerprint(here / red) == before
    assert np.any(cv2.imread("deep/er/red.png") != RED)
    assert list(contents(here)) == ["deep", "deep/er", "deep/er/red.png", "red.png"]


def test_the_copy_shows_what_is_over_the_threshold(detector: Path, red: str) -> None:
    done("predict", detector, red, "--save", "none", "--threshold", "1")
    np.testing.assert_array_equal(cv2.imread("none/red.png"), RED)


def test_a_folder_in_order_of_names(signs: Path, here: Path) -> None:
    shutil.copytree(DEMO, "pictures")
    before = contents(here)
    found = lines(signs, "pictures", "--save", "out")
    names = sorted(path.name for path in DEMO.glob("*.jpg"))
    assert [line["name"] for line in found] == [f"pictures/{name}" for name in names]
    assert [line["index"] for line in found] == list(range(len(names)))
    after = contents(here)
    assert [name for name in after if name not in before] == ["out", *(f"out/{name}" for name in names)]
    assert before == {name: after[name] for name in before}


def test_how_many_copies_there_are(detector: Path, red: str) -> None:
    Path("pictures").mkdir()
    for name in ("b.png", "a.png"):
        shutil.copy(red, f"pictures/{name}")
    assert (
        done("predict", detector, "pictures", "--save", "out").splitlines()[-1] == "Saved 2 pictures in out"
    )


def test_a_broken_picture_in_a_folder(detector: Path, red: str) -> None:
    Path("pictures").mkdir()
    Path("pictures/a.jpg").write_text("no picture")
    shutil.copy(red, "pictures/b.png")
    result = run("predict", detector, "pictures", "--json", "--save", "out")
    assert result.exit_code == 1
    assert [json.loads(line)["name"] for line in result.stdout.splitlines()] == ["pictures/b.png"]
    skipped, error = result.stderr.splitlines()
    assert skipped.startswith("Skipped pictures/a.jpg: found no picture")
    assert error == "Error: 1 of 2 pictures could not be read"
    assert [path.name for path in Path("out").iterdir()] == ["b.png"]


def test_a_video(detector: Path, here: Path) -> None:
    write_clip("clip.avi", 3)
    found = lines(detector, "clip.avi", "--save", "out")
    assert [line["index"] for line in found] == [0, 1, 2]
    assert list(contents(here)) == ["clip.avi", "out", "out/clip.avi.mp4"]
    assert cv2.VideoCapture("out/clip.avi.mp4").get(cv2.CAP_PROP_FRAME_COUNT) == 3


def write_clip(name: str, frames: int) -> None:
    writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(frames):
        writer.write(RED)
    writer.release()


def test_copies_do_not_replace_each_other(detector: Path, here: Path) -> None:
    Path("pictures").mkdir()
    for name in ("grey.pgm", "grey.png"):
        cv2.imwrite(f"pictures/{name}", np.full((8, 8), 200, np.uint8))
    done("predict", detector, "pictures", "--save", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["grey.pgm.png", "grey.png"]


def test_another_format_than_can_be_written(detector: Path, here: Path) -> None:
    cv2.imwrite("grey.pgm", np.full((8, 8), 200, np.uint8))
    done("predict", detector, "grey.pgm", "--save", "out")
    assert [path.name for path in Path("out").iterdir()] == ["grey.pgm.png"]


@pytest.mark.parametrize("place", [".", "../here", "link"])
def test_the_input_is_never_overwritten(detector: Path, red: str, here: Path, place: str) -> None:
    Path("link").symlink_to(here)
    before = contents(here)
    message = failed(1, "predict", detector, red, "--save", place)
    assert message.endswith("is the input itself: give --save another folder")
    refused = run("predict", detector, here, "--save", place)
    assert (refused.exit_code, refused.stderr.count("Error: ")) == (1, 1)
    assert "is the folder of the pictures themselves" in refused.stderr
    assert contents(here) == before


def test_names_that_look_odd(detector: Path, here: Path) -> None:
    for name in ("two words.png", "über#1.png", "7.png", "-v.png"):
        cv2.imwrite("x.png", RED)
        Path("x.png").rename(name)
        (line,) = lines(detector, "--save", "out", "--", name)
        assert line["name"] == name
        assert (here / "out" / name).is_file()


def test_a_broken_png_makes_no_noise(detector: Path, here: Path) -> None:
    """Libpng writes to standard error by itself."""
    Path("pictures").mkdir()
    cv2.imwrite("pictures/whole.png", np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    data = Path("pictures/whole.png").read_bytes()
    Path("pictures/half.png").write_bytes(data[: len(data) // 2])
    process = shell(["-m", "gcv_edge", "predict", detector, "pictures"])
    assert process.returncode == 1
    skipped, error = process.stderr.splitlines()
    assert skipped.startswith("Skipped pictures/half.png: found a damaged PNG")
    assert error == "Error: 1 of 2 pictures could not be read"
    assert process.stdout.startswith("pictures/whole.png: ")


def test_a_camera_that_is_not_there(detector: Path) -> None:
    process = shell(["-m", "gcv_edge", "predict", detector, "97"])
    assert process.returncode == 1
    assert process.stderr == "Error: camera 97: cannot be opened as a camera\n"


CLIP = ClipSettings((0, 2, 4, 6), 8)


@pytest.fixture
def video(here: Path) -> str:
    writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(12):
        writer.write(solid(200, 100, 50))
    writer.release()
    return "clip.avi"


def test_a_video_is_one_line_for_a_network_of_actions(make_model: Maker, video: str) -> None:
    recognizer = make_model("clip", clip=CLIP)
    line = done("predict", recognizer, video)
    assert line.startswith("clip.avi: class ")
    assert line.count("\n") == 1
    (found,) = lines(recognizer, video)
    assert found["name"] == "clip.avi"
    assert [row["probability"] for row in found["top"]] == pytest.approx([0.25] * 4, abs=0.01)


def test_what_happens_is_written_on_every_frame(make_model: Maker, video: str) -> None:
    done("predict", make_model("clip", clip=CLIP), video, "--save", "out")
    capture = cv2.VideoCapture("out/clip.avi.mp4")
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 12
    _, frame = capture.read()
    assert np.abs(frame[:20, :40].astype(int) - (50, 100, 200)).max() > 80
    assert np.abs(frame[-10:].astype(int) - (50, 100, 200)).max() < 20


def test_depth_and_vectors_are_told(make_model: Maker, red: str) -> None:
    assert "relative, median 0.3 (pre " in done("predict", make_model("depth"), red)
    assert done("predict", make_model("embedding"), red).startswith("red.png: 3 numbers (pre ")
    (found,) = lines(make_model("embedding"), red)
    assert found["vector"] == pytest.approx([1, 0, 0], abs=0.01)


def test_values_are_told_with_their_names(make_model: Maker, red: str) -> None:
    printed = done("predict", make_model("regression"), red, "--save", "out")
    assert printed.startswith("red.png: red 2, green 0, blue 0 (pre ")
    assert Path("out/red.png").exists()
    (found,) = lines(make_model("regression"), red)
    assert found["values"] == pytest.approx([2, 0, 0])
    assert found["labels"] == ["red", "green", "blue"]


def test_scores_are_told_by_their_activation(make_model: Maker, red: str) -> None:
    assert "red 73.1%, green 50.0%" in done("predict", make_model("labelling"), red)
    assert "red 1, green 0" in done("predict", make_model("classification", activation="none"), red)
    assert "red 57.4%" in done("predict", make_model("grey"), red)


def test_a_made_picture_is_saved_as_it_is(make_model: Maker, red: str) -> None:
    printed = done("predict", make_model("image_to_image"), red, "--save", "out")
    assert "a picture of 32 x 32 pixels" in printed
    np.testing.assert_array_equal(cv2.imread("out/red.png"), 255 - cv2.resize(RED, (32, 32)))


def test_tensors_are_for_python(make_model: Maker, red: str) -> None:
    assert failed(1, "predict", make_model("tensors"), red).endswith("run it in Python with TensorNetwork")
