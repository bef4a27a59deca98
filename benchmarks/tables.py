"""What the tables have in common: resumable results, batches that fit, and what is kept of a measurement."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.children import one_line
from benchmarks.command_line import make_parser, split
from benchmarks.records import RESULTS, Record, Results, circumstances
from gcv_edge.benchmarking import Benchmark, Row, Settings, Variant, benchmark
from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import GcvEdgeError
from gcv_edge.measure.isa import ISAS as CAPS

SHOWN_KERNELS = 6
ISAS = ("native", "vnni")
SPARE_MEMORY = 0.8
"""All forms of a row are in memory at once; they may take this part of what is available."""

FORMS = 5
"""All forms together take as much memory for a picture as plain MXNet so many times: it reuses least, and is
profiled without reuse."""

BATCHES = 15
"""Three rounds under one cap, with loading and profiles, take as long as so many calls of plain MXNet, which
takes almost half of the time of all forms together."""

ROUNDS_SHARE = 0.5
"""Part of a row's time that its rounds may take; loading and profiles take the rest."""

PATIENCE = 300.0
"""Seconds that a form may take to load, or for a turn."""

PILOT = Settings(batches=(1, 4), rounds=2, seconds=0.01, rest=0, patience=PATIENCE)


class Table(Results):
    """Rows with what was measured under each cap."""

    def has_run(self, key: str, isa: str) -> bool:
        """Whether a row was measured under a cap, or could not be."""
        return "reason" in self.row(key) or isa in self.row(key).get("runs", {})

    def put_run(self, key: str, facts: Record, isa: str, run: Record) -> None:
        """Keep what was measured under a cap."""
        runs = {**self.row(key).get("runs", {}), isa: {**run, **circumstances()}}
        self.put(key, {**facts, "runs": runs})

    def refuse(self, key: str, reason: str) -> None:
        """Keep why a row cannot be measured."""
        self.put(key, {**self.row(key), "reason": reason, **circumstances()})
        say(f"{key}: {reason}")


def parse(
    description: str, names: Sequence[str], *, is_open: bool = False, **defaults: Any
) -> argparse.Namespace:
    """Read the arguments that all tables take.

    Args:
        description: of the table.
        names: of its rows.
        is_open: other names of the zoo may be asked for, too.
        defaults: ``rounds``, ``seconds``, ``isa``.
    """
    parser = make_parser(description)
    parser.add_argument("--names", type=split, default=list(names), help="only these rows")
    parser.add_argument("--again", action="store_true", help="measure these rows anew")
    parser.add_argument("--rounds", type=int, default=defaults.get("rounds", 7), help="at most")
    parser.add_argument("--seconds", type=float, default=defaults.get("seconds", 1.0), help="of a turn")
    parser.add_argument("--threads", type=int, default=usable_cpus(), help="of every engine")
    parser.add_argument("--isa", type=split, default=list(defaults.get("isa", ISAS)))
    parser.add_argument("--batch", type=int, help="instead of the published one")
    parser.add_argument("--row-minutes", type=float, default=8.0, help="that measuring a row may take")
    parser.add_argument("--minutes", type=float, help="after which no further row begins")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder")
    arguments = parser.parse_args()
    arguments.order = list(names)
    for option, found, known in (("--isa", arguments.isa, CAPS), ("--names", arguments.names, names)):
        wrong = [name for name in found if name not in known and not (is_open and option == "--names")]
        if wrong:
            parser.error(f"{option} {','.join(wrong)}: expected some of {', '.join(known)}")
    return arguments


def open_table(name: str, arguments: argparse.Namespace) -> Table:
    """Open a table in the folder that is asked for."""
    return Table(name, arguments.results, arguments.names if arguments.again else (), arguments.order)


class PendingRow(NamedTuple):
    """A row that is being measured.

    Attributes:
        name: of the network.
        folder: where its files are.
        facts: what the row says beside what is measured; while it is prepared, what it said before.
    """

    name: str
    folder: Path
    facts: Record


Prepare = Callable[[PendingRow], Record]
"""Makes a row's files; returns its facts."""

Measure = Callable[[PendingRow, str], Record]
"""Measures a row under a cap."""


def measure_rows(
    table: Table,
    arguments: argparse.Namespace,
    prepare: Prepare,
    measure: Measure,
    folder: Path | None = None,
) -> None:
    """Measure what is wanted and not there yet, row by row and cap by cap.

    Args:
        table: where it goes.
        arguments: of ``parse``.
        prepare, measure: a row.
        folder: for the files of all rows; None: each row has one of its own, removed after it.
    """
    begin = time.monotonic()
    for name in arguments.names:
        missing = [isa for isa in arguments.isa if not table.has_run(name, isa)]
        if not missing:
            say(f"{name}: is there already (--again measures it anew)")
            continue
        if arguments.minutes is not None and time.monotonic() - begin > 60 * arguments.minutes:
            say(f"{name}: not begun, {arguments.minutes:g} minutes are over")
            return
        with nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory(prefix="gcv-edge.") as place:
            try:
                measure_row(table, name, missing, Path(place), prepare, measure)
            except Exception as error:  # a bug in one row: the others are measured all the same
                if not isinstance(error, GcvEdgeError):
                    traceback.print_exc()
                table.refuse(name, one_line(error))


