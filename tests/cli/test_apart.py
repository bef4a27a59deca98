"""Verification happens in a separate process, whose end is reported in one line."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.cli.conftest import failed, shell
from tests.support.crashing_files import DEADLY, WRONG, write

SEEN_OFF = (
    r"openvino crashed with SIG[A-Z]+: the file is damaged|openvino took more than 12 s|OpenVINO cannot "
)
"""What is said where an engine dies, hangs, or (another version of it) looks at what it is given."""


@pytest.mark.parametrize("kind", DEADLY)
def test_files_that_kill_an_engine(kind: str, tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", DEADLY[kind], is_ours=True)
    line = failed(1, "verify", file, "--time-limit", 12)
    assert line.startswith(f"{file}: ")
    assert re.search(SEEN_OFF, line)


def test_a_file_without_numbers_is_run_all_the_same(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", WRONG["pool without an extent"], is_ours=True)
    assert "OpenVINO cannot read it" in failed(1, "verify", file)


ENDS = [
    ("os.kill(os.getpid(), signal.SIGFPE)", "the source crashed with SIGFPE", "an engine's arithmetic"),
    ("os.abort()", "the source crashed with SIGABRT", "an assertion in a library"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "the source was ended by SIGKILL", "a system out of memory"),
    ("os._exit(3)", "the source ended with exit code 3", "a library that exits"),
    ("time.sleep(600)", "the source took more than 15 s and was ended (--time-limit)", "a hang"),
]


@pytest.mark.parametrize(("code", "message", "why"), ENDS)
def test_how_a_process_ends(
    code: str, message: str, why: str, signs: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "deadly.py").write_text(f"import os, signal, time\ndef make():\n    {code}\n")
    started = time.monotonic()
    limit = 15 if "15 s" in message else 120
    line = failed(1, "verify", signs, "--against", "deadly:make", "--time-limit", limit)
    assert message in line
    assert line.startswith(f"{signs}: ")
    assert time.monotonic() - started < 100
    assert capfd.readouterr() == ("", "")


def test_the_memory_of_the_machine_is_the_limit(signs: Path, here: Path) -> None:
    memory = "os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')"
    (here / "greedy.py").write_text(f"import os\ndef make():\n    return bytearray({memory})\n")
    assert "greedy:make: MemoryError" in failed(2, "verify", signs, "--against", "greedy:make")


def test_debug_shows_where_in_the_code_it_was(signs: Path, here: Path) -> None:
    process = shell(["-m", "gcv_edge", "verify", signs, "--against", "none-symbol.json", "--debug"])
    assert process.returncode == 1
    *traceback, line = process.stderr.splitlines()
    assert line == "Error: none-symbol.json: no such file"
    assert traceback[0].startswith("Traceback")
