"""What the ``Detector`` of C++ and of Python costs over bare OpenVINO, on 1080p frames, all in one run.

The network is yolo3_mobilenet1.0 at 416x416 with 80 classes and seeded random weights, in 8 bits as
``gcv-edge calibrate`` makes them, and in float32. The threshold is set to list some 100 candidates.

Latency: ``run`` and a bare ``infer`` of the same file in turn, in C++ and in Python, and ``stream`` against
``infer`` in a loop. Throughput: ``stream`` against bare requests that start again when they are done, and in
turn with OpenVINO's own ``benchmark_app``, which has the network alone to compute.
Builds the library with CMake. Run: python benchmarks/cpp_detector.py [--isa vnni] [--int8 MODEL.onnx]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from detector import NAME, bare_inference, choose_confidence, export_network, read_frame
from harness import (
    ROOT,
    best,
    interleaved,
    median,
    print_table,
    read_results,
    summarize,
    write_results,
)
from numpy.typing import NDArray

from gcv_edge import Detector
from gcv_edge.measure.isa import ISAS, check_isa, environment

STAGES = ("preprocess", "inference", "postprocess")
TURNS = 5
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Lets glibc ask for pages of 2 MB, for ``infer`` and ``run`` alike."""

COUNTED = ("bare_requests_fps", "detector_fps", "benchmark_app_fps")
LIMITS = {"cpp": 1.05, "python": 1.10, "throughput": 0.97}
"""What the 8-bit network is held against."""


def tool(name: str) -> str:
    """Path of a program beside this Python or on the path."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name) or name


def build(folder: Path) -> Path:
    """Build the program that measures."""
    options = ("-DGCV_EDGE_BENCHMARKS=ON", f"-DPython_EXECUTABLE={sys.executable}")
    subprocess.run([tool("cmake"), "-S", ROOT, "-B", folder, *options], check=True, stdout=subprocess.DEVNULL)
    command = [tool("cmake"), "--build", folder, "--parallel", "2", "--target", "detector_speed"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "cpp" / "benchmarks" / "detector_speed"


def read_pictures() -> Iterator[NDArray[np.uint8]]:
    """The shipped pictures."""
    for path in sorted((ROOT / "gcv_edge" / "demo").glob("*.jpg")):
        yield np.asarray(cv2.imread(str(path)), np.uint8)


def make_files(folder: Path) -> dict[str, Path]:
    """Export the network and calibrate it."""
    from gcv_edge.calibration import CalibrationOptions, calibrate

    floating = export_network(folder)
    options = CalibrationOptions(correction="fast", time_forms=False, data="shipped pictures")
    output = folder / f"{NAME}_int8.onnx"
    result = calibrate(floating, read_pictures(), output, mode="minmax", options=options)
    return {"int8": result.path, "f32": floating}


class Program:
    """The C++ program on one model and frame."""

    def __init__(
        self, program: Path, model: Path, frame: Path, threads: int, confidence: float, **environment: str
    ) -> None:
        self._words = (program, model, frame)
        self._threads, self._confidence = threads, confidence
        self._environment = {**os.environ, **environment}

    def rows(self, manner: str, amount: float, threads: int | None = None) -> list[list[float]]:
        """Run it and read its rows of numbers."""
        chosen = self._threads if threads is None else threads
        command = [*self._words, manner, amount, chosen, self._confidence]
        output = subprocess.run(
            list(map(str, command)), env=self._environment, check=True, capture_output=True, text=True
        ).stdout
        return [[float(word) for word in line.split()] for line in output.splitlines()]


def compare(title: str, seconds: dict[str, list[float]], first: str, second: str) -> dict[str, Any]:
    """Print and summarise timings; the ratios are of the best and of the median runs."""
    print_table(title, seconds, first)
    return {
        "timings": summarize(seconds),
        "ratio": round(best(seconds[second]) / best(seconds[first]), 4),
        "ratio_of_medians": round(median(seconds[second]) / median(seconds[first]), 4),
    }


def measure_cpp(program: Program, rounds: int, title: str) -> dict[str, Any]:
    """Time ``run`` and ``infer`` in C++, and say where the time of the median run goes."""
    rows = program.rows("latency", rounds)
    names = ("openvino infer", "Detector.run")
    seconds = {name: [row[i] / 1e3 for row in rows] for i, name in enumerate(names)}
    typical = sorted(rows, key=lambda row: row[1])[len(rows) // 2]
    stages = {f"{stage}_ms": round(typical[2 + i], 4) for i, stage in enumerate(STAGES)}
    print(f"  stages: {stages}, {round(typical[5])} detections")
    return {**compare(f"C++, {title}", seconds, *names), "stages": stages, "detections": round(typical[5])}


def measure_stream(program: Program, seconds: float, title: str) -> dict[str, Any]:
    """Time a frame of ``stream`` and of ``infer`` in a loop; the best of three turns."""
    rows = program.rows("stream", seconds)
    bare, stream = (min(row[i] for row in rows) for i in range(2))
    print(f"C++ stream, {title}: {stream:.3f} ms per frame, infer {bare:.3f} ms, {stream / bare:.3f}x")
    ratio = round(stream / bare, 4)
    return {"infer_ms": round(bare, 4), "stream_ms": round(stream, 4), "ratio": ratio}


def without_copies(infer: Callable[..., object]) -> Callable[[], object]:
    """``infer`` that leaves its outputs where they are; by default OpenVINO's Python copies them."""
    return lambda: infer(share_outputs=True)


