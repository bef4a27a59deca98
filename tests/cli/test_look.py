"""``info``, ``verify``, ``list``, ``doctor`` and ``demo``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from gcv_edge import store
from gcv_edge.metadata import ClipSettings
from tests.cli.conftest import SHAPE, WITHOUT_MXNET, done, error_line, run, shell
from tests.runtime.conftest import Maker
from tests.support.demo_files import CLASSES, DEMO, SYMBOL


def with_metadata(model: Path, target: Path, **entries: str) -> Path:
    """Copy a model; change what it says of itself."""
    proto = onnx.load(model)
    for entry in proto.metadata_props:
        entry.value = entries.get(entry.key.removeprefix("gcv_edge "), entry.value)
    onnx.save(proto, target)
    return target


def test_info(signs: Path) -> None:
    printed = done("info", signs)
    headings = [line.split()[0] for line in printed.splitlines()]
    expected = "File Task Labels Input Outputs Frames Detection Source Verdict Note Written"
    assert headings == expected.split()
    assert f"data f32 [{SHAPE.replace(',', ', ')}]" in printed
    for part in (str(signs), f"{len(CLASSES)}: {', '.join(CLASSES)}", "turned to RGB", "verified against"):
        assert part in printed


def test_info_as_json(signs: Path) -> None:
    facts = json.loads(done("info", signs, "--json"))
    assert facts["path"] == str(signs)
    assert facts["bytes"] == signs.stat().st_size
    assert facts["inputs"] == [{"name": "data", "type": "f32", "shape": [int(n) for n in SHAPE.split(",")]}]
    assert [output["name"] for output in facts["outputs"]] == ["boxes", "scores"]
    assert tuple(facts["labels"]) == CLASSES
    assert facts["preprocessing"]["reverse_channels"] is True
    assert facts["detection"]["iou_threshold"] == pytest.approx(0.45)
    assert facts["source"] == "traffic_signs"


@pytest.mark.parametrize("kind", ["classification", "segmentation", "pose", "detection", "kept"])
def test_info_of_every_task(make_model: Maker, kind: str) -> None:
    model = make_model(kind, batch=None)
    printed, facts = done("info", model), json.loads(done("info", model, "--json"))
    task = "detection" if kind == "kept" else kind
    assert facts["task"] == task
    assert f"\nTask        {task}, " in printed
    assert "not verified" in printed
    assert (facts["detection"] is None) == (task != "detection")


def test_verify(signs: Path) -> None:
    printed = done("verify", signs)
    assert printed.splitlines()[-1].startswith(f"{signs}: verified against numbers stored at export")
    assert "FAILED" not in printed


def test_verify_as_json(signs: Path) -> None:
    verdict = json.loads(done("verify", signs, "--json"))
    assert verdict["passed"] is True
    names = {row["name"] for row in verdict["comparisons"]}
    engines = ("openvino", "onnxruntime")
    assert names == {f"{output} ({engine})" for output in ("boxes", "scores") for engine in engines}
    assert all(row["max_error"] <= row["tolerance"] for row in verdict["comparisons"])


def test_verify_by_name(signs: Path) -> None:
    store.remember(signs, "signs_to_verify")
    assert json.loads(done("verify", "signs_to", "--json"))["path"] == str(signs)


@pytest.mark.parametrize("as_json", [False, True])
def test_verify_tells_a_difference(signs: Path, tmp_path: Path, as_json: bool) -> None:
    samples = json.loads(json.dumps(json.loads(self_test(signs))))
    samples[0]["values"][0] += samples[0]["scale"]
    changed = with_metadata(signs, tmp_path / "changed.onnx", self_test=json.dumps(samples))
    result = run("verify", changed, *(["--json"] if as_json else []))
    assert result.exit_code == 1
    output = samples[0]["output"]
    message = f"{changed}: '{output} (openvino)' on noise differs from numbers stored at export"
    assert error_line(result.stderr).startswith(message)
    assert error_line(result.stderr).endswith(" of its deviation, 0.002 is tolerated")
    if as_json:
        assert json.loads(result.stdout)["passed"] is False
    else:
        assert "VERIFICATION FAILED" in result.stdout
        assert result.stdout.count("FAILED") == 3


def self_test(model: Path) -> str:
    entries = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    return entries["gcv_edge self_test"]


def test_verify_against_the_source(signs: Path, mxnet: object) -> None:
    assert "verified against mxnet" in done("verify", signs, "--against", SYMBOL)


def test_verify_against_another_network(signs: Path, mxnet: object, testdata: Path) -> None:
    other = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-symbol.json"
    result = run("verify", signs, "--against", other)
    assert result.exit_code == 1
    assert "head is for classification, not for detection" in error_line(result.stderr)


def test_an_empty_store(here: Path) -> None:
    assert f"No models in {here.parent}/home/models (gcv-edge export makes one)" in done("list")
    assert json.loads(done("list", "--json"))["models"] == []


def test_the_store_is_listed(signs: Path, here: Path, make_model: Maker) -> None:
    shutil.copy(signs, store.stored_path("signs"))
    store.remember(make_model("pose"), "bones")
    store.stored_path("broken").write_text("no model")
    printed = done("list")
    rows = [line.split()[:2] for line in printed.splitlines()[1:5]]
    assert rows == [["name", "task"], ["bones", "pose"], ["broken", "damaged"], ["signs", "detection"]]
    models = {model["name"]: model for model in json.loads(done("list", "--json"))["models"]}
    assert set(models) == {"bones", "broken", "signs"}
    assert models["signs"]["labels"] == len(CLASSES)
    assert models["signs"]["error"] is None
    assert "not an ONNX model" in models["broken"]["error"]
    poses = json.loads(done("list", "--task", "pose", "--json"))["models"]
    assert [model["name"] for model in poses] == ["bones"]


def test_zoo_names(here: Path) -> None:
    zoo = json.loads(done("list", "--json"))["zoo"]
    assert sum(map(len, zoo.values())) == 329
    entries = {entry["name"]: entry for entries in zoo.values() for entry in entries}
    yolo = entries["yolo3_mobilenet1.0_voc"]
    assert (yolo["task"], yolo["inputs"]) == ("detection", [[1, 3, 416, 416]])
    assert yolo["bytes"] > 90e6
    assert 0 < yolo["error"] < 1e-3
    assert set(yolo["milliseconds"]) == {"mxnet", "onnxruntime", "openvino"}
    only = json.loads(done("list", "--task", "segmentation", "--json"))["zoo"]
    assert list(only) == ["segmentation"]


def test_zoo_names_as_a_table(here: Path) -> None:
    lines = done("list", "--task", "tensors").splitlines()
    headings = next(line.split() for line in lines if line.startswith("name"))
    assert headings[:4] == ["name", "input", "size", "error"]
    (siamese,) = [line for line in lines if line.startswith("siamrpn_")]
    assert "3x127x127, 3x287x287" in siamese
    assert "two files" in siamese
    if lines[-1].startswith("GluonCV's zoo is not installed"):
        lines.pop()
    assert "docs/zoo.md" in lines[-1]


def test_without_gluoncv_the_zoo_is_listed_too(here: Path) -> None:
    process = shell(["-c", WITHOUT_MXNET, "list"])
    assert (process.returncode, process.stderr) == (0, "")
    assert "resnet50_v1d_0.37" in process.stdout
    assert "GluonCV's zoo is not installed; names need the extra [mxnet]: pip install" in process.stdout
    process = shell(["-c", WITHOUT_MXNET, "list", "--task", "pose", "--json"])
    assert len(json.loads(process.stdout)["zoo"]["pose"]) == 19


def test_doctor(here: Path) -> None:
    findings = {row["what"]: row for row in json.loads(done("doctor", "--json"))}
    assert {row["state"] for row in findings.values()} <= {"ok", "absent"}
    for what in ("native core", "numpy", "model store", "inference in openvino", "inference in onnxruntime"):
        assert findings[what]["state"] == "ok"
    printed = done("doctor")
    assert printed.splitlines()[0].split() == ["checked", "state", "found"]
    assert len(printed.splitlines()) == len(findings) + 1


def test_doctor_names_what_is_broken(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCV_EDGE_HOME", "/proc/store")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert error_line(result.stderr) == "broken: model store"
    broken = [row for row in json.loads(result.stdout) if row["state"] == "BROKEN"]
    assert [row["what"] for row in broken] == ["model store"]
    assert "set GCV_EDGE_HOME to another folder" in broken[0]["detail"]


def test_demo(here: Path) -> None:
    """In a process without MXNet, as a user's first command."""
    process = shell(["-c", WITHOUT_MXNET, "demo"])
    assert (process.returncode, process.stderr) == (0, "")
    pictures = sorted(DEMO.glob("*.jpg"))
    for picture in pictures:
        assert f"\n{picture.name}: " in process.stdout
        annotated = cv2.imread(f"gcv-edge-demo/{picture.stem}.png")
        assert annotated.shape == cv2.imread(str(picture)).shape
    for part in (
        "verified against",
        "mean average precision",
        "inference ms",
        "gcv-edge info",
        "far too few",
        "Fastest on this",
    ):
        assert part in process.stdout
    names = [
        *(f"{picture.stem}.png" for picture in pictures),
        "traffic_signs.onnx",
        "traffic_signs_int8.onnx",
    ]
    assert sorted(path.name for path in Path("gcv-edge-demo").iterdir()) == sorted(names)


