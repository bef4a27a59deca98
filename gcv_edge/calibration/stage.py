"""The calibration stage: from a float file and pictures to an 8-bit file, measured."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

import gcv_edge
from gcv_edge.calibration.correction import KINDS
from gcv_edge.calibration.feeding import Batch, Feeder, Frame
from gcv_edge.calibration.gate import Verdict, search
from gcv_edge.calibration.judging import Judge
from gcv_edge.calibration.notes import Notes
from gcv_edge.calibration.placement import Placement
from gcv_edge.calibration.reading import Split, limit
from gcv_edge.calibration.recipes import Recipe, Workshop, candidates
from gcv_edge.calibration.results import CalibrationResult
from gcv_edge.calibration.sensitivity import Sensitivity
from gcv_edge.calibration.statistics import collect
from gcv_edge.calibration.targets import choose_levels, find_target
from gcv_edge.calibration.thresholds import MODES, find_mode
from gcv_edge.calibration.timing import (
    best,
    describe_machine,
    doubtful_layers,
    drop_slow_layers,
    has_bf16,
    profile,
    time_forms,
)
from gcv_edge.calibration.writing import over_limit, write_file
from gcv_edge.errors import DataError, GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.pipeline import Progress, Stages
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.store import find_model

Score = Callable[[Path], float]
"""Points that a model file reaches on labelled pictures; higher is better."""

FEW = 100
"""Fewer pictures than these are worth a warning."""

DRY_RUN = 2
SENSITIVITY_PICTURES = 4
TRIALS = 6
CHECKED = 8
SLOWER, ACCURACY = "slower", "accuracy"


@dataclass(frozen=True)
class CalibrationOptions:
    """What a caller may choose beside network, pictures and target.

    Attributes:
        correction: of biases: ``auto``, ``none``, ``fast`` or ``full``.
        keep_float: names of layers that stay float in any case.
        data: name of the pictures, for the record.
        data_hash: of the pictures; empty: SHA-256 over the frames read.
        time_forms: time float and 8-bit forms on this machine.
        drop_slow: keep layers float that 8 bits make slower here; for target x86.
        sensitivity: measure every layer's, not only where a score asks for it.
    """

    correction: str = "auto"
    keep_float: tuple[str, ...] = ()
    data: str = ""
    data_hash: str = ""
    time_forms: bool = True
    drop_slow: bool = True
    sensitivity: bool = False

    def __post_init__(self) -> None:
        if self.correction not in ("auto", *KINDS):
            raise UsageError(f"correction: found '{self.correction}', expected auto, {', '.join(KINDS)}")


def calibrate(
    model_path: str | os.PathLike[str],
    frames: Iterable[Frame],
    output: str | os.PathLike[str],
    *,
    target: str = "x86",
    mode: str = "auto",
    held_out: Iterable[Frame] | None = None,
    score: Score | None = None,
    max_drop: float | None = None,
    time_budget: float | None = None,
    options: CalibrationOptions | None = None,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Make an 8-bit network from a float one.

    An interrupted call leaves no output; what it had found out lies beside the output, and the same call
    goes on from there.

    Args:
        model_path: exported float file, or its name in the store.
        frames: pictures, uint8 ``[h, w, 3]`` BGR, read once; of tasks that take tensors, dicts of them.
        output: where to write.
        target: ``x86``, ``arm`` or ``portable`` (processors without VNNI).
        mode: how ranges are chosen: ``auto`` (the best of all), ``minmax`` (GluonCV's ``naive`` and
            ``none``), ``percentile``, ``entropy`` or ``mse``.
        held_out: pictures to compare on; None: some of ``frames``, which are not calibrated on.
        score: judges a file on labelled pictures, in points.
        max_drop: points that may be lost; layers return to float until no more are.
        time_budget: seconds that the search for those layers may take.
        options: further choices.
        progress: called with a phrase at the start of each stage.

    Raises:
        UsageError: an unknown target or mode, or ``max_drop`` without ``score``.
        DataError: no picture, or something that is none.
        GcvEdgeError: a file cannot be read or written.
    """
    if max_drop is not None and score is None:
        raise UsageError("max_drop needs a score: labelled pictures to measure the drop on")
    source = find_model(model_path)
    run = Calibration(source, Path(output), target, mode, options or CalibrationOptions(), progress)
    run.read(frames, held_out)
    run.compare()
    run.drop_slow_layers()
    run.gate(score, max_drop, time_budget)
    return run.finish()


