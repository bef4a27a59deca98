"""Memory that a calibration takes at most, with 300 and with 5,000 generated pictures.

Each calibration is a process of its own, on the network that the package ships, with everything that is
tried by default; pictures are generated one at a time. python benchmarks/int8_memory.py
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from harness import write_results

COUNTS = (300, 5000)
GOAL = 1.2
SIZE = (240, 320, 3)
SHAPE = (1, 3, 256, 256)


def pictures(count: int) -> Iterator[np.ndarray]:
    """Noise of several brightnesses, so that ranges go on growing."""
    for index in range(count):
        random = np.random.RandomState(index)
        yield random.randint(0, 1 + random.randint(32, 256), SIZE).astype(np.uint8)


def work(floating: Path, count: int) -> dict[str, Any]:
    """Calibrate in this process; return its peak."""
    from gcv_edge.calibration import calibrate

    found = calibrate(floating, pictures(count), floating.with_name("int8.onnx"))
    return {
        "pictures": found.pictures + found.held_out,
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "seconds": {stage: round(value, 2) for stage, value in found.seconds.items()},
    }


def export_shipped(folder: Path) -> Path:
    """Export the network that the package ships."""
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export

    with resources.as_file(resources.files("gcv_edge") / "demo") as shipped:
        symbol, options = shipped / "traffic_signs-symbol.json", ExportOptions(input_shape=SHAPE)
        return export(str(symbol), folder / "float.onnx", options=options, verify=False).path


def measure(count: int) -> dict[str, Any]:
    """Calibrate in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        floating = export_shipped(Path(folder))
        command = [sys.executable, __file__, "--worker", str(floating), str(count)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    print(f"{count:5} pictures: {found['peak_bytes'] / 1e6:.0f} MB", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        floating, count = arguments.worker
        print(json.dumps(work(Path(floating), int(count))))
        return
    runs = {str(count): measure(count) for count in COUNTS}
    few, many = (runs[str(count)]["peak_bytes"] for count in COUNTS)
    ratio = round(many / few, 3)
    print(f"{ratio} times the memory, {GOAL} at most is the goal")
    results = {"network": "the shipped YOLOv3, 256 x 256", "runs": runs, "ratio": ratio, "goal": GOAL}
    write_results("int8_memory", {**results, "reached": ratio <= GOAL})


if __name__ == "__main__":
    main()
