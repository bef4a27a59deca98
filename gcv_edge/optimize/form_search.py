"""The fastest form of a network within an accuracy budget, found within a time budget."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from gcv_edge.cpus import own_target
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.evaluation.drop import Score, as_score, find_drop
from gcv_edge.files import replacing
from gcv_edge.measure.engine import has_bf16
from gcv_edge.measure.networks import pictures_per_second, time_forms
from gcv_edge.measure.result_cache import hash_file, key_of
from gcv_edge.optimize.baseline import Baseline, Data, open_baseline
from gcv_edge.optimize.forms import FLOAT, Form, Goal, choose, with_speed
from gcv_edge.optimize.observer import MEASURING, READING, Observer
from gcv_edge.optimize.options import OptimizeOptions
from gcv_edge.optimize.run import OptimizeResult, optimize
from gcv_edge.store import find_model

SPEEDUPS = (1.15, 1.3, 1.5, 2.0, 3.0)
"""Speed-ups that pruning is asked for."""
FIRST = SPEEDUPS.index(1.5)
MEASURING_SHARE = 0.1
"""Part of the time that is kept for measuring at the end."""
HEADROOM = 1.05
"""Pruning is asked for so much more speed than is needed."""
RECORDS = "forms.json"


@dataclass(frozen=True)
class FormSearchResult:
    """What a search found.

    Attributes:
        path: the file that won, under the name asked for; None where no form reaches the goal.
        best: the form that won, likewise.
        forms: all of them, the float file first.
        goal: what was asked for.
        baseline: pictures, and how forms were measured.
        notes: what was left out, and why.
    """

    path: Path | None
    best: Form | None
    forms: tuple[Form, ...]
    goal: Goal
    baseline: Baseline
    notes: tuple[str, ...] = ()

    @property
    def speedup(self) -> float:
        """How many times as fast the best form is as the float file."""
        return self.forms[0].seconds / self.best.seconds if self.best is not None else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "path": None if self.path is None else str(self.path),
            "best": None if self.best is None else self.best.name,
            "precision": None if self.best is None else self.best.precision,
            "goal": asdict(self.goal),
            "metric": self.baseline.title or None,
            "forms": [form.to_dict() for form in self.forms],
            "notes": list(self.notes),
        }


class OutOfTime(BaseException):
    """The time for trials is over; not an error, so nothing that handles errors may take it for one."""


class Watched(Observer):
    """Tells another observer what goes on, and ends the work when time is up.

    Args:
        observer: told everything but which pictures are for what, which is the same for all trials.
        deadline: on the monotonic clock.
    """

    def __init__(self, observer: Observer, deadline: float) -> None:
        self._observer, self._deadline = observer, deadline
        self.stage = observer.stage  # type: ignore[method-assign]

    def progress(self, phrase: str, done: int = 0, total: int = 0) -> None:
        """Pass it on.

        Raises:
            OutOfTime: time is up.
        """
        if monotonic() > self._deadline:
            raise OutOfTime
        self._observer.progress(phrase, done, total)


def search_forms(
    model: str | os.PathLike[str],
    data: Data,
    goal: Goal,
    options: OptimizeOptions | None = None,
    *,
    distill: bool | int = False,
    output: str | os.PathLike[str] | None = None,
    observer: Observer | None = None,
) -> FormSearchResult:
    """Try forms of a float file, and keep the one that serves a goal best.

    The float file is tried in bfloat16 where the processor has it, in 8 bits, and pruned by ``SPEEDUPS``,
    each alone and in 8 bits: first 1.5 times as fast, then more while that is within the limit, else less.
    All forms are timed in turn at the end. An interrupted call goes on where it was.

    Args:
        model: exported float file, or its name in the store.
        data: data set, or a folder of pictures, as ``optimize`` takes them.
        goal: what is wanted.
        options: pictures and seed; its limit is the goal's, and its speed-up the search's.
        distill: train pruned networks, as in ``OptimizeOptions``.
        output: file to write; None: beside ``model``, with ``_optimized`` in its name.
        observer: receives the progress.

    Raises:
        UsageError: the options are for another machine, or nothing can be measured.
        GcvEdgeError: as ``optimize``.
    """
    options, observer, source = options or OptimizeOptions(), observer or Observer(), find_model(model)
    if options.target != own_target():
        raise UsageError(
            f"target: found {options.target}; forms are timed, expected {own_target()}, this machine's"
        )
    place = source.with_name(f"{source.stem}_optimized{source.suffix}") if output is None else Path(output)
    options = replace(options, max_drop=goal.max_drop, speedup=None, macs=None)
    with observer.stage(READING, None):  # measured on pictures that no trial is fitted on
        pruning = replace(options, speedup=SPEEDUPS[FIRST])
        baseline = open_baseline(source, data, pruning, None, observer.progress)
    observer.prepared(baseline)
    if goal.max_drop is not None and baseline.evaluator is None:
        raise UsageError(f"max_drop: the network finds nothing in {data} that could be compared")
    search = FormSearch(source, data, goal, options, distill, baseline, observer, workplace_of(place))
    search.run()
    best = choose(search.forms, goal)
    if best is not None:
        with replacing(place) as path:
            shutil.copyfile(best.path, path)
    search.clear()
    return FormSearchResult(
        None if best is None else place, best, tuple(search.forms), goal, baseline, tuple(search.notes)
    )


def workplace_of(output: Path) -> Path:
    """Name the hidden folder beside an output for its forms; an interrupted search leaves it."""
    return output.with_name(f".{output.name}.forms")


class FormSearch:
    """Makes and measures forms.

    Args:
        source: the float file.
        data, goal, options, distill: as ``search_forms`` has them.
        baseline: pictures, and how forms are measured.
        observer: receives the progress.
        workplace: folder for files.
    """

    def __init__(
        self,
        source: Path,
        data: Data,
        goal: Goal,
        options: OptimizeOptions,
        distill: bool | int,
        baseline: Baseline,
        observer: Observer,
        workplace: Path,
    ) -> None:
        self._source, self._data, self._goal = source, data, goal
        self._options, self._distill = options, distill
        self._baseline, self._observer, self._workplace = baseline, observer, workplace
        self._precisions = ("f32", "bf16") if baseline.engine == "openvino" and has_bf16() else ("f32",)
        self._begin = monotonic()
        self._deadline = self._begin + 60 * goal.minutes * (1 - MEASURING_SHARE)
        self._records = MadeFiles(workplace / RECORDS, self._key())
        self._whole = Score(100.0)
        self.forms: list[Form] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """Make forms until the goal is reached as well as may be, or time is up; then time them in turn."""
        self._workplace.mkdir(exist_ok=True)
        self._add(FLOAT, self._source)
        try:
            self._try_int8()
            if self._goal.target_ms is None:
                self._climb()
            else:
                self._prune_to(self._goal.target_ms)
        except OutOfTime:
            self.notes.append(
                f"{self._goal.minutes:g} minutes were over before all forms were tried (--time-budget)"
            )
        self._time()

    def clear(self) -> None:
        """Remove what is needed no longer."""
        shutil.rmtree(self._workplace)

    def _key(self) -> str:
        options = {name: str(value) for name, value in asdict(self._options).items()}
        split = self._baseline.split
        pictures = (
            ("", "") if split is None else (split.calibration.fingerprint(), split.evaluation.fingerprint())
        )
        return key_of(options, self._distill, *pictures, hash_file(self._source))

    def _try_int8(self) -> None:
        result = self._make("8 bits", self._options)
        if result:
            self._add("8 bits", result)

    def _climb(self) -> None:
        """Ask pruning for more while that is within the limit, else for less."""
        if not self._try_pruning(SPEEDUPS[FIRST]):
            any(self._try_pruning(speedup) for speedup in reversed(SPEEDUPS[:FIRST]))
            return
        all(self._try_pruning(speedup) for speedup in SPEEDUPS[FIRST + 1 :])

    def _prune_to(self, target_ms: float) -> None:
        """Prune as much as the target needs, a little more each time."""
        fastest = min(self._quick_times(self.forms).values())
        speedup = HEADROOM * fastest / target_ms
        while speedup > 1 and speedup <= SPEEDUPS[-1]:
            count = len(self.forms)
            self._try_pruning(round(speedup, 2))
            found = min(self._quick_times(self.forms[count:]).values(), default=math.inf)
            if found <= target_ms:
                return
            speedup *= HEADROOM * min(max(found / target_ms, 1.0), SPEEDUPS[1])

    def _quick_times(self, forms: Sequence[Form]) -> dict[str, float]:
        """Milliseconds by form."""
        if not forms:
            return {}
        times = time_forms({form.name: (form.path, form.precision) for form in forms})
        return {name: min(found) for name, found in times.items()}

    def _try_pruning(self, speedup: float) -> bool:
        """Prune, and calibrate what was pruned; tell whether any form of it is within the limit."""
        name = f"pruned {speedup:g}x"
        asked = replace(self._options, speedup=speedup, distill=self._distill)
        last = self._make(name, asked)
        if last is None:
            return False
        count = len(self.forms)
        pruned = self._records.pruned(name)
        if pruned is not None and pruned != last:
            self._add(name, pruned)
            self._add(f"{name}, 8 bits", last)
        else:
            self._add(name, last)
        return any(form.is_within(self._goal.max_drop) for form in self.forms[count:])

    def _make(self, name: str, options: OptimizeOptions) -> Path | None:
        """Make a file, or take the one that an interrupted search made."""
        known = self._records.last(name)
        if known is not None:
            return known
        if monotonic() > self._deadline:
            raise OutOfTime
        place = self._workplace / name.replace(" ", "_") / self._source.name
        place.parent.mkdir(exist_ok=True)
        left = self._deadline - monotonic()
        options = replace(options, time_budget=left if options.max_drop is not None else None)
        try:
            result = optimize(
                self._source,
                self._data,
                options,
                output=place,
                observer=Watched(self._observer, self._deadline),
            )
        except UnsupportedError as error:
            self.notes.append(f"{name}: {error}")
            return None
        self._records.add(name, result)
        return result.path

    def _add(self, name: str, path: Path) -> None:
        """Measure a file's accuracy in every precision."""
        for precision in self._precisions:
            is_first = name == FLOAT and precision == "f32"
            shown = name if precision == "f32" else f"{name} in bf16"
            form = Form(shown, path, precision, size=path.stat().st_size)
            if self._baseline.evaluator is not None:
                score = self._measure(shown, path, precision)
                if is_first:
                    self._whole = score
                drop = find_drop(self._whole, score)
                form = replace(form, points=score.points, drop=drop.points, drop_at_most=drop.upper)
            if is_first:
                form = replace(form, drop_at_most=0.0)
            self.forms.append(form)

    def _measure(self, name: str, path: Path, precision: str) -> Score:
        assert self._baseline.evaluator is not None
        with self._observer.stage(MEASURING, None):
            self._observer.progress(f"measuring {name}")
            return as_score(self._baseline.evaluator.in_precision(precision).score(path))

    def _time(self) -> None:
        """Time all forms in turn."""
        files = {form.name: (form.path, form.precision) for form in self.forms}
        with self._observer.stage(MEASURING, None):
            self._observer.progress("timing the forms in turn")
            if self._goal.hint == "latency":
                seconds = {name: min(times) / 1e3 for name, times in time_forms(files).items()}
            else:
                seconds = {name: 1 / rate for name, rate in pictures_per_second(files).items()}
        self.forms = [with_speed(form, seconds[form.name], self._goal.hint) for form in self.forms]