class Calibration:
    """One calibration on its way; ``calibrate`` runs its stages in order."""

    def __init__(
        self,
        source: Path,
        output: Path,
        target: str,
        mode: str,
        options: CalibrationOptions,
        progress: Progress | None,
    ) -> None:
        self.source, self.output, self.options = source, output, options
        self.target = find_target(target)
        self.mode = find_mode(mode)
        self.metadata = read_metadata(source)
        if self.metadata.variant != "fp32":
            raise UnsupportedError(f"{source}: found variant '{self.metadata.variant}', expected 'fp32'")
        self.watch = Stages(progress)
        self.workshop = Workshop(source, self.target)
        self.floating, self.placement = self.workshop.placement()
        if not self.placement.layers:
            raise UnsupportedError(
                f"{source}: no layer can be quantised: it has no convolution or dense layer"
            )
        self.fields: dict[str, Any] = {}
        self.kept: dict[str, str] = dict.fromkeys(options.keep_float, "asked for")
        self.sensitivity: dict[str, float] = {}
        self.recipe = Recipe("minmax")
        check_names(self.kept, self.placement)

    def read(self, frames: Iterable[Frame], held_out: Iterable[Frame] | None) -> None:
        """Try two pictures, then read all: statistics, and a few pictures to compare on."""
        self.watch.start("read")
        shapes = {value.name or "": shape_of(value) for value in self.floating.graph.inputs}
        feeder = Feeder(shapes, self.metadata)
        stream = iter(frames)
        first = list(itertools.islice(stream, DRY_RUN))
        self._dry_run(Feeder(shapes, self.metadata), first)
        self.notes = Notes(self.output.with_name(f".{self.output.name}.calibration"), self._key(first))
        known = self.notes.get("statistics")
        split = Split() if held_out is None else Split.given(Feeder(shapes, self.metadata).batches(held_out))
        batches = split.divide(feeder.batches(limit(itertools.chain(first, stream), known is not None)))
        if known is None:
            known = self._collect(batches, feeder)
        else:
            for _ in batches:
                pass
        split.settle()
        self.workshop.ranges = {mode: restored(found) for mode, found in known["ranges"].items()}
        self.workshop.means = {name: np.asarray(mean) for name, mean in known["means"].items()}
        self.workshop.tried = split.tried
        self.held_out = split.held_out
        self.fields |= {"data_hash": known["data_hash"], "pictures": known["pictures"]}
        self.judge = Judge(self.source, self.held_out)

    def _collect(self, batches: Iterable[Batch], feeder: Feeder) -> dict[str, Any]:
        statistics = collect(self.floating, self.placement, batches)
        if not statistics.batches:
            raise DataError("calibration: found no pictures, expected some hundred")
        modes = MODES if self.mode == "auto" else (self.mode,)
        known = {
            "ranges": {mode: statistics.ranges(mode) for mode in modes},
            "means": {name: mean.tolist() for name, mean in statistics.means.items()},
            "pictures": statistics.batches,
            "data_hash": self.options.data_hash or feeder.digest,
        }
        self.notes.put("statistics", known)
        return known

    def _key(self, first: Sequence[Frame]) -> str:
        """Name this calibration by all that its notes depend on."""
        digest = hashlib.sha256(self.source.read_bytes())
        for frame in first:
            arrays = frame.values() if isinstance(frame, dict) else [frame]
            for array in arrays:
                digest.update(np.ascontiguousarray(array).data)
        parts = (self.target.name, self.mode, self.options, gcv_edge.__version__)
        digest.update(repr(parts).encode())
        return digest.hexdigest()

    def _dry_run(self, feeder: Feeder, frames: Sequence[Frame]) -> None:
        """Go the whole way with two pictures, so that what cannot work fails at once."""
        batches = list(feeder.batches(frames))
        if not batches:
            return
        statistics = collect(self.floating, self.placement, batches)
        trial = replace(self.workshop, ranges={"minmax": statistics.ranges("minmax")}, means=statistics.means)
        with temporary_file() as path:
            trial.write(Recipe("minmax"), path)
            Judge(self.source, batches[:1]).agreement(path)

    def agreement(self, recipe: Recipe) -> float:
        """Measure, or look up, how well a recipe's network agrees with the float one."""
        known: dict[str, float] = self.notes.get("agreement") or {}
        name = repr(recipe)
        if name not in known:
            with temporary_file() as path:
                known[name] = self.judge.agreement(self.workshop.write(recipe, path))
            self.notes.put("agreement", known)
        return known[name]

    def compare(self) -> None:
        """Keep the recipe that agrees best; full bias correction is tried on the best of the others."""
        self.watch.start("compare")
        kept = tuple(self.kept)
        recipes = [replace(r, kept_float=kept) for r in candidates(self.mode, self.options.correction, MODES)]
        found = {recipe: self.agreement(recipe) for recipe in recipes}
        if self.options.correction == "auto":
            ahead = max(found, key=lambda recipe: found[recipe])
            full = replace(ahead, correction="full")
            found[full] = self.agreement(full)
        self.recipe = max(found, key=lambda recipe: found[recipe])
        self.fields["candidates"] = {str(recipe): ratio for recipe, ratio in found.items()}

    def drop_slow_layers(self) -> None:
        """Return layers to float that 8 bits make slower on this machine."""
        if not (self.options.drop_slow and self.options.time_forms and self.target.name == "x86"):
            return
        self.watch.start("profile")
        slower = self.notes.get("slower")
        if slower is None:
            slower = list(self._find_slow_layers())
            self.notes.put("slower", slower)
        self.kept |= dict.fromkeys(slower, SLOWER)
        self.recipe = replace(self.recipe, kept_float=tuple(self.kept))

    def _find_slow_layers(self) -> tuple[str, ...]:
        precision = "bf16" if has_bf16() else "f32"
        layers = [layer.name or "" for layer in self.placement.layers if layer.name not in self.kept]
        with tempfile.TemporaryDirectory() as folder:

            def measure(forms: Any) -> dict[str, list[float]]:
                files = {name: Path(folder) / f"{name}.onnx" for name in forms}
                for name, kept in forms.items():
                    whole = replace(self.recipe, kept_float=(*self.recipe.kept_float, *kept))
                    self.workshop.write(whole, files[name])
                return time_forms({name: (file, precision) for name, file in files.items()})

            now = self.workshop.write(self.recipe, Path(folder) / "profiled.onnx")
            doubtful = doubtful_layers(layers, profile(now, precision), profile(self.source, precision))
            return drop_slow_layers(doubtful, measure, TRIALS)

    def gate(self, score: Score | None, max_drop: float | None, time_budget: float | None) -> None:
        """Measure the score, and return layers to float until no more than ``max_drop`` is lost."""
        deadline = None if time_budget is None else time.monotonic() + time_budget
        if self.options.sensitivity:
            self._rank(deadline)
        if score is None:
            return
        self.watch.start("score")
        before = self._score("float", lambda: score(self.source))
        self.fields |= {"score_before": before, "max_drop": max_drop}
        verdict = self._verdict(score, before, max_drop, deadline)
        self.kept |= {layer: ACCURACY for layer in verdict.kept_float if layer not in self.kept}
        self.recipe = replace(self.recipe, kept_float=tuple(self.kept))
        self.fields |= {"score_after": verdict.score, "passed": verdict.passed, "complete": verdict.complete}

    def _verdict(
        self, score: Score, before: float, max_drop: float | None, deadline: float | None
    ) -> Verdict:
        least = -float("inf") if max_drop is None else before - max_drop
        found = self._score_with(score, self.recipe, ())
        if found >= least:
            return Verdict((), found, True)
        if self.target.unsigned and self._try_fine(score, found):
            found = self._score_with(score, self.recipe, ())
            if found >= least:
                return Verdict((), found, True)
        self.watch.start("search")
        worst_first = self._rank(deadline)
        return search(worst_first, lambda kept: self._score_with(score, self.recipe, kept), least, deadline)

    def _try_fine(self, score: Score, found: float) -> bool:
        """Use finer and slower forms where the score rises with them."""
        finer = replace(self.recipe, fine=True)
        if self._score_with(score, finer, ()) <= found:
            return False
        self.recipe = finer
        return True

    def _rank(self, deadline: float | None) -> list[str]:
        """Return quantised layers, the one that costs most agreement first."""
        known = self.notes.get("sensitivity") or {}
        if len(known) < len(self.placement.layers):
            self.watch.start("sensitivity")
            ranges = self.workshop.ranges[self.recipe.mode]
            batches = self.held_out[:SENSITIVITY_PICTURES]
            measuring = Sensitivity(self.workshop.prepared(), ranges, self.target, batches)
            for layer in measuring.layers:
                if layer not in known and (deadline is None or time.monotonic() < deadline):
                    known[layer] = measuring.measure(layer)
                    self.notes.put("sensitivity", known)
        self.sensitivity = known
        layers = [layer.name or "" for layer in self.placement.layers if layer.name not in self.kept]
        return sorted(layers, key=lambda layer: known.get(layer, float("inf")))

    def _score_with(self, score: Score, recipe: Recipe, kept: Sequence[str]) -> float:
        whole = replace(recipe, kept_float=(*recipe.kept_float, *kept))

        def measure() -> float:
            with temporary_file() as path:
                write_file(self.workshop.make(whole), path, self.metadata, {})
                return score(path)

        return self._score(repr(whole), measure)

    def _score(self, name: str, measure: Callable[[], float]) -> float:
        known: dict[str, float] = self.notes.get("scores") or {}
        if name not in known:
            known[name] = float(measure())
            self.notes.put("scores", known)
        return known[name]

    def finish(self) -> CalibrationResult:
        """Time the forms, write the file and remove the notes."""
        passed = self.fields.get("passed", True)
        path = self.output if passed else over_limit(self.output)
        model = self.workshop.make(self.recipe)
        forms = self._time(model)
        self.watch.start("write")
        result = self._result(path, forms)
        checked = self.held_out[:CHECKED]
        engines_agree = write_file(model, path, self.metadata, result.to_dict(), batches=checked)
        self.watch.stop()
        self.notes.discard()
        return replace(result, engines_agree=engines_agree, seconds=dict(self.watch.seconds))

    def _time(self, model: ir.Model) -> dict[str, float]:
        if not self.options.time_forms:
            return {}
        self.watch.start("time")
        with temporary_file() as path:
            write_file(model, path, self.metadata, {})
            forms = {"fp32": (self.source, "f32"), "int8": (path, "f32")}
            if has_bf16():
                forms |= {"bf16": (self.source, "bf16"), "int8+bf16": (path, "bf16")}
            return best(time_forms(forms))

    def _result(self, path: Path, forms: dict[str, float]) -> CalibrationResult:
        return CalibrationResult(
            path=path,
            target=self.target.name,
            mode=self.recipe.mode,
            correction=self.recipe.correction,
            fine=self.recipe.fine,
            data=self.options.data,
            held_out=len(self.held_out),
            layers=len(self.placement.layers) - len(self.kept),
            kept_float=self.kept,
            scales=self._scales(),
            agreement=self.agreement(self.recipe),
            sensitivity=self.sensitivity,
            resumed=self.notes.resumed,
            milliseconds=forms,
            fastest=min(forms, key=lambda name: forms[name]) if forms else "",
            warnings=tuple(self._warnings(forms)),
            machine=describe_machine(),
            **self.fields,
        )

    def _scales(self) -> dict[str, float]:
        ranges = set(self.workshop.ranges[self.recipe.mode].values())
        scales = [float(choose_levels(*one, self.target, self.recipe.fine).scale) for one in ranges]
        return {"count": len(scales), "smallest": min(scales), "largest": max(scales)}

    def _warnings(self, forms: dict[str, float]) -> Iterable[str]:
        if self.fields["pictures"] < FEW:
            yield f"calibrated on {self.fields['pictures']} pictures: {FEW} to 500 give steadier ranges"
        fastest_float = min((forms[name] for name in ("fp32", "bf16") if name in forms), default=0.0)
        if forms and fastest_float < min(forms[name] for name in forms if name.startswith("int8")):
            yield "the float network is faster on this machine"
        if not self.fields.get("complete", True):
            yield "the time budget ended the search for layers that must stay float"


@contextlib.contextmanager
def temporary_file() -> Iterator[Path]:
    """Lend a path for a network that is measured and forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "network.onnx"


def check_names(names: Iterable[str], placement: Placement) -> None:
    """Refuse layers that are not there."""
    layers = {layer.name for layer in placement.layers}
    for name in names:
        if name not in layers:
            raise UsageError(
                f"keep_float: found '{name}', expected names of layers, such as '{next(iter(layers))}'"
            )


def shape_of(value: ir.Value) -> tuple[Any, ...]:
    """Return a graph input's shape."""
    if value.shape is None:
        raise GcvEdgeError(f"input '{value.name}' has no shape")
    return tuple(dim if isinstance(dim, int) else None for dim in value.shape)


def restored(ranges: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Turn JSON's lists back into ranges."""
    return {group: (float(ends[0]), float(ends[1])) for group, ends in ranges.items()}