def measure_python(
    path: Path, frame: NDArray[np.uint8], rounds: int, threads: int, confidence: float, title: str
) -> dict[str, Any]:
    """Time ``run`` and ``infer`` in Python."""
    detector = Detector(path, confidence=confidence, threads=threads)
    infer = bare_inference(path, "f32", threads)
    functions: dict[str, Callable[[], object]] = {
        "openvino infer": infer,
        "openvino infer, outputs shared": without_copies(infer),
        "Detector.run": lambda: detector.run(frame),
    }
    seconds = interleaved(functions, rounds)
    found = compare(f"Python, {title}", seconds, "openvino infer", "Detector.run")
    shared = best(seconds["Detector.run"]) / best(seconds["openvino infer, outputs shared"])
    return {**found, "ratio_to_infer_with_shared_outputs": round(shared, 4)}


def measure_throughput(program: Program, path: Path, seconds: float, title: str) -> dict[str, Any]:
    """Count frames per second of ``stream``, bare requests and ``benchmark_app`` in turn; medians of five.

    All take as many threads as the process may use: ``benchmark_app`` allows no other number with a hint.
    """
    turns = []
    for _ in range(TURNS):
        ((bare, stream, streams),) = program.rows("throughput", seconds, threads=0)
        turns.append((bare, stream, run_benchmark_app(path, seconds)))
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


def run_benchmark_app(path: Path, seconds: float) -> float:
    """Frames per second that OpenVINO's own program counts for the network alone."""
    options = ("-hint", "throughput", "-t", str(max(1, round(seconds))), "-infer_precision", "f32")
    command = [tool("benchmark_app"), "-m", str(path), "-d", "CPU", *options]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Throughput:\s*([\d.]+) FPS", output)
    if found is None:
        raise RuntimeError(f"benchmark_app printed no throughput: {output[-500:]}")
    return float(found[1])


def measure(program: Path, path: Path, frame_file: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure one file in all ways."""
    frame = read_frame()
    confidence = choose_confidence(path, frame)
    title = f"{path.stem}, {arguments.threads} threads"
    words = (program, path, frame_file, arguments.threads, confidence)
    cpp = Program(*words)
    return {
        "cpp": measure_cpp(cpp, arguments.rounds, title),
        "cpp_large_pages": measure_cpp(
            Program(*words, **LARGE_PAGES), arguments.rounds, f"{title}, large pages"
        ),
        "cpp_stream": measure_stream(cpp, arguments.seconds, title),
        "python": measure_python(path, frame, arguments.rounds, arguments.threads, confidence, title),
        "throughput": measure_throughput(cpp, path, arguments.seconds, title),
    }


def judge(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Hold the ratios of the 8-bit network against their limits."""
    verdicts = {}
    for name, limit in LIMITS.items():
        ratio = found[name]["ratio"]
        is_met = ratio >= limit if name == "throughput" else ratio <= limit
        verdicts[name] = {"ratio": ratio, "limit": limit, "is_met": is_met}
        print(f"{name}: {ratio:.3f}x, limit {limit:.2f}x: {'met' if is_met else 'missed'}")
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--float", dest="floating", type=Path, help="float file, instead of making one")
    parser.add_argument("--int8", type=Path, help="8-bit file, instead of making one")
    parser.add_argument("--isa", choices=ISAS, default="native", help="cap; a capped run is of 8 bits only")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "benchmarks", help="folder of CMake's")
    arguments = parser.parse_args()
    cap = environment(arguments.isa)
    if not cap.items() <= os.environ.items():  # libraries read it when they are loaded
        check_isa(arguments.isa)
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **cap})
    program = build(arguments.build)
    with tempfile.TemporaryDirectory() as folder:
        given = {"int8": arguments.int8, "f32": arguments.floating}
        files = {form: path for form, path in given.items() if path} or make_files(Path(folder))
        frame_file = Path(folder) / "frame.bgr"
        frame_file.write_bytes(read_frame().tobytes())
        chosen = {form: path for form, path in files.items() if not cap or form == "int8"}
        forms = {form: measure(program, path, frame_file, arguments) for form, path in chosen.items()}
    found = {"forms": forms, **({"limits": judge(forms["int8"])} if "int8" in forms else {})}
    isas = {**read_results("cpp_detector").get("isas", {}), arguments.isa: found}
    write_results("cpp_detector", {"network": NAME, "frame": "1920x1080", "isas": isas})


if __name__ == "__main__":
    main()
