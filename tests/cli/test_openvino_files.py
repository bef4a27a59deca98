"""``gcv-edge export --to``: files for OpenVINO's own tools."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CLASSES_FILE, PICTURE, QUICK, contents, done, failed
from tests.runtime.conftest import Maker

BY_SIZE = "Warning: frames are resized by bilinear interpolation: Model API has no by_size here"


def test_an_exported_file_becomes_ir(here: Path, signs: Path) -> None:
    first, *others = done("export", signs, "--to", "openvino", "-o", "m.xml").splitlines()
    assert first.startswith("m.xml, m.bin: detection, for Model API's ssd, ")
    assert others == [BY_SIZE, "", "Next: Model.create_model('m.xml') of openvino-model-api"]
    assert list(contents(here)) == ["m.bin", "m.xml"]


def test_ir_as_json(here: Path, signs: Path) -> None:
    facts = json.loads(done("export", signs, "--to", "openvino", "-o", "m.xml", "--json"))["openvino"]
    assert (facts["path"], facts["weights"], facts["config"]) == ("m.xml", "m.bin", None)
    assert facts["task"] == "detection"
    assert facts["model_info"]["model_type"] == "ssd"
    assert facts["warnings"] == [BY_SIZE.removeprefix("Warning: ")]


def test_a_repository_for_model_server(here: Path, signs: Path) -> None:
    printed = done("export", signs, "--to", "ovms", "-o", "my models")
    assert printed.endswith("Next: ovms --config_path 'my models/config.json' --port 9000\n")
    assert [name for name, found in contents(here).items() if found != "/"] == [
        "my models/config.json",
        "my models/signs/1/signs.bin",
        "my models/signs/1/signs.xml",
    ]


def test_another_source_is_exported_into_the_store_first(here: Path) -> None:
    given = (*QUICK, "--classes", CLASSES_FILE, "--interpolation", "bilinear")
    printed = done("export", *given, "--to", "openvino", "-o", "m.xml")
    assert "traffic_signs.onnx: detection, " in printed
    assert "m.xml, m.bin: detection, for Model API's ssd, " in printed
    assert "Warning" not in printed
    done("predict", "traffic_signs", PICTURE)
    facts = json.loads(done("export", *given, "--to", "ovms", "-o", "models", "--json"))
    assert Path(facts["path"]).name == "traffic_signs.onnx"
    assert facts["openvino"]["config"] == "models/config.json"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--to", "openvino"), "--to openvino needs -o OUT.xml"),
        (("--to", "ovms"), "--to ovms needs -o FOLDER"),
        (("--to", "openvino", "-o", "m.onnx"), "-o m.onnx: expected a name that ends in .xml"),
        (("--to", "ir", "-o", "m.xml"), "found 'ir'"),
        (
            ("--to", "openvino", "-o", "m.xml", "--mean", "0"),
            "--mean: signs.onnx was exported before, and keeps what it says",
        ),
        (
            ("--to", "openvino", "-o", "m.xml", "--input-shape", "1,3,64,64"),
            "--input-shape: signs.onnx was exported before",
        ),
        (
            ("--to", "openvino", "-o", "m.xml", "--calibrate", "."),
            "--calibrate is not for --to openvino: calibrate, then export the 8-bit file",
        ),
    ],
)
def test_what_does_not_go_together(here: Path, signs: Path, given: tuple[str, ...], expected: str) -> None:
    shutil.copy(signs, "signs.onnx")
    assert expected in failed(2, "export", "signs.onnx", *given)
    assert list(contents(here)) == ["signs.onnx"]


def test_what_no_wrapper_is_for(here: Path, make_model: Maker) -> None:
    pose = make_model("pose")
    for to, output in (("openvino", "m.xml"), ("ovms", "models")):
        message = failed(1, "export", pose, "--to", to, "-o", output)
        assert "for pose, only for classification, detection, segmentation, instance_segmentation" in message
        assert list(contents(here)) == []


def test_a_place_that_is_not_there(here: Path, signs: Path) -> None:
    assert failed(1, "export", signs, "--to", "openvino", "-o", "no/m.xml") == "no: no such folder"
    Path("taken").touch()
    assert failed(1, "export", signs, "--to", "ovms", "-o", "taken") == "taken: not a folder"


def test_a_damaged_file_is_one_line(here: Path) -> None:
    Path("m.onnx").write_bytes(b"\xff" * 64)
    assert failed(1, "export", "m.onnx", "--to", "openvino", "-o", "m.xml").startswith("m.onnx: ")
