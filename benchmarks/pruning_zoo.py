"""Channels at random taken out of networks of the zoo: do they run in both engines, at the cost predicted?

    python -m benchmarks.pruning_zoo                 the names in which every kind of operator occurs
    python -m benchmarks.pruning_zoo NAME ...        these

Weights are random, and nothing is fitted: this is about the graphs. Needs the extra [mxnet].
Result: benchmarks/results/pruning_zoo.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

from benchmarks.zoo.child import load_parts
from benchmarks.zoo.cover import read_cover
from gcv_edge.agreement import rounded_error
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.exporters.writing import write_model
from gcv_edge.pipeline import export_loaded
from gcv_edge.prune import Spaces, apply_keep, channel_spaces, count_macs, predict_macs
from gcv_edge.prune.loading import load_model
from gcv_edge.prune.trace import shape_of
from gcv_edge.runtime.modelfile import read_entries
from gcv_edge.runtime.sessions import SessionOptions, open_session

RESULT = Path(__file__).resolve().parent / "results" / "pruning_zoo.json"
ENGINES = ("onnxruntime", "openvino")
ALLOWED = 0.01
"""Root-mean-square difference of the engines, in units of an output's deviation."""
SEEDS = 20


def main() -> None:
    rows = [row for name in sys.argv[1:] or read_cover().names for row in check_name(name)]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(
        json.dumps({"command": "python -m benchmarks.pruning_zoo", "rows": rows}, indent=2) + "\n"
    )
    failed = [row["name"] for row in rows if row["verdict"] == "failed"]
    print(f"{len(rows)} networks, {len(failed)} failed: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


def check_name(name: str) -> Iterator[dict[str, Any]]:
    """Check each part of a network; whatever goes wrong with it is its result."""
    try:
        for source, options in load_parts(name, 0):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "whole.onnx"
                export_loaded(source, path, options, verify=False)
                row = {"name": name, **check_file(path)}
            print(row, flush=True)
            yield row
    except Exception as error:  # one name must not end the others
        row = {"name": name, "verdict": "failed", "reason": f"{type(error).__name__}: {error}"}
        print(row, flush=True)
        yield row


def check_file(path: Path) -> dict[str, Any]:
    """Prune a file at random and run it."""
    model = load_model(path)
    spaces = channel_spaces(model)
    free = sum(not space.frozen for space in spaces)
    facts = {"spaces": len(spaces), "free": free}
    if not free:
        return {"verdict": "frozen", **facts, "reason": spaces[0].frozen if len(spaces) else "no layers"}
    keep, pruned = prune_at_random(model, spaces)
    counted, predicted = count_macs(pruned), predict_macs(spaces, keep)
    small = path.with_name("small.onnx")
    pruned.metadata_props.update(read_entries(path))
    write_model(pruned, small)
    found = [run(small, pruned, engine) for engine in ENGINES]
    error = max(rounded_error(found[0][name], found[1][name]) for name in found[0])
    passed = counted == predicted and error <= ALLOWED
    return {
        "verdict": "passed" if passed else "failed",
        **facts,
        "macs": round(counted / max(1, count_macs(model)), 4),
        "predicted": counted == predicted,
        "engines_differ": float(f"{error:.3g}"),
    }


def prune_at_random(model: ir.Model, spaces: Spaces) -> tuple[dict[str, Any], ir.Model]:
    """Take about a third of each space's units out; a choice that leaves a tensor empty is made again."""
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        keep = {
            space.name: np.sort(random.choice(space.units, max(1, 2 * space.units // 3), replace=False))
            for space in spaces
            if not space.frozen
        }
        try:
            return keep, apply_keep(model, spaces, keep)
        except UsageError:
            continue
    raise GcvEdgeError(f"none of {SEEDS} random choices leaves something of every tensor")


def run(path: Path, model: ir.Model, engine: str) -> Mapping[str, Any]:
    """Run noise through a file."""
    random = np.random.default_rng(0)
    inputs = {
        value.name or "": random.standard_normal(
            [n if isinstance(n, int) else 1 for n in shape_of(value)]
        ).astype(np.float32)
        for value in model.graph.inputs
    }
    return open_session(path, SessionOptions(engine=engine)).run(inputs)


if __name__ == "__main__":
    main()
