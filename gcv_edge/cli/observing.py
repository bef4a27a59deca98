"""What is said and shown while a file is pruned and calibrated."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import ignore, show_path, stages, tell_notes
from gcv_edge.cli.guard import muted_libraries, naming
from gcv_edge.cli.pruning_text import print_pruning
from gcv_edge.cli.text import echo
from gcv_edge.errors import UsageError
from gcv_edge.optimize import Observer
from gcv_edge.optimize.observer import CALIBRATING, PRUNING
from gcv_edge.store import take_name

if TYPE_CHECKING:
    from gcv_edge.optimize import OptimizeOptions
    from gcv_edge.optimize.baseline import Baseline
    from gcv_edge.optimize.dataset_split import DatasetSplit
    from gcv_edge.prune import PruneResult

Show = Callable[[str, int, int], None]
"""Shows a phrase, or how much of how much is done of what it names."""

HASH_DIGITS = 12

PHRASES = {
    "read": "reading pictures",
    "compare": "comparing recipes",
    "profile": "looking for layers without an 8-bit kernel",
    "score": "measuring accuracy",
    "search": "looking for layers that must stay float",
    "sensitivity": "measuring what each layer costs",
    "time": "timing",
    "write": "writing",
}
"""What the stages of a calibration are."""


class TerminalObserver(Observer):
    """Says which pictures are for what, and shows on a terminal how far the work is.

    Args:
        data: name of the data set, for messages.
        options: what is asked for.
        quiet: print nothing but errors.
    """

    def __init__(self, data: str | None, options: OptimizeOptions, *, quiet: bool) -> None:
        self._data, self._options, self.quiet = data, options, quiet
        self.tell: Callable[[str], None] = ignore if quiet else echo
        self._show: Show = show_nothing

    @contextlib.contextmanager
    def stage(self, name: str, output: Path | None) -> Iterator[None]:
        """Show bars while channels are pruned, else a line; name the output in errors that name no file."""
        with contextlib.ExitStack() as stack:
            if name == PRUNING:
                self._show = stack.enter_context(progress_bars())
            else:
                stack.enter_context(muted_libraries())
                self._show = stack.enter_context(status_line())
            if output is not None:
                stack.enter_context(naming(output))
            if output is not None and name == CALIBRATING:
                stack.enter_context(resumable(output))
            yield

    def progress(self, phrase: str, done: int = 0, total: int = 0) -> None:
        """Show it."""
        self._show(phrase, done, total)

    def prepared(self, baseline: Baseline) -> None:
        """Say which pictures are for what, and what is measured."""
        if self._options.prunes:
            self._refuse_limit(baseline)
        if baseline.split is not None:
            for line in opening_lines(baseline, baseline.split):
                self.tell(line)
        self._refuse_limit(baseline)

    def _refuse_limit(self, baseline: Baseline) -> None:
        if self._options.max_drop is not None and baseline.split is not None and baseline.evaluator is None:
            raise UsageError(f"--max-drop: the network finds nothing in {self._data} that could be compared")


class ExportObserver(TerminalObserver):
    """Leaves a line free before each stage, and says what pruning made before that is calibrated."""

    title = ""

    def prepared(self, baseline: Baseline) -> None:
        """Say which pictures are for what, and what is measured."""
        self.title = baseline.title
        self.tell("")
        super().prepared(baseline)

    def pruned(self, result: PruneResult) -> None:
        """Give the pruned file its name, and say what it is."""
        tell_notes(take_name(result.path, result.path.stem), err=self.quiet)
        if not self.quiet:
            print_pruning(result, self.title)


def opening_lines(baseline: Baseline, split: DatasetSplit) -> Iterator[str]:
    """Say which pictures are for what, and what is measured."""
    fingerprint = split.calibration.fingerprint()
    yield f"{show_path(split.describe())}; sha256 {fingerprint[:HASH_DIGITS]}..."
    yield from (f"Warning: {note}" for note in split.calibration.notes)
    if split.label_problem:
        yield f"Warning: labels are not used: {split.label_problem}"
    if split.warning:
        yield f"Warning: {split.warning}"
    if baseline.evaluator is None:
        yield "Measured: nothing, the network's results cannot be compared on these pictures"
    elif baseline.evaluator.kind == "accuracy":
        yield f"Measured: {baseline.title} against the labels"
    else:
        yield f"Measured: {baseline.title} with the float file, since there are no labels to hold it against"


def show_nothing(phrase: str, done: int, total: int) -> None:
    """Show nothing."""


@contextlib.contextmanager
def status_line() -> Iterator[Show]:
    """Show in one line of a terminal what is going on, how much of it is done and the time that is left."""
    with stages("reading") as show:
        begun: dict[str, float] = {}

        def tell(phrase: str, done: int, total: int) -> None:
            begin = begun.setdefault(phrase, monotonic())
            show(describe_progress(PHRASES.get(phrase, phrase), done, total, monotonic() - begin))

        yield tell


def describe_progress(phrase: str, done: int, total: int, seconds: float) -> str:
    """Say what is going on, how much of it is done, and how long the rest takes at that rate.

    For example ``reading pictures: 60 of 300, 40 s left``.
    """
    if not done:
        return phrase
    if not total:
        return f"{phrase}: {done}"
    return f"{phrase}: {done} of {total}, {seconds / done * (total - done):.0f} s left"


@contextlib.contextmanager
def progress_bars() -> Iterator[Show]:
    """Show one bar per stage on a terminal, with the time that is left; a phrase alone is not shown."""
    if not sys.stderr.isatty():
        yield show_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description:12}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if total and stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            if total:
                bars.update(tasks[stage], completed=done, total=total)

        yield show


@contextlib.contextmanager
def resumable(output: Path) -> Iterator[None]:
    """Say what an interrupted calibration has kept."""
    from gcv_edge.calibration.job import cache_path

    try:
        yield
    except KeyboardInterrupt:
        there = cache_path(output).exists()
        left = "run the same command to continue" if there else "there was no result to keep yet"
        echo(f"Interrupted: {show_path(output)} was not written; {left}", err=True)
        raise
