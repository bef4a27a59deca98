"""The C++ library on ONNX Runtime: results are those of Python on the same engine bit for bit."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gcv_edge import Detector, load
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.cpp.test_examples import WITHOUT_OPENCV, compare, run_lines, write_pictures
from tests.cpp.test_parity import (
    ARRAYS,
    PREPROCESSINGS,
    SIZES,
    compare_on_cells,
    draw_frame,
    run_cpp,
    write_frame,
)
from tests.cpp.test_parity import compare as compare_arrays
from tests.runtime.conftest import Maker, make_model
from tests.support.cpp_builds import build, configure, find_tool, run

__all__ = ["make_model"]

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "gcv_edge" / "demo"
ENGINE = "onnxruntime"


@pytest.fixture(scope="module")
def with_engine() -> tuple[str, str]:
    """Options for a build with ONNX Runtime; the library of ONNXRUNTIME_ROOT is that of this Python."""
    root = os.environ.get("ONNXRUNTIME_ROOT")
    if not root:
        pytest.skip(
            "ONNXRUNTIME_ROOT names no folder with ONNX Runtime's header: bash .ci/onnxruntime FOLDER"
        )
    return "-DGCV_EDGE_ONNXRUNTIME=ON", f"-DONNXRUNTIME_ROOT={root}"


@pytest.fixture(scope="module")
def built(with_engine: tuple[str, str]) -> Path:
    """A build with both engines."""
    return build("onnxruntime", *with_engine, "-DGCV_EDGE_EXAMPLES=ON", WITHOUT_OPENCV)


@pytest.fixture(scope="module")
def dump_results(built: Path) -> Path:
    return built / "cpp" / "tests" / "dump_results_onnxruntime"


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's network."""
    described = json.loads((DEMO / "demo.json").read_text())
    labels = tuple((DEMO / "classes.txt").read_text().split())
    options = ExportOptions(input_shape=tuple(described["input_shape"]), labels=labels)
    path = tmp_path_factory.mktemp("signs") / "signs.onnx"
    return export(str(DEMO / "traffic_signs-symbol.json"), path, options=options, verify=False).path


