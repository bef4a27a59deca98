"""Rebuild networks of MXNet's users at full size, export them as a user would, and hold them against MXNet.

    python -m benchmarks.families                       all
    python -m benchmarks.families mtcnn_pnet lenet_mnist
    python -m benchmarks.families --again               also what has a result already
    python -m benchmarks.families --publish             write docs/families.md from what was found

Weights are random and seeded. Each network runs in a process of its own; its result is a JSON file in the
output folder, and a run that is interrupted goes on where it was. The exit code is 1 when one does not pass.
Needs the extra [mxnet].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.families.catalog import FAMILIES
from benchmarks.families.page import publish
from benchmarks.zoo import ROOT
from benchmarks.zoo.records import FAILED, PARITY, PASSED, Record, Records
from benchmarks.zoo.workers import Job, Workers
from gcv_edge.errors import GcvEdgeError


def main() -> int:
    """Run the command line."""
    options = parse_arguments()
    records = Records(options.output)
    names = options.names or list(FAMILIES)
    try:
        with records.locked():
            if not options.publish:
                sweep(records, names, options)
            found = records.read_all(names)
            if options.publish:
                publish(found)
    except GcvEdgeError as error:
        sys.exit(f"Error: {error}")
    passed = [record for record in found if record["verdict"] == PASSED]
    print(f"{len(passed)} passed, {len(found) - len(passed)} failed, {len(names) - len(found)} not done")
    return int(len(passed) < len(names))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.families",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--retry", action="store_true", help="also what has failed before")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for one network (default 1200)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "out" / "families", help="folder of the results"
    )
    parser.add_argument("--publish", action="store_true", help="write the page from the results and stop")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FAMILIES]
    if unknown:
        parser.error(f"{unknown[0]}: no such network: found {', '.join(FAMILIES)}")
    if options.publish and options.names:
        parser.error("--publish: the page is of all networks")
    return options


def sweep(records: Records, names: list[str], options: argparse.Namespace) -> None:
    """Do with all networks what still has to be done, and say how far it is."""
    waiting = [name for name in names if is_wanted(records.read(name), options)]
    jobs = [
        Job(name, (PARITY,), options.seed, options.timeout, "benchmarks.families.child") for name in waiting
    ]
    for count, record in enumerate(Workers(records, 1).run(jobs), 1):
        print(f"[{count}/{len(jobs)}] {describe(record)}", flush=True)


def is_wanted(record: Record | None, options: argparse.Namespace) -> bool:
    """Tell whether a network is still to be done."""
    return record is None or options.again or (options.retry and record["verdict"] == FAILED)


def describe(record: Record) -> str:
    """Say in a line what became of a network."""
    text = f"{record['verdict']} {record['name']} ({record['seconds']:.0f} s) {record.get('task', '')}"
    errors = record.get("errors", {})
    worst = "".join(f"  {engine} {max(found.values()):.1e}" for engine, found in errors.items() if found)
    return f"{text}{worst}  {record['reason']}"


if __name__ == "__main__":
    sys.exit(main())
