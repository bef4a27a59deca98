"""Names in the model store that two files have: said, and both stay reachable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gcv_edge.store import find_model, remember, take_name
from tests.cli.conftest import CLASSES_FILE, QUICK, SIZED, done, run
from tests.support.demo_files import PARAMS, SYMBOL


def notes(printed: str) -> list[str]:
    return [line.removeprefix("note: ") for line in printed.splitlines() if "name 'net'" in line]


def test_a_second_file_of_a_name_says_what_the_name_meant(here: Path) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
    assert notes(done("export", *QUICK, "-o", "a/net.onnx")) == []
    assert notes(done("export", *QUICK, "-o", "a/net.onnx")) == []
    old, new = here / "a/net.onnx", here / "b/net.onnx"
    assert notes(done("export", *QUICK, "-o", "b/net.onnx")) == [
        f"the name 'net' now means {new}; {old}, which it meant before, goes by its path"
    ]
    assert find_model("net") == new
    assert find_model(old) == old
    document = json.loads(done("export", *QUICK, "-o", "a/net.onnx", "--json"))
    assert [note for note in document["notes"] if note.startswith("the name 'net' now means")]


def test_a_stored_model_that_gives_way_to_a_file_elsewhere(here: Path) -> None:
    shutil.copy(SYMBOL, "net-symbol.json")
    shutil.copy(PARAMS, "net-0000.params")
    done("export", "net-symbol.json", *SIZED[1:], "--no-verify")
    stored = find_model("net")
    assert notes(done("export", *QUICK, "-o", "net.onnx"))
    assert find_model("net") == here / "net.onnx"
    assert find_model(stored) == stored


@pytest.mark.parametrize(
    ("more", "is_said"), [((), False), (("--classes", str(CLASSES_FILE)), True), (("--nms", "graph"), True)]
)
def test_a_stored_model_of_other_files_or_options_is_said_to_be_replaced(
    here: Path, more: tuple[str, ...], is_said: bool
) -> None:
    done("export", *QUICK)
    said = "note: replaced 'traffic_signs' in the store, which was of other files or options (-o keeps both)"
    assert (said in done("export", *QUICK, *more).splitlines()) is is_said


def test_an_8_bit_file_that_takes_a_name(here: Path, signs: Path) -> None:
    Path("a").mkdir()
    Path("a/signs_int8.onnx").write_bytes(signs.read_bytes())
    remember("a/signs_int8.onnx", "signs_int8")
    shutil.copy(signs, "signs.onnx")
    arguments = ["calibrate", "signs.onnx", "--data", CLASSES_FILE.parent, "--calib-mode", "naive", "--json"]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["path"] == "signs_int8.onnx"
    assert result.stderr.startswith(f"Note: the name 'signs_int8' now means {here / 'signs_int8.onnx'}; ")


def test_a_name_that_cannot_be_taken(here: Path) -> None:
    Path("net.onnx").touch()
    assert take_name("net.onnx", "a/b") == ()
    assert take_name("net.onnx", "net") == take_name("net.onnx", "net") == ()
    Path("net.onnx").rename("moved.onnx")
    assert take_name("moved.onnx", "net") == ()
