"""How far rounding alone moves an output: nothing can be compared more closely than that.

Of maps that are constant, InstanceNorm's variance is rounding, and what follows is that, magnified; two equal
scores are sorted either way. Whether a network does so on a picture is measured, not supposed: the reference
runs again on inputs that differ in the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gcv_edge.agreement import Comparison, Spreads, compare_run, pick, worst_of_each
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import Inputs
from gcv_edge.verification.deviation import Array, Outputs
from gcv_edge.verification.runs import Trial, unnamed

if TYPE_CHECKING:
    from gcv_edge.exporters.source import Reference

LAST_PLACE = 2.0**-23
"""A unit in the last place of a float32, in parts of the number."""

FACTOR = 4.0
"""A difference up to as many times what rounding of the input does may be rounding.

Two frameworks round in every layer, and not in the input alone: where nothing is wrong they differ by up to 4
times the movement, whether that is 1e-6 or, where InstanceNorm sees constant maps, 1. A layer's weights times
1.01 make more than a hundred times the movement.
"""


class Movements:
    """What rounding alone does to a reference's outputs, measured where it is asked for.

    Args:
        open_reference: loads what runs again.
        metadata: the file's own.
        spreads: units of the differences.
        trials: pictures, and what the reference gave for them.
    """

    def __init__(
        self,
        open_reference: Callable[[], Reference],
        metadata: ModelMetadata,
        spreads: Spreads,
        trials: Sequence[Trial],
    ) -> None:
        self._open_reference, self._metadata, self._spreads = open_reference, metadata, spreads
        self._alone = {trial.picture: trial for trial in reversed(trials)}
        self._bounds = input_bounds([trial.inputs for trial in trials])
        self._known: dict[str, dict[str, float]] = {}

    def of(self, comparison: Comparison) -> float:
        """Return how far an output moves on the picture of a comparison, in the comparison's unit."""
        if comparison.picture not in self._known:
            self._known[comparison.picture] = self._measure(self._alone[comparison.picture])
        return self._known[comparison.picture].get(comparison.name, 0.0)

    def _measure(self, trial: Trial) -> dict[str, float]:
        comparisons: list[Comparison] = []
        reference = self._open_reference()
        for inputs in disturb(trial.inputs, self._bounds):
            moved = reference.run(unnamed(inputs))
            found = as_found(moved, trial.found)
            comparisons += compare_run(found, trial.expected, self._metadata, self._spreads)
        return {worst.name: worst.max_error for worst in worst_of_each(comparisons) if not worst.problem}


def input_bounds(inputs: Sequence[Inputs]) -> dict[str, float]:
    """Find the largest number of each input over all pictures: a black one may be all zeros."""
    return {name: max(float(np.abs(one[name]).max(initial=0.0)) for one in inputs) for name in inputs[0]}


def disturb(inputs: Inputs, bounds: Mapping[str, float]) -> Iterator[Inputs]:
    """Change inputs by a unit in the last place of their largest number: noise, then all numbers alike.

    Noise averages out where a network averages; what an average of equal numbers loses, one by one, it
    loses to other equal numbers in another way.
    """
    random = np.random.default_rng(0)
    for change in (None, None, None, *range(-8, 0), *range(1, 9)):
        yield {
            name: np.asarray(array + LAST_PLACE * bounds[name] * shift, np.float32)
            for name, array in inputs.items()
            for shift in [random.choice([-1.0, 1.0], array.shape) if change is None else change]
        }


def as_found(outputs: Outputs, found: Outputs) -> dict[str, Array]:
    """Name a reference's outputs as the file does: its final list is the list of a file that lists."""
    prefix = "final_" if "ids" in found else ""
    named = {name: pick(outputs, f"{prefix}{name}") for name in found}
    return {name: value for name, value in named.items() if value is not None}


def set_unstable_aside(
    comparisons: Sequence[Comparison], movements: Movements
) -> tuple[tuple[Comparison, ...], dict[tuple[str, str], str]]:
    """Judge each output by the pictures on which it can be judged.

    Args:
        comparisons: of every output on every picture.
        movements: what rounding does.

    Returns:
        The worst comparison of each output, a failure where no picture is left; and by output and picture
        what rounding alone does where that is more than the tolerance.
    """
    failed = [comparison for comparison in comparisons if not comparison.passed and not comparison.problem]
    unstable = {
        (comparison.name, comparison.picture): comparison
        for comparison in failed
        if comparison.max_error <= FACTOR * movements.of(comparison)
    }
    kept = [one for one in comparisons if (one.name, one.picture) not in unstable]
    left = {comparison.name for comparison in kept}
    lost = [refuse(one) for (name, _), one in unstable.items() if name not in left]
    told = {
        key: f"rounding alone moves it by {movements.of(one):.2g} {one.unit}" for key, one in unstable.items()
    }
    return worst_of_each([*kept, *lost]), told


def refuse(comparison: Comparison) -> Comparison:
    """Turn a comparison that says nothing into a failure that says so."""
    problem = "is unstable on every picture, as rounding of the input alone moves it as far: not verified"
    return Comparison(
        comparison.name, comparison.max_error, comparison.tolerance, comparison.unit, problem=problem
    )
