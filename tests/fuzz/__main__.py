"""The command: python -m tests.fuzz."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.fuzz import ROOT
from tests.fuzz.judging import ACCEPTED, REFUSED, judge
from tests.fuzz.registry import all_targets, find_target
from tests.fuzz.running import Report, Run

FOREVER = float(10**9)


def main() -> int:
    """Fuzz, or give one input to its reader; return the exit code, 1 where something was found."""
    asked = parse_arguments()
    if asked.replay is not None:
        return replay(asked.targets[0], asked.replay)
    start = time.monotonic()
    reports = run_all(asked)
    total = Report("in all", seconds=time.monotonic() - start)
    for report in reports:
        total.inputs += report.inputs
        total.refused += report.refused
        total.accepted += report.accepted
        total.findings += report.findings
    print(total.describe())
    return int(total.findings.total() > 0)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=sys.modules["tests.fuzz"].__doc__
    )
    parser.add_argument("--targets", "--target", type=names, default=list(all_targets()), metavar="A,B")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--inputs", type=count, default=100_000, help="of all targets together (%(default)s)")
    amount.add_argument("--seconds", type=float, help="for all targets together, instead of a number")
    parser.add_argument("--seed", type=int, default=0, help="which inputs (%(default)s)")
    parser.add_argument("--jobs", type=count, default=1, help="targets at a time (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "fuzz", help="folder for what is found")
    parser.add_argument("--replay", type=file, metavar="FILE", help="give this input to the one --target")
    return parser.parse_args()


def names(text: str) -> list[str]:
    """Read names of targets."""
    found = text.split(",")
    unknown = [name for name in found if name not in all_targets()]
    if unknown:
        raise argparse.ArgumentTypeError(f"found {unknown[0]}, expected some of {','.join(all_targets())}")
    return found


def count(text: str) -> int:
    """Read a whole number of at least 1: nothing that was tried would find nothing."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected a whole number from 1")
    return int(text)


def file(text: str) -> Path:
    """Read the path of a file that exists."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return Path(text)


def run_all(asked: argparse.Namespace) -> list[Report]:
    """Run all targets that are asked for, each with its share of inputs or of the time."""
    shares = sum(find_target(name).share for name in asked.targets)
    reports = []
    with ThreadPoolExecutor(asked.jobs) as threads:
        waiting = []
        for name in asked.targets:
            inputs = (
                -(-asked.inputs * find_target(name).share // shares) if asked.seconds is None else sys.maxsize
            )
            seconds = FOREVER if asked.seconds is None else asked.seconds * asked.jobs / len(asked.targets)
            waiting.append(threads.submit(Run(name, asked.seed, asked.output).go, inputs, seconds))
        for done in as_completed(waiting):
            reports.append(done.result())
            print(reports[-1].describe(), flush=True)
    return reports


def replay(name: str, path: Path) -> int:
    """Give one input to its reader in this process; a stack is shown where that dies."""
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as folder:
        outcome = judge(find_target(name), path.read_bytes(), Path(folder))
    print(f"{name} {path}: {outcome}")
    return int(outcome not in (ACCEPTED, REFUSED))


if __name__ == "__main__":
    sys.exit(main())
