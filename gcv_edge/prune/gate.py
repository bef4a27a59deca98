"""Accuracy gate: pruning to the widths chosen, and to wider ones where more is lost than the limit allows."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import onnx_ir as ir

from gcv_edge.errors import SlowerError
from gcv_edge.evaluation.drop import Drop, Measure, Score, as_score, find_drop
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.result_cache import CachedResult
from gcv_edge.points import allowed_loss
from gcv_edge.prune.fitting.outputs import Distance
from gcv_edge.prune.fitting.sequential import fit_in_order
from gcv_edge.prune.job import PruneJob, keep_fits, name_widths, restore_fits
from gcv_edge.prune.preparation import Preparation
from gcv_edge.prune.results import Candidate, Distillation
from gcv_edge.prune.search.sensitivity import Tradeoff
from gcv_edge.prune.width_choice import Timing, WidthChoice, time_pruned
from gcv_edge.runtime.modelfile import read_entries

BACK_OFFS = 6
MOST_LOST = 5.0
"""Points that a network with labelled pictures may lose where no limit is asked for."""
SLOWEST = 0.97
"""A network that is slower than this part of the whole one's speed is refused; less is noise."""

Widths = Mapping[str, int]


@dataclass(frozen=True)
class DropLimit:
    """What may be lost, and how much is.

    Attributes:
        source: the file that is pruned.
        score: the caller's; None: changed top-1 classes count.
        before: score of the source.
        most: points that may be lost; None: any.
        is_asked_for: the limit is the caller's, and holds at ``CONFIDENCE``; else it is ``MOST_LOST``, and is
            held against what these pictures lose.
        cached: points that other widths lost.
        known: these, by widths.
    """

    source: Path
    score: Measure | None
    before: Score | None
    most: float | None
    is_asked_for: bool
    cached: CachedResult
    known: dict[str, float]

    @classmethod
    def of(
        cls,
        job: PruneJob,
        prepared: Preparation,
        score: Measure | None,
        max_drop: float | None,
        score_hash: str,
    ) -> DropLimit:
        """Score the source; take what is known of widths."""
        before = as_score(score(job.source)) if score is not None else None
        cached = prepared.cache.drops(score is not None, score_hash, max_drop is not None)
        most = MOST_LOST if max_drop is None and score is not None else max_drop
        return cls(job.source, score, before, most, max_drop is not None, cached, cached.value or {})

    def counted(self, drop: Drop) -> float:
        """Return the points that are held against the limit."""
        return drop.upper if self.is_asked_for else drop.points

    def allows(self, drop: Drop) -> bool:
        """Whether no more is lost than may be."""
        return self.counted(drop) <= allowed_loss(self.most)

    def is_known_to_break(self, widths: Widths) -> bool:
        """Tell whether widths lost too much before."""
        return self.known.get(name_widths(widths), 0.0) > allowed_loss(self.most)

    def measure(self, model: ir.Model) -> Score | None:
        """Score a pruned network by its file."""
        if self.score is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pruned.onnx"
            model.metadata_props.update(read_entries(self.source))
            write_model(model, path)
            return as_score(self.score(path))

    def judge(self, widths: Widths, after: Score | None, changed: float) -> Drop:
        """Return what a pruned network lost, and keep that."""
        drop = Drop(changed)
        if self.before is not None and after is not None:
            drop = find_drop(self.before, after)
        self.known[name_widths(widths)] = self.counted(drop)
        self.cached.keep(self.known)
        return drop


@dataclass(frozen=True)
class PrunedNetwork:
    """A pruned network, and how good it is.

    Attributes:
        model: the network.
        widths: to which it was pruned.
        timing: how fast it is.
        distance: how far it is from the whole network.
        scores: before and after, where a function was given.
        drop: what it lost.
        max_drop: what it may lose; None: anything.
        passed: that is within the limit.
        distillation: what training did; None where it was not asked for.
    """

    model: ir.Model
    widths: Widths
    timing: Timing
    distance: Distance
    scores: tuple[float, float] | None
    drop: Drop
    max_drop: float | None
    passed: bool
    distillation: Distillation | None


