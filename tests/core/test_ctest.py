"""Build the C++ tests and run them, plainly and under sanitizers; use what is installed; weigh it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gcv_edge import _core
from tests.support.cpp_builds import build, configure, find_tool, run

LARGEST_CORE = 352 << 10
"""Bytes of the whole core, stripped, as one shared object."""

BUILDS = {
    "plain": (),
    "sanitized": ("-DGCV_EDGE_SANITIZE=address,undefined",),
    "threads": ("-DGCV_EDGE_SANITIZE=thread",),
}


@pytest.fixture(scope="module", autouse=True)
def isa() -> str:
    """The C++ tests choose instruction sets themselves: one run is enough."""
    return _core.isa()


@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "sanitized",
        # A third build of everything, minutes; test_crew runs the threads in the two above.
        pytest.param("threads", marks=pytest.mark.slow),
    ],
)
def test_cpp(kind: str) -> None:
    folder = build(kind, *BUILDS[kind])
    output = run(find_tool("ctest"), "--test-dir", folder, "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in output


def test_the_core_is_small(tmp_path: Path) -> None:
    archive = build("plain") / "cpp" / "libgcv_edge_core.a"
    whole = tmp_path / "core.so"
    link = ("-Wl,--whole-archive", archive, "-Wl,--no-whole-archive", "-Wl,--gc-sections", "-s")
    run(find_tool("c++"), "-shared", "-o", whole, *link)
    size = whole.stat().st_size
    print(f"the core, stripped: {size} bytes")
    assert size <= LARGEST_CORE


MACHINERY = re.compile(r"__cxa_|_Unwind|__gxx_personality|operator (new|delete)|malloc|std::__throw")


@pytest.fixture(scope="module")
def kernels() -> list[Path]:
    """The compiled kernels, one file per instruction set."""
    found = sorted(build("plain").glob("cpp/CMakeFiles/gcv_edge_core_objects.dir/src/kernels/kernels_*.o"))
    assert found
    return found


def test_inner_loops_neither_throw_nor_allocate(kernels: list[Path]) -> None:
    for kernel in kernels:
        wanted = run(find_tool("nm"), "--undefined-only", "--demangle", kernel)
        assert not MACHINERY.search(wanted), f"{kernel.name} wants {wanted}"


def test_no_other_code_is_linked_to_that_of_an_instruction_set(kernels: list[Path]) -> None:
    for kernel in kernels:
        target = kernel.name.split(".")[0].removeprefix("kernels_")
        shown = run(find_tool("nm"), "--extern-only", "--defined-only", "--demangle", kernel)
        foreign = [line for line in shown.splitlines() if f"gcv::{target}" not in line]
        assert not foreign, f"{kernel.name} shows {foreign}"


def test_only_the_interface_is_seen() -> None:
    library = build("plain") / "cpp" / "src" / "runtime" / f"libgcv_edge.so.{_core.version()}"
    shown = run(find_tool("nm"), "--dynamic", "--defined-only", "--demangle", "-j", library)
    foreign = [name for name in shown.splitlines() if not re.search(r"\bgcv::|^gcv_edge_", name)]
    assert not foreign
    assert not re.search(r"gcv::(Session|FrameLine|Kernels|WireReader|AnyNetwork)\b", shown)
    soname = run(find_tool("readelf"), "--dynamic", library)
    major, minor = _core.version().split(".")[:2]
    assert f"libgcv_edge.so.{major}.{minor}]" in soname or f"libgcv_edge.so.{major}]" in soname


INSTALLED = {
    "core": ("COMPONENTS core", "gcv_edge::core"),
    "shared": ("", "gcv_edge::gcv_edge"),
    "static": ("COMPONENTS static", "gcv_edge::gcv_edge_static"),
}
MAIN = """#include <gcv_edge/version.h>
#include <cstdio>
int main() { std::puts(gcv::version()); }
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is installed."""
    folder = tmp_path_factory.mktemp("installed")
    run(find_tool("cmake"), "--install", build("plain"), "--prefix", folder)
    return folder


@pytest.mark.parametrize("kind", INSTALLED)
def test_an_installed_library_is_found_by_cmake(kind: str, prefix: Path, tmp_path: Path) -> None:
    components, target = INSTALLED[kind]
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(consumer CXX)\n"
        f"find_package(gcv_edge {_core.version()} CONFIG REQUIRED {components})\n"
        f"add_executable(consumer main.cpp)\ntarget_link_libraries(consumer PRIVATE {target})\n"
    )
    (tmp_path / "main.cpp").write_text(MAIN)
    configure(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run(find_tool("cmake"), "--build", tmp_path / "build")
    assert run(tmp_path / "build" / "consumer").strip() == _core.version()


def test_an_unknown_component_is_named(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(consumer CXX)\n"
        "find_package(gcv_edge CONFIG REQUIRED COMPONENTS gpu)\n"
    )
    with pytest.raises(AssertionError, match="component 'gpu' is not installed"):
        configure(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")


@pytest.mark.parametrize(("package", "options"), [("gcv-edge", ()), ("gcv-edge-core", ())])
def test_an_installed_library_is_found_by_pkg_config(
    package: str, options: tuple[str, ...], prefix: Path, tmp_path: Path
) -> None:
    (folder,) = {path.parent for path in prefix.rglob("*.pc")}
    found = run(find_tool("pkg-config"), "--cflags", "--libs", *options, package, PKG_CONFIG_PATH=str(folder))
    (tmp_path / "main.cpp").write_text(MAIN)
    run(find_tool("c++"), "-std=c++17", tmp_path / "main.cpp", "-o", tmp_path / "consumer", *found.split())
    library = str(next(prefix.rglob("libgcv_edge.so")).parent)
    assert run(tmp_path / "consumer", LD_LIBRARY_PATH=library).strip() == _core.version()


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="pip install openvino"):
        configure(
            Path(__file__).resolve().parents[2],
            tmp_path,
            "-DPython_EXECUTABLE=/nowhere/python",
            "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
        )
