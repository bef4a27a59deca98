"""What the C++ ``Detector`` on 1080p frames costs over bare OpenVINO: time of a frame, and frames per second.

Latency: ``run`` and a bare ``infer`` of the same file in turn. Throughput: ``stream`` against bare requests
that start again when they are done, and against OpenVINO's own ``benchmark_app``.
Builds the library with CMake. Run: python benchmarks/cpp_detector.py [MODEL.onnx]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from detector import NAME, choose_confidence, export_network
from harness import ROOT, best, print_table, summarize, write_results
from numpy.typing import NDArray


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


def draw_frame() -> NDArray[np.uint8]:
    """A noisy picture, such as the program runs on."""
    return np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), np.uint8)


def read_rows(program: Path, *arguments: object) -> list[tuple[float, float, int]]:
    """Run the program and read its rows of numbers."""
    command = [str(program), *map(str, arguments)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    return [(float(first), float(second), int(third)) for first, second, third in rows]


def measure_latency(
    program: Path, path: Path, rounds: int, threads: int, confidence: float
) -> dict[str, Any]:
    """Time ``run`` and ``infer``."""
    rows = read_rows(program, path, "latency", rounds, threads, confidence)
    seconds = {
        "openvino infer": [row[0] / 1e3 for row in rows],
        "Detector.run": [row[1] / 1e3 for row in rows],
    }
    print_table(f"f32, {threads} threads, {rows[0][2]} detections", seconds, "openvino infer")
    ratio = best(seconds["Detector.run"]) / best(seconds["openvino infer"])
    return {"timings": summarize(seconds), "ratio": round(ratio, 4)}


def measure_throughput(program: Path, path: Path, seconds: float, confidence: float) -> dict[str, Any]:
    """Count frames per second of ``stream``, bare requests and ``benchmark_app``; the best of three turns.

    All take as many threads as the process may use: ``benchmark_app`` allows no other number with a hint.
    """
    rows = read_rows(program, path, "throughput", seconds, 0, confidence)
    bare, stream, official = (
        max(row[0] for row in rows),
        max(row[1] for row in rows),
        run_benchmark_app(path, seconds),
    )
    print(
        f"frames per second, {rows[0][2]} streams: Detector.stream {stream:.2f}, "
        f"bare requests {bare:.2f}, benchmark_app {official:.2f}"
    )
    return {
        "detector_fps": stream,
        "bare_requests_fps": bare,
        "benchmark_app_fps": official,
        "ratio": round(stream / official, 4),
        "ratio_to_bare_requests": round(stream / bare, 4),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "benchmarks", help="folder of CMake's")
    arguments = parser.parse_args()
    program = build(arguments.build)
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or export_network(Path(folder))
        confidence = choose_confidence(path, draw_frame())
        latency = measure_latency(program, path, arguments.rounds, arguments.threads, confidence)
        throughput = measure_throughput(program, path, arguments.seconds, confidence)
    name = arguments.model.stem if arguments.model else NAME
    results = {"network": name, "frame": "1920x1080", "precision": "f32"}
    write_results("cpp_detector", {**results, "latency": latency, "throughput": throughput})


if __name__ == "__main__":
    main()
