"""The page docs/cpp.md: its commands run as written in an empty folder, its snippets compile."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gcv_edge import _core
from tests.runtime.conftest import Maker, make_model
from tests.support.cpp_builds import build, find_tool, run

__all__ = ["make_model"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cpp.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is installed: what the page's own build makes."""
    folder = tmp_path_factory.mktemp("page") / "installed"
    run(find_tool("cmake"), "--install", build("plain"), "--prefix", folder)
    return folder


def test_a_program_is_linked_as_the_page_says(prefix: Path, make_model: Maker, tmp_path: Path) -> None:
    make_model("detection", path=tmp_path / "model.onnx")
    (tmp_path / "installed").symlink_to(prefix)
    path = f"{Path(find_tool('cmake')).parent}:{Path(sys.executable).parent}"
    _packages, _library, *rest = blocks("sh")
    assert len(rest) == 2
    for commands in rest:
        script = f"set -e\nexport PATH={path}:$PATH\n{commands}"
        finished = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert re.search(r"^\d+ objects in [\d.]+ ms$", finished.stdout, re.MULTILINE)


@pytest.mark.parametrize("number", range(len(blocks("cpp"))))
def test_snippets_compile(number: int, prefix: Path, tmp_path: Path) -> None:
    source = tmp_path / "snippet.cpp"
    source.write_text(blocks("cpp")[number])
    include = [f"-I{prefix / 'include'}"]
    if "opencv" in source.read_text():
        if not Path("/usr/include/opencv4").is_dir():
            pytest.skip("OpenCV's headers are not here")
        include.append("-I/usr/include/opencv4")
    run(find_tool("c++"), "-std=c++17", "-fsyntax-only", "-Wall", *include, source)


def test_the_c_snippet_compiles(prefix: Path, tmp_path: Path) -> None:
    (snippet,) = blocks("c")
    (tmp_path / "snippet.c").write_text(snippet)
    warnings = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")
    run(find_tool("cc"), *warnings, f"-I{prefix / 'include'}", tmp_path / "snippet.c")


def test_every_header_compiles_alone(prefix: Path, tmp_path: Path) -> None:
    headers = sorted(path.relative_to(prefix / "include") for path in prefix.rglob("*.h"))
    assert len(headers) > 35
    for header in headers:
        if header.name == "opencv.h":
            continue
        (tmp_path / "one.cpp").write_text(f"#include <{header}>\n")
        run(find_tool("c++"), "-std=c++17", "-fsyntax-only", f"-I{prefix / 'include'}", tmp_path / "one.cpp")


def test_the_folder_to_deploy_has_the_library_of_this_version() -> None:
    (named,) = set(re.findall(r"`(libgcv_edge\.so\.[\d.]+)`", PAGE))
    library = build("plain") / "cpp" / "src" / "runtime" / f"libgcv_edge.so.{_core.version()}"
    assert f"[{named}]" in run(find_tool("readelf"), "--dynamic", library)
