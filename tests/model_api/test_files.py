"""The files that are written: whole, or not at all."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from gcv_edge import store
from gcv_edge.engines import import_openvino
from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.metadata import DetectionSettings
from gcv_edge.model_api import write_ir, write_repository
from tests.cli.conftest import contents
from tests.runtime.conftest import Maker
from tests.support.task_networks import KINDS, Kind, write_network


def test_both_files_and_nothing_else(make_model: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    files = write_ir(make_model("detection"), folder / "m.xml")
    assert (files.xml, files.weights) == (folder / "m.xml", folder / "m.bin")
    assert list(contents(folder)) == ["m.bin", "m.xml"]
    root = ElementTree.parse(files.xml).getroot()
    found = {entry.tag: entry.get("value") for entry in root.iterfind("rt_info/model_info/*")}
    assert found == files.info.entries


def test_openvino_reads_names_shapes_and_layout(make_model: Maker, tmp_path: Path) -> None:
    openvino = import_openvino()
    files = write_ir(make_model("detection", detection=DetectionSettings(post_nms=7)), tmp_path / "m.xml")
    network = openvino.Core().read_model(files.xml)
    ports = {port.any_name: (port.element_type.to_string(), list(port.shape)) for port in network.outputs}
    assert ports == {"boxes": ("f32", [1, 7, 5]), "labels": ("i64", [1, 7])}
    (picture,) = network.inputs
    assert (picture.any_name, list(picture.shape)) == ("data", [1, 3, 32, 32])
    assert openvino.layout_helpers.get_layout(picture) == openvino.Layout("NCHW")


def test_a_name_in_the_store(make_model: Maker, tmp_path: Path) -> None:
    store.remember(make_model("classification"), "flowers")
    assert write_ir("flowers", tmp_path / "m.xml").info.entries["model_type"] == "Classification"
    write_repository("flowers", tmp_path / "models")
    assert served(tmp_path / "models") == {"classification": "classification"}


ONE_CLASS = Kind(KINDS["multi-label"].task, ("a",), lambda g, x: g.vector(x, 1), activation="sigmoid")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (KINDS["grey"], r"found an input \[1, 1, 16, 16\], expected \[1, 3, H, W\]"),
        (KINDS["bare"], "activation 'none' is not supported"),
        (ONE_CLASS, "found one class with activation 'sigmoid', expected two or more"),
        (KINDS["regression"], "no wrapper for regression"),
    ],
)
def test_a_refusal_leaves_earlier_files_as_they_were(tmp_path: Path, kind: Kind, expected: str) -> None:
    network = write_network(tmp_path / "network.onnx", kind)
    for name in ("m.xml", "m.bin"):
        (tmp_path / name).write_text("earlier")
    before = contents(tmp_path)
    with pytest.raises(UnsupportedError, match=expected):
        write_ir(network, tmp_path / "m.xml")
    assert contents(tmp_path) == before


def test_a_refusal_leaves_no_folder(make_model: Maker, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="no wrapper for pose"):
        write_repository(make_model("pose"), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_several_pictures_at_once_are_refused(make_model: Maker, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"found an input \[2, 3, 32, 32\]"):
        write_ir(make_model("detection", batch=2), tmp_path / "m.xml")


def test_weights_that_cannot_be_written_leave_nothing(make_model: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "m.bin").mkdir(parents=True)
    with pytest.raises(GcvEdgeError, match=r"m\.xml: cannot be written"):
        write_ir(make_model("detection"), folder / "m.xml")
    assert list(contents(folder)) == ["m.bin"]


def served(folder: Path) -> dict[str, str]:
    config = json.loads((folder / "config.json").read_text())
    return {entry["config"]["name"]: entry["config"]["base_path"] for entry in config["model_config_list"]}


def test_a_repository_gains_one_model_after_the_other(make_model: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for kind in ("detection", "classification", "detection"):
        write_repository(make_model(kind), folder)
    assert [name for name in contents(folder) if name.count("/") == 2] == [
        "classification/1/classification.bin",
        "classification/1/classification.xml",
        "detection/1/detection.bin",
        "detection/1/detection.xml",
    ]
    assert served(folder) == {"detection": "detection", "classification": "classification"}


def test_what_a_configuration_says_of_others_stays(make_model: Maker, tmp_path: Path) -> None:
    config = {
        "model_config_list": [{"config": {"name": "detection", "base_path": "/models/d", "nireq": 4}}],
        "monitoring": {"metrics": {"enable": True}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    write_repository(make_model("detection"), tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == config
    write_repository(make_model("classification"), tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["monitoring"] == config["monitoring"]
    assert served(tmp_path) == {"detection": "/models/d", "classification": "classification"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"model_config_list": [{}]}', '{"model_config_list": 1}', "\0"]
)
def test_another_configuration_is_left_alone(make_model: Maker, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "config.json").write_text(text)
    with pytest.raises(GcvEdgeError, match=r"config\.json: found no model_config_list"):
        write_repository(make_model("detection"), folder)
    assert list(contents(folder)) == ["config.json"]
    assert (folder / "config.json").read_text() == text
