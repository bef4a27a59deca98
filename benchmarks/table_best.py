"""Our INT8 and MXNet's, each at its best, and how much of what the processors can do that is.

The networks of GluonCV's INT8 tables, the network alone. Ours is tried on one stream and on as many as
OpenVINO's hint for throughput takes, with several batches, in FP32 and BF16 beside the 8 bits; MXNet's INT8
with several batches. The best of each counts. MXNet's detectors end in their suppression, ours before it: it
takes well under a millisecond (docs/benchmarks.md). Multiply-accumulates per second are held against those of
one large 8-bit convolution (1024 channels, 56 x 56, pointwise), measured before and after in the same run.
Weights are random: speed only. An interrupted command continues. Needs the extra [mxnet]:
python -m benchmarks.table_best
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import onnx_ir as ir

from benchmarks.children import call
from benchmarks.network_files import CHANNELS, SIDE, make_convolution, make_int8, make_network
from benchmarks.records import Record
from benchmarks.table_int8 import ROWS
from benchmarks.tables import PATIENCE, PendingRow, measure_rows, open_table, parse, tell
from gcv_edge.benchmarking import Row, Settings, Variant, benchmark, list_references, list_variants
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.measure.layers import profile
from gcv_edge.measure.workers import worker_environment
from gcv_edge.prune import count_macs

OURS = {"latency": (1, 4, 16, 32), "throughput": (1, 2, 4, 8)}
"""Batches that ours is tried with, by hint; those over MANY where MXNet is tried with as many."""
MANY = 16

THEIRS = (1, 8, 32)
"""Batches that MXNet is tried with."""

RUNS = 50


@ending_tidily()
def main() -> None:
    arguments = parse(__doc__ or "", list(ROWS), rounds=3, seconds=0.5)

    def prepare(row: PendingRow) -> Record:
        made = make_network(row.name, row.folder)
        return {"gigamacs": round(count_macs(ir.load(made.onnx)) / 1e9, 3)}

    def measure(row: PendingRow, isa: str) -> Record:
        made = make_network(row.name, row.folder)
        int8 = make_int8(made, isa, arguments.threads)
        convolution = make_int8(make_convolution(row.folder), isa, arguments.threads)
        ours = list_variants([int8])
        both = list_variants([made.onnx, int8])
        theirs = list_references(
            both, "mxnet", source=str(made.symbol), params=str(made.params), modes=["int8"]
        )
        most = ROWS[row.name].batch
        mine = {hint: [b for b in batches if b <= max(most, MANY)] for hint, batches in OURS.items()}
        attained = [attain(convolution, isa, arguments)]
        found = [
            *(row for hint, batches in mine.items() for row in rates(ours, hint, batches, isa, arguments)),
            *rates(theirs, "latency", [b for b in THEIRS if b <= most], isa, arguments),
        ]
        attained.append(attain(convolution, isa, arguments))
        return summarize(found, row.facts["gigamacs"], max(attained))

    measure_rows(open_table("table_best", arguments), arguments, prepare, measure)


def rates(
    variants: Sequence[Variant], hint: str, batches: Sequence[int], isa: str, arguments: argparse.Namespace
) -> list[Record]:
    """Measure pictures per second with several batches, variants in turn."""
    settings = Settings(
        hint,
        tuple(batches),
        threads=arguments.threads,
        isa=isa,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        patience=PATIENCE,
    )
    found = benchmark(variants, settings, progress=tell)
    tell("")
    return [shorten(row) for row in found.rows if row.network_throughput is not None]


def shorten(row: Row) -> Record:
    """Return what the table needs of a row."""
    assert row.network_throughput is not None
    return {
        "engine": row.variant.engine,
        "title": row.variant.title,
        "batch": row.batch,
        "streams": row.streams,
        "per_second": row.network_throughput.median,
        "low": row.network_throughput.low,
        "high": row.network_throughput.high,
    }


def attain(convolution: Path, isa: str, arguments: argparse.Namespace) -> float:
    """Return the multiply-accumulates per second of a large convolution in 8 bits, in G/s."""
    environment = worker_environment({"isa": isa, "threads": arguments.threads})
    seconds = call(time_convolution, convolution, timeout=PATIENCE, environment=environment)
    return CHANNELS**2 * SIDE**2 / float(seconds) / 1e9


def time_convolution(path: str) -> float:
    """Return the seconds of the large convolution's fastest run."""
    return profile(Path(path), runs=RUNS)["large"].microseconds / 1e6


def summarize(found: Sequence[Record], gigamacs: float, attainable: float) -> Record:
    """Return the best of each engine, and both rates beside what is attainable."""
    ours = [row for row in found if row["engine"] != "mxnet"]
    theirs = [row for row in found if row["engine"] == "mxnet"]
    best = max(ours, key=lambda row: row["per_second"])
    single = max(
        (row for row in ours if row["batch"] == row["streams"] == 1), key=lambda row: row["per_second"]
    )
    other = max(theirs, key=lambda row: row["per_second"], default=None)
    return {
        "best": best,
        "single": single,
        "mxnet": other,
        "ratio": round(best["per_second"] / other["per_second"], 3) if other else None,
        "attainable": round(attainable, 1),
        "single_share": round(single["per_second"] * gigamacs / attainable, 3),
        "best_share": round(best["per_second"] * gigamacs / attainable, 3),
        "tried": list(found),
    }


if __name__ == "__main__":
    main()
