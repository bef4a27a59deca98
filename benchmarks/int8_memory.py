"""Memory that a calibration takes at most, with 300 and with 5,000 generated pictures.

Each calibration is a process of its own, on the network that the package ships, with everything that is
tried by default; pictures are generated one at a time. python -m benchmarks.int8_memory
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from gcv_edge.cli.signals import ending_tidily

COUNTS = (300, 5000)
GOAL = 1.2
SIZE = (240, 320, 3)
SHAPE = (1, 3, 256, 256)


def pictures(count: int) -> Iterator[NDArray[np.uint8]]:
    """Noise of several brightnesses, so that ranges go on growing."""
    for index in range(count):
        random = np.random.RandomState(index)
        yield random.randint(0, 1 + random.randint(32, 256), SIZE).astype(np.uint8)


def calibrate_here(floating: str, count: int) -> Record:
    """Calibrate in this process; return its peak."""
    from gcv_edge.calibration import calibrate

    found = calibrate(Path(floating), pictures(count), Path(floating).with_name("int8.onnx"))
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


def measure(count: int) -> Record:
    """Calibrate in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found: Record = call(calibrate_here, export_shipped(Path(folder)), count)
    print(f"{count:5} pictures: {found['peak_bytes'] / 1e6:.0f} MB", flush=True)
    return found


@ending_tidily()
def main() -> None:
    """Measure both, and write their ratio."""
    make_parser(__doc__).parse_args()
    rows = {str(count): measure(count) for count in COUNTS}
    few, many = (row["peak_bytes"] for row in rows.values())
    ratio = round(many / few, 3)
    print(f"{ratio} times the memory, {GOAL} at most is the goal")
    facts = {"network": "the shipped YOLOv3, 256 x 256", "ratio": ratio, "goal": GOAL}
    write_results("int8_memory", rows, **facts, reached=ratio <= GOAL)


if __name__ == "__main__":
    main()
