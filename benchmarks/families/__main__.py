"""Rebuild networks of MXNet's users at full size, export them as a user would, and hold them against MXNet.

    python -m benchmarks.families                       all
    python -m benchmarks.families mtcnn_pnet lenet_mnist
    python -m benchmarks.families --again               also what has a result already
    python -m benchmarks.families --publish             write docs/families.md from what was found

Weights are random and seeded. Each network runs in a process of its own; its result is a JSON file in the
output folder, and an interrupted run continues. The exit code is 1 when one does not pass.
Needs the extra [mxnet].
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.families.catalog import FAMILIES
from benchmarks.pages import FAMILIES_PAGE, write_page
from benchmarks.records import Record, Records, write_results
from benchmarks.sweep import describe_outcome, is_wanted, make_sweep_parser, run_jobs, with_records
from benchmarks.workers import PARITY, PASSED, SweepJob


def main() -> int:
    """Run the command line."""
    options = parse_arguments()
    return with_records(options.output, lambda records: work(records, options))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = make_sweep_parser(__doc__, "families", 1200)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FAMILIES]
    if unknown:
        parser.error(f"{unknown[0]}: no such network: found {', '.join(FAMILIES)}")
    if options.publish and options.names:
        parser.error("--publish: the page is of all networks")
    return options


def work(records: Records, options: argparse.Namespace) -> int:
    """Do with all networks what still has to be done, or publish what was done; return the exit code."""
    names = options.names or list(FAMILIES)
    waiting = [] if options.publish else [name for name in names if is_wanted(records.read(name), options)]
    child = "benchmarks.families.child:run"
    jobs = [SweepJob(name, (PARITY,), options.seed, options.timeout, child) for name in waiting]
    run_jobs(records, jobs, 1, describe)
    found = records.read_all(names)
    if options.publish:
        write_results("families", {record["name"]: record for record in found})
        write_page(FAMILIES_PAGE)
    passed = sum(record["verdict"] == PASSED for record in found)
    print(f"{passed} passed, {len(found) - passed} failed, {len(names) - len(found)} not done")
    return int(passed < len(names))


def describe(record: Record) -> str:
    """Say in a line what became of a network."""
    errors = record.get("errors", {})
    worst = {engine: f"{max(found.values()):.1e}" for engine, found in errors.items() if found}
    return describe_outcome(record, {record.get("task", ""): "", **worst})


if __name__ == "__main__":
    sys.exit(main())
