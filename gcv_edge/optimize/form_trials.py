"""The trials of a search for the fastest form: files are made, measured and timed while there is time."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from gcv_edge.errors import SlowerError, UnsupportedError
from gcv_edge.evaluation.drop import Score, as_score, find_drop
from gcv_edge.measure.engine import has_bf16
from gcv_edge.measure.networks import best, choose_together, pictures_per_second, time_forms
from gcv_edge.measure.result_cache import environment, hash_file, key_of
from gcv_edge.optimize.baseline import Baseline, Data
from gcv_edge.optimize.forms import FLOAT, Form, Goal
from gcv_edge.optimize.made_files import MadeFiles
from gcv_edge.optimize.observer import MEASURING, Observer
from gcv_edge.optimize.options import OptimizeOptions
from gcv_edge.optimize.run import optimize

SPEEDUPS = (1.15, 1.3, 1.5, 2.0, 3.0)
"""Speed-ups that pruning is asked for."""
FIRST = SPEEDUPS.index(1.5)
MEASURING_SHARE = 0.1
"""Part of the time that is kept for measuring at the end."""
SEARCHING_SHARE = 0.8
"""Part of the time left in which a trial may search for layers that stay float."""
HEADROOM = 1.05
"""Pruning is asked for so much more speed than is needed."""
RECORDS, SHARED = "forms.json", "pruning"
"""Files: which forms are made, and what all prunings found out."""


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


class FormTrials:
    """Makes and measures forms.

    Args:
        source: the float file.
        data, goal, options, distill: as ``search_forms`` has them.
        baseline: pictures, and how forms are measured.
        observer: receives the progress.
        workplace: folder for files.

    Attributes:
        forms: what was measured, the float file first.
        files: of the forms, by their names.
        notes: what was left out, and why.
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
        self.files: dict[str, Path] = {}
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
        scored = self._baseline.score_hash
        return key_of(options, self._distill, *pictures, scored, hash_file(self._source), environment())

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
        """Prune as much as the target needs, a little more each time, while that is within the limit."""
        speedup, step = 1.0, SPEEDUPS[-1]
        found = self._quickest(self.forms)
        while found > target_ms and speedup < SPEEDUPS[-1]:
            speedup = min(speedup * HEADROOM * min(found / target_ms, step), SPEEDUPS[-1])
            count, step = len(self.forms), SPEEDUPS[1]
            if not self._try_pruning(round(speedup, 2)):
                return
            found = self._quickest(self.forms[count:])

    def _quickest(self, forms: Sequence[Form]) -> float:
        """Milliseconds of the fastest form within the limit, of which there is one."""
        kept = [form for form in forms if form.is_within(self._goal.max_drop)]
        return min(best(time_forms(self._timed(kept))).values())

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
        now = monotonic()
        options = replace(options, deadline=now + SEARCHING_SHARE * (self._deadline - now))
        try:
            result = optimize(
                self._source,
                self._data,
                options,
                output=place,
                observer=Watched(self._observer, self._deadline),
                shared=self._workplace / SHARED,
            )
        except (SlowerError, UnsupportedError) as error:
            self.notes.append(f"{name}: {error}")
            return None
        if result.quantized is not None and not result.quantized.complete:
            self.notes.append(f"{name}: time was up before the search for layers that stay float ended")
        self._records.add(name, result)
        return result.path

    def _add(self, name: str, path: Path) -> None:
        """Measure a file's accuracy in every precision."""
        for precision in self._precisions:
            is_first = name == FLOAT and precision == "f32"
            shown = name if precision == "f32" else f"{name} in bf16"
            form = Form(shown, precision, size=path.stat().st_size)
            if self._baseline.evaluator is not None:
                score = self._measure(shown, path, precision)
                if is_first:
                    self._whole = score
                drop = find_drop(self._whole, score)
                form = replace(form, points=score.points, drop=drop.points, drop_at_most=drop.upper)
            if is_first:
                form = replace(form, drop_at_most=0.0)
            self.forms.append(form)
            self.files[shown] = path

    def _measure(self, name: str, path: Path, precision: str) -> Score:
        assert self._baseline.evaluator is not None
        with self._observer.stage(MEASURING, None):
            self._observer.progress(f"measuring {name}")
            return as_score(self._baseline.evaluator.in_precision(precision).score(path))

    def _timed(self, forms: Sequence[Form]) -> dict[str, tuple[Path, str]]:
        """Return what is timed, by the forms' names."""
        return {form.name: (self.files[form.name], form.precision) for form in forms}

    def _time(self) -> None:
        """Time all forms in turn."""
        files = self._timed(self.forms)
        with self._observer.stage(MEASURING, None):
            self._observer.progress("timing the forms in turn")
            if self._goal.hint == "latency":
                times = best(time_forms(files))
                self.forms = [replace(form, milliseconds=times[form.name]) for form in self.forms]
                return
            together = {form.name: choose_together(*files[form.name]) for form in self.forms}
            self._observer.progress("timing the forms in turn, each with its best batch and streams")
            rates = pictures_per_second({name: (*file, together[name]) for name, file in files.items()})
        self.forms = [
            replace(form, per_second=round(rates[form.name], 2), **together[form.name]._asdict())
            for form in self.forms
        ]
