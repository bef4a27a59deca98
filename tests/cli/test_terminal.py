"""What only a terminal sees: progress on standard error, which never mixes with results."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gcv_edge.store import remember
from gcv_edge.zoo_table import read_table
from tests.cli.conftest import QUICK, done, environment
from tests.runtime.conftest import Maker
from tests.support.demo_files import DEMO


def on_terminal(*arguments: object) -> tuple[int, str, str]:
    """Run a command of which standard error is a terminal; return exit code, output and what was shown."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(ours, shown))
    reader.start()
    command = [sys.executable, "-m", "gcv_edge", *map(str, arguments)]
    env = environment(TERM="xterm", COLUMNS="100")
    process = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, env=env, text=True, timeout=120, check=False
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    return process.returncode, process.stdout, b"".join(shown).decode()


def printed_on_terminal(columns: int, *arguments: object) -> list[str]:
    """Run a command that prints to a terminal so wide; return its lines without colours."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(ours, shown))
    reader.start()
    command = [sys.executable, "-m", "gcv_edge", *map(str, arguments)]
    env = environment(TERM="xterm", COLUMNS=str(columns))
    process = subprocess.run(command, stdout=theirs, stderr=theirs, env=env, timeout=120, check=False)
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[\d;]*m", "", b"".join(shown).decode()).splitlines()


def read_all(descriptor: int, parts: list[bytes]) -> None:
    """Read until the other end is closed, which a pseudo-terminal tells by an error."""
    try:
        while part := os.read(descriptor, 4096):
            parts.append(part)
    except OSError:
        pass


def test_export_says_what_it_is_doing(here: Path) -> None:
    code, printed, shown = on_terminal("export", *QUICK, "-o", "signs.onnx")
    assert code == 0
    assert "\x1b" not in printed
    assert any(stage in shown for stage in ("read", "convert", "write"))


def test_predict_shows_a_bar(make_model: Maker, here: Path) -> None:
    code, printed, shown = on_terminal("predict", make_model("detection"), DEMO, "--json")
    assert code == 0
    assert len([json.loads(line) for line in printed.splitlines()]) == len(list(DEMO.glob("*.jpg")))
    assert "predicting" in shown
    assert "Traceback" not in shown


def test_val_shows_a_bar(make_model: Maker, here: Path) -> None:
    rows = "".join(f"{path.name},0,0,9,9,red\n" for path in DEMO.glob("*.jpg"))
    Path("boxes.csv").write_text(rows)
    code, printed, shown = on_terminal(
        "val", make_model("detection"), "boxes.csv", "--pictures", DEMO, "--json"
    )
    assert code == 0
    assert json.loads(printed)["metric"] == "voc07"
    assert "measuring" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("command", [["predict", "nowhere.onnx", "x.jpg"], ["info", "nowhere.onnx"]])
def test_errors_are_one_line_there_too(here: Path, command: list[str]) -> None:
    code, printed, shown = on_terminal(*command)
    assert (code, printed) == (1, "")
    assert shown.startswith("Error: ")
    assert shown.count("\n") == 1


@pytest.mark.parametrize("columns", [80, 60])
def test_no_name_is_broken_on_a_narrow_terminal(make_model: Maker, here: Path, columns: int) -> None:
    name = "a_network_with_a_name_as_long_as_those_of_the_zoo"
    remember(make_model("detection"), name)
    lines = printed_on_terminal(columns, "list")
    first_words = {line.split(" ")[0] for line in lines}
    assert {entry.name for entry in read_table().entries if entry.task} | {name} <= first_words
    assert columns < 80 or max(len(line) for line in lines if line.startswith(("ssd_", "yolo3_"))) <= 80
    assert any(line.startswith("(no room for") and "OpenVINO ms" in line for line in lines)


def test_a_wide_terminal_and_a_pipe_have_all_columns(here: Path) -> None:
    for printed in (printed_on_terminal(160, "list"), done("list").splitlines()):
        assert not any(line.startswith("(no room for") for line in printed)
        assert sum("OpenVINO ms" in line for line in printed) > 5
