"""Endurance of the C++ ``Detector``: memory and descriptors over many frames, and threads that share one.

10,000 frames of sizes up to 1920x1080, alone, as streams and in batches by turns, through the 8-bit
yolo3_mobilenet1.0; then eight threads that run one Detector for a minute in a build with ThreadSanitizer.
Builds the library's tests with CMake. Run: python -m benchmarks.cpp_soak [MODEL.onnx]
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.cpp_detector import build, make_files
from benchmarks.detector import NAME
from benchmarks.records import write_results
from gcv_edge.cli.signals import ending_tidily

SOAKED = re.compile(
    r"(?P<frames>\d+) frames in (?P<seconds>[\d.]+) s: memory (?P<memory_mb>[\d.]+) MB, "
    r"(?P<least_percent>[-+.\d]+) to (?P<most_percent>[-+.\d]+) %; "
    r"(?P<descriptors_left_open>-?\d+) descriptors"
)
SANITIZED = ("-DGCV_EDGE_TESTS=ON", "-DGCV_EDGE_SANITIZE=thread")
SHARED = re.compile(r"shared a Detector for (?P<seconds>\d+) s: (?P<runs>\d+) runs .* (?P<wrong>\d+) wrong")


def run_program(
    pattern: re.Pattern[str], program: Path, *arguments: object, **environment: str
) -> dict[str, Any]:
    """Run a test program and read the numbers of the line it prints; it fails where they are too large."""
    command = [str(program), *map(str, arguments)]
    finished = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    print(finished.stdout, end="")
    found = pattern.search(finished.stdout)
    if finished.returncode != 0 or found is None:
        raise RuntimeError(f"{program.name} ended with {finished.returncode}: {finished.stderr[-2000:]}")
    return {name: float(text) if "." in text else int(text) for name, text in found.groupdict().items()}


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="folder of CMake's builds")
    arguments = parser.parse_args()
    soak = build(arguments.build / "ctest-plain", "tests", "soak", "-DGCV_EDGE_TESTS=ON")
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or make_files(Path(folder))["int8"]
        soaked = run_program(SOAKED, soak, path, arguments.frames)
    shared = run_program(
        SHARED,
        build(arguments.build / "ctest-threads", "tests", "runtime_tests", *SANITIZED),
        "threads",
        GCV_EDGE_SHARE_SECONDS=str(arguments.seconds),
        TBB_ENABLE_SANITIZERS="1",
        TSAN_OPTIONS="ignore_noninstrumented_modules=1:halt_on_error=1",
    )
    name = arguments.model.stem if arguments.model else f"{NAME}, 8 bits"
    rows = {"soak": soaked, "threads_under_tsan": {"threads": 8, **shared}}
    write_results("cpp_soak", rows, network=name)


if __name__ == "__main__":
    main()
