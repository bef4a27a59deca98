"""How far long work is: a bar on a terminal, a line a minute in a log."""

from __future__ import annotations

import contextlib
import sys
from time import monotonic
from typing import Any

from gcv_edge.cli.text import echo

PERIOD = 60.0
"""Seconds between lines in a log."""


class PictureProgress:
    """Counts pictures, and shows rate and time left.

    Args:
        total: pictures; None where that is not known.
        label: what is going on.
        done: of the total, before this run.
    """

    def __init__(self, total: int | None, label: str = "predicting", done: int = 0) -> None:
        self._total, self._label, self._before = total, label, done
        self._count, self._started = 0, monotonic()
        self._next = self._started + PERIOD
        self._stack = contextlib.ExitStack()
        self._bar: Any = None

    def __enter__(self) -> PictureProgress:
        if sys.stderr.isatty():
            self._open_bar()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def advance(self, *_: object, count: int = 1) -> None:
        """Take in that pictures are done."""
        self._count += count
        if self._bar is not None:
            self._bar.update(self._task, advance=count, rate=f"{self.rate:.1f}/s")
        elif monotonic() >= self._next:
            self._next += PERIOD
            echo(self.describe(), err=True)

    @property
    def rate(self) -> float:
        """Pictures per second in this run."""
        return self._count / max(1e-9, monotonic() - self._started)

    def describe(self) -> str:
        """Say how far it is: ``predicting: 12000 of 20000, 48.1 per second, 2 min left``."""
        done = self._before + self._count
        if self._total is None:
            return f"{self._label}: {done}, {self.rate:.1f} per second"
        left = (self._total - done) / max(1e-9, self.rate) / 60
        return f"{self._label}: {done} of {self._total}, {self.rate:.1f} per second, {left:.0f} min left"

    def _open_bar(self) -> None:
        from rich import progress
        from rich.console import Console

        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TimeRemainingColumn(),
        )
        self._bar = self._stack.enter_context(
            progress.Progress(*columns, console=Console(stderr=True), transient=True)
        )
        self._task = self._bar.add_task(self._label, total=self._total, completed=self._before, rate="")
