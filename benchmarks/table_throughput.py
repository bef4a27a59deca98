"""Frames per second of ``Detector``, frame to result, over what benchmark_app says of the network alone.

Both take as many streams as OpenVINO's hint for throughput gives, on the same threads, in turn. benchmark_app
comes with the package openvino. Weights are random: python benchmarks/table_throughput.py
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tables import Record, Table, export_random, list_files, measure_rows, parse, shorten, tell

from gcv_edge.benchmarking import Settings, benchmark, list_variants
from gcv_edge.benchmarking.statistics import ratios, spread
from gcv_edge.runtime.cpus import usable_cpus

NAMES = (
    "yolo3_mobilenet1.0_coco",
    "yolo3_darknet53_coco",
    "ssd_512_mobilenet1.0_voc",
    "ssd_512_resnet50_v1_voc",
)
SAID = re.compile(r"Throughput:\s+([\d.]+) FPS")


def ask_benchmark_app(path: Path, seconds: float, threads: int) -> float:
    """Frames per second of the network alone, as OpenVINO's own tool measures them."""
    tool = shutil.which("benchmark_app", path=f"{Path(sys.executable).parent}:/usr/bin")
    if tool is None:
        sys.exit("benchmark_app is not installed: it comes with openvino")
    options = {
        "-m": str(path),
        "-d": "CPU",
        "-hint": "throughput",
        "-infer_precision": "f32",
        "-load_config": str(write_config(path.parent, threads)),
        "-t": str(max(1, round(seconds))),
    }
    line = [tool, *(word for pair in options.items() for word in pair)]
    printed = subprocess.run(line, check=False, capture_output=True, text=True).stdout
    found = SAID.search(printed)
    if found is None:
        sys.exit(f"benchmark_app: no throughput in what it prints: {printed[-300:]}")
    return float(found[1])


def write_config(folder: Path, threads: int) -> Path:
    """Write the number of threads where benchmark_app takes it beside a hint."""
    path = folder / "config.json"
    path.write_text(json.dumps({"CPU": {"INFERENCE_NUM_THREADS": str(threads)}}))
    return path


def measure_file(path: Path, rounds: int, seconds: float, threads: int) -> Record:
    """Hold a file's frames per second against the tool's, round by round."""
    settings = Settings(hint="throughput", threads=threads, rounds=1, seconds=seconds)
    ours, theirs = [], []
    for number in range(rounds):
        tell(f"{path.name}, round {number + 1} of {rounds}")
        theirs.append(ask_benchmark_app(path, seconds, threads))
        found = benchmark(list_variants([path], ("f32",)), settings)
        ours.append(found.rows[0].throughput.median)
    return {
        "frames_per_second": spread(ours).to_dict(),
        "benchmark_app": spread(theirs).to_dict(),
        "ratio": ratios(ours, theirs).to_dict(),
        "last": shorten(found),
    }


def main() -> None:
    arguments = parse(__doc__ or "", rounds=5, seconds=5.0)
    threads = arguments.threads or usable_cpus()

    def measure(name: str, folder: Path) -> Record:
        files = list_files(export_random(name, folder, dynamic_batch=False))
        forms = ("FP32", "INT8")
        return {
            "threads": threads,
            "forms": {
                form: measure_file(path, arguments.rounds, arguments.seconds, threads)
                for form, path in zip(forms, files, strict=False)
            },
        }

    measure_rows(Table("table_throughput", arguments.again), NAMES, arguments, measure)


if __name__ == "__main__":
    main()
