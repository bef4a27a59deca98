"""What the ``Detector`` of C++ and of Python costs over bare OpenVINO, on 1080p frames, all in one run.

The network is yolo3_mobilenet1.0 at 416x416 with 80 classes and seeded random weights, in 8 bits as
``gcv-edge calibrate`` makes them, and in float32. The threshold is set to list some 100 candidates.

Latency: ``run`` and a bare ``infer`` of the same file in turn, in C++ and in Python, and ``stream`` against
``infer`` in a loop. Throughput: ``stream`` against bare requests that start again when they are done, and in
turn with OpenVINO's own ``benchmark_app``, which has the network alone to compute.
Builds the library with CMake. Run: python -m benchmarks.cpp_detector [--isa vnni] [--int8 MODEL.onnx]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.detector import NAME, choose_confidence, compare, export_network, read_frame
from benchmarks.detector import measure as measure_python
from benchmarks.rates import ask_app, find_tool
from benchmarks.records import Record, Results
from gcv_edge.benchmarking.frames import load_frames
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.cpus import usable_cpus
from gcv_edge.measure.isa import ISAS, cap_variables, check_isa

STAGES = ("preprocess", "inference", "postprocess")
TURNS = 5
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Lets glibc ask for pages of 2 MB, for ``infer`` and ``run`` alike."""

COUNTED = ("bare_requests_fps", "detector_fps", "benchmark_app_fps")
LIMITS = {"cpp": 1.05, "python": 1.10, "throughput": 0.97}
"""What the 8-bit network is held against."""


def build(folder: Path, place: str, target: str, *options: str) -> Path:
    """Build a program of a folder below cpp/; return its path."""
    cmake, python = find_tool("cmake"), f"-DPython_EXECUTABLE={sys.executable}"
    configure = [cmake, "-S", str(ROOT), "-B", str(folder), python, *options]
    compile_all = [cmake, "--build", str(folder), "--parallel", "2", "--target", target]
    for command in (configure, compile_all):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "cpp" / place / target


def make_files(folder: Path) -> dict[str, Path]:
    """Export the network and calibrate it."""
    from gcv_edge.calibration import CalibrationOptions, calibrate

    floating = export_network(folder)
    options = CalibrationOptions(correction="fast", time_forms=False, data="shipped pictures")
    output = folder / f"{NAME}_int8.onnx"
    result = calibrate(floating, load_frames(), output, mode="minmax", options=options)
    return {"int8": result.path, "f32": floating}


