"""Trying recipes: networks are made, compared with the float one, and the best recipe is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gcv_edge.calibration.job import Job
from gcv_edge.calibration.judging import Judge
from gcv_edge.calibration.recipes import Recipe, Workshop, candidates, temporary_file
from gcv_edge.calibration.survey import Survey
from gcv_edge.calibration.targets import judging_engine
from gcv_edge.calibration.thresholds import MODES

ASKED_FOR = "asked for"


class Bench:
    """Where a job's networks are made and compared; nothing is measured twice.

    Args:
        job: what is asked for.
        survey: what the pictures told.

    Attributes:
        workshop: makes networks by recipes.
    """

    def __init__(self, job: Job, survey: Survey) -> None:
        self.workshop = Workshop(job.source, job.target, survey.ranges, survey.means, survey.tried)
        self._judge = Judge(job.source, survey.held_out, judging_engine(job.target))
        self._known = survey.findings.at("agreement", survey.key)

    def agreement(self, recipe: Recipe) -> float:
        """Measure, or look up, how well a recipe's network agrees with the float one, in decibels."""
        known: dict[str, float] = self._known.value or {}
        name = repr(recipe)
        if name not in known:
            with temporary_file() as path:
                known[name] = self._judge.agreement(self.workshop.write(recipe, path))
            self._known.keep(known)
        return known[name]


@dataclass(frozen=True)
class Draft:
    """The network as it stands.

    Attributes:
        recipe: by which it is made.
        kept: layers that stay float, with the reason.
    """

    recipe: Recipe
    kept: Mapping[str, str]

    def keeping(self, layers: Sequence[str], reason: str) -> Draft:
        """Return a draft in which more layers stay float."""
        kept = dict.fromkeys(layers, reason) | dict(self.kept)
        ordered = {name: kept[name] for name in (*self.kept, *layers)}
        return Draft(replace(self.recipe, kept_float=tuple(ordered)), ordered)

    def quantized(self, job: Job) -> list[str]:
        """List the layers that do not stay float, in the graph's order."""
        return [layer for layer in job.layers if layer not in self.kept]


def compare(job: Job, bench: Bench) -> tuple[Draft, dict[str, float]]:
    """Choose the recipe that agrees best; full bias correction is tried on the best of the others.

    Returns:
        The draft, and the agreement of every recipe tried.
    """
    job.watch.start("compare")
    kept = dict.fromkeys(job.options.keep_float, ASKED_FOR)
    recipes = [
        replace(recipe, kept_float=tuple(kept))
        for recipe in candidates(job.mode, job.options.correction, MODES)
    ]
    found = {recipe: bench.agreement(recipe) for recipe in recipes}
    if job.options.correction == "auto":
        full = replace(best_of(found), correction="full")
        found[full] = bench.agreement(full)
    return Draft(best_of(found), kept), {str(recipe): ratio for recipe, ratio in found.items()}


def best_of(found: Mapping[Recipe, float]) -> Recipe:
    """Return the recipe that agrees best."""
    return max(found, key=lambda recipe: found[recipe])
