"""The page docs/cli.md, run from top to bottom."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gcv_edge.cli.root import COMMANDS
from tests.cli.conftest import CLASSES_FILE, PICTURE, SHAPE, done, failed, run
from tests.runtime.conftest import build_model, write_video
from tests.support.demo_files import DEMO, PARAMS, SYMBOL
from tests.support.foreign_detectors import ssd

PAGE = Path(__file__).resolve().parents[2] / "docs/cli.md"
TEXT = PAGE.read_text(encoding="utf-8")
CAMERAS = ("cam1", "cam2")
EXTRAS = {"[mxnet]": ("mxnet", "gluoncv"), "[report]": ("plotly",)}
"""What a line says that it needs, and the packages that this brings."""
REPLACED = {"1,3,256,256": SHAPE, "--max-drop 0.5": "--max-drop 50"}
"""In the lines of the page: the shipped network's input, and a limit that two pictures are too few for."""
UNTRAINED = ("--random-weights", "1", "--no-verify")
"""Added to lines that would download trained weights."""
ONE_MODE = ("--calib-mode", "naive")
"""Added to a line that would try all ways to calibrate, which takes as long as all other lines together."""


def command_lines() -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL):
        yield from block.splitlines()


@pytest.fixture
def workplace(here: Path) -> Path:
    """A folder with the files that the page names, among others that users have."""
    shutil.copy(SYMBOL, "net-symbol.json")
    shutil.copy(PARAMS, "net-0000.params")
    shutil.copy(PARAMS, "best.params")
    shutil.copy(CLASSES_FILE, "classes.txt")
    shutil.copy(PICTURE, "street.jpg")
    Path("pictures").mkdir()
    for picture in sorted(DEMO.glob("*.jpg"))[:2]:
        shutil.copy(picture, "pictures")
    name = CLASSES_FILE.read_text().split()[0]
    Path("labelled.csv").write_text(f"street.jpg,10,10,60,60,{name}\n")
    for suffix in (".avi", ".mkv", ".mp4"):
        write_video(Path(f"clip{suffix}"), 2)
    for folder in CAMERAS:
        Path(folder).mkdir()
        shutil.copy(PICTURE, f"{folder}/frame.jpg")
    Path("theirs.onnx").write_bytes(build_model("classification", 1, (32, 32)).SerializeToString())
    ssd(Path("faces.onnx"))
    add_what_users_have()
    return here


def add_what_users_have() -> None:
    """Folders of classes, hidden files, and what operating systems leave."""
    for name in ("stop", "yield"):
        Path("classes", name).mkdir(parents=True)
        shutil.copy(PICTURE, f"classes/{name}")
    for place in (".", "pictures", "pictures/.thumbnails", "cam1", "classes"):
        Path(place).mkdir(exist_ok=True)
        for name in (".DS_Store", "._street.jpg", "Thumbs.db", "notes.txt"):
            Path(place, name).write_bytes(b"\0\5\x16\7 of no picture")
        shutil.copy(PICTURE, f"{place}/.hidden.jpg")
    shutil.copytree("pictures", "pictures/older")


def test_every_line_runs(workplace: Path) -> None:
    missing = [extra for extra, names in EXTRAS.items() if not all(map(importlib.util.find_spec, names))]
    for written in command_lines():
        line = written
        for found, replacement in REPLACED.items():
            line = line.replace(found, replacement)
        command, *arguments = shlex.split(line, comments=True)
        assert command == "gcv-edge"
        arguments, target = split_redirection(arguments)
        if arguments[:2] == ["export", "mobilenet0.25"]:
            arguments += UNTRAINED
        if arguments[0] == "calibrate" and "--calib-mode" not in arguments:
            arguments += ONE_MODE
        needed = [extra for extra in missing if extra in line]
        if needed:
            assert needed[0] in failed(1, *arguments)
            continue
        printed = done_with_notes(*arguments, exit_code=3 if "--max-drop" in arguments else 0)
        if target is not None:
            target.write_text(printed)
    for name in (
        "export.json",
        "info.json",
        "figures.json",
        "verdict.json",
        "list.json",
        "doctor.json",
        "calibration.json",
        "speed.json",
    ):
        json.loads(Path(name).read_text())
    found = [json.loads(line)["index"] for line in Path("found.jsonl").read_text().splitlines()]
    assert found == [0, 1, 2, 3]
    assert {path.name for path in Path().glob("*int8.onnx")} == {"both_int8.onnx", "signs_int8.onnx"}
    pictures = [f"pictures/{path.name}" for path in Path("pictures").glob("[!.]*.jpg")]
    copies = {"clip.avi.mp4", *(Path(name).name for name in pictures)}
    copies |= {f"older_{Path(name).name}" for name in pictures}
    assert {path.name for path in Path("annotated").iterdir()} == copies
    assert all(path.stat().st_size for path in Path("annotated").iterdir())


def done_with_notes(*arguments: object, exit_code: int = 0) -> str:
    """Run a command that must succeed, or end so; of what it passes over it may speak on standard error."""
    result = run(*arguments)
    assert result.exit_code == exit_code, result.output
    beside = [line for line in result.stderr.splitlines() if not line.startswith("Note: ")]
    assert len(beside) == (exit_code != 0)
    return result.stdout


def split_redirection(arguments: list[str]) -> tuple[list[str], Path | None]:
    """Take ``> FILE`` off the end of a line."""
    if len(arguments) > 2 and arguments[-2] == ">":
        return arguments[:-2], Path(arguments[-1])
    return arguments, None


def test_the_page_has_every_command() -> None:
    assert {line.split()[1] for line in command_lines()} == set(COMMANDS)
    for name in COMMANDS:
        assert f"| `gcv-edge {name}" in TEXT


def test_the_page_has_every_option_of_export() -> None:
    """--task and the like may stand in a sentence; options for benchmarks and errors need not."""
    options = set(re.findall(r"^\s+(?:-o, )?(--[a-z-]+)", done("export", "--help"), re.MULTILINE))
    options -= {"--random-weights", "--help", "--output"}
    assert {option for option in options if option not in TEXT} == set()


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        page = PAGE.parent / path if path else PAGE
        assert page.exists()
        assert not anchor or anchor in anchors(page)


def anchors(page: Path) -> set[str]:
    """Targets of the links to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}
