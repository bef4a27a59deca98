"""Recipes for 8-bit networks, and the workshop that makes networks by them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.correction import Shifts, fast_shifts, full_shifts
from gcv_edge.calibration.placement import Placement, place
from gcv_edge.calibration.quantizing import Ranges, quantize
from gcv_edge.calibration.rewriting import prepare
from gcv_edge.calibration.targets import Target
from gcv_edge.graph.writing import write_model

Batches = Sequence[Mapping[str, NDArray[Any]]]


@dataclass(frozen=True)
class Recipe:
    """How a network becomes an 8-bit one.

    Attributes:
        mode: how ranges are chosen (``thresholds.MODES``).
        correction: of biases (``correction.KINDS``).
        fine: zero points for values of two signs, and normalisations of unrounded values.
        kept_float: layers that are not quantised.
    """

    mode: str
    correction: str = "none"
    fine: bool = False
    kept_float: tuple[str, ...] = ()

    def __str__(self) -> str:
        form = ", fine" if self.fine else ""
        kept = f", {len(self.kept_float)} layers float" if self.kept_float else ""
        return f"{self.mode}, {self.correction} bias correction{form}{kept}"


@dataclass
class Workshop:
    """Makes networks by recipes.

    Attributes:
        source: the float file.
        target: form of the 8-bit numbers.
        ranges: of each value, by mode.
        means: of the channels of each layer's input.
        tried: pictures that full bias correction runs.
    """

    source: Path
    target: Target
    ranges: Mapping[str, Ranges] = field(default_factory=dict)
    means: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    tried: Batches = ()
    _full: dict[Recipe, Shifts] = field(default_factory=dict)

    def prepared(self) -> ir.Model:
        """Load the float network in the form that is quantised."""
        return prepare(ir.load(self.source))

    def placement(self) -> tuple[ir.Model, Placement]:
        """Return the prepared network and where all of it can be quantised."""
        model = self.prepared()
        return model, place(model.graph)

    def make(self, recipe: Recipe) -> ir.Model:
        """Make the network."""
        return self._quantized(recipe, self._shifts(recipe))

    def write(self, recipe: Recipe, path: Path) -> Path:
        """Make the network and write it."""
        write_model(self.make(recipe), path)
        return path

    def _quantized(self, recipe: Recipe, shifts: Shifts) -> ir.Model:
        model = self.prepared()
        quantize(
            model,
            self.ranges[recipe.mode],
            self.target,
            kept_float=recipe.kept_float,
            fine=recipe.fine,
            bias_shifts={name: shift for name, shift in shifts.items() if name not in recipe.kept_float},
        )
        return model

    def _shifts(self, recipe: Recipe) -> Shifts:
        if recipe.correction == "none":
            return {}
        model, placement = self.placement()
        fast = fast_shifts(placement, self.means, self.target)
        if recipe.correction == "fast":
            return fast
        whole = Recipe(recipe.mode, "full", recipe.fine)
        if whole not in self._full:
            layers = [layer.name or "" for layer in placement.layers]
            rest = full_shifts(model, self._quantized(whole, fast), layers, self.tried)
            self._full[whole] = {name: shift + fast.get(name, 0.0) for name, shift in rest.items()}
        return self._full[whole]


def candidates(mode: str, correction: str, modes: Sequence[str]) -> list[Recipe]:
    """List recipes to compare; ``auto`` stands for all modes, and for no and fast correction."""
    corrections = ("none", "fast") if correction == "auto" else (correction,)
    return [Recipe(one, kind) for one in (modes if mode == "auto" else (mode,)) for kind in corrections]


@contextlib.contextmanager
def temporary_file() -> Iterator[Path]:
    """Lend a path for a network that is measured and forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "network.onnx"
