"""The accuracy gate: the caller's score, and layers that return to float until little enough is lost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gcv_edge.calibration.bench import Bench, Draft
from gcv_edge.calibration.gate import Verdict, search
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.ranking import measure_sensitivity, worst_first
from gcv_edge.calibration.recipes import temporary_file
from gcv_edge.calibration.survey import Survey
from gcv_edge.calibration.writing import write_file
from gcv_edge.evaluation.drop import Collapse, Drop, Measure, Score, as_score, find_collapses, find_drop
from gcv_edge.measure.findings import Finding

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Scored:
    """A draft and what it reaches.

    Attributes:
        draft: the network.
        before, after: score of the float and of this network; None without a score.
        max_drop: points that may be lost; None for any number.
        complete: the search ended by itself and not at the deadline.
    """

    draft: Draft
    before: Score | None = None
    after: Score | None = None
    max_drop: float | None = None
    complete: bool = True

    @property
    def drop(self) -> Drop | None:
        """What is lost; None without a score."""
        if self.before is None or self.after is None:
            return None
        return find_drop(self.before, self.after)

    @property
    def passed(self) -> bool:
        """Whether no more is lost than may be, at ``drop.CONFIDENCE``."""
        return self.drop is None or self.drop.is_within(self.max_drop)

    @property
    def pictures_needed(self) -> int | None:
        """About how many labelled pictures would tell, where these are too few to; else None."""
        if self.passed or self.drop is None or self.max_drop is None:
            return None
        return self.drop.pictures_needed(self.max_drop)

    @property
    def collapses(self) -> list[Collapse]:
        """Classes that lose much more than the whole."""
        if self.before is None or self.after is None:
            return []
        return find_collapses(self.before, self.after)


class Gate:
    """Scores networks, each once, and decides which layers stay float.

    Args:
        job: what is asked for.
        survey: what the pictures told.
        bench: makes networks.
        score: the caller's.
    """

    def __init__(self, job: Job, survey: Survey, bench: Bench, score: Measure) -> None:
        self._job, self._survey, self._bench = job, survey, bench
        self._score = score
        judged_by = job.options.score_hash or secrets.token_hex()  # unknown: no other call's score counts
        self._float = survey.findings.at("float score", job.key, job.target.name, judged_by)
        self._scores = survey.findings.at("scores", survey.key, judged_by)

    def judge(self, draft: Draft, max_drop: float | None, time_budget: float | None) -> Scored:
        """Score a network, and return layers to float until no more than ``max_drop`` is lost."""
        deadline = None if time_budget is None else time.monotonic() + time_budget
        self._job.watch.start("score")
        before = remember(self._float, "float", lambda: self._score(self._job.source))
        found = Scored(draft, before, self._measure(draft), max_drop)
        if found.passed or max_drop is None:
            return found
        found = self._finest(found)
        if found.passed:
            return found
        verdict = self._search(found.draft, before, max_drop, deadline)
        after = self._measure(found.draft, verdict.kept_float)
        kept = found.draft.keeping(verdict.kept_float, ACCURACY)
        return Scored(kept, before, after, max_drop, verdict.complete)

    def _finest(self, found: Scored) -> Scored:
        """Use finer and slower forms where the score rises with them."""
        if not self._job.target.shifted or found.after is None:
            return found
        finer = replace(found.draft, recipe=replace(found.draft.recipe, fine=True))
        after = self._measure(finer)
        return replace(found, draft=finer, after=after) if after.points > found.after.points else found

    def _search(self, draft: Draft, before: Score, limit: float, deadline: float | None) -> Verdict:
        self._job.watch.start("search")
        sensitivity = measure_sensitivity(self._job, self._survey, self._bench, draft, deadline)
        ranked = worst_first(draft.quantized(self._job), sensitivity)
        return search(ranked, lambda kept: find_drop(before, self._measure(draft, kept)), limit, deadline)

    def _measure(self, draft: Draft, kept: Sequence[str] = ()) -> Score:
        recipe = replace(draft.recipe, kept_float=(*draft.recipe.kept_float, *kept))

        def measure() -> Score | float:
            with temporary_file() as path:
                write_file(self._bench.workshop.make(recipe), path, self._job.metadata, {})
                return self._score(path)

        return remember(self._scores, repr(recipe), measure)


def remember(finding: Finding, name: str, measure: Callable[[], Score | float]) -> Score:
    """Measure a score, or look it up."""
    known: dict[str, Any] = finding.value or {}
    if name not in known:
        known[name] = as_score(measure()).to_dict()
        finding.keep(known)
    return Score.from_dict(known[name])
