"""An installed library: wherever it is put, CMake and pkg-config find it, and programs run anywhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cpp_builds import build, configure, find_tool, run

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests" / "data" / "networks" / "detection.onnx"
MULTIARCH = "lib/x86_64-linux-gnu"

PROGRAM = """
#include <gcv_edge.h>
#include <stdio.h>

int main(int count, char** words) {
  gcv_edge_network* network = NULL;
  if (count < 2 || gcv_edge_create(words[1], NULL, &network) != GCV_EDGE_OK) {
    fprintf(stderr, "%s\\n", gcv_edge_error());
    return 1;
  }
  printf("%s\\n", gcv_edge_task(network));
  gcv_edge_destroy(network);
  return 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(consumer {languages})
find_package(gcv_edge CONFIG REQUIRED COMPONENTS {component})
add_executable(consumer consumer.{suffix})
target_link_libraries(consumer PRIVATE {target})
"""


def install(prefix: str | Path, **environment: str) -> None:
    run(find_tool("cmake"), "--install", build("plain"), "--prefix", prefix, **environment)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Installations by name: their prefixes. All have a libdir as Debian's."""
    folder = tmp_path_factory.mktemp("installed")
    built = build("plain")
    configure(ROOT, built, f"-DCMAKE_INSTALL_LIBDIR={MULTIARCH}")
    install("/usr", DESTDIR=str(folder / "staged"))
    install(folder / "a b")
    yield {"staged": folder / "staged" / "usr", "with space": folder / "a b"}
    configure(ROOT, built, "-UCMAKE_INSTALL_LIBDIR")


def write_program(folder: Path, suffix: str) -> Path:
    source = folder / f"consumer.{suffix}"
    source.write_text(PROGRAM)
    return source


def runpath(program: Path) -> list[str]:
    """The folders that a program's libraries are looked for in."""
    found = re.findall(r"\(RUNPATH\).*\[(.*)\]", run(find_tool("readelf"), "-d", program))
    return [folder for folders in found for folder in folders.split(":")]


def is_shared(program: Path) -> bool:
    return "libgcv_edge.so" in run(find_tool("readelf"), "-d", program)


def assert_runs(program: Path, **environment: str) -> None:
    """Run a program from a folder that has nothing to do with it."""
    finished = subprocess.run(
        [program, MODEL], cwd="/", env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert finished.stdout == "detection\n", finished.stderr


@pytest.mark.parametrize("place", ["staged", "with space"])
@pytest.mark.parametrize(
    ("component", "target", "languages", "suffix"),
    [
        ("runtime", "gcv_edge::gcv_edge", "CXX", "cpp"),
        ("static", "gcv_edge::gcv_edge_static", "CXX", "cpp"),
        ("runtime", "gcv_edge::gcv_edge", "C", "c"),
    ],
)
def test_cmake_finds_it(
    place: str,
    component: str,
    target: str,
    languages: str,
    suffix: str,
    places: dict[str, Path],
    tmp_path: Path,
) -> None:
    write_program(tmp_path, suffix)
    values = {"component": component, "target": target, "languages": languages, "suffix": suffix}
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(**values))
    configure(tmp_path, tmp_path / "out", f"-DCMAKE_PREFIX_PATH={places[place]}")
    run(find_tool("cmake"), "--build", tmp_path / "out")
    program = tmp_path / "out" / "consumer"
    assert is_shared(program) == (component == "runtime")
    assert_runs(program)


@pytest.fixture(scope="module")
def archive(places: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation without the shared library, as -DBUILD_SHARED_LIBS=OFF makes it."""
    folder = tmp_path_factory.mktemp("archive") / "installed"
    shutil.copytree(places["staged"], folder, symlinks=True)
    for pattern in ("libgcv_edge.so*", "gcv_edge_runtime_targets*"):
        for file in folder.rglob(pattern):
            file.unlink()
    return folder


def configure_consumer(folder: Path, component: str, target: str, *options: str) -> None:
    write_program(folder, "cpp")
    values = {"component": component, "target": target, "languages": "CXX", "suffix": "cpp"}
    (folder / "CMakeLists.txt").write_text(PROJECT.format(**values).replace("COMPONENTS )", ")"))
    configure(folder, folder / "out", *options)


@pytest.mark.parametrize("component", ["", "runtime", "static"])
def test_an_archive_alone_has_the_name_of_the_library(component: str, archive: Path, tmp_path: Path) -> None:
    configure_consumer(tmp_path, component, "gcv_edge::gcv_edge", f"-DCMAKE_PREFIX_PATH={archive}")
    run(find_tool("cmake"), "--build", tmp_path / "out")
    assert not is_shared(tmp_path / "out" / "consumer")
    assert_runs(tmp_path / "out" / "consumer")


def test_an_archive_alone_says_that_it_needs_openvino(archive: Path, tmp_path: Path) -> None:
    """Only its core does not."""
    options = (f"-DCMAKE_PREFIX_PATH={archive}", "-DPython3_EXECUTABLE=/bin/false")
    with pytest.raises(AssertionError, match="static needs OpenVINO"):
        configure_consumer(tmp_path, "", "gcv_edge::gcv_edge", *options, "-DPython_EXECUTABLE=/bin/false")
    configure_consumer(tmp_path, "core", "gcv_edge::core", *options, "-DPython_EXECUTABLE=/bin/false")


def link(package: str, compiler: str, source: Path, **environment: str) -> Path:
    """Link a program by hand with what pkg-config says; return it."""
    said = run(find_tool("pkg-config"), "--cflags", "--libs", package, cwd=source.parent, **environment)
    program = source.parent / "consumer"
    run(find_tool(compiler), source, "-o", program, *shlex.split(said), cwd=source.parent)
    return program


@pytest.mark.parametrize(("package", "shared"), [("gcv-edge", True), ("gcv-edge-static", False)])
@pytest.mark.parametrize(("compiler", "suffix"), [("c++", "cpp"), ("cc", "c")])
def test_pkg_config_finds_it(
    package: str, shared: bool, compiler: str, suffix: str, places: dict[str, Path], tmp_path: Path
) -> None:
    """Wherever the folder was moved to."""
    moved = places["with space"].rename(tmp_path / "moved here")
    try:
        source = write_program(tmp_path, suffix)
        program = link(package, compiler, source, PKG_CONFIG_PATH=f"{moved}/{MULTIARCH}/pkgconfig")
        assert is_shared(program) == shared
        assert_runs(program)
    finally:
        moved.rename(places["with space"])


def test_a_staged_package_is_found_where_it_is(places: dict[str, Path], tmp_path: Path) -> None:
    lib = places["staged"] / MULTIARCH
    final = {"PKG_CONFIG_LIBDIR": str(lib / "pkgconfig")}
    tool = find_tool("pkg-config")
    for name, folder in [("libdir", lib), ("includedir", places["staged"] / "include")]:
        assert Path(run(tool, f"--variable={name}", "gcv-edge", **final).strip()).resolve() == folder
    assert "rpath" not in run(tool, "--libs", "gcv-edge", **final)
    staged = str(places["staged"].parent)
    program = link("gcv-edge", "c++", write_program(tmp_path, "cpp"), PKG_CONFIG_SYSROOT_DIR=staged, **final)
    assert_runs(program, LD_LIBRARY_PATH=str(lib))


def test_a_cross_build_takes_nothing_of_this_machine(tmp_path: Path) -> None:
    """This machine's OpenVINO is refused in a line, whether it is found or given."""
    find_tool("aarch64-linux-gnu-g++")
    arm = f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'cmake' / 'aarch64-linux-gnu.cmake'}"
    own = Path(pytest.importorskip("openvino").__file__).parent / "cmake"
    for given, text in [
        ((), "cross-compiling for aarch64: found no OpenVINO for it, expected -DOpenVINO_DIR=FOLDER"),
        ((f"-DOpenVINO_DIR={own}",), "found a library for x86_64, expected aarch64: give -DOpenVINO_DIR="),
    ]:
        command = [find_tool("cmake"), "-S", ROOT, "-B", tmp_path / f"arm{len(given)}", arm, *given]
        finished = subprocess.run(command, capture_output=True, text=True)
        assert finished.returncode != 0
        assert text in " ".join(finished.stderr.split())


def test_packages_are_refused_that_would_need_this_machine() -> None:
    folder = build("plain")
    command = [find_tool("cpack"), "-G", "TGZ", "-B", folder / "packages"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert finished.returncode != 0
    assert "expected those of the system; for OpenVINO, or -DGCV_EDGE_BUNDLE_OPENVINO=ON" in " ".join(
        finished.stderr.split()
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with OpenVINO's libraries."""
    folder = tmp_path_factory.mktemp("bundle") / "installed"
    built = build("plain")
    configure(ROOT, built, "-DGCV_EDGE_BUNDLE_OPENVINO=ON")
    install(folder)
    yield folder
    configure(ROOT, built, "-UGCV_EDGE_BUNDLE_OPENVINO")


def test_a_bundle_names_no_folder_of_this_machine(bundle: Path) -> None:
    (library,) = bundle.rglob("libgcv_edge.so.*.*.*")
    assert runpath(library) == ["$ORIGIN", "$ORIGIN/gcv_edge"]
    folders = [str(ROOT), str(bundle), str(Path(pytest.importorskip("openvino").__file__).parent)]
    for file in filter(Path.is_file, bundle.rglob("*")):
        content = file.read_bytes()
        assert not [folder for folder in folders if folder.encode() in content], file
    assert (bundle / "share/doc/gcv-edge/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert list(bundle.glob("share/doc/gcv-edge/openvino/**/*third-party-programs.txt"))


def test_a_whole_program_takes_the_bundles_engine(bundle: Path, tmp_path: Path) -> None:
    source = write_program(tmp_path, "cpp")
    (folder,) = bundle.rglob("pkgconfig")
    program = link("gcv-edge-static", "c++", source, PKG_CONFIG_PATH=str(folder))
    assert f"=> {bundle}/lib/" in run(find_tool("ldd"), program)
    assert_runs(program)
