"""What is done with one network, in a process of its own.

The network is written as its project does, exported by the command that a user
types, and run in both engines on what a program that used it feeds; every output is held against MXNet's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from benchmarks.families.catalog import FAMILIES
from benchmarks.families.comparing import compare
from benchmarks.families.family import UserNetwork, mx
from benchmarks.families.original import OriginalNetwork
from benchmarks.families.weights import write_network
from benchmarks.records import Record
from benchmarks.workers import FAILED
from gcv_edge.cli import main as gcv_edge_command


def run(_phases: Sequence[str], name: str, seed: int, folder: str) -> Record:
    """Write a network, export it, and compare all that the file gives."""
    family, prefix = FAMILIES[name], Path(folder) / name
    write_network(family, prefix, seed)
    symbol = mx.sym.load(f"{prefix}-symbol.json")
    record = {"name": name} | describe_source(family, symbol)
    done = export(family, prefix)
    if done.exit_code != 0:
        return record | {"verdict": FAILED, "reason": refusal(done)}
    told = json.loads(done.stdout)
    record |= {
        "task": told["task"],
        "notes": told["notes"],
        "seconds_of_export": sum(told["seconds"].values()),
    }
    original = OriginalNetwork(family, symbol, Path(f"{prefix}-0000.params"))
    return record | compare(original, Path(f"{prefix}.onnx"), told["notes"])


def describe_source(family: UserNetwork, symbol: Any) -> Record:
    """Say what the project's files hold, and what a user types."""
    arguments = [*family.command(), "-o", f"{family.name}.onnx"]
    return {
        "origin": family.origin,
        "heads": symbol.list_outputs(),
        "inputs": {"data": family.shape} | {name: array.shape for name, array in family.further.items()},
        "labels": list(family.labels),
        "command": " ".join(["gcv-edge export", f"{family.name}-symbol.json", *arguments]),
    }


def export(family: UserNetwork, prefix: Path) -> Result:
    """Run the command."""
    arguments = ["export", f"{prefix}-symbol.json", "-o", f"{prefix}.onnx", *family.command(), "--json"]
    return CliRunner().invoke(gcv_edge_command, arguments, prog_name="gcv-edge")


def refusal(done: Result) -> str:
    """Return what the command says when it fails, or how it ended."""
    lines = done.stderr.strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else f"ended with {done.exception!r}"
