"""Files that the tables measure, made in processes of their own: what they take of memory goes with them.

Weights are random and seeded. 8 bits are calibrated on the package's own pictures: which ranges are found
does not change speed, so that the quickest mode is enough. Which layers 8 bits make slower is measured, as
`gcv-edge calibrate` does, under the cap that the file is for.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcv_edge.errors import GcvEdgeError
from gcv_edge.measure.workers import worker_environment

SEED = 0
PATIENCE = 900.0
"""Seconds after which what is being made is given up."""


@dataclass(frozen=True)
class Made:
    """A zoo network's files.

    Attributes:
        onnx: in full precision.
        symbol, params: what it was exported from, as MXNet reads them.
    """

    onnx: Path
    symbol: Path
    params: Path


class MakingError(GcvEdgeError):
    """A file could not be made; the message says why."""


def make_network(name: str, folder: Path, has_open_batch: bool = True) -> Made:
    """Export a zoo name with random weights; what is there already is taken.

    Raises:
        MakingError: it cannot be exported, or takes too long.
    """
    made = Made(*(folder / f"{name}{end}" for end in (".onnx", "-symbol.json", "-0000.params")))
    if not made.onnx.exists():  # it is written last, and as a whole
        run_child(["network", name, str(folder), *([] if has_open_batch else ["--static"])], folder)
    return made


def make_int8(made: Made, isa: str, threads: int | None, is_quick: bool = False) -> Path:
    """Calibrate a network for a cap; what is there already is taken.

    Args:
        made: of ``make_network``.
        isa: one of ``gcv_edge.measure.isa.ISAS``.
        threads: that speeds of layers are measured with.
        is_quick: measure no speeds: all layers that can be are of 8 bits.

    Raises:
        MakingError: it cannot be quantised, or takes too long.
    """
    output = made.onnx.with_name(f"{made.onnx.stem}_int8_{isa}.onnx")
    if not output.exists():
        arguments = ["int8", str(made.onnx), str(output), *(["--quick"] if is_quick else [])]
        run_child(arguments, output.parent, isa, threads)
    return output


def run_child(arguments: list[str], folder: Path, isa: str = "native", threads: int | None = None) -> None:
    """Run this file as a program, within PATIENCE; its last line says what went wrong."""
    line = [sys.executable, "-W", "ignore", __file__, *arguments]
    environment = {
        **worker_environment({"isa": isa, "threads": threads}),
        "GCV_EDGE_HOME": str(folder / "home"),
    }
    with subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            printed, _ = process.communicate(timeout=PATIENCE)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise MakingError(f"{Path(arguments[1]).name}: took more than {PATIENCE:g} s") from None
            raise
    if process.returncode != 0:
        last = printed.strip().splitlines()[-1:] or [f"ended with {process.returncode}"]
        raise MakingError(f"{Path(arguments[1]).name}: {last[0][:300]}")


def write_network(name: str, folder: Path, has_open_batch: bool) -> None:
    """Write the network as MXNet's files and as ONNX."""
    from gcv_edge.exporters.loading import load_source
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export_loaded

    options = ExportOptions(dynamic_batch=has_open_batch)
    source: Any = load_source(name, options=options, random_weights=SEED)
    write_mxnet(source.network, folder / name)
    remark = f" (random weights, seed {SEED})"
    export_loaded(source, folder / f"{name}.onnx", options, verify=False, remark=remark)


def write_mxnet(network: Any, prefix: Path) -> None:
    """Write a network as `HybridBlock.export` does."""
    from gcv_edge.exporters.mxnet.compat import import_mxnet
    from gcv_edge.exporters.mxnet.reference import as_nd, write_symbol

    mxnet = import_mxnet()
    Path(f"{prefix}-symbol.json").write_text(write_symbol(network.symbol, network.symbol.heads))
    arrays = {f"arg:{key}": as_nd(mxnet, value) for key, value in network.weights.items()}
    mxnet.nd.save(f"{prefix}-0000.params", arrays)


def write_int8(path: Path, output: Path, is_quick: bool) -> None:
    """Calibrate a file."""
    from gcv_edge.benchmarking.frames import load_frames
    from gcv_edge.calibration import CalibrationOptions, calibrate

    options = CalibrationOptions(correction="none", float_kernels=not is_quick, time_forms=not is_quick)
    calibrate(path, load_frames(), output, target="x86", mode="minmax", options=options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    network = commands.add_parser("network")
    network.add_argument("name")
    network.add_argument("folder", type=Path)
    network.add_argument("--static", action="store_true")
    int8 = commands.add_parser("int8")
    int8.add_argument("path", type=Path)
    int8.add_argument("output", type=Path)
    int8.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.command == "network":
            write_network(arguments.name, arguments.folder, not arguments.static)
        else:
            write_int8(arguments.path, arguments.output, arguments.quick)
    except GcvEdgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
