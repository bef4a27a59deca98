"""Candidates: 8-bit networks by different recipes; the one that agrees best with the float one is kept."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import onnx_ir as ir

from gcv_edge.calibration.bias_correction import Batches, Means, Shifts, fast_shifts, full_shifts
from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.job import CalibrationJob
from gcv_edge.calibration.qdq_nodes import Ranges, quantize
from gcv_edge.calibration.qdq_placement import place
from gcv_edge.calibration.quantization_parameters import Target
from gcv_edge.calibration.statistics import CalibrationData
from gcv_edge.graph.writing import write_model
from gcv_edge.verification.sqnr import FloatReference

ASKED_FOR = "asked for"
"""Reason for which ``CalibrationOptions.keep_float`` keeps layers float."""

AT_ONCE = 2
"""Networks that are compiled and compared at the same time: compiling one keeps no more processors busy."""


@dataclass(frozen=True)
class Recipe:
    """How a network becomes an 8-bit one.

    Attributes:
        mode: how ranges are chosen (``ranges.MODES``).
        correction: of biases (``bias_correction.KINDS``).
        asymmetric: values of two signs have zero points, and normalisations read float values
            (``qdq_nodes.quantize``).
        kept_float: layers that are not quantised.
    """

    mode: str
    correction: str = "none"
    asymmetric: bool = False
    kept_float: tuple[str, ...] = ()

    def __str__(self) -> str:
        form = ", asymmetric" if self.asymmetric else ""
        kept = f", {len(self.kept_float)} layers float" if self.kept_float else ""
        return f"{self.mode}, {self.correction} bias correction{form}{kept}"


@dataclass(frozen=True)
class QuantizedCandidate:
    """An 8-bit network that may become the result.

    Attributes:
        recipe: by which it is made.
        kept: layers that stay float, with the reason.
    """

    recipe: Recipe
    kept: Mapping[str, str]

    def with_float_layers(self, layers: Sequence[str], reason: str) -> QuantizedCandidate:
        """Return a candidate in which more layers stay float."""
        kept = dict.fromkeys(layers, reason) | dict(self.kept)
        ordered = {name: kept[name] for name in (*self.kept, *layers)}
        return QuantizedCandidate(replace(self.recipe, kept_float=tuple(ordered)), ordered)

    def quantized(self, job: CalibrationJob) -> list[str]:
        """List the layers that do not stay float, in the graph's order."""
        return [layer for layer in job.layers if layer not in self.kept]


@dataclass
class CandidateBuilder:
    """Makes networks by recipes.

    Attributes:
        source: the float file.
        target: form of the 8-bit numbers.
        ranges: of each value, by mode.
        means: of the channels of each layer's input.
        corrected_on: batches that full bias correction runs.
    """

    source: Path
    target: Target
    ranges: Mapping[str, Ranges]
    means: Means
    corrected_on: Batches = ()
    _full: dict[Recipe, Shifts] = field(default_factory=dict)

    def prepared(self) -> ir.Model:
        """Return a copy of the float network in the form that is quantised."""
        return self._prepared.clone()

    @cached_property
    def _prepared(self) -> ir.Model:
        return prepare(ir.load(self.source))

    @cached_property
    def _fast(self) -> Shifts:
        return fast_shifts(place(self._prepared.graph), self.means, self.target)

    def build(self, recipe: Recipe) -> ir.Model:
        """Make the network."""
        return self._quantized(recipe, self._shifts(recipe))

    def write(self, recipe: Recipe, path: Path) -> Path:
        """Make the network and write it."""
        write_model(self.build(recipe), path)
        return path

    def _quantized(self, recipe: Recipe, shifts: Shifts) -> ir.Model:
        model = self.prepared()
        quantize(
            model,
            self.ranges[recipe.mode],
            self.target,
            kept_float=recipe.kept_float,
            asymmetric=recipe.asymmetric,
            bias_shifts={name: shift for name, shift in shifts.items() if name not in recipe.kept_float},
        )
        return model

    def _shifts(self, recipe: Recipe) -> Shifts:
        if recipe.correction == "none":
            return {}
        if recipe.correction == "fast":
            return self._fast
        whole = Recipe(recipe.mode, "full", recipe.asymmetric)
        if whole not in self._full:
            layers = place(self._prepared.graph).layer_names
            quantized = self._quantized(whole, self._fast)
            rest = full_shifts(self.prepared(), quantized, layers, self.corrected_on)
            self._full[whole] = {name: shift + self._fast.get(name, 0.0) for name, shift in rest.items()}
        return self._full[whole]


class CandidateEvaluator:
    """Makes a job's networks and compares them with the float one; nothing is measured twice.

    Args:
        job: what is asked for.
        data: what the pictures told.

    Attributes:
        builder: makes networks by recipes.
    """

    def __init__(self, job: CalibrationJob, data: CalibrationData) -> None:
        self.builder = CandidateBuilder(job.source, job.target, data.ranges, data.means, data.corrected_on)
        self._reference = FloatReference(job.source, data.held_out, job.engine)
        self._known = data.cache.at("agreement", data.key)

    def agreement(self, recipe: Recipe) -> float:
        """Measure, or look up, how well a recipe's network agrees with the float one, in decibels."""
        return next(self.agreements([recipe]))

    def agreements(self, recipes: Sequence[Recipe]) -> Iterator[float]:
        """Give the agreement of several recipes, a few of them measured at the same time."""
        known: dict[str, float] = self._known.value or {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = {
                recipe: pool.submit(self._measure, recipe) for recipe in recipes if repr(recipe) not in known
            }
            try:
                for recipe in recipes:
                    if recipe in jobs:
                        known[repr(recipe)] = jobs[recipe].result()
                        self._known.keep(known)
                    yield known[repr(recipe)]
            finally:
                for job in jobs.values():
                    job.cancel()

    def _measure(self, recipe: Recipe) -> float:
        with temporary_file() as path:
            return self._reference.sqnr(self.builder.write(recipe, path))


def choose_candidate(
    job: CalibrationJob, evaluator: CandidateEvaluator
) -> tuple[QuantizedCandidate, dict[str, float]]:
    """Choose the recipe that agrees best.

    All modes are compared with fast bias correction, the best of them without and with full correction too.

    Returns:
        The candidate, and the agreement of every recipe tried.
    """
    job.watch.start("compare")
    kept = dict.fromkeys(job.options.keep_float, ASKED_FOR)
    correction = job.options.correction
    found: dict[Recipe, float] = {}

    def compare(recipes: Sequence[Recipe], further: int = 0) -> None:
        total = len(found) + len(recipes) + further
        for recipe, agreement in zip(recipes, evaluator.agreements(recipes), strict=True):
            found[recipe] = agreement
            job.watch.count(len(found), total)

    if correction != "auto":
        compare([Recipe(mode, correction, kept_float=tuple(kept)) for mode in job.modes])
    else:
        compare([Recipe(mode, "fast", kept_float=tuple(kept)) for mode in job.modes], further=2)
        best = best_of(found)
        compare([replace(best, correction=other) for other in ("none", "full")])
    return QuantizedCandidate(best_of(found), kept), {str(recipe): ratio for recipe, ratio in found.items()}


def best_of(found: Mapping[Recipe, float]) -> Recipe:
    """Return the recipe that agrees best."""
    return max(found, key=lambda recipe: found[recipe])


@contextlib.contextmanager
def temporary_file() -> Iterator[Path]:
    """Lend a path for a network that is measured and then deleted."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "network.onnx"
