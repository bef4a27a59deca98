"""Tables of results: Parquet, JSON lines, CSV and COCO, of every task."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from gcv_edge import Detector, Embedder, load
from gcv_edge.metadata import DetectionSettings
from tests.batch.conftest import ORDER, Rows, read_lines, same
from tests.cli.conftest import done, environment, error_line, failed, run
from tests.runtime.conftest import Maker, solid

TASKS = {
    "detection": {"boxes", "scores", "class_ids", "labels"},
    "instance_segmentation": {"boxes", "scores", "class_ids", "labels", "masks"},
    "classification": {"class_ids", "labels", "scores"},
    "pose": {"boxes", "keypoints"},
    "segmentation": {"label_map"},
    "embedding": {"embedding"},
    "regression": {"values"},
    "depth": {"disparity_map"},
    "image_to_image": {"picture"},
}
HEAD = {"path", "width", "height", "error", "milliseconds"}


def predict(*arguments: object) -> str:
    """Run ``predict`` with success; return what it prints."""
    result = run("predict", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def read_parquet(path: str, pyarrow: ModuleType) -> Rows:
    return pyarrow.parquet.read_table(path).to_pylist()


def test_a_row_per_picture_in_the_order_of_names(detector: Path, shop: Path) -> None:
    printed = predict(detector, "shop", "-o", "out.jsonl", "--threshold", "0.1")
    first, rate, shares = printed.splitlines()
    assert first == "out.jsonl: 11 pictures, 1 of them unreadable"
    assert rate.startswith("11 pictures in ")
    assert shares.startswith("time of threads: list ")
    rows = read_lines("out.jsonl")
    assert [row["path"] for row in rows] == [f"shop/{name}" for name in ORDER]
    assert [row["path"] for row in rows if row["error"] is not None] == ["shop/c/d/3.jpg"]
    expected = Detector(detector).run(cv2.imread("shop/b.png")).over(0.1)
    (row,) = (row for row in rows if row["path"] == "shop/b.png")
    assert (row["width"], row["height"], row["labels"]) == (60, 40, expected.names)
    np.testing.assert_array_equal(np.float32(row["boxes"]), expected.boxes)
    np.testing.assert_array_equal(np.float32(row["scores"]), expected.scores)


def test_what_cannot_be_read_fails_only_if_strict(detector: Path, shop: Path) -> None:
    result = run("predict", detector, "shop", "-o", "out.jsonl", "--strict")
    assert result.exit_code == 1
    told, error = result.stderr.splitlines()
    assert told.startswith("Unreadable: shop/c/d/3.jpg: found no picture")
    assert error == "Error: 1 of 11 pictures could not be read"
    assert len(read_lines("out.jsonl")) == 11


@pytest.mark.parametrize("task", TASKS)
def test_every_task_in_parquet_and_json(
    make_model: Maker, shop: Path, pyarrow: ModuleType, task: str
) -> None:
    settings = {"detection": DetectionSettings(nms="graph")} if task == "instance_segmentation" else {}
    model = make_model(task, **settings)
    for name in ("out.parquet", "out.jsonl"):
        predict(model, "shop", "-o", name)
    rows, lines = read_parquet("out.parquet", pyarrow), read_lines("out.jsonl")
    assert len(rows) == len(lines) == 11
    for row, line in zip(rows, lines, strict=True):
        assert set(row) == set(line) == HEAD | TASKS[task]
        for key in TASKS[task]:
            if row["error"] is not None:
                assert line[key] is None
            elif isinstance(row[key], bytes):
                assert cv2.imdecode(np.frombuffer(row[key], np.uint8), cv2.IMREAD_UNCHANGED) is not None
            elif row[key] and key in ("boxes", "scores", "embedding", "values"):
                np.testing.assert_array_equal(np.float32(row[key]), np.float32(line[key]))
            else:
                assert len(row[key]) == len(line[key])


def test_maps_are_pictures(make_model: Maker, shop: Path, pyarrow: ModuleType) -> None:
    model = make_model("segmentation")
    predict(model, "shop/b.png", "-o", "out.parquet")
    (row,) = read_parquet("out.parquet", pyarrow)
    decoded = cv2.imdecode(np.frombuffer(row["label_map"], np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, load(model).run(cv2.imread("shop/b.png")).class_map)


def test_vectors_have_their_length_in_the_schema(make_model: Maker, shop: Path, pyarrow: ModuleType) -> None:
    model = make_model("embedding")
    predict(model, "shop", "-o", "out.parquet")
    table = pyarrow.parquet.read_table("out.parquet")
    assert table.schema.field("embedding").type == pyarrow.list_(pyarrow.float32(), 3)
    expected = Embedder(model).run(cv2.imread("shop/a/10.png")).vector
    np.testing.assert_array_equal(np.float32(table.column("embedding")[0].as_py()), expected)


def test_the_metadata_says_what_made_the_table(detector: Path, shop: Path, pyarrow: ModuleType) -> None:
    import hashlib

    import gcv_edge

    predict(detector, "shop", "-o", "out.parquet", "--threshold", "0.25")
    said = json.loads(pyarrow.parquet.read_schema("out.parquet").metadata[b"gcv_edge"])
    assert said["model_sha256"] == hashlib.sha256(detector.read_bytes()).hexdigest()
    assert (said["schema"], said["gcv_edge"], said["task"]) == (1, gcv_edge.__version__, "detection")
    assert said["options"] == {"threshold": 0.25, "top_k": 5, "engine": "openvino", "precision": "f32"}
    assert said["labels"] == ["red", "green", "blue"]


def test_a_csv_has_a_row_per_object(detector: Path, shop: Path) -> None:
    cv2.imwrite("red.png", solid(255, 0, 0))
    cv2.imwrite("black.png", solid(0, 0, 0))
    predict(detector, "red.png", "black.png", "shop/c/d/3.jpg", "-o", "out.csv", "--threshold", "0.4")
    rows = list(csv.DictReader(io.StringIO(Path("out.csv").read_text())))
    assert [(row["path"], row["label"]) for row in rows] == [
        ("red.png", "red"),
        ("red.png", "red"),
        ("black.png", ""),
        ("shop/c/d/3.jpg", ""),
    ]
    assert [float(rows[0][key]) for key in ("x1", "y1", "x2", "y2", "score")] == [0, 0, 32, 32, 1]
    assert rows[3]["error"].startswith("shop/c/d/3.jpg: found no picture")


def test_coco_results_are_those_of_coco(detector: Path, here: Path) -> None:
    """Pycocotools reads them, and finds every object where it is."""
    coco = pytest.importorskip("pycocotools.coco", reason="the extra [export] is not installed")
    cv2.imwrite("000000000139.png", solid(255, 0, 0))
    predict(detector, "000000000139.png", "-o", "out.coco.json", "--threshold", "0.9")
    rows = json.loads(Path("out.coco.json").read_text())
    assert rows == [{"image_id": 139, "category_id": 1, "bbox": [0, 0, 32, 32], "score": pytest.approx(1)}]
    truth = coco.COCO()
    truth.dataset = {"images": [{"id": 139}], "annotations": [], "categories": [{"id": 1}]}
    truth.createIndex()
    assert len(truth.loadRes("out.coco.json").getAnnIds()) == 1


def test_coco_without_objects_is_a_list(detector: Path, shop: Path, make_model: Maker) -> None:
    predict(detector, "shop", "-o", "out.coco.json", "--threshold", "1")
    assert json.loads(Path("out.coco.json").read_text()) == []
    message = failed(1, "predict", make_model("depth"), "shop", "-o", "no.coco.json")
    assert message == ".coco.json: found a network for depth, expected one for boxes, masks or poses"
    assert not Path("no.coco.json").exists()


def test_masks_as_pycocotools_encodes_them(make_model: Maker, shop: Path) -> None:
    mask = pytest.importorskip("pycocotools.mask", reason="the extra [export] is not installed")
    model = make_model("instance_segmentation", detection=DetectionSettings(nms="graph"))
    result = load(model).run(cv2.imread("shop/b.png"))
    assert len(result) > 0
    for found, bitmap in zip(result.to_row()["masks"], result.bitmaps, strict=True):
        encoded = mask.encode(np.asfortranarray(bitmap.view(np.uint8)))
        assert found == {"size": encoded["size"], "counts": encoded["counts"].decode()}
    assert result.to_coco(7)[0]["segmentation"] == result.to_row()["masks"][0]


def test_a_data_frame(detector: Path, shop: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    result = Detector(detector).run(solid(255, 0, 0))
    frame = result.to_dataframe()
    assert list(frame.columns) == ["class_id", "label", "score", "x1", "y1", "x2", "y2"]
    assert frame["label"].tolist() == result.names
    assert list(result.over(2).to_dataframe().columns) == list(frame.columns)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["-o", "out"],
            "-o out: expected a file that ends in .parquet, .jsonl, .csv, .coco.json, or a folder",
        ),
        (["-o", "out.jsonl", "--resume"], "--resume is for a folder of parts: -o out.jsonl/"),
        (["-o", "out.jsonl", "--backend", "ray"], "--backend is for a folder of parts"),
        (["-o", "out/", "--workers", "2"], "--workers is for --backend ray"),
        (["-o", "out.jsonl", "--save", "x"], "--save is for results that are printed"),
        (["-o", "out.jsonl", "--json"], "--json is for results that are printed"),
        (["--strict"], "--strict is for a table: give -o too"),
    ],
)
def test_options_that_do_not_go_together(detector: Path, shop: Path, arguments: list[str], said: str) -> None:
    assert said in failed(2, "predict", detector, "shop", *arguments)


def test_networks_that_take_no_pictures(make_model: Maker, shop: Path) -> None:
    message = failed(1, "predict", make_model("tensors"), "shop", "-o", "out.jsonl")
    assert "found a network for tensors, expected one that takes single pictures" in message


def test_a_list_is_not_overwritten_by_its_results(detector: Path, shop: Path) -> None:
    Path("names.csv").write_text("path\nshop/b.png\n")
    message = failed(1, "predict", detector, "names.csv", "-o", "./names.csv")
    assert message == "names.csv: is the input itself: give -o another name"
    assert Path("names.csv").read_text() == "path\nshop/b.png\n"


def test_names_that_are_no_text(detector: Path, here: Path, pyarrow: ModuleType) -> None:
    cv2.imwrite("x.png", solid(255, 0, 0))
    Path("x.png").rename(os.fsdecode(b"\xff\n.png"))
    for name in ("out.parquet", "out.jsonl", "out.csv"):
        predict(detector, os.fsdecode(b"\xff\n.png"), "-o", name)
    assert read_parquet("out.parquet", pyarrow)[0]["path"] == "\\xff\n.png"
    assert read_lines("out.jsonl")[0]["path"] == "\\xff\n.png"


WITHOUT = """\
import sys
sys.modules.update({"pyarrow": None, "ray": None})
from gcv_edge.cli import main
main(sys.argv[1:])
"""


def without(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where neither pyarrow nor Ray is installed."""
    command = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["shop", "-o", "out.parquet"],
            "a Parquet table needs the extra [batch]: pip install 'gcv-edge[batch]'",
        ),
        (["shop", "-o", "out/"], "a Parquet table needs the extra [batch]: pip install 'gcv-edge[batch]'"),
        (["s3://b/x", "-o", "o.csv"], "an address such as s3://bucket/folder needs the extra [batch]: "),
        (
            ["shop", "-o", "out/", "--format", "jsonl", "--backend", "ray"],
            "--backend ray needs the extra [ray]: pip install 'gcv-edge[ray]'",
        ),
    ],
)
def test_what_needs_an_extra(detector: Path, shop: Path, arguments: list[str], said: str) -> None:
    process = without("predict", detector, *arguments)
    assert process.returncode == 1
    assert said in error_line(process.stderr)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.coco.json", "out/"])
def test_what_needs_no_extra(detector: Path, shop: Path, name: str) -> None:
    process = without(
        "predict", detector, "shop", "-o", name, *(["--format", "jsonl"] if name == "out/" else [])
    )
    assert process.returncode == 0, process.stderr


def test_printed_lines_say_the_same(detector: Path, shop: Path) -> None:
    """The pictures of any source can be printed too."""
    Path("names.txt").write_text("shop/b.png\nshop/a/2.png\n")
    printed = done("predict", detector, "names.txt", "--json", "--threshold", "0.1")
    predict(detector, "names.txt", "-o", "out.jsonl", "--threshold", "0.1")
    for line, row in zip(
        map(json.loads, printed.splitlines()), same(read_lines("out.jsonl"))[::-1], strict=True
    ):
        assert line["name"] == row["path"]
        assert [one["box"] for one in line["detections"]] == row["boxes"]
