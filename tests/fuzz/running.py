"""Running a target's inputs in processes of their own, and keeping what is found."""

from __future__ import annotations

import multiprocessing
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.judging import describe_death
from tests.fuzz.registry import find_target
from tests.fuzz.worker import Stretch, work

STRETCH = 5000
"""Inputs for one process, whose memory is given back with it."""
KEPT = 3
"""Inputs kept of one kind of finding."""
DEATHS = 100
"""Of processes, after which a target is left."""


@dataclass
class Report:
    """What became of a target's inputs.

    Attributes:
        target: its name.
        inputs, refused, accepted: how many.
        findings: how many, by kind.
        seconds: how long it took.
    """

    target: str
    inputs: int = 0
    refused: int = 0
    accepted: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def describe(self) -> str:
        """Say it in a line."""
        rate = self.inputs / self.seconds if self.seconds else 0.0
        return (
            f"{self.target:<13}{self.inputs:>9} inputs {self.refused:>9} refused {self.accepted:>9} accepted "
            f"{self.findings.total():>5} findings {rate:>8.0f} inputs/s"
        )


class Run:
    """Runs one target.

    Args:
        name: of the target.
        seed: of its inputs.
        folder: where inputs that are findings are kept.
    """

    def __init__(self, name: str, seed: int, folder: Path) -> None:
        self.report = Report(name)
        self._seed, self._folder = seed, folder / name

    def go(self, inputs: int, seconds: float) -> Report:
        """Give the reader so many inputs, or as many as the time allows."""
        start, done, deaths = time.monotonic(), 0, 0
        while done < inputs and (left := seconds - (time.monotonic() - start)) > 0 and deaths < DEATHS:
            last = min(inputs, done + STRETCH)
            done, died = self._process(Stretch(self.report.target, self._seed, done, last, left))
            deaths += died
        self.report.seconds = time.monotonic() - start
        return self.report

    def _process(self, stretch: Stretch) -> tuple[int, bool]:
        """Start a process; return the number of the next input, and whether one ended it."""
        context = multiprocessing.get_context("spawn")
        numbers = context.Array("q", 4, lock=False)
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(stretch, numbers, sender))
        process.start()
        sender.close()
        while (found := receive(receiver)) is not None:
            self._keep(*found)
        process.join()
        index, inputs, refused, accepted = numbers
        has_died = process.exitcode != 0
        if has_died:
            self._keep(index, describe_death(process.exitcode or 0))
        self.report.inputs += inputs + has_died
        self.report.refused += refused
        self.report.accepted += accepted
        return (index + 1 if has_died else stretch.last), has_died

    def _keep(self, index: int, problem: str) -> None:
        """Count a finding; of each kind a few inputs are written and told."""
        kind = re.sub(r"\d+", "#", problem.partition(": ")[0])
        self.report.findings[kind] += 1
        if self.report.findings[kind] <= KEPT:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._seed}-{index}"
            path.write_bytes(find_target(self.report.target).input(self._seed, index))
            print(f"{path}: {problem}", flush=True)


def receive(receiver: Connection) -> tuple[int, str] | None:
    """Return the next finding; None where there are no more."""
    try:
        found: tuple[int, str] = receiver.recv()
    except EOFError:
        return None
    return found
