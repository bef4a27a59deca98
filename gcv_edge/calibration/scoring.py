"""The accuracy gate: the caller's score, and layers that return to float until little enough is lost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gcv_edge.calibration.bench import Bench, Draft
from gcv_edge.calibration.gate import Verdict, search
from gcv_edge.calibration.job import Job
from gcv_edge.calibration.options import Score
from gcv_edge.calibration.ranking import measure_sensitivity, worst_first
from gcv_edge.calibration.recipes import temporary_file
from gcv_edge.calibration.survey import Survey
from gcv_edge.calibration.writing import write_file
from gcv_edge.findings import Finding

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Scored:
    """A draft and what it reaches.

    Attributes:
        draft: the network.
        before, after: score of the float and of this network; None without a score.
        passed: no more is lost than may be.
        complete: the search ended by itself and not at the deadline.
    """

    draft: Draft
    before: float | None = None
    after: float | None = None
    passed: bool = True
    complete: bool = True


class Gate:
    """Scores networks, each once, and decides which layers stay float.

    Args:
        job: what is asked for.
        survey: what the pictures told.
        bench: makes networks.
        score: the caller's.
    """

    def __init__(self, job: Job, survey: Survey, bench: Bench, score: Score) -> None:
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
        least = -float("inf") if max_drop is None else before - max_drop
        draft, after = self._finest(draft, least)
        if after >= least:
            return Scored(draft, before, after)
        verdict = self._search(draft, least, deadline)
        kept = draft.keeping(verdict.kept_float, ACCURACY)
        return Scored(kept, before, verdict.score, verdict.passed, verdict.complete)

    def _finest(self, draft: Draft, least: float) -> tuple[Draft, float]:
        """Use finer and slower forms where too much is lost, and the score rises with them."""
        found = self._measure(draft)
        if found >= least or not self._job.target.shifted:
            return draft, found
        finer = replace(draft, recipe=replace(draft.recipe, fine=True))
        return max((draft, found), (finer, self._measure(finer)), key=lambda one: one[1])

    def _search(self, draft: Draft, least: float, deadline: float | None) -> Verdict:
        self._job.watch.start("search")
        sensitivity = measure_sensitivity(self._job, self._survey, self._bench, draft, deadline)
        ranked = worst_first(draft.quantized(self._job), sensitivity)
        return search(ranked, lambda kept: self._measure(draft, kept), least, deadline)

    def _measure(self, draft: Draft, kept: Sequence[str] = ()) -> float:
        recipe = replace(draft.recipe, kept_float=(*draft.recipe.kept_float, *kept))

        def measure() -> float:
            with temporary_file() as path:
                write_file(self._bench.workshop.make(recipe), path, self._job.metadata, {})
                return self._score(path)

        return remember(self._scores, repr(recipe), measure)


def remember(finding: Finding, name: str, measure: Callable[[], float]) -> float:
    """Measure a score, or look it up."""
    known: dict[str, float] = finding.value or {}
    if name not in known:
        known[name] = float(measure())
        finding.keep(known)
    return known[name]
