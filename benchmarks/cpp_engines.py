"""What a C++ program weighs, and what it costs, with each engine: OpenVINO and ONNX Runtime.

Builds both libraries and one program per engine, which differ in nothing but the library that they are
linked with. Each process opens yolo3_mobilenet1.0 at 416x416 with 80 classes and seeded random weights, in
float32 or in 8 bits as ``gcv-edge calibrate`` makes them, and runs frames of 1080p; the processes run by
turns. A cold start is a whole process that runs one frame, its files in memory already.
Run: python -m benchmarks.cpp_engines --onnxruntime ROOT [--int8 MODEL.onnx --float MODEL.onnx]
ROOT has ``include`` and ``lib`` as ONNX Runtime's release archives have them (``bash .ci/onnxruntime ROOT``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.cpp_detector import make_files
from benchmarks.detector import NAME
from benchmarks.rates import find_tool
from benchmarks.records import Record, write_results
from gcv_edge.cli.signals import ending_tidily

ENGINES = {"openvino": "libgcv_edge.so.*.*.*", "onnxruntime": "libgcv_edge_onnxruntime.so.*.*.*"}
"""The library of each."""

COLUMNS = ("open_s", "first_frame_ms", "frame_ms", "inference_ms", "peak_mb", "cold_start_s")


def build(folder: Path, root: Path, installed: Path) -> dict[str, Path]:
    """Build and install the libraries with OpenVINO's; return the program of each engine."""
    cmake = find_tool("cmake")
    options = (
        f"-DPython_EXECUTABLE={sys.executable}", f"-DONNXRUNTIME_ROOT={root.resolve()}",
        "-DGCV_EDGE_ONNXRUNTIME=ON", "-DGCV_EDGE_BUNDLE_OPENVINO=ON", "-DGCV_EDGE_BENCHMARKS=ON",
    )  # fmt: skip
    for command in (
        [cmake, "-S", ROOT, "-B", folder, *options],
        [cmake, "--build", folder, "--parallel", "2"],
        [cmake, "--install", folder, "--strip", "--prefix", installed],
    ):
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return {engine: folder / "cpp" / "benchmarks" / f"engine_speed_{engine}" for engine in ENGINES}


def weigh(installed: Path, root: Path) -> dict[str, Record]:
    """Megabytes of this library and of the engine's, by engine."""
    (onnxruntime,) = (path for path in (root / "lib").glob("libonnxruntime.so*") if not path.is_symlink())
    engines = {"openvino": (installed / "lib" / "gcv_edge").iterdir(), "onnxruntime": [onnxruntime]}
    return {
        engine: {
            "library_mb": megabytes((installed / "lib").glob(ENGINES[engine])),
            "engine_mb": megabytes(files),
        }
        for engine, files in engines.items()
    }


def megabytes(files: Iterable[Path]) -> float:
    """Size of files together."""
    return round(sum(path.stat().st_size for path in files) / 1e6, 2)


def measure(program: Path, model: Path, frames: int) -> list[float]:
    """Run a process once; return what it prints, and the seconds that a process with one frame takes."""
    started = time.perf_counter()
    run(program, model, 0)
    cold = time.perf_counter() - started
    return [*run(program, model, frames), cold]


def run(program: Path, model: Path, frames: int) -> list[float]:
    """Run a process and read its numbers."""
    command = list(map(str, (program, model, frames)))
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


def compare(
    programs: dict[str, Path], models: dict[str, Path], rounds: int, frames: int
) -> dict[str, Record]:
    """Run all by turns; the best of each number, by engine and form."""
    found: dict[str, list[list[float]]] = {}
    for _ in range(rounds):
        for form, model in models.items():
            for engine, program in programs.items():
                found.setdefault(f"{engine} {form}", []).append(measure(program, model, frames))
    return {key: summarize(rows) for key, rows in found.items()}


def summarize(rows: list[list[float]]) -> Record:
    """The best of each number."""
    numbers = (round(min(column), 4) for column in zip(*rows, strict=True))
    return dict(zip(COLUMNS, numbers, strict=True))


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--onnxruntime", type=Path, required=True, help="folder with include and lib")
    parser.add_argument("--float", dest="floating", type=Path, help="float file, instead of making one")
    parser.add_argument("--int8", type=Path, help="8-bit file, instead of making one")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "engines", help="folder of CMake's")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frames", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        installed = Path(folder) / "installed"
        programs = build(arguments.build, arguments.onnxruntime, installed)
        weights = weigh(installed, arguments.onnxruntime)
        given = {"int8": arguments.int8, "f32": arguments.floating}
        models = {form: path for form, path in given.items() if path} or make_files(Path(folder))
        weights_of_models = {form: megabytes([path]) for form, path in models.items()}
        rows = compare(programs, models, arguments.rounds, arguments.frames)
    for key, row in rows.items():
        engine, form = key.split()
        row |= {**weights[engine], "model_mb": weights_of_models[form]}
        row["deployed_mb"] = round(row["library_mb"] + row["engine_mb"] + row["model_mb"], 2)
        print(
            f"{key:16} {row['deployed_mb']:.1f} MB, of which the engine {row['engine_mb']:.1f}; cold start "
            f"{row['cold_start_s']:.2f} s; at most {row['peak_mb']:.0f} MB of memory; frame to boxes "
            f"{row['frame_ms']:.1f} ms, of which inference {row['inference_ms']:.1f} ms"
        )
    write_results("cpp_engines", rows, network=NAME, frame="1920x1080", rounds=arguments.rounds)


if __name__ == "__main__":
    main()