def run_ctest(folder: Path, pattern: str) -> None:
    command = (find_tool("ctest"), "--test-dir", folder, "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in run(*command, "-R", pattern)


def test_its_own_tests_pass(built: Path) -> None:
    run_ctest(built, "onnxruntime|symbols")


@pytest.mark.slow  # a build each, minutes; the test above runs the same tests
@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_its_own_tests_pass_under_sanitizers(sanitizers: str, with_engine: tuple[str, str]) -> None:
    options = (*with_engine, f"-DGCV_EDGE_SANITIZE={sanitizers}", "-DGCV_EDGE_RUNTIME=OFF")
    folder = build(f"onnxruntime-{sanitizers.partition(',')[0]}", *options, target="onnxruntime_tests")
    run_ctest(folder, "onnxruntime")


def test_detect_finds_the_signs_that_python_finds(built: Path, signs: Path, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", sorted(DEMO.glob("*.jpg")))
    lines = run_lines(built / "cpp" / "examples" / "detect", signs, folder, "--engine", ENGINE)
    assert compare(lines, folder, Detector(signs, engine=ENGINE)) > 10


@pytest.mark.parametrize("name", ["yolo3", "ssd_300"])
def test_trained_detectors_on_real_pictures(
    name: str, testdata: Path, dump_results: Path, tmp_path: Path
) -> None:
    compare_on_cells(name, testdata, dump_results, tmp_path, 80, ENGINE)


@pytest.mark.parametrize("kind", [kind for kind in ARRAYS if kind not in ("clip", "consensus")])
def test_frames(kind: str, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path = make_model(kind, preprocessing=PREPROCESSINGS["letterbox"], size=(32, 48))
    network = load(path, engine=ENGINE)
    for seed, size in enumerate(SIZES):
        frame = draw_frame(size, "bgr", seed)
        found = run_cpp(dump_results, path, "frame", write_frame(tmp_path / "frame", frame, "bgr"))
        compare_arrays(found, [network.run(frame)], ARRAYS[kind])  # type: ignore[attr-defined]


def test_batches(make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path = make_model("detection", size=(32, 48), batch=None)
    frames = [draw_frame(size, "bgr", seed) for seed, size in enumerate(SIZES)]
    files = [write_frame(tmp_path / f"frame{i}", frame, "bgr") for i, frame in enumerate(frames)]
    expected = load(path, engine=ENGINE).run_batch(frames)  # type: ignore[attr-defined]
    compare_arrays(run_cpp(dump_results, path, "batch", *files), expected, ARRAYS["detection"])


def test_nothing_of_openvino_is_needed_and_nothing_is_written(
    built: Path, make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    library = built / "cpp" / "src" / "runtime" / "libgcv_edge_onnxruntime.so"
    assert "openvino" not in run(find_tool("ldd"), library)
    frame = write_frame(tmp_path / "frame", draw_frame((64, 48), "bgr", 0), "bgr")
    home = tmp_path / "home"
    home.mkdir()
    own = {"PATH": "/usr/bin", "HOME": str(home), "XDG_CACHE_HOME": str(home)}
    subprocess.run(
        [dump_results, make_model("detection"), "frame", frame], env=own, check=True, capture_output=True
    )
    assert not list(home.iterdir())  # ONNX Runtime keeps a device's id there where it may report


def test_a_missing_library_is_named(built: Path, make_model: Maker, tmp_path: Path) -> None:
    """A deployed program without ONNX Runtime beside it says which file it lacks."""
    run(find_tool("cmake"), "--install", built, "--prefix", tmp_path / "installed")
    (library,) = (tmp_path / "installed").rglob("libgcv_edge_onnxruntime.so.*.*.*")
    path = re.sub(rb"libonnxruntime\.so", rb"libonnxruntime_so", library.read_bytes())
    library.write_bytes(path)
    program = built / "cpp" / "tests" / "dump_results_onnxruntime"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    finished = subprocess.run(
        [program, make_model("detection"), "frame", "/dev/null"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert finished.returncode != 0
    assert "libonnxruntime" in finished.stderr


PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(consumer CXX)
find_package(gcv_edge CONFIG REQUIRED COMPONENTS onnxruntime)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE gcv_edge::onnxruntime)
"""
PROGRAM = """
#include <gcv_edge/detector.h>
#include <cstdio>

int main(int, char** words) {
  const gcv::Detector detector(words[1]);
  std::printf("%s\\n", detector.engine().c_str());
}
"""


@pytest.mark.parametrize("tool", ["cmake", "pkg-config"])
def test_a_project_finds_it(tool: str, built: Path, signs: Path, tmp_path: Path, make_model: Maker) -> None:
    installed = tmp_path / "installed"
    run(find_tool("cmake"), "--install", built, "--prefix", installed)
    source = tmp_path / "consumer.cpp"
    source.write_text(PROGRAM)
    if tool == "cmake":
        (tmp_path / "CMakeLists.txt").write_text(PROJECT)
        configure(tmp_path, tmp_path / "out", f"-DCMAKE_PREFIX_PATH={installed}")
        run(find_tool("cmake"), "--build", tmp_path / "out")
        program = tmp_path / "out" / "consumer"
    else:
        program = tmp_path / "consumer"
        environment = {"PKG_CONFIG_PATH": str(installed / "lib" / "pkgconfig")}
        said = run(find_tool("pkg-config"), "--cflags", "--libs", "gcv-edge-onnxruntime", **environment)
        run(find_tool("c++"), "-std=c++17", source, "-o", program, *said.split())
    assert run(program, signs).strip() == Detector(signs, engine=ENGINE).session.engine
    np.testing.assert_equal(load(signs, engine=ENGINE).session.streams, 1)