def test_demo_into_a_folder_that_is_there(here: Path) -> None:
    Path("shown").mkdir()
    Path("shown/other.txt").write_text("stays")
    Path("shown/town.png").write_text("is replaced")
    printed = done("demo", "-o", "shown")
    assert "The annotated pictures are in shown." in printed
    assert Path("shown/other.txt").read_text() == "stays"
    assert np.any(cv2.imread("shown/town.png"))
    assert "detection" in done("info", "shown/traffic_signs.onnx")


@pytest.mark.parametrize(
    ("kind", "clip", "parts"),
    [
        ("clip", ClipSettings((0, 2, 4, 6), 8), ["Clips       4 frames of 8 in a row, from the middle"]),
        ("clip", ClipSettings((0, 2, 4, 6), 8, 5), ["from 5 places spread over the video, averaged by this"]),
        (
            "consensus",
            ClipSettings(segments=3, in_graph=True),
            ["single frames, from 3", "inside the network"],
        ),
        ("depth", None, ["Depth       disparity 1 is 0.1, 0 is 100, relative"]),
        ("image_to_image", None, ["Picture     from 0 (black) to 1 (white)"]),
        ("tensors", None, ["Input       data f32 [1, 3, 32, 32]"]),
        ("embedding", None, ["Outputs     logits f32 [1, 3]"]),
        ("classification", None, ["Scores      softmax of the logits", "turned to RGB"]),
        ("labelling", None, ["Scores      sigmoid of each logit: every class by itself"]),
        ("grey", None, ["Input       data f32 [1, 1, 32, 32]", "turned to grey", "mean 0, scale 255"]),
        ("regression", None, ["Outputs     values f32 [1, 3]"]),
    ],
)
def test_info_says_what_a_task_needs(
    make_model: Maker, kind: str, clip: ClipSettings | None, parts: list[str]
) -> None:
    model = make_model(kind, clip=clip, batch=3 if kind == "consensus" else 1)
    printed, facts = done("info", model), json.loads(done("info", model, "--json"))
    for part in parts:
        assert part in printed
    assert ("Frames" in printed) == (kind != "tensors")
    assert (facts["clip"] is None) == (clip is None)
    assert (facts["activation"] is None) == (facts["task"] not in ("classification", "action"))
