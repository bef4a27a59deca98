"""What a change did to the C++ library: time to open, with a cache too, frame to boxes, allocations.

Builds the library of this checkout and of another one, and runs one program against both by turns: each
process opens the network, runs frames of 1080p and 640x480 and counts its calls of ``operator new``. The
network is yolo3_mobilenet1.0 at 416x416 in 8 bits with seeded random weights, or the one that is given.
Versions that only know bilinear interpolation need a file exported with ``--interpolation bilinear``, or both
do different work.
Run: python -m benchmarks.cpp_versions --before CHECKOUT [MODEL.onnx]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.cpp_detector import make_files
from benchmarks.rates import find_tool
from benchmarks.records import Record, write_results
from gcv_edge.cli.signals import ending_tidily

SOURCE = ROOT / "cpp" / "benchmarks" / "version_speed.cpp"
COLUMNS = (
    "open_s",
    "frame_ms",
    "around_inference_ms",
    "small_frame_ms",
    "around_inference_of_small_ms",
    "allocations_per_frame",
    "allocations_of_the_engine_per_frame",
)


def build(checkout: Path, folder: Path) -> Path:
    """Build the library of a checkout and the program against it; return the program."""
    cmake, python = find_tool("cmake"), f"-DPython_EXECUTABLE={sys.executable}"
    configure = [cmake, "-S", checkout, "-B", folder, python]
    compile_all = [cmake, "--build", folder, "--parallel", "2", "--target", "gcv_edge"]
    program, library = folder / "version_speed", folder / "cpp" / "src" / "runtime"
    include = [f"-I{checkout / 'cpp' / 'include'}", f"-I{folder / 'include'}"]
    link = [f"-L{library}", f"-Wl,-rpath,{library}", "-lgcv_edge", "-ldl"]
    link_program = ["c++", "-std=c++17", "-O2", *include, SOURCE, "-o", program, *link]
    for command in (configure, compile_all, link_program):
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return program


def measure(program: Path, model: Path, frames: int, cache: Path | None) -> list[float]:
    """Run the program once; return the numbers that it prints."""
    command = [program, model, frames, *([cache] if cache else [])]
    output = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


def summarize(rows: list[list[float]]) -> Record:
    """The best of each time, and the most allocations."""
    columns = list(zip(*rows, strict=True))
    numbers = [*map(min, columns[:5]), *map(max, columns[5:])]
    return dict(zip(COLUMNS, numbers, strict=True))


def compare(
    programs: dict[str, Path], model: Path, rounds: int, frames: int, cache: Path
) -> dict[str, Record]:
    """Run all by turns; ``cached`` is what is new with a cache that was filled before."""
    cached = {"cached": cache}
    measure(programs["cached"], model, 1, cache)
    rows: dict[str, list[list[float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            rows[name].append(measure(program, model, frames, cached.get(name)))
    return {name: summarize(found) for name, found in rows.items()}


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--before", type=Path, required=True, help="checkout to compare with")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="folder of CMake's builds")
    parser.add_argument("--record", default="cpp_versions", help="name of the record in benchmarks/results")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frames", type=int, default=40)
    arguments = parser.parse_args()
    after = build(ROOT, arguments.build / "version-after")
    before = build(arguments.before.resolve(), arguments.build / "version-before")
    programs = {"before": before, "after": after, "cached": after}
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or make_files(Path(folder))["int8"]
        cache = Path(folder) / "compiled"
        rows = compare(programs, model, arguments.rounds, arguments.frames, cache)
    for name, row in rows.items():
        print(
            f"{name:7} opened in {row['open_s']:.3f} s, frame to boxes {row['frame_ms']:.2f} ms, "
            f"of which {row['around_inference_ms']:.2f} ms around the inference "
            f"(from 640x480 {row['small_frame_ms']:.2f} and {row['around_inference_of_small_ms']:.2f} ms), "
            f"{row['allocations_per_frame']:.1f} allocations per frame, "
            f"{row['allocations_of_the_engine_per_frame']:.1f} more of the engine"
        )
    write_results(arguments.record, rows, network=model.stem)


if __name__ == "__main__":
    main()
