"""Time and peak memory of the whole command `gcv-edge export NAME-symbol.json`, verification included.

Each run is a process of its own, from its start to its end; memory is its peak minus what Python takes with
everything imported that the command imports first. Each round runs it as it is, where MXNet verifies the
file, and with MXNet hidden, where OpenVINO does. Weights are random. Needs the extra [mxnet]:
python -m benchmarks.export_command [--names resnet101_v1,vgg19] [--rounds 3]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.network_files import write_symbol
from benchmarks.records import Record, Results
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.measure.processes import python_environment

NAMES = ("resnet101_v1", "resnet101_v1d", "resnet101_v2", "vgg19", "resnet50_v1_int8", "mobilenet1.0_int8")
EMPTY = "import gcv_edge.cli.export, gcv_edge.pipeline"
HIDDEN = "import sys; sys.modules['mxnet'] = None; from gcv_edge.cli import main; main()"
COMMANDS = {"mxnet": ["-m", "gcv_edge"], "openvino": ["-c", HIDDEN]}
"""What verifies the file, and how Python is called for it."""


def run(arguments: list[str], folder: Path) -> tuple[float, int]:
    """Run Python; return its seconds and its peak memory in bytes."""
    start = time.perf_counter()
    environment = python_environment(GCV_EDGE_HOME=str(folder / "home"))
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}: failed")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def describe(runs: list[tuple[float, int]], empty: int, size: int) -> dict[str, float]:
    """Return the shortest time, and the largest peak over the size of the parameters."""
    return {
        "seconds_best": round(min(seconds for seconds, _ in runs), 2),
        "peak_over_params": round((max(peak for _, peak in runs) - empty) / size, 2),
    }


def measure(name: str, rounds: int, empty: int) -> Record:
    """Export a network with either reference, in turn.

    Its files are made in another process: what this one ever took would count as the peak of those that it
    starts (getrusage(2)).
    """
    runs: dict[str, list[tuple[float, int]]] = {reference: [] for reference in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        size: int = call(write_symbol, Path(folder) / name)
        for _ in range(rounds):
            for reference, python in COMMANDS.items():
                arguments = [*python, "export", f"{name}-symbol.json", "-o", "net.onnx"]
                runs[reference].append(run(arguments, Path(folder)))
    row = {reference: describe(found, empty, size) for reference, found in runs.items()}
    for reference, found in row.items():
        figures = f"{found['seconds_best']:6.2f} s  {found['peak_over_params']:5.2f} x"
        print(f"{name:24} {size / 1e6:7.1f} MB  verified by {reference:9} {figures}", flush=True)
    return {"params_bytes": size, **row}


@ending_tidily()
def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("--names", default=",".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    options = parser.parse_args()
    names = options.names.split(",")
    results = Results("export_command", again=names if options.again else (), rounds=options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        empty = min(run(["-c", EMPTY], Path(folder))[1] for _ in range(2))
    results.fill(names, lambda name: measure(name, options.rounds, empty))


if __name__ == "__main__":
    main()