def measure_row(
    table: Table, name: str, isas: Sequence[str], folder: Path, prepare: Prepare, measure: Measure
) -> None:
    """Measure one row, storing what is found under each cap."""
    start = time.monotonic()
    row = PendingRow(name, folder, prepare(PendingRow(name, folder, table.row(name))))
    say(f"{name}: prepared in {time.monotonic() - start:.0f} s")
    for isa in isas:
        start = time.monotonic()
        table.put_run(name, row.facts, isa, measure(row, isa))
        say(f"{name}, {isa}: {time.monotonic() - start:.0f} s")


def choose_batch(pilot: Variant, published: int, arguments: argparse.Namespace) -> tuple[int, Record]:
    """Halve the published batch until a row's time suffices and all forms fit into memory.

    Args:
        pilot: plain MXNet, the slowest.
        published: batch.
        arguments: of ``parse``.

    Returns:
        The batch, and what it was chosen by.
    """
    if arguments.batch or published == 1:
        return int(arguments.batch or published), {}
    settings = replace(PILOT, threads=arguments.threads)
    rows = {row.batch: row for row in benchmark([pilot], settings, with_network=False).rows}
    if 4 not in rows:
        return 1, {"reason": "four pictures were too many for plain MXNet"}
    seconds = rows[4].network.low / 4e3
    growth = max(0, (rows[4].memory or 0) - (rows[1].memory or 0)) / 3
    whole = 60 * arguments.row_minutes / len(arguments.isa)
    batch = published
    while batch > 1 and (
        BATCHES * batch * seconds > whole or batch * growth * FORMS > SPARE_MEMORY * available_memory()
    ):
        batch //= 2
    return batch, {"pilot_seconds": round(seconds, 4), "pilot_bytes": round(growth)}


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))


def run(
    variants: Sequence[Variant], batch: int, isa: str, arguments: argparse.Namespace, **options: Any
) -> Record:
    """Measure variants under a cap, in a bounded time."""
    settings = Settings(
        batches=(batch,),
        threads=arguments.threads,
        isa=isa,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        limit=ROUNDS_SHARE * 60 * arguments.row_minutes / len(arguments.isa),
        patience=max(PATIENCE, 60 * arguments.row_minutes),
    )
    found = benchmark(variants, settings, with_network=False, progress=tell, **options)
    tell("")
    return shorten(found)


def say(line: str) -> None:
    """Print a line of the log."""
    tell("")
    print(line, flush=True)


def tell(phrase: str) -> None:
    """Show on a terminal what is going on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{phrase}", end="", file=sys.stderr, flush=True)


def shorten(found: Benchmark) -> Record:
    """Return what a table needs of a benchmark."""
    return {
        "rows": {row.variant.title: dict(shorten_row(row)) for row in found.rows},
        "left_out": [left.to_dict() for left in found.left_out],
        "notes": list(found.notes),
        "frames": found.frames,
        "threads": found.settings.threads,
        "seconds": found.settings.seconds,
    }


def shorten_row(row: Row) -> Iterator[tuple[str, Any]]:
    """Give what a table needs of a row."""
    full = row.to_dict()
    names = ("engine", "precision", "batch", "streams", "threads", "rounds", "network_ms", "waver")
    yield from ((key, full[key]) for key in names)
    yield from (
        (key, full[key]) for key in ("throughput", "network_throughput", "size_bytes", "memory_bytes")
    )
    yield "stages_ms", {stage: times["p50"] for stage, times in full["stages_ms"].items()}
    yield "ratios", {title: ratio["network"] for title, ratio in full["ratios"].items()}
    yield "ratios_total", {title: ratio["total"] for title, ratio in full["ratios"].items()}
    if full["layers"]:
        yield "kinds_ms", add_kinds(full["layers"])
        yield "kernels", full["layers"][:SHOWN_KERNELS]
        int8 = [kernel["share"] for kernel in full["layers"] if is_int8(kernel["kernel"])]
        yield "int8_share", round(sum(int8), 4)


def add_kinds(layers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Add up a call's milliseconds by the kind of the layers, most first."""
    found: dict[str, float] = defaultdict(float)
    for layer in layers:
        found[layer["kind"]] += layer["milliseconds"]
    return {kind: round(time, 4) for kind, time in sorted(found.items(), key=lambda item: -item[1])}


def is_int8(kernel: str) -> bool:
    """Tell a kernel of 8 bits by OpenVINO's name for it."""
    return kernel.lower().endswith(("_i8", "_u8", "_int8"))
