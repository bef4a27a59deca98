"""Time and peak memory of the whole command `gcv-edge export NAME-symbol.json`, verification included.

Each run is a process of its own, from its start to its end; memory is its peak minus what Python takes with
everything imported that the command imports first. Each round runs it as it is, where MXNet verifies the
file, and with MXNet hidden, where OpenVINO does. Weights are random. Needs the extra [mxnet]:
python benchmarks/export_command.py [--names resnet101_v1,vgg19] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import write_results

NAMES = ("resnet101_v1", "resnet101_v1d", "resnet101_v2", "vgg19", "resnet50_v1_int8", "mobilenet1.0_int8")
EMPTY = "import gcv_edge.cli.export, gcv_edge.pipeline"
HIDDEN = "import sys; sys.modules['mxnet'] = None; from gcv_edge.cli import main; main()"
COMMANDS = {"mxnet": ["-m", "gcv_edge"], "openvino": ["-c", HIDDEN]}
"""What verifies the file, and how Python is called for it."""


def make_files(name: str, folder: Path) -> None:
    """Write a network's two files."""
    from gcv_edge.exporters.mxnet.compat import import_mxnet
    from gcv_edge.exporters.mxnet.live import load_zoo_network
    from gcv_edge.exporters.mxnet.reference import as_nd, write_symbol

    mxnet = import_mxnet()
    network = load_zoo_network(name, None, None, (), 0)
    states = {
        network.symbol.nodes[node.inputs[position].node].name
        for node in network.symbol.nodes
        if node.op == "BatchNorm"
        for position in (3, 4)
    }
    (folder / f"{name}-symbol.json").write_text(write_symbol(network.symbol, network.symbol.heads))
    arrays = {
        f"{'aux' if key in states else 'arg'}:{key}": as_nd(mxnet, array)
        for key, array in network.weights.items()
    }
    mxnet.nd.save(str(folder / f"{name}-0000.params"), arrays)


def make_in_child(name: str, folder: Path) -> int:
    """Do so in another process; return the size of the parameters.

    What this process ever took would count as the peak of those that it starts (getrusage(2)).
    """
    subprocess.run([sys.executable, __file__, "--make", name, str(folder)], check=True)
    return (folder / f"{name}-0000.params").stat().st_size


def run(command: list[str], folder: Path) -> tuple[float, int]:
    """Run a command; return its seconds and its peak memory in bytes."""
    start = time.perf_counter()
    environment = {**os.environ, "GCV_EDGE_HOME": str(folder / "home")}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", default=",".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--make", nargs=2, metavar=("NAME", "FOLDER"), help="only write a network's files")
    options = parser.parse_args()
    if options.make:
        make_files(options.make[0], Path(options.make[1]))
        return
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        empty = min(run([sys.executable, "-c", EMPTY], folder)[1] for _ in range(2))
        for name in options.names.split(","):
            size = make_in_child(name, folder)
            runs: dict[str, list[tuple[float, int]]] = {reference: [] for reference in COMMANDS}
            for _ in range(options.rounds):
                for reference, python in COMMANDS.items():
                    command = [sys.executable, *python, "export", f"{name}-symbol.json", "-o", "net.onnx"]
                    runs[reference].append(run(command, folder))
            (folder / f"{name}-0000.params").unlink()
            (folder / "net.onnx").unlink()
            results[name] = {"params_bytes": size} | {
                reference: describe(found, empty, size) for reference, found in runs.items()
            }
            for reference in COMMANDS:
                row = results[name][reference]
                figures = f"{row['seconds_best']:6.2f} s  {row['peak_over_params']:5.2f} x"
                print(f"{name:24} {size / 1e6:7.1f} MB  verified by {reference:9} {figures}", flush=True)
    write_results("export_command", {"rounds": options.rounds, "results": results})


if __name__ == "__main__":
    main()
