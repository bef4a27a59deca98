"""What sweeps over names have in common as commands."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.records import Record, Records
from benchmarks.workers import FAILED, PASSED, SweepJob, Workers
from gcv_edge.errors import GcvEdgeError


def make_sweep_parser(description: str | None, folder: str, timeout: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all sweeps have."""
    parser = make_parser(description)
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--retry", action="store_true", help="also what has failed before")
    parser.add_argument(
        "--timeout", type=float, default=timeout, help=f"seconds for one name (default {timeout})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / folder, help="folder of the results")
    parser.add_argument("--publish", action="store_true", help="write the page from the results and stop")
    return parser


def with_records(folder: Path, work: Callable[[Records], int]) -> int:
    """Work on the records in a folder, which no other sweep may do meanwhile; return the exit code."""
    signal.signal(signal.SIGTERM, interrupt)
    records = Records(folder)
    try:
        with records.locked():
            return work(records)
    except GcvEdgeError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130


def interrupt(*_arguments: object) -> None:
    """End as by the keyboard, so that children and their files go too."""
    raise KeyboardInterrupt


def is_wanted(record: Record | None, options: argparse.Namespace) -> bool:
    """Tell whether a name is to be done, anew where it has a record."""
    return record is None or options.again or (options.retry and record["verdict"] == FAILED)


def run_jobs(
    records: Records, jobs: Sequence[SweepJob], side_by_side: int, describe: Callable[[Record], str]
) -> None:
    """Do all jobs, and say how far it is."""
    started, failed = time.monotonic(), 0
    for count, record in enumerate(Workers(records, side_by_side).run(jobs), 1):
        failed += record["verdict"] == FAILED
        left = (time.monotonic() - started) / count * (len(jobs) - count) / 60
        line = f"[{count}/{len(jobs)}] {describe(record)}   failed {failed}, {left:.0f} min left"
        print(line, flush=True)


def describe_outcome(record: Record, figures: dict[str, str]) -> str:
    """Say in a line what became of a name."""
    text = f"{record['verdict']:7} {record['name']:36} {record['seconds']:6.1f} s"
    if record["verdict"] != PASSED:
        return f"{text}  {record['reason']}"
    return text + "".join(f"  {key} {value}" for key, value in figures.items())
