"""Where an 8-bit network falls short of what the processors attain, layer by layer.

Each layer's multiply-accumulates per second are held against those of one large pointwise convolution in the
same run, and the bytes that it reads and writes (pictures and weights of 8 bits) against its time. Layers
alike are one row; "lost" is the time beyond that of the large convolution's rate. Weights are random.
Run: python -m benchmarks.layer_limits [NETWORK...]; needs the extra [mxnet]
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx_ir as ir

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.network_files import make_convolution, make_int8, make_network
from benchmarks.records import Record, Results
from benchmarks.table_best import RUNS, attain
from benchmarks.tables import PATIENCE
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.cpus import usable_cpus
from gcv_edge.graph.values import input_of, shape_of
from gcv_edge.measure.isa import ISAS
from gcv_edge.measure.layers import profile
from gcv_edge.measure.workers import worker_environment
from gcv_edge.prune.search.cost import list_macs

NETWORKS = ("resnet50_v1", "mobilenet1.0")


@dataclass
class LayerGroup:
    """Layers of one shape: how many there are, and what all of them together take."""

    shape: str
    kernel: str
    count: int = 0
    macs: int = 0
    moved: int = 0
    seconds: float = field(default=0.0)


def measure(network: str, arguments: argparse.Namespace) -> Record:
    """Profile one network, one picture on all threads."""
    environment = worker_environment({"isa": arguments.isa, "threads": arguments.threads})
    with tempfile.TemporaryDirectory() as folder:
        files = make_network(network, Path(folder))
        int8 = make_int8(files, arguments.isa, arguments.threads)
        convolution = make_int8(make_convolution(Path(folder)), arguments.isa, arguments.threads)
        attainable = attain(convolution, arguments.isa, arguments)
        times = call(profile_layers, int8, timeout=PATIENCE, environment=environment)
        attainable = max(attainable, attain(convolution, arguments.isa, arguments))
        kinds = group_layers(ir.load(files.onnx), times)
    rows = [describe(kind, attainable) for kind in kinds]
    whole = sum(entry["microseconds"] for entry in times.values())
    macs = sum(kind.macs for kind in kinds)
    return {
        "isa": arguments.isa,
        "attainable": round(attainable, 1),
        "milliseconds": round(whole / 1e3, 3),
        "share": round(macs / (whole / 1e6) / 1e9 / attainable, 3),
        "elsewhere_ms": round((whole - 1e6 * sum(kind.seconds for kind in kinds)) / 1e3, 3),
        "kinds": sorted(rows, key=lambda row: -float(row["lost_ms"])),
    }


def profile_layers(path: str) -> Record:
    """Return what each layer of a file ran as and its fastest run."""
    return {
        name: {"kernel": layer.kernel, "microseconds": layer.microseconds}
        for name, layer in profile(Path(path), runs=RUNS).items()
    }


def group_layers(model: ir.Model, times: Mapping[str, Record]) -> list[LayerGroup]:
    """Add up what layers of the same shape take."""
    macs = dict(list_macs(model))  # exported nodes have names of their own
    kinds: dict[tuple[str, str], LayerGroup] = {}
    for node in model.graph:
        name = node.name or ""
        timed = times.get(name) or times.get(f"{name}_pointwise")  # what a dense layer becomes
        if timed is None or node.name not in macs:
            continue
        key = spell_shape(node), timed["kernel"]
        kind = kinds.setdefault(key, LayerGroup(*key))
        kind.count += 1
        kind.macs += macs[node.name]
        kind.moved += sum(count_numbers(value) for value in (*node.inputs[:2], *node.outputs))
        kind.seconds += timed["microseconds"] / 1e6
    return list(kinds.values())


def spell_shape(node: ir.Node) -> str:
    """Spell a layer's weights, groups, stride and result."""
    weight, result = shape_of(input_of(node, 1)), shape_of(node.outputs[0])
    strides = node.attributes.get_ints("strides", [1])
    group = node.attributes.get_int("group", 1)
    groups = f" in {group} groups" if group > 1 else ""
    step = f" /{strides[0]}" if strides[0] > 1 else ""
    sides = " at " + "x".join(map(str, result[2:])) if len(result) > 2 else ""
    return f"{'x'.join(map(str, weight))}{groups}{step}{sides}"


def count_numbers(value: ir.Value | None) -> int:
    """Count a tensor's numbers for one picture."""
    return math.prod(n if isinstance(n, int) else 1 for n in shape_of(value)) if value is not None else 0


def describe(kind: LayerGroup, attainable: float) -> Record:
    """Return a row of the table."""
    rate = kind.macs / max(kind.seconds, 1e-9) / 1e9
    return {
        "shape": kind.shape,
        "kernel": kind.kernel,
        "count": kind.count,
        "ms": round(1e3 * kind.seconds, 4),
        "gigamacs_per_second": round(rate, 1),
        "share": round(rate / attainable, 3),
        "gigabytes_per_second": round(kind.moved / max(kind.seconds, 1e-9) / 1e9, 2),
        "lost_ms": round(1e3 * (kind.seconds - kind.macs / attainable / 1e9), 4),
    }


@ending_tidily()
def main() -> None:
    """Profile what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--isa", choices=list(ISAS), default="native")
    parser.add_argument("--threads", type=int, default=usable_cpus())
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    keys = [f"{network}, {arguments.isa}" for network in arguments.networks]
    results = Results("layer_limits", again=keys if arguments.again else ())

    def make_row(key: str) -> Record:
        row = measure(key.split(", ")[0], arguments)
        print(
            f"{key}: {row['milliseconds']} ms, {row['share']:.0%} of {row['attainable']:.0f} G/s", flush=True
        )
        return row

    results.fill(keys, make_row)


if __name__ == "__main__":
    main()
