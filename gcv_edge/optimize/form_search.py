"""The fastest form of a network within an accuracy budget, found within a time budget."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from time import monotonic
from typing import Any

import onnx_ir as ir

from gcv_edge.calibration.job import read_float_metadata
from gcv_edge.cpus import own_target, usable_cpus
from gcv_edge.engines import require_openvino
from gcv_edge.errors import UsageError
from gcv_edge.files import replacing
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.engine import describe_engine
from gcv_edge.metadata import RUN_KEYS, RunSettings, format_run
from gcv_edge.optimize.baseline import Baseline, Data, open_baseline
from gcv_edge.optimize.form_trials import FIRST, SPEEDUPS, FormTrials
from gcv_edge.optimize.forms import Form, Goal, choose, pareto
from gcv_edge.optimize.observer import READING, Observer
from gcv_edge.optimize.options import OptimizeOptions
from gcv_edge.points import MOST_POINTS
from gcv_edge.store import find_model

DECIDED = ("speedup", "macs", "precision", "int8")
"""Options that a search decides."""
ELSEWHERE = {"distill": "search_forms", "time_budget": "Goal.minutes", "deadline": "Goal.minutes"}
"""Options that are given to a search otherwise, and how."""


@dataclass(frozen=True)
class FormSearchResult:
    """What a search found.

    Attributes:
        path: the file that won, under the name asked for; None where no form reaches the goal. No other is
            kept.
        best: the form that won, likewise.
        forms: all of them, the float file first.
        goal: what was asked for.
        baseline: pictures, and how forms were measured.
        notes: what was left out, and why.
        source: the float file.
        machine: processor, engine and CPUs that forms were timed on.
        seconds: that the search took.
    """

    path: Path | None
    best: Form | None
    forms: tuple[Form, ...]
    goal: Goal
    baseline: Baseline
    notes: tuple[str, ...] = ()
    source: Path = Path()
    machine: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

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
            "batch": self.best.batch if self.best is not None and self.best.batch else None,
            "streams": self.best.streams if self.best is not None and self.best.streams else None,
            "goal": asdict(self.goal),
            "metric": self.baseline.title or None,
            "dataset": None if self.baseline.split is None else self.baseline.split.to_dict(),
            "forms": [form.to_dict() for form in self.forms],
            "pareto": [form.name for form in pareto(self.forms)],
            "notes": list(self.notes),
            "machine": dict(self.machine),
            "seconds": round(self.seconds, 1),
        }


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
        options: pictures and seed. The goal's limit replaces its limit, and options that the search decides
            must keep their defaults.
        distill: train pruned networks, as in ``OptimizeOptions``.
        output: file to write; None: beside ``model``, with ``_optimized`` in its name.
        observer: receives the progress.

    Raises:
        UsageError: the options say what the search decides or are for another machine, or nothing can be
            measured.
        GcvEdgeError: as ``optimize``.
    """
    require_openvino("making a network faster")
    begin = monotonic()
    options, observer, source = options or OptimizeOptions(), observer or Observer(), find_model(model)
    read_float_metadata(source)
    check_options(options)
    if options.target != own_target():
        raise UsageError(
            f"target: found {options.target}; forms are timed, expected {own_target()}, this machine's"
        )
    place = optimized_path(source) if output is None else Path(output)
    limit = MOST_POINTS if goal.max_drop is None else goal.max_drop  # enough pictures to compare forms
    options = replace(options, max_drop=limit)
    with observer.stage(READING, None):  # measured on pictures that no trial is fitted on
        pruning = replace(options, speedup=SPEEDUPS[FIRST])
        baseline = open_baseline(source, data, pruning, None, observer.progress)
    observer.prepared(baseline)
    if baseline.evaluator is None:
        if goal.max_drop is not None:
            raise UsageError(f"max_drop: the network finds nothing in {data} that could be compared")
        options = replace(options, max_drop=None)
    trials = FormTrials(source, data, goal, options, distill, baseline, observer, workplace_of(place))
    trials.run()
    best = choose(trials.forms, goal)
    if best is not None:
        with replacing(place) as path:
            write_winner(trials.files[best.name], best, path)
    trials.clear()
    return FormSearchResult(
        None if best is None else place,
        best,
        tuple(trials.forms),
        goal,
        baseline,
        tuple(trials.notes),
        source,
        {**describe_engine(), "usable_cpus": usable_cpus()},
        monotonic() - begin,
    )


def check_options(options: OptimizeOptions) -> None:
    """Refuse options that say what a search decides."""
    for choice in fields(options):
        value = getattr(options, choice.name)
        if value == choice.default:
            continue
        if choice.name in DECIDED:
            raise UsageError(
                f"{choice.name}: found {value!r}, expected none: a search for the fastest form decides it"
            )
        if choice.name in ELSEWHERE:
            place = ELSEWHERE[choice.name]
            raise UsageError(f"{choice.name}: found {value!r}, expected none: give it to {place} instead")


def write_winner(source: Path, best: Form, path: Path) -> None:
    """Write the file that won, with the setting that it won with."""
    model = ir.load(source)
    for key in RUN_KEYS:
        model.metadata_props.pop(key, None)
    cpus = usable_cpus() if best.streams else 0
    model.metadata_props.update(format_run(RunSettings(best.precision, best.batch, best.streams, cpus)))
    write_model(model, path)


def optimized_path(source: Path) -> Path:
    """Name the file that wins after the float one."""
    return source.with_name(f"{source.stem}_optimized{source.suffix}")


def workplace_of(output: Path) -> Path:
    """Name the hidden folder beside an output for its forms; an interrupted search leaves it."""
    return output.with_name(f".{output.name}.forms")
