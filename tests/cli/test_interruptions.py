"""A full disk, an impatient user, no memory: nothing half-written stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from gcv_edge import pipeline
from tests.cli.conftest import (
    PICTURE,
    QUICK,
    SIZED,
    WITHOUT_MXNET,
    contents,
    environment,
    error_line,
    failed,
    run,
    shell,
)
from tests.runtime.conftest import Maker, solid

LITTLE_ROOM = """\
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.argv[1:2] = []
"""
"""Code for a process whose files cannot grow beyond so many bytes: its first argument."""

FULL_DISK = LITTLE_ROOM + WITHOUT_MXNET


@pytest.mark.parametrize("size", [0, 2_000_000])
def test_no_room_for_the_model(here: Path, size: int) -> None:
    process = shell(["-c", FULL_DISK, size, "export", *QUICK, "-o", "signs.onnx"])
    assert process.returncode == 1
    assert error_line(process.stderr) == "signs.onnx: cannot be written: File too large"
    assert contents(here) == {}


def test_no_room_for_the_verdict(here: Path) -> None:
    """The file itself fits; what verification adds does not."""
    assert run("export", *QUICK, "-o", "whole.onnx").exit_code == 0
    size = Path("whole.onnx").stat().st_size + 100
    before = contents(here)
    process = shell(["-c", FULL_DISK, size, "export", *SIZED, "-o", "signs.onnx"])
    assert process.returncode == 1
    assert error_line(process.stderr) == "signs.onnx: cannot be written: File too large"
    assert contents(here) == before


def test_no_room_in_the_store(here: Path, tmp_path: Path) -> None:
    process = shell(["-c", FULL_DISK, 4096, "export", *QUICK], env=environment())
    assert process.returncode == 1
    assert error_line(process.stderr).endswith("traffic_signs.onnx: cannot be written: File too large")
    assert [name for name in contents(tmp_path) if name.endswith(("x", "n"))] == []


def test_no_room_for_a_copy(make_model: Maker, here: Path) -> None:
    model = make_model("detection")
    process = shell(["-c", FULL_DISK, 4096, "predict", model, PICTURE, "--save", "out"])
    assert process.returncode == 1
    assert error_line(process.stderr) == f"out/{PICTURE.name}: File too large"
    assert contents(here) == {"out": "/"}


def test_no_room_for_a_video(make_model: Maker, here: Path) -> None:
    model = make_model("detection")
    writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(5):
        writer.write(solid(255, 0, 0))
    writer.release()
    process = shell(["-c", FULL_DISK, 100, "predict", model, "clip.avi", "--save", "out"])
    assert process.returncode == 1
    assert error_line(process.stderr).startswith("out/clip.avi.mp4: the video could not be written")
    assert list(contents(here)) == ["clip.avi", "out"]


def test_no_room_for_the_demo(here: Path) -> None:
    process = shell(["-c", FULL_DISK, 4096, "demo", "-o", "demo"])
    assert process.returncode == 1
    assert error_line(process.stderr) == "demo/traffic_signs.onnx: cannot be written: File too large"
    assert contents(here) == {"demo": "/"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [["info", "--json"], ["info"], ["predict", "--json"], ["--help"]])
def test_no_room_for_what_is_printed(make_model: Maker, here: Path, command: list[str]) -> None:
    name, *options = command
    places = {"info": [make_model("pose")], "predict": [make_model("detection"), PICTURE]}.get(name, [])
    with Path("/dev/full").open("w") as full:
        process = shell(["-m", "gcv_edge", name, *places, *options], stdout=full)
    assert process.returncode == 1
    assert error_line(process.stderr) == "No space left on device"


def test_an_interrupt(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "write_model", interrupt)
    result = run("export", *QUICK, "-o", "signs.onnx")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "")
    assert contents(here) == {}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_that_ends_the_process(here: Path, number: int, code: int) -> None:
    """As soon as something is being written."""
    command = [sys.executable, "-m", "gcv_edge", "export", *map(str, SIZED), "-o", "signs.onnx"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    with subprocess.Popen(command, preexec_fn=heed_interrupts, **options) as process:
        wait_for_file(here, process)
        os.kill(process.pid, number)
        printed, complained = process.communicate(timeout=60)
    assert (process.returncode, printed, complained) == (code, "", "")
    assert contents(here) == {}


def test_what_a_killed_process_leaves_is_removed_by_the_next(here: Path) -> None:
    command = [sys.executable, "-m", "gcv_edge", "export", *map(str, SIZED), "-o", "signs.onnx"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment()}
    with subprocess.Popen(command, **quiet) as process:
        wait_for_file(here, process)
        process.kill()
    assert any(name.startswith(".signs.onnx.") for name in contents(here))
    assert run("export", *QUICK, "-o", "signs.onnx").exit_code == 0
    assert list(contents(here)) == ["signs.onnx"]


@pytest.mark.parametrize("delay", [0.002, 0.02, 0.05, 0.08, 0.1, 0.12, 0.2, 0.4])
def test_an_interrupt_at_the_very_start_prints_no_traceback(here: Path, delay: float) -> None:
    """From the moment at which this package's own code runs."""
    code = "import gcv_edge.__main__ as command; print('started', flush=True); command.run()"
    command = [sys.executable, "-c", code, "info", "nothing.onnx"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    with subprocess.Popen(command, preexec_fn=heed_interrupts, **pipes) as process:
        assert process.stdout.readline() == "started\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=60)
    assert "Traceback" not in complained
    assert process.returncode in (-signal.SIGINT, 130, 1)


@pytest.mark.parametrize(("handler", "code"), [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 1)])
def test_an_interrupt_at_the_very_end_prints_no_traceback(here: Path, handler: str, code: int) -> None:
    """The command is over and the interpreter takes itself down."""
    lines = (
        "import atexit, signal",
        f"signal.signal(signal.SIGINT, signal.{handler})",
        "atexit.register(signal.raise_signal, signal.SIGINT)",
        "import gcv_edge.__main__ as command",
        "command.run()",
    )
    process = shell(["-c", "\n".join(lines), "info", "nothing.onnx"])
    assert (process.returncode, error_line(process.stderr)) == (code, "nothing.onnx: no such file")


def heed_interrupts() -> None:
    """Undo what a shell, or nohup, does to a job in the background, whose children ignore signals."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_for_file(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a hidden file has content."""
    while process.poll() is None:
        if any(path.name.startswith(".signs") and path.stat().st_size for path in folder.iterdir()):
            return
        time.sleep(0.005)
    pytest.fail("the export was over before it could be interrupted")


def test_no_memory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(pipeline, "write_model", exhaust)
    assert failed(1, "export", *QUICK, "-o", "signs.onnx") == "there is not enough memory"
    assert contents(here) == {}
