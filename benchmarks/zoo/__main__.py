"""Export every name of GluonCV's model zoo, hold it against MXNet in both engines, and time it.

    python -m benchmarks.zoo                      all names: compared side by side, then timed one by one
    python -m benchmarks.zoo --task pose --phase parity
    python -m benchmarks.zoo --names resnet18_v1,alexnet --again
    python -m benchmarks.zoo --cover              the few names in which every kind of operator occurs
    python -m benchmarks.zoo --publish            write the table and docs/zoo.md from what was found

Weights are random (nothing is downloaded), seeded, and calibrated so that nothing is degenerate. Each name
runs in a process of its own; its result is a JSON file in the output folder, and a sweep that is interrupted
goes on where it was. The exit code is 1 when a name does not pass that must. Needs the extra [mxnet].
"""

from __future__ import annotations

import argparse
import fnmatch
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.zoo import ROOT
from benchmarks.zoo.cover import read_cover, write_cover
from benchmarks.zoo.publish import publish
from benchmarks.zoo.records import (
    FAILED,
    FIRST_PHASE,
    PASSED,
    PHASES,
    UNBUILDABLE,
    Record,
    Records,
    is_expected,
)
from benchmarks.zoo.workers import Job, Workers
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.live import zoo_names
from gcv_edge.runtime.cpus import usable_cpus


def main() -> int:
    """Run the command line."""
    options = parse_arguments()
    signal.signal(signal.SIGTERM, interrupt)
    records = Records(options.output)
    try:
        names = choose_names(options)
        with records.locked():
            if options.publish:
                return publish_all(records, names)
            for phase in PHASES if options.phase == "all" else (options.phase,):
                sweep(records, names, phase, options)
    except GcvEdgeError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return summarize(records.read_all(names), len(names))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.zoo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--names", help="only these, separated by commas; * stands for anything")
    parser.add_argument("--task", help="only networks for this task")
    parser.add_argument("--cover", action="store_true", help="only the covering subset")
    parser.add_argument("--phase", choices=("all", *PHASES), default="all")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--retry", action="store_true", help="also what has failed before")
    parser.add_argument("--jobs", type=int, default=usable_cpus(), help="names compared at a time")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one name (default 1800)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "zoo", help="folder of the results")
    parser.add_argument("--publish", action="store_true", help="write the table from the results and stop")
    options = parser.parse_args()
    if options.publish and (options.names or options.task or options.cover):
        parser.error("--publish: the table is of all names")
    if options.jobs < 1:
        parser.error("--jobs: expected a whole number from 1")
    return options


def interrupt(*_arguments: object) -> None:
    """End as by the keyboard, so that children and their files go too."""
    raise KeyboardInterrupt


def choose_names(options: argparse.Namespace) -> list[str]:
    """Return the zoo's names that are asked for.

    Raises:
        UsageError: a pattern matches none.
    """
    names = read_cover().names if options.cover else zoo_names()
    if options.names:
        names = [name for pattern in options.names.split(",") for name in match_names(pattern, names)]
    if options.task:
        names = [name for name in names if (facts := zoo.describe(name)) and facts.task.name == options.task]
    return list(dict.fromkeys(names))


def match_names(pattern: str, names: Sequence[str]) -> list[str]:
    """Return names that a pattern stands for.

    Raises:
        UsageError: there is none.
    """
    found = fnmatch.filter(names, pattern.strip())
    if not found:
        raise UsageError(f"--names {pattern}: no such name in GluonCV's zoo")
    return found


def sweep(records: Records, names: Sequence[str], phase: str, options: argparse.Namespace) -> None:
    """Run one phase of all names that still need it, and say how far it is."""
    waiting = [name for name in names if needs(records.read(name), phase, options)]
    print(f"{phase}: {len(waiting)} of {len(names)} names to do, results in {records.folder}", flush=True)
    workers = Workers(records, options.jobs if phase == FIRST_PHASE else 1)
    started, failed = time.monotonic(), 0
    for count, record in enumerate(workers.run(waiting, Job(phase, options.seed, options.timeout)), 1):
        failed += not is_expected(record)
        left = (time.monotonic() - started) / count * (len(waiting) - count)
        print(
            f"[{count}/{len(waiting)}] {describe(record, phase)}   failed {failed}, {left / 60:.0f} min left",
            flush=True,
        )


def needs(record: Record | None, phase: str, options: argparse.Namespace) -> bool:
    """Tell whether a name's phase is still to be done."""
    if phase != FIRST_PHASE:
        return record is not None and record["verdict"] == PASSED and (options.again or phase not in record)
    return record is None or options.again or (options.retry and record["verdict"] == FAILED)


def describe(record: Record, phase: str) -> str:
    """Say in a line what became of a name."""
    text = f"{record['verdict']:7} {record['name']:36} {record[f'{phase}_seconds']:6.1f} s"
    if record["verdict"] != PASSED:
        return f"{text}  {record['reason']}"
    if phase == "speed":
        return text + "".join(f"  {engine} {ms:g} ms" for engine, ms in record["speed"].items())
    return text + "".join(f"  {engine} {found['worst']:.1e}" for engine, found in record["parity"].items())


def summarize(found: Sequence[Record], wanted: int) -> int:
    """Print what passed and what did not; return the exit code."""
    by_verdict: dict[str, list[Record]] = {verdict: [] for verdict in (PASSED, FAILED, UNBUILDABLE)}
    for record in found:
        by_verdict[record["verdict"]].append(record)
    print(", ".join(f"{len(rows)} {verdict}" for verdict, rows in by_verdict.items()), end="")
    print(f", {wanted - len(found)} not done of {wanted}")
    for record in by_verdict[UNBUILDABLE] + by_verdict[FAILED]:
        print(f"  {record['name']}: {record['verdict']}: {record['reason']}")
    return int(not all(map(is_expected, found)) or len(found) < wanted)


def publish_all(records: Records, names: Sequence[str]) -> int:
    """Write the table and the covering subset from the results of all names."""
    found = records.read_all(names)
    publish(found, max((record.get("threads", 0) for record in found), default=0))
    write_cover(found)
    return summarize(found, len(names))


if __name__ == "__main__":
    sys.exit(main())