def prune_within_limit(
    job: PruneJob, prepared: Preparation, tradeoff: Tradeoff, choice: WidthChoice, limit: DropLimit
) -> PrunedNetwork:
    """Prune, fit and check; widen again where too much is lost.

    Args:
        job: what is asked for.
        prepared: what the pictures told.
        tradeoff: says which space loses most.
        choice: widths to begin with; its trail takes what is tried.
        limit: what may be lost.

    Raises:
        SlowerError: the pruned network is slower than the whole one.
    """
    widths: Widths = choice.widths
    for attempt in itertools.count():
        is_last = attempt == BACK_OFFS or not widths
        if is_last or not limit.is_known_to_break(widths):
            what = f"{attempt} times widened" if attempt else "fitted"
            found = make_pruned(job, prepared, widths, limit, what, choice.trail)
            if found.passed or is_last:
                break
        widths = give_width_back(tradeoff, widths)
    return check_speed(job, found)


def make_pruned(
    job: PruneJob,
    prepared: Preparation,
    widths: Widths,
    limit: DropLimit,
    what: str,
    trail: list[Candidate],
) -> PrunedNetwork:
    """Prune to widths, fit, and train where that is asked for; find out how good the network is."""
    model = fit(job, prepared, widths)
    timing, stage = time_pruned(job, model), "fit"
    distillation = None
    if prepared.distiller is not None:
        trail.append(Candidate(stage, what, timing.speedup, *prepared.check.measure(model)))
        distillation = train(job, prepared, model, widths)
        stage, what = "distill", "trained" if distillation.kept else "trained in vain, left as it was"
    after, distance = limit.measure(model), prepared.check.measure(model)
    points = after.points if after is not None else None
    trail.append(Candidate(stage, what, timing.speedup, *distance, points))
    drop = limit.judge(widths, after, distance.changed)
    scores = (limit.before.points, points) if limit.before is not None and points is not None else None
    passed = limit.allows(drop)
    return PrunedNetwork(model, widths, timing, distance, scores, drop, limit.most, passed, distillation)


def fit(job: PruneJob, prepared: Preparation, widths: Widths) -> ir.Model:
    """Prune to widths, and fit the layers one after the other."""
    network = prepared.network
    model, cached = network.prune(widths), prepared.cache.fits(widths)
    fit_in_order(
        network,
        model,
        widths,
        prepared.fitted_on,
        job.seed,
        job.timer.start("fit"),
        done=restore_fits(cached),
        save=lambda fits: keep_fits(cached, fits),
        check=prepared.check,
    )
    return model


def train(job: PruneJob, prepared: Preparation, model: ir.Model, widths: Widths) -> Distillation:
    """Train a network that has been fitted, where that helps."""
    assert prepared.distiller is not None
    cached, report = prepared.cache.training(widths), job.timer.start("distill")
    return prepared.distiller.train(prepared.network, model, widths, cached, report)


def give_width_back(tradeoff: Tradeoff, widths: Widths) -> dict[str, int]:
    """Give the space that loses most its next width back."""
    lost = tradeoff.expected_loss(widths)
    worst = max(lost, key=lambda name: lost[name])
    wider = sorted(width for width in tradeoff.curves[worst] if width > widths[worst])
    found = {name: width for name, width in widths.items() if name != worst}
    return found | {worst: wider[0]} if wider else found


def check_speed(job: PruneJob, found: PrunedNetwork) -> PrunedNetwork:
    """Refuse a network that is slower than the whole one, measured twice."""
    if found.timing.speedup >= SLOWEST:
        return found
    timing = time_pruned(job, found.model)
    if timing.speedup >= SLOWEST:
        return replace(found, timing=timing)
    raise SlowerError(
        f"{job.source}: the pruned network takes {1 / timing.speedup:.2f} times as long as the whole one: "
        "nothing was written"
    )
