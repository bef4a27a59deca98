"""Accuracy gate: layers return to float until no more of a score is lost than the limit allows."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gcv_edge.calibration.candidates import CandidateEvaluator, QuantizedCandidate, Recipe, temporary_file
from gcv_edge.calibration.job import CalibrationJob
from gcv_edge.calibration.sensitivity import measure_sensitivity, worst_first
from gcv_edge.calibration.statistics import CalibrationData
from gcv_edge.calibration.writing import write_file
from gcv_edge.evaluation.drop import Collapse, Drop, Measure, Score, as_score, find_collapses, find_drop
from gcv_edge.measure.result_cache import CachedResult

ACCURACY = "accuracy"  # why the gate keeps layers float

MOST_FLOAT = 0.5
"""Part of the layers that may return to float to be confident; with more, little is left in 8 bits."""

DropOf = Callable[[Sequence[str]], Drop]  # of the network with these layers kept float


@dataclass(frozen=True)
class GatedCandidate:
    """A candidate with its score.

    Attributes:
        candidate: the network.
        before, after: score of the float and of this network; None without a score.
        max_drop: points that may be lost; None for any number.
        complete: no search was cut short by the deadline.
    """

    candidate: QuantizedCandidate
    before: Score | None = None
    after: Score | None = None
    max_drop: float | None = None
    complete: bool = True

    @property
    def drop(self) -> Drop | None:
        """What is lost; None without a score."""
        return None if self.before is None or self.after is None else find_drop(self.before, self.after)

    @property
    def passed(self) -> bool:
        """Whether no more is lost than may be, at ``drop.CONFIDENCE``."""
        return self.drop is None or self.drop.is_within(self.max_drop)

    @property
    def pictures_needed(self) -> int | None:
        """Estimate of the labelled pictures that would decide, where these are too few; else None."""
        if self.passed or self.drop is None or self.max_drop is None:
            return None
        return self.drop.pictures_needed(self.max_drop)

    @property
    def collapses(self) -> list[Collapse]:
        """Classes that lose much more than the whole."""
        return [] if self.before is None or self.after is None else find_collapses(self.before, self.after)


class AccuracyGate:
    """Scores networks, each once, and decides which layers stay float.

    Args:
        job: what is asked for.
        data: what the pictures told.
        evaluator: makes networks.
        score: the caller's.
    """

    def __init__(
        self, job: CalibrationJob, data: CalibrationData, evaluator: CandidateEvaluator, score: Measure
    ) -> None:
        self._job, self._data, self._evaluator, self._score = job, data, evaluator, score
        judged_by = job.options.score_hash or secrets.token_hex()  # unknown: no other call's score counts
        self._float = data.cache.at("float score", job.key, job.target.name, judged_by)
        self._scores = data.cache.at("scores", data.key, judged_by)

    def judge(
        self, candidate: QuantizedCandidate, max_drop: float | None, time_budget: float | None
    ) -> GatedCandidate:
        """Score a network, and return layers to float until no more than ``max_drop`` is lost."""
        left = math.inf if time_budget is None else time_budget
        deadline = min(time.monotonic() + left, self._job.options.deadline)
        self._job.watch.start("score")
        before = cached_score(self._float, "float", lambda: self._score(self._job.source))
        found = GatedCandidate(candidate, before, self._measure(candidate), max_drop)
        found = found if found.passed else self._try_zero_points(found)
        if found.passed or max_drop is None:
            return found
        fallback = self._search(found.candidate, before, max_drop, deadline)
        after = self._measure(found.candidate, fallback.kept_float)
        kept = found.candidate.with_float_layers(fallback.kept_float, ACCURACY)
        return GatedCandidate(kept, before, after, max_drop, fallback.complete)

    def _try_zero_points(self, found: GatedCandidate) -> GatedCandidate:
        """Give values of two signs zero points, which is slower, where the score is higher with them."""
        if not self._job.target.has_zero_points or found.after is None:
            return found
        tried = replace(found.candidate, recipe=replace(found.candidate.recipe, asymmetric=True))
        after = self._measure(tried)
        return replace(found, candidate=tried, after=after) if after.points > found.after.points else found

    def _search(
        self, candidate: QuantizedCandidate, before: Score, limit: float, deadline: float
    ) -> FloatFallback:
        self._job.watch.start("search")
        known = measure_sensitivity(self._job, self._data, self._evaluator, candidate, deadline)
        ranked = worst_first(candidate.quantized(self._job), known)
        return search_float_layers(
            ranked, lambda kept: find_drop(before, self._measure(candidate, kept)), limit, deadline
        )

    def _measure(self, candidate: QuantizedCandidate, kept: Sequence[str] = ()) -> Score:
        recipe = replace(candidate.recipe, kept_float=(*candidate.recipe.kept_float, *kept))
        return cached_score(self._scores, repr(recipe), lambda: self._score_of(recipe))

    def _score_of(self, recipe: Recipe) -> Score | float:
        with temporary_file() as path:
            write_file(self._evaluator.builder.build(recipe), path, self._job.metadata, {})
            return self._score(path)


def cached_score(cached: CachedResult, name: str, measure: Callable[[], Score | float]) -> Score:
    """Measure a score, or look it up."""
    known: dict[str, Any] = cached.value or {}
    if name not in known:
        known[name] = as_score(measure()).to_dict()
        cached.keep(known)
    return Score.from_dict(known[name])


@dataclass(frozen=True)
class FloatFallback:
    """Layers that return to float, as a search found them.

    Attributes:
        kept_float: their names.
        drop: what is lost with them in float.
        passed: that is within the limit, at ``drop.CONFIDENCE``.
        complete: the search was not cut short by the deadline.
    """

    kept_float: tuple[str, ...]
    drop: Drop
    passed: bool
    complete: bool = True


def search_float_layers(
    worst_first: Sequence[str], measure: DropOf, limit: float, deadline: float = math.inf
) -> FloatFallback:
    """Find the fewest of the ranked layers that must be float for no more than a limit to be lost.

    Where MOST_FLOAT of them are not enough to be confident, find the fewest with which no more is lost on the
    pictures measured on; then the result has not passed. At the deadline (``time.monotonic``), the best found
    so far is returned.
    """
    few = worst_first[: max(1, int(MOST_FLOAT * len(worst_first)))]
    sure = find_fewest(few, measure, lambda drop: drop.upper - limit, deadline)
    if sure.passed or not sure.complete:
        return sure
    likely = find_fewest(worst_first, measure, lambda drop: drop.points - limit, deadline)
    return replace(likely, passed=likely.drop.is_within(limit))


def find_fewest(
    worst_first: Sequence[str], measure: DropOf, excess: Callable[[Drop], float], deadline: float
) -> FloatFallback:
    """Find the fewest layers with which nothing is in excess: doubling, then bisection."""

    def attempt(count: int) -> FloatFallback:
        kept = tuple(worst_first[:count])
        found = measure(kept)
        return FloatFallback(kept, found, excess(found) <= 0)

    best, failed = attempt(0), 0
    while not best.passed:
        if time.monotonic() > deadline:
            return replace(best, complete=False)
        if failed == len(worst_first):
            return best
        count = min(max(1, 2 * failed), len(worst_first))
        found = attempt(count)
        if found.passed or excess(found.drop) < excess(best.drop):
            best = found
        failed = failed if found.passed else count
    while len(best.kept_float) - failed > 1:
        if time.monotonic() > deadline:
            return replace(best, complete=False)
        count = (len(best.kept_float) + failed) // 2
        found = attempt(count)
        best, failed = (found, failed) if found.passed else (best, count)
    return best
