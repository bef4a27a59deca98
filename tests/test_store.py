"""The model store: names, unambiguous beginnings, and what is said where nothing is found."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gcv_edge.errors import GcvEdgeError, ModelNotFoundError
from gcv_edge.store import (
    find_model,
    home,
    models_folder,
    remember,
    stored_models,
    stored_path,
    try_to_remember,
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(name: str) -> Path:
    """Do as an export without -o does: write into the store."""
    path = stored_path(name)
    path.write_bytes(b"model")
    remember(path, name)
    return path


def export_elsewhere(path: Path, name: str) -> Path:
    """Do as an export with -o does: write elsewhere, and be remembered."""
    path.write_bytes(b"model")
    remember(path, name)
    return path


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["yolo3_mobilenet1.0_voc"], "yolo3_mobilenet1.0_voc", "yolo3_mobilenet1.0_voc"),
        (["yolo3_mobilenet1.0_voc", "ssd_300"], "yolo3", "yolo3_mobilenet1.0_voc"),
        (["yolo3", "yolo3_int8"], "yolo3", "yolo3"),
        (["yolo3", "yolo3_int8"], "yolo3_i", "yolo3_int8"),
        (["squeezenet1.1", "squeezenet1.0"], "squeezenet1.1", "squeezenet1.1"),
        (["名前"], "名", "名前"),
    ],
)
def test_names_and_beginnings(names: list[str], wanted: str, found: str, store: Path) -> None:
    for name in names:
        export(name)
    assert find_model(wanted) == stored_path(found)


@pytest.mark.parametrize(
    ("names", "wanted", "message"),
    [
        (
            [],
            "yolo3",
            r"model 'yolo3' is neither a file nor in the model store \(.*models is empty\): gcv-edge export",
        ),
        (["yolo3_a", "yolo3_b"], "yolo3", "model 'yolo3' is ambiguous: found yolo3_a, yolo3_b"),
        (["yolo3_voc"], "yolo4_voc", "did you mean yolo3_voc?"),
        (["yolo3_mobilenet1.0_voc"], "mobilenet", "did you mean yolo3_mobilenet1.0_voc?"),
        (["ssd"], "xyz", r"in the model store \(it has ssd\): gcv-edge export"),
        ([f"net{i:02}" for i in range(12)], "net", "ambiguous: found net00, .*net07 and 4 more"),
        (["ssd"], "", "model '' is neither"),
        (["ssd"], "ssd.onnx", "ssd.onnx: no such file"),
        (["ssd"], "here/ssd", "here/ssd: no such file"),
    ],
)
def test_not_found(names: list[str], wanted: str, message: str, store: Path) -> None:
    for name in names:
        export(name)
    with pytest.raises(ModelNotFoundError, match=message) as caught:
        find_model(wanted)
    assert "\n" not in str(caught.value)


def test_a_misspelt_path_hints_at_its_neighbours(store: Path) -> None:
    (store / "yolo3.onnx").touch()
    with pytest.raises(ModelNotFoundError, match=r"yolo.onnx: no such file; did you mean .*yolo3\.onnx\?"):
        find_model(store / "yolo.onnx")


def test_a_file_always_wins(store: Path) -> None:
    export("yolo3")
    here = store / "yolo3"
    here.write_bytes(b"model without a suffix")
    assert find_model("yolo3") == Path("yolo3")
    assert find_model(here) == here


def test_a_folder_of_that_name_does_not_hide_the_store(store: Path) -> None:
    export("yolo3")
    (store / "yolo3").mkdir()
    assert find_model("yolo3") == stored_path("yolo3")


def test_a_folder_is_no_model(store: Path) -> None:
    (store / "yolo3").mkdir()
    with pytest.raises(ModelNotFoundError, match="yolo3: no such file, found a folder"):
        find_model("yolo3")


def test_an_export_elsewhere_is_remembered(store: Path) -> None:
    path = export_elsewhere(store / "out.onnx", "yolo3_custom")
    assert find_model("yolo3") == path
    assert stored_models() == {"yolo3_custom": path}


def test_the_later_export_of_a_name_counts(store: Path) -> None:
    inside = export("net")
    outside = export_elsewhere(store / "net.onnx", "net")
    assert stored_models() == {"net": outside}
    assert export("net") == inside
    assert stored_models() == {"net": inside}


def test_relative_paths_are_remembered_from_anywhere(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export_elsewhere(Path("out.onnx"), "net")
    monkeypatch.chdir("/")
    assert find_model("net") == store / path


def test_a_file_that_is_gone_is_forgotten(store: Path) -> None:
    export_elsewhere(store / "out.onnx", "net").unlink()
    assert stored_models() == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"path": 3}', '{"path": "a\\u0000b"}', '{"other": "x"}', "\xff"]
)
def test_a_damaged_note_is_passed_over(text: str, store: Path) -> None:
    export("good")
    (models_folder() / "bad.json").write_bytes(text.encode("latin-1"))
    assert list(stored_models()) == ["good"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\nb", "c:d"])
def test_names_that_cannot_be_files(name: str, store: Path) -> None:
    with pytest.raises(ValueError, match=r"model name: found .*, expected one without separators"):
        remember(store / "x.onnx", name)
    with pytest.raises(ValueError, match="model name"):
        stored_path(name)


def test_many_writers_at_once_leave_whole_notes(store: Path) -> None:
    targets = [store / f"{i}.onnx" for i in range(4)]
    for target in targets:
        target.touch()

    def write(turn: int) -> None:
        remember(targets[turn % 4], "shared")
        remember(targets[turn % 4], f"own{turn}")
        assert "shared" in stored_models()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    assert len(stored_models()) == 65
    assert {path.suffix for path in models_folder().iterdir()} == {".json"}
    assert Path(json.loads((models_folder() / "shared.json").read_text())["path"]) in targets


def test_a_store_that_cannot_be_made(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / "file").touch()
    monkeypatch.setenv("GCV_EDGE_HOME", str(store / "file"))
    with pytest.raises(GcvEdgeError, match="the model store cannot be made"):
        remember(store / "x.onnx", "x")
    assert not try_to_remember(store / "x.onnx", "x")
    assert stored_models() == {}


def test_trying_to_remember(store: Path) -> None:
    (store / "x.onnx").touch()
    assert try_to_remember(store / "x.onnx", "x")
    assert not try_to_remember(store / "x.onnx", ".x")
    assert list(stored_models()) == ["x"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"GCV_EDGE_HOME": "/a"}, "/a"),
        ({"GCV_EDGE_HOME": "", "XDG_CACHE_HOME": "/b"}, "/b/gcv-edge"),
        ({"GCV_EDGE_HOME": "", "XDG_CACHE_HOME": ""}, "~/.cache/gcv-edge"),
    ],
)
def test_where_the_store_is(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(home()) == os.path.expanduser(expected)  # noqa: PTH111
