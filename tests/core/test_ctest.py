"""Build the C++ tests and run them, plainly and under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from gcv_edge import _core

ROOT = Path(__file__).resolve().parents[2]
BUILDS = {"plain": "", "sanitized": "address,undefined"}


@pytest.fixture(scope="module", autouse=True)
def isa() -> str:
    """The C++ tests choose instruction sets themselves: one run is enough."""
    return _core.isa()


def find_tool(name: str) -> str:
    """A build tool beside this Python or on the path; the test is skipped where there is none."""
    found = shutil.which(
        name, path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    )
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> str:
    """Run a command; the test fails with its output if it does."""
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def build(folder: Path, sanitizers: str) -> None:
    """Configure and build the C++ tests in a folder that is used again next time."""
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
        pytest.skip("no C++ compiler is installed")
    ninja = find_tool("ninja")
    options = ("-DGCV_EDGE_TESTS=ON", "-DGCV_EDGE_PYTHON=OFF", f"-DGCV_EDGE_SANITIZE={sanitizers}")
    make = ("-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}", *options)
    run(
        find_tool("cmake"), "--fresh" if is_stale(folder) else "-Wno-dev", "-S", ".", "-B", str(folder), *make
    )
    run(find_tool("cmake"), "--build", str(folder), "--parallel", "2")


def is_stale(folder: Path) -> bool:
    """Tell whether a folder was configured with tools that are gone (pip's isolated builds remove theirs)."""
    cache = folder / "CMakeCache.txt"
    if not cache.exists():
        return False
    lines = [line for line in cache.read_text().splitlines() if line.startswith("CMAKE_COMMAND:")]
    return not all(Path(line.partition("=")[2]).exists() for line in lines)


@pytest.mark.parametrize("kind", BUILDS)
def test_cpp(kind: str) -> None:
    folder = ROOT / "build" / f"ctest-{kind}"
    build(folder, BUILDS[kind])
    output = run(find_tool("ctest"), "--test-dir", str(folder), "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in output


def test_an_installed_library_is_found(tmp_path: Path) -> None:
    build(ROOT / "build" / "ctest-plain", "")
    cmake = find_tool("cmake")
    run(cmake, "--install", str(ROOT / "build" / "ctest-plain"), "--prefix", str(tmp_path / "installed"))
    consumer = tmp_path / "consumer"
    consumer.mkdir()
    (consumer / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(consumer CXX)\n"
        f"find_package(gcv_edge {_core.version()} CONFIG REQUIRED COMPONENTS core)\n"
        "add_executable(consumer main.cpp)\ntarget_link_libraries(consumer PRIVATE gcv_edge::core)\n"
    )
    (consumer / "main.cpp").write_text(
        "#include <gcv_edge/version.h>\n#include <cstdio>\nint main() { std::puts(gcv::version()); }\n"
    )
    make = ("-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}")
    prefix = f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}"
    run(cmake, "-S", str(consumer), "-B", str(tmp_path / "build"), *make, prefix)
    run(cmake, "--build", str(tmp_path / "build"))
    assert run(str(tmp_path / "build" / "consumer")).strip() == _core.version()
