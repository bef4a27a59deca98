"""Folders of parts: nothing is lost, nothing twice, whatever ends a run; nothing of others is touched."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from tests.batch.conftest import ORDER, read_parts, same
from tests.cli.conftest import contents, environment, error_line, failed, run
from tests.cli.test_interruptions import FULL_DISK
from tests.runtime.conftest import Maker

JSON = ("--format", "jsonl", "--shard-size", "3", "--threshold", "0.1")


def predict(*arguments: object) -> str:
    result = run("predict", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_parts_and_counts(detector: Path, shop: Path) -> None:
    printed = predict(detector, "shop", "-o", "out/", *JSON)
    assert printed.startswith("out/: 11 pictures, 1 of them unreadable\n")
    assert [row["path"] for row in read_parts("out")] == [f"shop/{name}" for name in ORDER]
    assert json.loads(Path("out/_SUCCESS").read_text()) == {"pictures": 11, "errors": 1, "parts": 4}
    names = sorted(path.name.partition("-")[0] for path in Path("out").iterdir())
    assert names == ["_SUCCESS", "_job.json", "_manifest.jsonl", *["part"] * 4]


def test_parts_of_parquet_are_one_table(detector: Path, shop: Path, pyarrow: ModuleType) -> None:
    import pyarrow.dataset

    predict(detector, "shop", "-o", "out/", "--shard-size", "3")
    rows = pyarrow.dataset.dataset("out", format="parquet").to_table().to_pylist()
    assert [row["path"] for row in rows] == [f"shop/{name}" for name in ORDER]


def test_what_is_missing_is_computed(detector: Path, shop: Path) -> None:
    predict(detector, "shop", "-o", "out/", *JSON)
    before = same(read_parts("out"))
    kept = contents(Path("out"))
    first, *_ = sorted(Path("out").glob("part-*"))
    first.unlink()
    Path("out/_SUCCESS").unlink()
    shutil.rmtree("shop/c")  # what is listed stays what was listed; the parts that are there need no picture
    printed = predict(detector, "shop", "-o", "out/", *JSON, "--resume")
    assert "3 pictures in " in printed
    assert "(8 were there)" in printed
    assert same(read_parts("out")) == before
    assert {name for name in contents(Path("out")) if contents(Path("out"))[name] != kept.get(name)} <= {
        f"{first.name}"
    }


def test_a_job_that_is_done_is_done(detector: Path, shop: Path) -> None:
    predict(detector, "shop", "-o", "out/", *JSON)
    before = contents(Path("out"))
    assert predict(detector, "shop", "-o", "out/", *JSON, "--resume") == (
        "out/: 11 pictures, 1 of them unreadable\n"
    )
    assert contents(Path("out")) == before
    message = failed(2, "predict", detector, "shop", "-o", "out/", *JSON)
    assert message == "out/: holds results: --resume goes on with them, else name another folder"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--threshold", "0.3"], "found results of option threshold 0.1, expected 0.3: name another folder"),
        (["--engine", "onnxruntime"], "option engine openvino, expected onnxruntime"),
        (["shop/b.png"], "inputs shop, expected shop/b.png shop"),
        (["--column", "x"], "option column None, expected x"),
    ],
)
def test_results_of_something_else_are_refused(
    detector: Path, shop: Path, change: list[str], said: str
) -> None:
    predict(detector, "shop", "-o", "out/", *JSON)
    before = contents(Path("out"))
    arguments = [*change, "shop"] if change[0].startswith("shop") else ["shop", *JSON, *change]
    message = failed(
        1,
        "predict",
        detector,
        *arguments,
        "-o",
        "out/",
        *JSON[:4],
        "--resume",
        *(JSON[4:] if change[0].startswith("shop") else ()),
    )
    assert said in message
    assert contents(Path("out")) == before


def test_results_of_another_model_are_refused(make_model: Maker, detector: Path, shop: Path) -> None:
    predict(detector, "shop", "-o", "out/", *JSON)
    before = contents(Path("out"))
    other = make_model("detection", path=Path("other.onnx").absolute(), entries={"gcv_edge source": "x"})
    message = failed(1, "predict", other, "shop", "-o", "out/", *JSON, "--resume")
    assert "found results of model detection.onnx (" in message
    assert contents(Path("out")) == before


def test_a_folder_of_something_else_is_not_touched(detector: Path, shop: Path) -> None:
    before = contents(shop)
    message = failed(1, "predict", detector, "shop", "-o", "shop", *JSON)
    assert "shop: found a, expected an empty folder" in message
    assert contents(shop) == before


def test_a_damaged_record_or_manifest(detector: Path, shop: Path) -> None:
    predict(detector, "shop", "-o", "out/", *JSON)
    next(Path("out").glob("part-*")).unlink()
    manifest = Path("out/_manifest.jsonl").read_text()
    Path("out/_manifest.jsonl").write_text(manifest.replace("shop", "SHOP"))
    assert "was changed since the job began" in failed(
        1, "predict", detector, "shop", "-o", "out/", *JSON, "--resume"
    )
    Path("out/_job.json").write_text("{}")
    assert "found no record of a job" in failed(
        1, "predict", detector, "shop", "-o", "out/", *JSON, "--resume"
    )


@pytest.fixture
def many(here: Path) -> Path:
    """A folder of 400 pictures."""
    folder = here / "many"
    folder.mkdir()
    data = [
        cv2.imencode(".jpg", np.random.default_rng(i).integers(0, 256, (64, 64, 3), np.uint8))[1]
        for i in range(9)
    ]
    for number in range(400):
        (folder / f"{number:04d}.jpg").write_bytes(data[number % 9].tobytes() if number % 50 else b"none")
    return folder


MANY = ("--format", "jsonl", "--shard-size", "20", "--threshold", "0.1")


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gcv_edge", "predict", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    return subprocess.Popen(command, **{**pipes, **options})


def wait_for(process: subprocess.Popen[str], folder: Path, parts: int) -> None:
    """Wait until there are so many parts, or the process has ended."""
    while process.poll() is None and len(list(folder.glob("part-*"))) < parts:
        time.sleep(0.002)


def run_until(detector: Path, ends: signal.Signals, many: Path, parts: int) -> int:
    with start(detector, "many", "-o", "out/", *MANY, "--resume") as process:
        wait_for(process, Path("out"), parts)
        os.kill(process.pid, ends)
        process.communicate(timeout=60)
    return process.returncode


@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_loses_nothing(detector: Path, many: Path, ends: signal.Signals) -> None:
    predict(detector, "many", "-o", "whole/", *MANY)
    codes = [run_until(detector, ends, many, parts) for parts in (1, 4)]
    expected = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[ends]
    assert set(codes) <= {expected, 0}
    assert predict(detector, "many", "-o", "out/", *MANY, "--resume").startswith(
        "out/: 400 pictures, 8 of them"
    )
    rows = read_parts("out")
    assert len({row["path"] for row in rows}) == len(rows) == 400
    assert same(rows) == same(read_parts("whole"))
    assert not [path for path in Path("out").iterdir() if path.name.startswith(".")] or ends is signal.SIGKILL


@pytest.mark.slow(reason="starts a process for each of ten random moments; two moments are tried every time")
def test_ten_random_moments(detector: Path, many: Path) -> None:
    predict(detector, "many", "-o", "whole/", *MANY)
    chance = random.Random(3)
    for _ in range(10):
        with start(detector, "many", "-o", "out/", *MANY, "--resume") as process:
            time.sleep(chance.uniform(0.5, 2.5))
            process.kill()
            process.communicate(timeout=60)
    predict(detector, "many", "-o", "out/", *MANY, "--resume")
    assert same(read_parts("out")) == same(read_parts("whole"))


def test_two_runs_in_one_folder(detector: Path, many: Path) -> None:
    with start(detector, "many", "-o", "out/", *MANY) as process:
        wait_for(process, Path("out"), 1)
        second = start(detector, "many", "-o", "out/", *MANY, "--resume")
        _, complained = second.communicate(timeout=60)
        printed, _ = process.communicate(timeout=60)
    assert second.returncode in (0, 1)
    assert second.returncode == 0 or error_line(complained) == "out/: another run writes there"
    assert printed.startswith("out/: 400 pictures")


def test_a_full_disk_leaves_nothing_half_written(detector: Path, shop: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", FULL_DISK, "600", "predict", str(detector), "shop", "-o", "out.jsonl"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert process.returncode == 1
    assert "File too large" in error_line(process.stderr)
    assert not Path("out.jsonl").exists()
    assert not list(Path().glob(".out*"))
