"""Any text comes back from a file, and none steers the terminal that it is printed on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import gcv_edge
from gcv_edge.cli.text import printable
from tests.cli.conftest import PICTURE, QUICK, SIZED, done, run

ODD = [
    "line\u2028separator", "next\x85line", "vertical\x0btab", "file\x1cseparator", "\x1b[31mred",
    "right\u202eleft", "back\\slash \\n", "plain",
]  # fmt: skip


def is_harmless(text: str) -> bool:
    return all(character in "\n\t" or printable(character) == character for character in text)


def test_names_of_classes_come_back_as_they_were(here: Path) -> None:
    count = len(Path(SIZED[0]).with_name("classes.txt").read_text().split())
    names = [ODD[at % len(ODD)] + str(at) for at in range(count)]
    Path("names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    printed = done("export", *SIZED, "--classes", "names.txt", "-o", "net.onnx")
    assert list(gcv_edge.load("net.onnx").labels) == names
    told = [printed, done("info", "net.onnx"), done("predict", "net.onnx", PICTURE, "--threshold", "0")]
    assert all(map(is_harmless, told))
    assert "\\x1b[31mred" in told[1]
    assert json.loads(done("info", "net.onnx", "--json"))["labels"] == names


@pytest.mark.parametrize("name", ["a\x1b[2Jb.jpg", "a\nb.jpg", "a\u202egpj.jpg", "a\x07.jpg"])
def test_names_of_files(here: Path, name: str) -> None:
    done("export", *QUICK, "-o", "net.onnx")
    shutil.copy(PICTURE, name)
    result = run("predict", "net.onnx", name)
    assert result.exit_code == 0
    assert is_harmless(result.stdout + result.stderr)
    assert result.stdout.count("\n") == done("predict", "net.onnx", PICTURE).count("\n")
    Path(name).write_bytes(b"no picture")
    refused = run("predict", "net.onnx", name)
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
    assert is_harmless(refused.stderr)
    assert is_harmless(run("info", name.replace(".jpg", ".onnx")).stderr)


def test_letters_of_all_scripts_stay() -> None:
    text = "naïve Straße 日本語 العربية हिन्दी 👩‍🔬 — \xa0…"
    assert printable(text) == text
    assert printable("\x1b\x7f\x9b\ud800") == "\\x1b\\x7f\\x9b\\ud800"
