"""Channels at random taken out of networks of the zoo: do both engines agree, at the cost predicted?

    python -m benchmarks.pruning_zoo                 the names in which every kind of operator occurs
    python -m benchmarks.pruning_zoo NAME ...        these

Weights are random, and nothing is fitted: this is about the graphs. An interrupted command
continues. Needs the extra [mxnet]. Result: benchmarks/results/pruning_zoo.json.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

from benchmarks.children import one_line
from benchmarks.command_line import make_parser
from benchmarks.records import Record, Results
from benchmarks.workers import FAILED, PASSED
from benchmarks.zoo.child import load_parts
from benchmarks.zoo.cover import read_cover
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.graph.writing import write_model
from gcv_edge.pipeline import export_loaded
from gcv_edge.prune import Spaces, channel_spaces, count_macs, predict_macs, remove_channels
from gcv_edge.prune.job import load_model
from gcv_edge.runtime.modelfile import read_entries, read_metadata
from gcv_edge.verify import check_export

SEEDS = 20


@ending_tidily()
def main() -> None:
    """Check what is asked for and has not passed yet."""
    parser = make_parser(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--again", action="store_true", help="also what was checked already")
    options = parser.parse_args()
    names = options.names or read_cover().names
    results = Results("pruning_zoo", again=names if options.again else ())
    results.fill(names, lambda name: {"parts": list(check_name(name))})
    verdicts = {name: [part["verdict"] for part in results.row(name)["parts"]] for name in names}
    failed = [name for name, found in verdicts.items() if FAILED in found]
    print(f"{len(names)} networks, {len(failed)} failed: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


def check_name(name: str) -> Iterator[Record]:
    """Check each part of a network; whatever goes wrong with it is its result."""
    try:
        for source, options in load_parts(name, 0):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "whole.onnx"
                export_loaded(source, path, options, verify=False)
                row = check_file(path)
            print(name, row, flush=True)
            yield row
    except Exception as error:  # one name must not end the others
        print(f"{name}: {one_line(error)}", flush=True)
        yield {"verdict": FAILED, "reason": one_line(error)}


def check_file(path: Path) -> Record:
    """Prune a file at random and run it."""
    model = load_model(path)
    spaces = channel_spaces(model)
    free = sum(not space.frozen for space in spaces)
    facts = {"spaces": len(spaces), "free": free}
    if not free:
        return {"verdict": "frozen", **facts, "reason": spaces[0].frozen if len(spaces) else "no layers"}
    keep, pruned = prune_at_random(model, spaces)
    whole, left = count_macs(model), count_macs(pruned)
    predicted = predict_macs(spaces, {}) - predict_macs(spaces, keep)
    small = path.with_name("small.onnx")
    pruned.metadata_props.update(read_entries(path))
    write_model(pruned, small)
    engines = check_export(small, read_metadata(small), None)
    return {
        "verdict": PASSED if whole - left == predicted and engines.passed else FAILED,
        **facts,
        "macs": round(left / max(1, whole), 4),
        "saved": whole - left,
        "predicted": predicted,
        "engines_differ": {found.name: float(f"{found.max_error:.3g}") for found in engines.comparisons},
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
            return keep, remove_channels(model, spaces, keep)
        except UsageError:
            continue
    raise GcvEdgeError(f"none of {SEEDS} random choices leaves something of every tensor")


if __name__ == "__main__":
    main()
