"""Export every name of GluonCV's model zoo, hold it against MXNet in both engines, and time it.

    python -m benchmarks.zoo                      all names, one by one: compared and timed
    python -m benchmarks.zoo --task pose --phase parity --jobs 4
    python -m benchmarks.zoo --names resnet18_v1,alexnet --again
    python -m benchmarks.zoo --cover              the few names in which every kind of operator occurs
    python -m benchmarks.zoo --publish            write the table and docs/zoo.md from what was found

Weights are random (nothing is downloaded), seeded, and calibrated so that nothing is degenerate. Each name
runs in a process of its own; its result is a JSON file in the output folder, and a sweep that is interrupted
continues. The exit code is 1 when a name does not pass that must. Needs the extra [mxnet].
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence

from benchmarks.records import Record, Records
from benchmarks.sweep import describe_outcome, is_wanted, make_sweep_parser, run_jobs, with_records
from benchmarks.workers import FAILED, PARITY, PASSED, PHASES, SPEED, SweepJob
from benchmarks.zoo.cover import read_cover, write_cover
from benchmarks.zoo.publish import publish
from benchmarks.zoo.verdicts import UNBUILDABLE, is_expected
from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.live import zoo_names


def main() -> int:
    """Run the command line."""
    options = parse_arguments()
    return with_records(options.output, lambda records: work(records, options))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = make_sweep_parser(__doc__, "zoo", 1800)
    parser.add_argument("--names", help="only these, separated by commas; * stands for anything")
    parser.add_argument("--task", help="only networks for this task")
    parser.add_argument("--cover", action="store_true", help="only the covering subset")
    parser.add_argument("--phase", choices=("all", *PHASES), default="all")
    parser.add_argument(
        "--jobs", type=int, help="names at a time (default 1, where none is timed one per processor)"
    )
    options = parser.parse_args()
    if options.publish and (options.names or options.task or options.cover):
        parser.error("--publish: the table is of all names")
    options.phases = PHASES if options.phase == "all" else (options.phase,)
    is_timed = SPEED in options.phases
    options.jobs = options.jobs or (1 if is_timed else usable_cpus())
    if options.jobs < 1:
        parser.error("--jobs: expected a whole number from 1")
    if options.jobs > 1 and is_timed:
        parser.error("--jobs: names are timed one by one; --phase parity compares several at a time")
    return options


def work(records: Records, options: argparse.Namespace) -> int:
    """Do with all names what still has to be done, or publish what was done; return the exit code."""
    names = choose_names(options)
    if options.publish:
        publish_all(records, names)
    else:
        planned = ((name, plan(records.read(name), options)) for name in names)
        jobs = [SweepJob(name, phases, options.seed, options.timeout) for name, phases in planned if phases]
        print(f"{len(jobs)} of {len(names)} names to do, results in {records.folder}", flush=True)
        run_jobs(records, jobs, options.jobs, describe)
    return summarize(records.read_all(names), len(names))


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


def plan(record: Record | None, options: argparse.Namespace) -> tuple[str, ...]:
    """Return the phases that a name still needs; what does not pass is not timed."""
    if is_wanted(record, options) and PARITY in options.phases:
        return tuple(options.phases)
    if record is None or record["verdict"] != PASSED or SPEED not in options.phases:
        return ()
    return () if SPEED in record and not options.again else (SPEED,)


def describe(record: Record) -> str:
    """Say in a line what became of a name."""
    errors = {engine: f"{found['worst']:.1e}" for engine, found in record.get(PARITY, {}).items()}
    times = {engine: f"{milliseconds:g} ms" for engine, milliseconds in record.get(SPEED, {}).items()}
    return describe_outcome(record, errors) + "".join(f"  {key} {value}" for key, value in times.items())


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


def publish_all(records: Records, names: Sequence[str]) -> None:
    """Write the table and the covering subset from the results of all names.

    Raises:
        GcvEdgeError: some have none yet.
    """
    found = records.read_all(names)
    if len(found) < len(names):
        raise GcvEdgeError(
            f"{records.folder}: found results of {len(found)} names, expected {len(names)} to publish "
            "(python -m benchmarks.zoo makes them)"
        )
    publish(found, max(record.get("threads", 0) for record in found))
    write_cover(found)


if __name__ == "__main__":
    sys.exit(main())
