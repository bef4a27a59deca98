"""Frames per second from frame to result, beside what benchmark_app says of the network alone."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.records import Record
from benchmarks.tables import shorten, tell
from gcv_edge.benchmarking import Settings, benchmark, list_variants
from gcv_edge.benchmarking.measuring import input_shape
from gcv_edge.errors import GcvEdgeError
from gcv_edge.measure.isa import cap_variables
from gcv_edge.measure.statistics import ratios, spread

TOOL = "benchmark_app"
SAID = re.compile(r"Throughput:\s+([\d.]+) FPS")
PATIENCE = 300.0


def hold_against_app(path: Path, isa: str, arguments: argparse.Namespace) -> Record:
    """Measure both in turn, with OpenVINO's hint for throughput, the same threads, and full precision.

    Args:
        path: exported file.
        isa: cap that both are under.
        arguments: ``rounds``, ``seconds`` and ``threads``.
    """
    settings = Settings(
        "throughput",
        threads=arguments.threads,
        isa=isa,
        rounds=1,
        seconds=arguments.seconds,
        patience=PATIENCE,
    )
    ours, theirs, alone = [], [], []
    for number in range(arguments.rounds):
        tell(f"{path.name} beside {TOOL}, round {number + 1} of {arguments.rounds}")
        theirs.append(ask_app(path, isa, arguments.seconds, arguments.threads))
        found = benchmark(list_variants([path], ("f32",)), settings)
        (row,) = found.rows
        ours.append(row.throughput.median)
        alone.append(row.network_throughput.median if row.network_throughput is not None else 0.0)
    tell("")
    return {
        "frames_per_second": spread(ours).to_dict(),
        "benchmark_app": spread(theirs).to_dict(),
        "network_alone": spread(alone).to_dict(),
        "ratio": ratios(ours, theirs).to_dict(),
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
        "last": shorten(found),
    }


def ask_app(path: Path, isa: str, seconds: float, threads: int) -> float:
    """Frames per second of the network alone, as OpenVINO's own tool measures them.

    Raises:
        GcvEdgeError: it is not installed, or fails.
    """
    options: dict[str, Any] = {
        "-m": path,
        "-d": "CPU",
        "-hint": "throughput",
        "-infer_precision": "f32",
        "-ip": "f32",  # what the file takes; else it would convert pictures inside the network
        "-shape": f"[1,{','.join(map(str, input_shape(path)))}]",
        "-t": max(1, round(seconds)),
    }
    line = [find_tool(TOOL), *(str(word) for pair in options.items() for word in pair)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
        json.dump({"CPU": {"INFERENCE_NUM_THREADS": str(threads)}}, config)
        config.flush()
        try:
            printed = subprocess.run(
                [*line, "-load_config", config.name], check=False, capture_output=True, text=True,
                timeout=PATIENCE, env={**os.environ, **cap_variables(isa)},
            ).stdout  # fmt: skip
        except subprocess.TimeoutExpired:
            raise GcvEdgeError(f"{TOOL}: took more than {PATIENCE:g} s") from None
    found = SAID.search(printed)
    if found is None:
        raise GcvEdgeError(f"{TOOL}: no throughput in what it prints: {' '.join(printed[-300:].split())}")
    return float(found[1])


def find_tool(name: str) -> str:
    """Find a program beside this Python, else on the path.

    Raises:
        GcvEdgeError: it is not there.
    """
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        raise GcvEdgeError(f"{name} is not installed")
    return found
