"""``gcv-edge export``: what goes into the file, and where the file goes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from gcv_edge import Classifier, Detector
from tests.cli.conftest import (
    CLASSES_FILE,
    PICTURE,
    QUICK,
    SIZED,
    WITHOUT_MXNET,
    contents,
    done,
    failed,
    shell,
)
from tests.runtime.conftest import build_model, solid
from tests.support.demo_files import CLASSES, PARAMS, SYMBOL

NORMALISED = ("--mean", "0", "--scale", "255")


def describe(model: Path | str) -> dict[str, Any]:
    return json.loads(done("info", model, "--json"))


def foreign(kind: str, path: Path) -> Path:
    """Write a network of which nothing says how it is used."""
    path.write_bytes(build_model(kind, 1, (32, 32)).SerializeToString())
    return path


def test_it_says_what_it_wrote_and_what_to_do_next(here: Path) -> None:
    printed = done("export", *QUICK, "--classes", CLASSES_FILE, "-o", "the signs.onnx")
    first, *others = printed.splitlines()
    assert first.startswith(f"the signs.onnx: detection, {len(CLASSES)} labels, ")
    assert "not verified (--no-verify)" in others
    assert others[-1] == "Next: gcv-edge predict 'the signs.onnx' PICTURE --save out"
    assert list(contents(here)) == ["the signs.onnx"]


def test_json(here: Path) -> None:
    facts = json.loads(done("export", *QUICK, "--classes", CLASSES_FILE, "-o", "signs.onnx", "--json"))
    assert facts["path"] == "signs.onnx"
    assert facts["bytes"] == Path("signs.onnx").stat().st_size
    assert facts["task"] == "detection"
    assert tuple(facts["labels"]) == CLASSES
    assert len(facts["source_hash"]) == 64
    assert facts["verification"] is None
    assert facts["random_weights"] is None
    assert set(facts["seconds"]) == {"read", "convert", "write"}


def test_the_verdict_goes_into_the_file(signs: Path) -> None:
    verdict = describe(signs)["verification"]
    assert verdict["passed"] is True
    assert verdict["inputs"] == ["black", "noise", "picture"]
    assert verdict["batches"] == [1, 3]
    assert {"boxes", "scores"} <= {row["name"] for row in verdict["comparisons"]}


def test_a_failed_verdict_is_one_line_and_no_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gcv_edge import pipeline
    from gcv_edge.agreement import Comparison
    from gcv_edge.verification.verdict import Verification

    wrong = Verification("a reference", (Comparison("boxes", 0.5, 5e-4),), ("noise",), (1,))
    monkeypatch.setattr(pipeline, "check_export", lambda *_: wrong)
    message = failed(1, "export", *SIZED, "-o", "signs.onnx")
    assert "'boxes' differs from a reference by 0.5 of its deviation" in message
    assert contents(here) == {}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n", ""])
def test_class_names_from_a_list_or_a_file(here: Path, ending: str) -> None:
    names = ["a b", "c", "d,e", "ü", "f", "g"]
    Path("names.txt").write_bytes("\n".join(names).encode() + ending.encode())
    done("export", *QUICK, "--classes", "names.txt", "-o", "file.onnx")
    assert describe("file.onnx")["labels"] == names
    if not ending:
        done("export", *QUICK, "--classes", "a b, c,d,ü,f,g", "-o", "list.onnx")
        assert describe("list.onnx")["labels"] == ["a b", "c", "d", "ü", "f", "g"]


def test_without_class_names(here: Path) -> None:
    assert "no labels (--classes names them)" in done("export", *QUICK, "-o", "signs.onnx")
    assert "none (gcv-edge export --classes names them)" in done("info", "signs.onnx")


def test_nms_in_the_graph(here: Path, signs: Path) -> None:
    done("export", *QUICK, "--classes", CLASSES_FILE, "--nms", "graph", "-o", "inside.onnx")
    facts = describe("inside.onnx")
    assert [output["name"] for output in facts["outputs"]] == ["ids", "scores", "boxes"]
    assert facts["detection"]["nms"] == "graph"
    ours, theirs = (
        json.loads(done("predict", model, PICTURE, "--json", "--threshold", "0"))["detections"]
        for model in (signs, "inside.onnx")
    )
    assert [row["label"] for row in ours] == [row["label"] for row in theirs]
    assert [row["score"] for row in ours] == pytest.approx([row["score"] for row in theirs], abs=1e-5)


def test_open_batch(here: Path) -> None:
    done("export", *QUICK, "--dynamic-batch", "-o", "open.onnx")
    facts = describe("open.onnx")
    assert {port["shape"][0] for port in (*facts["inputs"], *facts["outputs"])} == {None}
    assert "data f32 [N, 3, " in done("info", "open.onnx")
    done("predict", "open.onnx", PICTURE)


def test_parameters_from_elsewhere(here: Path) -> None:
    shutil.copy(SYMBOL, here / "net-symbol.json")
    shutil.copy(PARAMS, here / "best.params")
    done("export", "net-symbol.json", "--params", "best.params", *SIZED[1:], "--no-verify", "-o", "a.onnx")
    done("export", *QUICK, "-o", "b.onnx")
    assert describe("a.onnx")["source_hash"] == describe("b.onnx")["source_hash"]


def test_without_output_it_goes_into_the_store(here: Path, tmp_path: Path) -> None:
    printed = done("export", *QUICK, "--classes", CLASSES_FILE)
    assert printed.splitlines()[-1] == "Next: gcv-edge predict traffic_signs PICTURE --save out"
    assert contents(here) == {}
    assert Path(describe("traffic_signs")["path"]) == tmp_path / "home" / "models" / "traffic_signs.onnx"
    assert done("predict", "traffic", PICTURE).startswith(str(PICTURE))


def test_the_store_knows_files_elsewhere_by_name(here: Path) -> None:
    done("export", *QUICK, "-o", "sub signs.onnx")
    assert describe("sub signs")["path"] == str(here / "sub signs.onnx")


def test_a_store_that_cannot_be_written_is_no_obstacle(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCV_EDGE_HOME", "/proc/store")
    done("export", *QUICK, "-o", "signs.onnx")
    done("predict", "signs.onnx", PICTURE)


def test_an_older_file_is_replaced(here: Path) -> None:
    Path("signs.onnx").write_text("older")
    done("export", *QUICK, "-o", "signs.onnx")
    done("info", "signs.onnx")
    assert list(contents(here)) == ["signs.onnx"]


def test_it_works_without_mxnet(here: Path) -> None:
    """The whole command, verification included, where mxnet cannot be imported."""
    process = shell(["-c", WITHOUT_MXNET, "export", *SIZED, "-o", "signs.onnx"])
    assert (process.returncode, process.stderr) == (0, "")
    assert "verified against openvino" in process.stdout
    assert list(contents(here)) == ["signs.onnx"]


def test_a_foreign_classifier(here: Path) -> None:
    foreign("classification", here / "theirs.onnx")
    arguments = ("--task", "classification", *NORMALISED, "--classes", "red,green,blue")
    done("export", "theirs.onnx", *arguments, "-o", "ours.onnx")
    result = Classifier("ours.onnx").run(solid(255, 0, 0))
    assert result.top(1)[0].label == "red"
    done("export", "theirs.onnx", *arguments, "--bgr", "-o", "bgr.onnx")
    assert Classifier("bgr.onnx").run(solid(255, 0, 0)).top(1)[0].label == "blue"


def test_a_foreign_detector(here: Path) -> None:
    foreign("detection", here / "theirs.onnx")
    arguments = ("--task", "detection", *NORMALISED, "--boxes", "boxes", "--scores", "scores")
    done("export", "theirs.onnx", *arguments, "--classes", "red,green,blue", "-o", "ours.onnx")
    result = Detector("ours.onnx").run(solid(0, 255, 0, size=(32, 32)))
    assert list(result.names) == ["green", "green"]
    assert result.boxes[0].tolist() == [0, 0, 16, 16]


@pytest.mark.parametrize(
    ("option", "box", "class_id"),
    [
        ("--background", [0, 0, 16, 16], 0),
        ("--box-format=cxcywh", [0, 0, 8, 8], 1),
    ],
)
def test_how_a_foreign_detector_says_its_boxes(
    here: Path, option: str, box: list[int], class_id: int
) -> None:
    foreign("detection", here / "theirs.onnx")
    done("export", "theirs.onnx", "--task", "detection", *NORMALISED, option, "-o", "ours.onnx")
    result = Detector("ours.onnx", confidence=0.9).run(solid(0, 255, 0, size=(32, 32)))
    assert (result.boxes[0].tolist(), result.class_ids[0]) == (box, class_id)


def test_a_zoo_name(here: Path, gluoncv: object) -> None:
    name = "cifar_resnet20_v1"
    printed = done("export", name, "--random-weights", "1", "--no-verify")
    assert "RANDOM WEIGHTS (seed 1): for benchmarks only" in printed
    assert f"Next: gcv-edge predict {name} PICTURE" in printed
    facts = describe(name)
    assert facts["task"] == "classification"
    assert "random weights, seed 1" in facts["source"]


def test_a_factory(here: Path, gluoncv: object, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("own_networks.py").write_text(
        "from gluoncv.model_zoo import cifar_resnet20_v1\n"
        "def small():\n    net = cifar_resnet20_v1(classes=3)\n    net.initialize()\n    return net\n"
    )
    arguments = ("--input-shape", "1,3,32,32", "--classes", "a,b,c", "--no-verify", "-o", "small.onnx")
    done("export", "own_networks:small", *arguments)
    sys.modules.pop("own_networks")
    assert describe("small.onnx")["labels"] == ["a", "b", "c"]
    cv2.imwrite("red.png", solid(255, 0, 0))
    assert done("predict", "small.onnx", "red.png").startswith("red.png: ")


def test_progress_is_for_terminals(here: Path) -> None:
    process = shell(["-m", "gcv_edge", "export", *QUICK, "-o", "signs.onnx"])
    assert (process.returncode, process.stderr) == (0, "")
    assert "\r" not in process.stdout
    assert "\x1b" not in process.stdout