class SpeedProgram:
    """The C++ program that measures, on one model and frame."""

    def __init__(
        self,
        program: Path,
        model: Path,
        frame: Path,
        threads: int,
        confidence: float,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._words = (program, model, frame)
        self._threads, self._confidence = threads, confidence
        self._environment = {**os.environ, **(variables or {})}

    def rows(self, manner: str, amount: float, threads: int | None = None) -> list[list[float]]:
        """Run it and read its rows of numbers."""
        chosen = self._threads if threads is None else threads
        command = [*self._words, manner, amount, chosen, self._confidence]
        output = subprocess.run(
            list(map(str, command)), env=self._environment, check=True, capture_output=True, text=True
        ).stdout
        return [[float(word) for word in line.split()] for line in output.splitlines()]


def measure_cpp(program: SpeedProgram, rounds: int, title: str) -> Record:
    """Time ``run`` and ``infer`` in C++, and say where the time of the median run goes."""
    rows = program.rows("latency", rounds)
    names = ("openvino infer", "Detector.run")
    seconds = {name: [row[i] / 1e3 for row in rows] for i, name in enumerate(names)}
    typical = sorted(rows, key=lambda row: row[1])[len(rows) // 2]
    stages = {f"{stage}_ms": round(typical[2 + i], 4) for i, stage in enumerate(STAGES)}
    print(f"  stages: {stages}, {round(typical[5])} detections")
    return {**compare(f"C++, {title}", seconds, *names), "stages": stages, "detections": round(typical[5])}


def measure_stream(program: SpeedProgram, seconds: float, title: str) -> Record:
    """Time a frame of ``stream`` and of ``infer`` in a loop; the best of three turns."""
    rows = program.rows("stream", seconds)
    bare, stream = (min(row[i] for row in rows) for i in range(2))
    print(f"C++ stream, {title}: {stream:.3f} ms per frame, infer {bare:.3f} ms, {stream / bare:.3f}x")
    ratio = round(stream / bare, 4)
    return {"infer_ms": round(bare, 4), "stream_ms": round(stream, 4), "ratio": ratio}


def measure_throughput(program: SpeedProgram, path: Path, seconds: float, title: str) -> Record:
    """Count frames per second of ``stream``, bare requests and ``benchmark_app`` in turn; medians of five.

    All take as many threads as the process may use: ``benchmark_app`` allows no other number with a hint.
    """
    turns = []
    for _ in range(TURNS):
        ((bare, stream, streams),) = program.rows("throughput", seconds, threads=0)
        turns.append((bare, stream, ask_app(path, "native", seconds, usable_cpus())))
    bare, stream, official = (statistics.median(turn[i] for turn in turns) for i in range(3))
    ratio = statistics.median(turn[1] / turn[2] for turn in turns)
    print(
        f"frames per second, {title}, {streams:.0f} streams: Detector.stream {stream:.2f}, "
        f"bare requests {bare:.2f}, benchmark_app {official:.2f}, {ratio:.3f}x"
    )
    return {
        "detector_fps": stream,
        "bare_requests_fps": bare,
        "benchmark_app_fps": official,
        "turns": [dict(zip(COUNTED, turn, strict=True)) for turn in turns],
        "ratio": round(ratio, 4),
        "ratio_to_bare_requests": round(statistics.median(turn[1] / turn[0] for turn in turns), 4),
    }


def measure(program: Path, path: Path, frame_file: Path, arguments: argparse.Namespace) -> Record:
    """Measure one file in all ways."""
    frame, rounds, threads = read_frame(), arguments.rounds, arguments.threads
    title = f"{path.stem}, {threads} threads"
    words = (program, path, frame_file, threads, choose_confidence(path, frame))
    cpp, large_pages = SpeedProgram(*words), SpeedProgram(*words, LARGE_PAGES)
    return {
        "cpp": measure_cpp(cpp, rounds, title),
        "cpp_large_pages": measure_cpp(large_pages, rounds, f"{title}, large pages"),
        "cpp_stream": measure_stream(cpp, arguments.seconds, title),
        "python": measure_python(path, frame, "f32", rounds, threads),
        "throughput": measure_throughput(cpp, path, arguments.seconds, title),
    }


def judge(found: Record) -> dict[str, Record]:
    """Hold the ratios of the 8-bit network against their limits."""
    verdicts = {}
    for name, limit in LIMITS.items():
        ratio = found[name]["ratio"]
        is_met = ratio >= limit if name == "throughput" else ratio <= limit
        verdicts[name] = {"ratio": ratio, "limit": limit, "is_met": is_met}
        print(f"{name}: {ratio:.3f}x, limit {limit:.2f}x: {'met' if is_met else 'missed'}")
    return verdicts


@ending_tidily()
def main() -> None:
    """Measure under one cap."""
    parser = make_parser(__doc__)
    parser.add_argument("--float", dest="floating", type=Path, help="float file, instead of making one")
    parser.add_argument("--int8", type=Path, help="8-bit file, instead of making one")
    parser.add_argument("--isa", choices=ISAS, default="native", help="cap; a capped run is of 8 bits only")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "benchmarks", help="folder of CMake's")
    arguments = parser.parse_args()
    cap = cap_variables(arguments.isa)
    if not cap.items() <= os.environ.items():  # libraries read it when they are loaded
        check_isa(arguments.isa)
        command = [sys.executable, "-m", "benchmarks.cpp_detector", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **cap})
    program = build(arguments.build, "benchmarks", "detector_speed", "-DGCV_EDGE_BENCHMARKS=ON")
    with tempfile.TemporaryDirectory() as folder:
        given = {"int8": arguments.int8, "f32": arguments.floating}
        files = {form: path for form, path in given.items() if path} or make_files(Path(folder))
        frame_file = Path(folder) / "frame.bgr"
        frame_file.write_bytes(read_frame().tobytes())
        chosen = {form: path for form, path in files.items() if not cap or form == "int8"}
        forms = {form: measure(program, path, frame_file, arguments) for form, path in chosen.items()}
    found = {"forms": forms, **({"limits": judge(forms["int8"])} if "int8" in forms else {})}
    Results("cpp_detector", network=NAME, frame="1920x1080").put(arguments.isa, found)


if __name__ == "__main__":
    main()
