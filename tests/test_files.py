"""Files are written whole or not at all, and as other tools write them."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from gcv_edge.files import is_file, replacing


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path, text: str = "new") -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.onnx") as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.onnx", "old")]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "ours")
        (tmp_path / "theirs").write_text("")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "ours") == mode_of(tmp_path / "theirs") == 0o666 & ~mask


def test_permissions_of_an_existing_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    write(tmp_path / "a")
    assert ((tmp_path / "a").read_text(), mode_of(tmp_path / "a")) == ("new", 0o640)


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "v2").write_text("old")
    (tmp_path / "current").symlink_to("models/v2")
    write(tmp_path / "current")
    assert (tmp_path / "current").is_symlink()
    assert (tmp_path / "models" / "v2").read_text() == "new"
    (tmp_path / "next").symlink_to("models/v3")
    write(tmp_path / "next")
    assert (tmp_path / "models" / "v3").read_text() == "new"


def test_other_threads_never_see_another_mask(tmp_path: Path) -> None:
    """The mask is the whole process's: where it is changed for a moment, another thread's file gets it."""
    before, stop = os.umask(0o077), threading.Event()

    def write_always() -> None:
        while not stop.is_set():
            write(tmp_path / "busy")

    writer = threading.Thread(target=write_always)
    writer.start()
    try:
        for number in range(3000):
            (tmp_path / f"{number}").touch()
    finally:
        stop.set()
        writer.join()
        os.umask(before)
    assert {mode_of(tmp_path / f"{number}") for number in range(3000)} == {0o600}


def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path) -> None:
    abandoned, stranger = tmp_path / ".a.onnx.0123abcd.onnx", tmp_path / ".a.onnx.calibration"
    for path in (abandoned, stranger):
        path.write_text("left")
    with replacing(tmp_path / "a.onnx") as first:
        assert not abandoned.exists()
        first.write_text("first")
        write(tmp_path / "a.onnx", "second")
        assert first.exists()
    assert (tmp_path / "a.onnx").read_text() == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [stranger.name, "a.onnx"]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800", "missing", ""])
def test_no_file_has_a_name_that_no_system_takes(tmp_path: Path, name: str) -> None:
    assert not is_file(tmp_path / name)
    (tmp_path / "there").touch()
    assert is_file(tmp_path / "there")
