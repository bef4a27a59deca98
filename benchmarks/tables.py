"""What the tables have in common: resumable results, batches that fit, and what is kept of a measurement."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness import RESULTS, machine, read_results

from gcv_edge.benchmarking import Benchmark, Row, Settings, Variant, benchmark
from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import GcvEdgeError
from gcv_edge.files import replacing
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

Record = dict[str, Any]


class Table:
    """Rows in ``<name>.json``, written after each run of each, so that an interrupted command goes on there.

    Rows of another processor or of other versions are not taken over.

    Args:
        name: of the table.
        folder: of the results.
        again: rows that are measured anew.
        order: of the rows; others come last.
    """

    def __init__(
        self, name: str, folder: Path = RESULTS, again: Collection[str] = (), order: Sequence[str] = ()
    ) -> None:
        self.path = folder / f"{name}.json"
        self._machine = machine()
        stored = read_results(name, folder)
        is_same = identity(stored.get("machine", {})) == identity(self._machine)
        rows = stored.get("rows", {}) if is_same else {}
        self._rows: dict[str, Record] = {key: row for key, row in rows.items() if key not in again}
        self._places = {key: place for place, key in enumerate(order)}

    def row(self, key: str) -> Record:
        """Return what is known of a row."""
        return self._rows.get(key, {})

    def has(self, key: str, isa: str) -> bool:
        """Whether a row was measured under a cap, or could not be."""
        return "reason" in self.row(key) or isa in self.row(key).get("runs", {})

    def put(self, key: str, facts: Record, isa: str, run: Record) -> None:
        """Store what was measured under a cap."""
        runs = {**self.row(key).get("runs", {}), isa: {**run, **circumstances()}}
        self._write(key, {**facts, "runs": runs})

    def refuse(self, key: str, reason: str) -> None:
        """Store why a row cannot be measured."""
        self._write(key, {**self.row(key), "reason": reason, **circumstances()})

    def _write(self, key: str, row: Record) -> None:
        self._rows[key] = row
        ordered = sorted(self._rows, key=lambda name: self._places.get(name, len(self._places)))
        rows = {name: self._rows[name] for name in ordered}
        document = {"command": command(), "date": now(), "machine": self._machine, "rows": rows}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(document, indent=1) + "\n")


def identity(described: Mapping[str, Any]) -> Record:
    """Return what must be the same for rows to stand in one table."""
    return {key: described.get(key) for key in ("cpu", "cores", "versions")}


def circumstances() -> Record:
    """Return when and how something was measured."""
    return {"command": command(), "date": now(), "load_average": round(os.getloadavg()[0], 2)}


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def command() -> str:
    """Return the command line; where results go is not part of how they came about."""
    words, given = [], iter(sys.argv[1:])
    for word in given:
        if word == "--results":
            next(given, None)
        else:
            words.append(word)
    return " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


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
    parser = argparse.ArgumentParser(description=description)
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


def split(text: str) -> list[str]:
    return text.split(",")


def open_table(name: str, arguments: argparse.Namespace) -> Table:
    return Table(name, arguments.results, arguments.names if arguments.again else (), arguments.order)


class Case(NamedTuple):
    """A row on its way.

    Attributes:
        name: of the network.
        folder: where its files are.
        facts: what the row says beside what is measured; while it is prepared, what it said before.
    """

    name: str
    folder: Path
    facts: Record


Prepare = Callable[[Case], Record]
"""Makes a row's files; returns its facts."""

Measure = Callable[[Case, str], Record]
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
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # files and processes are cleared
    begin = time.monotonic()
    for name in arguments.names:
        missing = [isa for isa in arguments.isa if not table.has(name, isa)]
        if not missing:
            say(f"{name}: is there already (--again measures it anew)")
            continue
        if arguments.minutes is not None and time.monotonic() - begin > 60 * arguments.minutes:
            say(f"{name}: not begun, {arguments.minutes:g} minutes are over")
            return
        with nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory(prefix="gcv-edge.") as place:
            try:
                measure_row(table, name, missing, Path(place), prepare, measure)
            except GcvEdgeError as error:
                give_up(table, name, str(error))
            except Exception as error:  # a bug in one row: the others are measured all the same
                traceback.print_exc()
                give_up(table, name, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def give_up(table: Table, name: str, reason: str) -> None:
    """Note why a row cannot be measured."""
    table.refuse(name, reason)
    say(f"{name}: {reason}")


def measure_row(
    table: Table, name: str, isas: Sequence[str], folder: Path, prepare: Prepare, measure: Measure
) -> None:
    """Measure one row, storing what is found under each cap."""
    start = time.monotonic()
    case = Case(name, folder, prepare(Case(name, folder, table.row(name))))
    say(f"{name}: prepared in {time.monotonic() - start:.0f} s")
    for isa in isas:
        start = time.monotonic()
        found = measure(case, isa)
        table.put(name, case.facts, isa, found)
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
