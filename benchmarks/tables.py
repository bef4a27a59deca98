"""What the tables have in common: resumable results, networks with random weights, and batches that fit."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import RESULTS, machine

from gcv_edge.benchmarking import Benchmark, Row, Settings, Variant, benchmark, list_references, list_variants
from gcv_edge.benchmarking.frames import load_frames
from gcv_edge.files import replacing

SHOWN_KERNELS = 6
ISAS = ("native", "vnni")
PILOT = Settings(batches=(1, 2), rounds=1, seconds=0.01, rest=0)
SPARE_MEMORY = 0.5
"""All variants of a row are in memory at once; they may take this part of what is available."""

Record = dict[str, Any]


class Table:
    """Rows in ``benchmarks/results/<name>.json``, written after each, so that a run can be interrupted.

    Rows of another processor or of other versions are not taken over.
    """

    def __init__(self, name: str, again: bool = False) -> None:
        self.path = RESULTS / f"{name}.json"
        self._machine = machine()
        stored = {} if again else read_results(name)
        is_same = identity(stored.get("machine", {})) == identity(self._machine)
        self._rows: dict[str, Record] = dict(stored.get("rows", {})) if is_same else {}

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def put(self, key: str, row: Record) -> None:
        """Store a row."""
        self._rows[key] = {
            **row,
            "command": command(),
            "date": now(),
            "load_average": round(os.getloadavg()[0], 2),
        }
        document = {"command": command(), "date": now(), "machine": self._machine, "rows": self._rows}
        RESULTS.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(document, indent=1) + "\n")


def read_results(name: str) -> Record:
    """Read a table's results; nothing where there are none."""
    try:
        document: Record = json.loads((RESULTS / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return document


def identity(described: Mapping[str, Any]) -> Record:
    """Return what must be the same for rows to stand in one table."""
    return {key: described.get(key) for key in ("cpu", "cores", "versions")}


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def command() -> str:
    return " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def parse(description: str, **defaults: Any) -> argparse.Namespace:
    """Read the arguments that all tables take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--names", type=lambda text: text.split(","), help="only these rows")
    parser.add_argument("--again", action="store_true", help="measure rows that are there already")
    parser.add_argument("--rounds", type=int, default=defaults.get("rounds", 7))
    parser.add_argument("--seconds", type=float, default=defaults.get("seconds", 2.0))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--isa", type=lambda text: text.split(","), default=list(ISAS))
    parser.add_argument("--batch", type=int, help="instead of the published one")
    parser.add_argument("--call-seconds", type=float, default=20.0, help="longest call in MXNet")
    return parser.parse_args()


def measure_rows(
    table: Table, names: Sequence[str], arguments: argparse.Namespace, measure: Callable[[str, Path], Record]
) -> None:
    """Measure the rows that are wanted and not there yet, each in a folder of its own."""
    for name in arguments.names or names:
        if name in table:
            print(f"{name}: is there already (--again measures it again)", flush=True)
            continue
        print(name, flush=True)
        with tempfile.TemporaryDirectory(prefix="gcv-edge-table.") as folder:
            table.put(name, measure(name, Path(folder)))


def export_random(name: str, folder: Path, dynamic_batch: bool = True) -> Path:
    """Export a zoo name with seeded random weights."""
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export

    options = ExportOptions(dynamic_batch=dynamic_batch)
    return export(name, folder / f"{name}.onnx", options=options, random_weights=0, verify=False).path


def make_int8(path: Path) -> Path | None:
    """Quantise a file on the package's own pictures; None where this installation cannot."""
    try:
        from gcv_edge.calibration import calibrate  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        print("  no INT8: gcv_edge.calibration is not installed")
        return None
    output = path.with_name(f"{path.stem}_int8.onnx")
    calibrate(path, load_frames(), output, target="x86")
    return output


def list_files(path: Path) -> list[Path]:
    """Return a file and its 8-bit form, where there is one."""
    quantized = make_int8(path)
    return [path, *([quantized] if quantized is not None else [])]


def mxnet_variants(files: Sequence[Path]) -> list[Variant]:
    """MXNet unfused, fused and quantised, then the files in every precision."""
    variants = list_variants(files)
    return [*list_references(variants, "mxnet"), *variants]


def fit_batch(variants: Sequence[Variant], published: int, arguments: argparse.Namespace) -> int:
    """Halve the published batch until a call is short enough and all variants fit into memory."""
    if arguments.batch or published == 1:
        return int(arguments.batch or published)
    pilot = next(variant for variant in variants if variant.engine == "mxnet")
    rows = {row.batch: row for row in benchmark([pilot], PILOT, with_network=False).rows}
    growth = max(0, (rows[2].memory or 0) - (rows[1].memory or 0)) * len(variants)
    seconds = rows[1].network.low / 1e3
    batch = published
    while batch > 1 and (
        batch * seconds > arguments.call_seconds or batch * growth > SPARE_MEMORY * available_memory()
    ):
        batch //= 2
    return batch


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))


def run_isas(
    variants: Sequence[Variant], batch: int, arguments: argparse.Namespace, **options: Any
) -> Record:
    """Measure with every cap that is asked for."""
    settings = Settings(
        batches=(batch,), threads=arguments.threads, rounds=arguments.rounds, seconds=arguments.seconds
    )
    runs = {}
    for isa in arguments.isa:
        found = benchmark(variants, replace(settings, isa=isa), progress=tell, **options)
        runs[isa] = shorten(found)
    print(file=sys.stderr)
    return runs


def tell(phrase: str) -> None:
    """Show on a terminal what is going on."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {phrase}", end="", file=sys.stderr, flush=True)


def shorten(found: Benchmark) -> Record:
    """Return what a table needs of a benchmark."""
    return {
        "rows": {row.variant.title: dict(shorten_row(row)) for row in found.rows},
        "left_out": [left.to_dict() for left in found.left_out],
        "notes": list(found.notes),
        "threads": found.settings.threads or found.machine["usable_cpus"],
        "rounds": found.settings.rounds,
        "seconds": found.settings.seconds,
    }


def shorten_row(row: Row) -> Iterator[tuple[str, Any]]:
    """Give what a table needs of a row."""
    full = row.to_dict()
    yield from (
        (key, full[key]) for key in ("engine", "precision", "batch", "streams", "network_ms", "waver")
    )
    yield "total_ms", full["stages_ms"]["total"]
    yield "throughput", full["throughput"]
    yield "network_throughput", full["network_throughput"]
    yield "ratios", {title: ratio["network"] for title, ratio in full["ratios"].items()}
    yield "ratios_total", {title: ratio["total"] for title, ratio in full["ratios"].items()}
    yield "size_bytes", full["size_bytes"]
    yield "kernels", list(full["layers"][:SHOWN_KERNELS])
    int8 = [kernel["share"] for kernel in full["layers"] if is_int8(kernel["kernel"])]
    yield "int8_share", round(sum(int8), 4) if full["layers"] else None


def is_int8(kernel: str) -> bool:
    """Tell a kernel of 8 bits by OpenVINO's name for it."""
    return kernel.lower().endswith(("_i8", "_u8", "_int8"))
