"""Which widths are chosen: what narrower spaces lose, what they save, and how fast the result is."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import onnx_ir as ir

from gcv_edge.graph.writing import write_model
from gcv_edge.measure.networks import compare_speed
from gcv_edge.prune.fitting.batching import close_batch
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit
from gcv_edge.prune.job import PruneJob
from gcv_edge.prune.preparation import Preparation, compare_on
from gcv_edge.prune.results import Candidate
from gcv_edge.prune.search.allocation import allocate
from gcv_edge.prune.search.cost import Cost, LatencyCost, MacCost, count_macs
from gcv_edge.prune.search.joint_loss import JointLoss
from gcv_edge.prune.search.latency import find_kinds, in_8_bits, measure_layers, plan_cases
from gcv_edge.prune.search.sensitivity import Curves, Tradeoff, candidate_widths, measure_curves
from gcv_edge.prune.search.widths import WidthSearch, allocate_for_speed

CURVE_WORK = 1e13
"""Multiply-accumulates that all curves may take."""
REFITTED_ON, REFIT_COST = 96, 4
"""Layers are fitted anew for each comparison where there is time to do so on that many pictures at least; it
takes about that many times as long as not to do so."""


class Measures(NamedTuple):
    """What narrower spaces lose: alone, with what they save, and together where there is time for that."""

    tradeoff: Tradeoff
    joint: JointLoss | None


def measure_sensitivity(job: PruneJob, prepared: Preparation) -> Measures:
    """Find out what narrower spaces lose and what they save."""
    network, pictures = prepared.network, prepared.fitted_on
    work = sum(len(candidate_widths(s)) for s in network.free) * max(1, count_macs(network.model))
    count = int(CURVE_WORK / work)
    compared, quick = pictures.some(min(256, max(32, count))), None
    if count >= REFIT_COST * REFITTED_ON:
        sample, compared = pictures.split(1 / 3)
        sample = sample.some(min(256, count // REFIT_COST))
        compared = compared.some(max(32, len(sample) // 2))
        quick = QuickFit(network, sample, job.seed)
    divergence = compare_on(job, compared)
    losses = prepared.cache.joint_losses()
    joint = JointLoss(network, divergence, quick, losses) if quick is not None else None
    curves = find_curves(job, prepared, divergence, quick)
    return Measures(Tradeoff(network, curves, find_cost(job, prepared)), joint)


def find_curves(
    job: PruneJob, prepared: Preparation, divergence: Divergence, quick: QuickFit | None
) -> Curves:
    """Measure what each space loses alone; what is found is kept now and then."""
    cached = prepared.cache.curves()
    curves: Curves = {
        name: {int(width): loss for width, loss in curve.items()}
        for name, curve in (cached.value or {}).items()
    }
    tell = job.timer.start("sensitivity")

    def keep(done: int, total: int) -> None:
        tell(done, total)
        if done % 8 == 0:
            cached.keep(curves)

    measure_curves(prepared.network, divergence, curves, keep, quick)
    cached.keep(curves)
    return curves


def find_cost(job: PruneJob, prepared: Preparation) -> Cost:
    """Return what counts: multiply-accumulates, or time measured on this machine."""
    spaces = prepared.network.spaces
    if job.goal.speedup is None:
        return MacCost(spaces)
    kinds = find_kinds(prepared.network.model, spaces)
    cached, precision = prepared.cache.layer_times(), job.goal.precision
    times = measure_layers(plan_cases(kinds), job.timer.start("latency"), cached.value, precision)
    cached.keep(times)
    with tempfile.TemporaryDirectory() as folder:
        (seconds,) = compare_speed([timed_form(job, None, Path(folder))])
    return LatencyCost(spaces, {name: repr(kind) for name, (kind, _) in kinds.items()}, times, seconds)


class Timing(NamedTuple):
    """Seconds that the whole network and a pruned one take for a picture."""

    whole: float
    pruned: float

    @property
    def speedup(self) -> float:
        """How many times faster the pruned network is."""
        return self.whole / self.pruned


def time_pruned(job: PruneJob, model: ir.Model) -> Timing:
    """Measure a pruned network beside the whole one, in the precision that counts."""
    with tempfile.TemporaryDirectory() as folder:
        return Timing(*compare_speed([timed_form(job, each, Path(folder)) for each in (None, model)]))


def timed_form(job: PruneJob, model: ir.Model | None, folder: Path) -> Path:
    """Write what is timed of a pruned network; None stands for the whole one."""
    is_8_bit = job.goal.precision == "int8"
    if model is None and not is_8_bit:
        return job.source
    path = folder / ("whole.onnx" if model is None else "pruned.onnx")
    form = ir.load(job.source) if model is None else model.clone()
    close_batch(form)
    write_model(in_8_bits(form) if is_8_bit else form, path)
    return path


class WidthChoice(NamedTuple):
    """Widths chosen, and the networks that were tried on the way."""

    widths: dict[str, int]
    trail: list[Candidate]


def choose_widths(job: PruneJob, prepared: Preparation, measures: Measures) -> WidthChoice:
    """Choose the widths: by what spaces lose together, or alone where there is no time for that."""
    cached = prepared.cache.widths()
    if cached.value is not None:
        return WidthChoice(dict(cached.value), [])

    def time(widths: Mapping[str, int]) -> float:
        return time_pruned(job, prepared.network.prune_for_timing(widths)).speedup

    (tradeoff, joint), goal, report = measures, job.goal, job.timer.start
    trail: list[Candidate] = []
    if joint is not None:
        search = WidthSearch(tradeoff, joint, time, report, trail)
        try:
            widths = search.at_speed(goal.speedup) if goal.speedup else search.at_cost(goal.macs or 0)
        finally:
            joint.keep()
    elif goal.speedup is not None:
        widths = allocate_for_speed(tradeoff, goal.speedup, time, report("widths"), trail)
    else:
        widths = allocate(tradeoff, tradeoff.price({}) * (goal.macs or 0))
    cached.keep(widths)
    return WidthChoice(widths, trail)