class MadeFiles:
    """Which files an interrupted search has made; those of another search do not count.

    Args:
        path: JSON file.
        key: of what the files depend on.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._files: dict[str, dict[str, str | None]] = read_records(path, key)

    def last(self, name: str) -> Path | None:
        """Return the last file of a trial; None where there is none."""
        found = self._files.get(name, {}).get("last")
        return None if found is None else Path(found)

    def pruned(self, name: str) -> Path | None:
        """Return the pruned float file of a trial, likewise."""
        found = self._files.get(name, {}).get("pruned")
        return None if found is None else Path(found)

    def add(self, name: str, result: OptimizeResult) -> None:
        """Keep what a trial made."""
        pruned = None if result.pruned is None else str(result.pruned.path)
        self._files[name] = {"last": str(result.path), "pruned": pruned}
        with replacing(self._path) as path:
            path.write_text(json.dumps({"key": self._key, "files": self._files}))


def read_records(path: Path, key: str) -> dict[str, dict[str, str | None]]:
    """Read records whose files are all there; none where they are damaged or of another search."""
    try:
        stored = json.loads(path.read_text())
        files = dict(stored["files"]) if stored["key"] == key else {}
        paths = [name for found in files.values() for name in found.values() if name is not None]
        return files if all(Path(name).is_file() for name in paths) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
