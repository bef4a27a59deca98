"""Builds of the C++ library that tests run: one folder each, used again next time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def find_tool(name: str) -> str:
    """A build tool beside this Python or on the path; the test is skipped where there is none."""
    found = shutil.which(
        name, path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    )
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command; the test fails with its output if it does."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def build(name: str, *options: str, target: str = "all") -> Path:
    """Configure the library and its tests with options of CMake, and build a target; return the folder."""
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
        pytest.skip("no C++ compiler is installed")
    folder = ROOT / "build" / f"ctest-{name}"
    configure(ROOT, folder, "-DGCV_EDGE_TESTS=ON", *options)
    run(find_tool("cmake"), "--build", folder, "--parallel", "2", "--target", target)
    return folder


def configure(source: Path, folder: Path, *options: str) -> None:
    """Configure a project with Ninja; OpenVINO is that of this Python."""
    fresh = ("--fresh",) if is_stale(folder) else ()
    ninja = f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}"
    python = f"-DPython_EXECUTABLE={sys.executable}"
    run(find_tool("cmake"), *fresh, "-S", source, "-B", folder, "-G", "Ninja", ninja, python, *options)


def is_stale(folder: Path) -> bool:
    """Tell whether a folder was configured with tools that are gone (pip's isolated builds remove theirs)."""
    cache = folder / "CMakeCache.txt"
    if not cache.exists():
        return False
    lines = [line for line in cache.read_text().splitlines() if line.startswith("CMAKE_COMMAND:")]
    return not all(Path(line.partition("=")[2]).exists() for line in lines)
