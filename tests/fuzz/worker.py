"""The process that readers run in: an input may end it, which the process that started it sees."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz.judging import ACCEPTED, REFUSED, judge
from tests.fuzz.registry import find_target


@dataclass(frozen=True)
class Stretch:
    """Inputs of one target, one after the other.

    Attributes:
        target: its name.
        seed: of all inputs.
        first, last: numbers of the inputs, ``last`` not included.
        seconds: when to stop before.
    """

    target: str
    seed: int
    first: int
    last: int
    seconds: float


class Board:
    """Where a worker says how far it is; what is written there outlives it.

    Args:
        numbers: shared: the input's number, inputs done, refused, accepted.
    """

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers

    def begin(self, index: int) -> None:
        """Say which input is next."""
        self.numbers[0] = index

    def end(self, outcome: str) -> None:
        """Count an input."""
        self.numbers[1] += 1
        self.numbers[2] += outcome == REFUSED
        self.numbers[3] += outcome == ACCEPTED


def work(stretch: Stretch, numbers: Any, answers: Connection) -> None:
    """Go through a stretch of inputs; tell number and problem of each that is a finding."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence()
    target, board, stop = find_target(stretch.target), Board(numbers), time.monotonic() + stretch.seconds
    with tempfile.TemporaryDirectory() as folder:
        for index in range(stretch.first, stretch.last):
            if time.monotonic() > stop:
                break
            board.begin(index)
            data = target.input(stretch.seed, index)
            outcome = judge(target, data, Path(folder))
            board.end(outcome)
            if outcome not in (ACCEPTED, REFUSED):
                answers.send((index, outcome))


def silence() -> None:
    """Pass over what libraries print of damaged inputs."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
