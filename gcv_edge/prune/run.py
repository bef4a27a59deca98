"""One pruning, stage after stage."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
from numpy.typing import ArrayLike

import gcv_edge
from gcv_edge import _core
from gcv_edge.calibration.job import load_quantizable
from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.evaluation.drop import Drop, Measure, Score, as_score, find_drop, over_limit
from gcv_edge.files import replacing
from gcv_edge.graph.values import shape_of
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.networks import compare_speed
from gcv_edge.pipeline import verify_export
from gcv_edge.prune.allocation import expected_loss
from gcv_edge.prune.classifiers import fit_classifier
from gcv_edge.prune.costs import Cost, LatencyCost, MacCost
from gcv_edge.prune.counting import count_macs
from gcv_edge.prune.eight_bits import in_8_bits
from gcv_edge.prune.exchange import Joint
from gcv_edge.prune.forward import MAX_BATCH
from gcv_edge.prune.inputs import Pictures, collect_pictures, noise_frames
from gcv_edge.prune.known import Known, keep_fits, restore_fits, spell
from gcv_edge.prune.latency import find_kinds, measure_layers, plan_cases
from gcv_edge.prune.loading import load_model
from gcv_edge.prune.refinement import QuickFit, refine
from gcv_edge.prune.result import Distillation, PruneResult, Step
from gcv_edge.prune.search import Search
from gcv_edge.prune.sensitivity import Curves, Divergence, Judgement, measure_curves
from gcv_edge.prune.study import Study, candidate_widths
from gcv_edge.runtime.modelfile import read_entries, read_metadata
from gcv_edge.tasks import CLASSIFICATION

if TYPE_CHECKING:
    from gcv_edge.prune.distillation import Distiller

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, and how much of how much of it is done."""

MOST_PICTURES = 1024
CHECK_SHARE = 1 / 8
"""Part of the pictures that nothing is fitted on."""
CURVE_WORK = 1e13
"""Multiply-accumulates that all curves may take."""
REFITTED_ON, REFIT_COST = 96, 4
"""Layers are fitted anew for each comparison where there is time to do so on that many pictures at least; it
takes about that many times as long as not to do so."""
BACK_OFFS = 6
SLOWEST = 0.97
"""A network that is slower than this part of the whole one's speed is refused; less is noise."""


def input_size(model: ir.Model) -> tuple[int, int]:
    """Return width and height of the input.

    Raises:
        UnsupportedError: they are open.
    """
    height, width = shape_of(model.graph.inputs[0])[-2:]
    if isinstance(height, int) and isinstance(width, int):
        return width, height
    raise UnsupportedError("input: found an open height or width, expected fixed ones")


def ignore(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


class Run:
    """One pruning, stage after stage."""

    def __init__(
        self,
        source: Path,
        output: Path,
        speedup: float | None,
        macs: float | None,
        seed: int,
        progress: Progress,
        distill: bool | int = False,
        precision: str = "f32",
    ) -> None:
        self.source, self.output = source, output
        self.precision = precision
        self.distill = distill
        self.distillation: Distillation | None = None
        self.speedup, self.macs, self.seed = speedup, macs, seed
        self._progress = progress
        self.stages: dict[str, float] = {}
        self.trail: list[Step] = []
        self.metadata = read_metadata(source)
        if self.metadata.variant == "int8":
            raise UnsupportedError(f"{source}: is quantised: prune the network first, then calibrate it")
        if self.metadata.task.takes != "picture":
            raise UnsupportedError(
                f"{source}: takes {self.metadata.task.takes.rstrip('s')}s, expected a network of pictures"
            )
        if precision == "int8":
            load_quantizable(source)
        self.study = Study.of(load_model(source))
        if not self.study.free:
            raise UnsupportedError(f"{source}: no channels can go (gcv-edge prune --explain says why)")
        if not any(candidate_widths(space) for space in self.study.free):
            widest = max(space.channels for space in self.study.free)
            raise UnsupportedError(
                f"{source}: no channels can go: layers keep a multiple of 8, and the widest that may lose "
                f"some has {widest}"
            )

    def report(self, stage: str) -> Callable[[int, int], None]:
        """Return a function that tells how far a stage is, and times it."""
        begin = time.perf_counter()
        before = self.stages.get(stage, 0.0)

        def tell(done: int, total: int) -> None:
            self.stages[stage] = before + time.perf_counter() - begin
            self._progress(stage, done, total)

        return tell

    def prepare(self, frames: Iterable[ArrayLike] | None) -> None:
        """Read the pictures, sum over them, and order the channels."""
        width, height = input_size(self.study.model)
        self.is_noise = frames is None
        given = frames if frames is not None else noise_frames(256, (width, height), self.seed)
        tell = self.report("pictures")
        pictures = collect_pictures(
            given, self.metadata.preprocessing, (width, height), MOST_PICTURES, self.seed
        )
        tell(len(pictures), len(pictures))
        self.seen = pictures.seen
        self.fitted_on, checked_on = pictures.split(CHECK_SHARE)
        self.check = self.compare_on(checked_on)
        self.checked = len(checked_on)
        self.known = Known(self.output, self.source, pictures.levels, self.seed, self.distill)
        self.distiller = self.find_distiller()
        self.sum_up()
        finding = self.known.orders()
        known: dict[str, list[int]] = finding.value or {}
        self.study.orders = {name: np.array(order, np.int64) for name, order in known.items()}
        self.study.order("obs", self.report("order"))
        finding.keep({name: order.tolist() for name, order in self.study.orders.items()})

    def compare_on(self, pictures: Pictures) -> Divergence:
        """Return what compares pruned networks with the whole one on some pictures."""
        chooses = self.metadata.task is CLASSIFICATION and self.metadata.activation == "softmax"
        return Divergence(self.study.model, pictures, chooses)

    def find_distiller(self) -> Distiller | None:
        """Return what trains, where that is asked for; a network that torch cannot compute is refused now."""
        if not self.distill:
            return None
        from gcv_edge.prune.distillation import Distiller

        passes = None if self.distill is True else int(self.distill)
        return Distiller(self.study, self.check, self.fitted_on, passes, self.seed)

    def sum_up(self) -> None:
        """Make the one pass over the pictures on the whole network."""
        tell = self.report("statistics")
        for done, _ in enumerate(self.study.gather(self.fitted_on, self.seed), 1):
            tell(done, max(done, -(-len(self.fitted_on) // MAX_BATCH)))

    def measure(self) -> None:
        """Find out what narrower spaces lose and what they save."""
        work = sum(len(candidate_widths(s)) for s in self.study.free) * max(1, count_macs(self.study.model))
        count = int(CURVE_WORK / work)
        compared = self.fitted_on.some(min(256, max(32, count)))
        quick: QuickFit | None = None
        if count >= REFIT_COST * REFITTED_ON:
            sample, compared = self.fitted_on.split(1 / 3)
            sample = sample.some(min(256, count // REFIT_COST))
            compared = compared.some(max(32, len(sample) // 2))
            quick = QuickFit(self.study, sample, self.seed)
        divergence = self.compare_on(compared)
        self.joint = Joint(self.study, divergence, quick) if quick is not None else None
        finding = self.known.curves()
        curves: Curves = {
            name: {int(width): loss for width, loss in curve.items()}
            for name, curve in (finding.value or {}).items()
        }
        tell = self.report("sensitivity")

        def keep(done: int, total: int) -> None:
            tell(done, total)
            if done % 8 == 0:
                finding.keep(curves)

        measure_curves(self.study, divergence, curves, keep, quick=quick)
        self.curves = curves
        finding.keep(curves)
        self.cost = self.find_cost()

    def find_cost(self) -> Cost:
        """Return what counts: multiply-accumulates, or time measured on this machine."""
        if self.speedup is None:
            return MacCost(self.study.spaces)
        kinds = find_kinds(self.study.model, self.study.spaces)
        finding = self.known.table(self.precision)
        table = measure_layers(plan_cases(kinds), self.report("latency"), finding.value, self.precision)
        finding.keep(table)
        cost = LatencyCost(self.study.spaces, {name: repr(kind) for name, (kind, _) in kinds.items()}, table)
        with tempfile.TemporaryDirectory() as folder:
            cost.set_rest(compare_speed([self.timed_form(None, Path(folder))])[0])
        return cost

    def choose(self) -> dict[str, int]:
        """Choose the widths."""
        finding = self.known.widths(self.speedup, self.macs, self.precision)
        if finding.value is not None:
            return dict(finding.value)
        search = Search(
            self.study, self.curves, self.cost, self.joint, self.time_widths, self.trail, self.report
        )
        if self.macs is not None:
            widths = search.at_cost(self.macs)
        else:
            assert self.speedup is not None
            widths = search.at_speed(self.speedup)
        finding.keep(widths)
        return widths

    def time_widths(self, widths: Mapping[str, int]) -> float:
        """Return how many times faster a network is at some widths."""
        return self.time(self.study.shape(widths)[0])

    def time(self, model: ir.Model) -> float:
        """Return how many times faster a pruned network is, in the precision that counts."""
        with tempfile.TemporaryDirectory() as folder:
            forms = [self.timed_form(each, Path(folder)) for each in (None, model)]
            self.latency = compare_speed(forms)
        return self.latency[0] / self.latency[1]

    def timed_form(self, model: ir.Model | None, folder: Path) -> Path:
        """Write what is timed of a pruned network; None stands for the whole one."""
        is_8_bit = self.precision == "int8"
        if model is None and not is_8_bit:
            return self.source
        path = folder / ("whole.onnx" if model is None else "pruned.onnx")
        form = ir.load(self.source) if model is None else model
        write_model(in_8_bits(form) if is_8_bit else form, path)
        return path

    def finish(self, score: Measure | None, max_drop: float | None, score_hash: str = "") -> PruneResult:
        """Prune, fit, check, widen again where too much is lost, and write the file."""
        before = as_score(score(self.source)) if score is not None else None
        drops = self.known.drops(score is not None, score_hash)
        known: dict[str, float] = drops.value or {}
        widths = self.choose()
        for attempt in range(BACK_OFFS + 1):
            is_last = attempt == BACK_OFFS or not widths
            if max_drop is not None and not is_last and known.get(spell(widths), 0.0) > max_drop:
                widths = self.widen(widths)
                continue
            model = self.fit(widths)
            faster = self.time(model)
            stage, what = "fit", f"{attempt} times widened" if attempt else "fitted"
            if self.distiller is not None:
                self.trail.append(Step(stage, what, faster, *self.check.judge(model)))
                stage, what = "distill", self.train(self.distiller, model, widths)
            after = self.score(model, score)
            found = self.check.judge(model)
            self.trail.append(Step(stage, what, faster, *found, after.points if after is not None else None))
            drop = Drop(found.changed)
            if before is not None and after is not None:
                drop = find_drop(before, after)
            known[spell(widths)] = drop.upper
            drops.keep(known)
            passed = drop.is_within(max_drop)
            if passed or is_last:
                break
            widths = self.widen(widths)
        if faster < SLOWEST:
            faster = self.time(model)
        if faster < SLOWEST:
            raise GcvEdgeError(
                f"{self.source}: the pruned network takes {1 / faster:.2f} times as long as the whole one: "
                "nothing was written"
            )
        scores = (before.points, after.points) if before is not None and after is not None else None
        return self.write(model, widths, found, scores, drop, passed)

    def fit(self, widths: Mapping[str, int]) -> ir.Model:
        """Prune to widths, and fit the layers one after the other."""
        model = self.study.prune(widths)
        finding = self.known.fits(widths)
        refine(
            self.study,
            model,
            widths,
            self.fitted_on,
            self.seed,
            self.report("fit"),
            done=restore_fits(finding),
            save=lambda fits: keep_fits(finding, fits),
        )
        fit_classifier(self.study, model, self.fitted_on, self.check)
        return model

    def train(self, distiller: Distiller, model: ir.Model, widths: Mapping[str, int]) -> str:
        """Train a network that has been fitted, and say whether that helped."""
        finding = self.known.distilled(widths)
        self.distillation = distiller.train(model, widths, finding, self.report("distill"))
        return "trained" if self.distillation.kept else "trained in vain, left as it was"

    def score(self, model: ir.Model, score: Measure | None) -> Score | None:
        """Score a network by its file."""
        if score is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pruned.onnx"
            model.metadata_props.update(read_entries(self.source))
            write_model(model, path)
            return as_score(score(path))

    def widen(self, widths: Mapping[str, int]) -> dict[str, int]:
        """Give the space that loses most its next width back."""
        lost = expected_loss(self.study, self.curves, widths)
        worst = max(lost, key=lambda name: lost[name])
        wider = sorted(width for width in self.curves[worst] if width > widths[worst])
        found = {name: width for name, width in widths.items() if name != worst}
        if wider:
            found[worst] = wider[0]
        return found

    def write(
        self,
        model: ir.Model,
        widths: Mapping[str, int],
        found: Judgement,
        scores: tuple[float, float] | None,
        drop: Drop,
        passed: bool,
    ) -> PruneResult:
        """Write the file with its record."""
        spaces = {space.name: space for space in self.study.spaces}
        channels = {n: (spaces[n].channels, w * spaces[n].step) for n, w in widths.items()}
        macs = count_macs(self.study.model), count_macs(model)
        record = self.describe(channels, macs, found)
        if scores is not None:
            record |= {"score": list(scores), "drop_at_most": float(f"{drop.upper:.4g}")}
        entries = read_entries(self.source)
        for key in ("gcv_edge verification", "gcv_edge self_test"):
            entries.pop(key, None)
        entries |= {
            "gcv_edge version": gcv_edge.__version__,
            "gcv_edge pruning": json.dumps(record),
        }
        model.metadata_props.clear()
        model.metadata_props.update(entries)
        path = self.output if passed else over_limit(self.output)
        with replacing(path) as temporary:
            write_model(model, temporary)
            verify_export(temporary, self.metadata, None)
        self.known.discard()
        return PruneResult(
            path=path,
            widths=channels,
            macs=macs,
            seconds_per_picture=(self.latency[0], self.latency[1]),
            precision=self.precision,
            divergence=found.divergence,
            changed=found.changed,
            score=scores,
            drop=drop,
            passed=passed,
            record=record,
            stages=self.stages,
            free={space.name: space.channels for space in self.study.free},
            curves={space.name: (space.units, self.curves.get(space.name, {})) for space in self.study.free},
            trail=tuple(self.trail),
            distillation=self.distillation,
        )

    def describe(
        self,
        channels: Mapping[str, tuple[int, int]],
        macs: tuple[int, int],
        found: Judgement,
    ) -> dict[str, Any]:
        """Collect what the file says of its pruning; times only where they decided."""
        record: dict[str, Any] = {
            "data": "noise" if self.is_noise else "pictures",
            "pictures": len(self.fitted_on) + self.checked,
            "pictures_given": self.seen,
            "seed": self.seed,
            "macs": list(macs),
            "channels": {name: list(pair) for name, pair in channels.items()},
            **{name: float(f"{value:.4g}") for name, value in found._asdict().items()},
        }
        if self.speedup is not None:
            record["asked"] = {"speedup": self.speedup, "precision": self.precision}
            record["milliseconds"] = [round(1e3 * seconds, 4) for seconds in self.latency]
            record["isa"] = _core.isa()
        else:
            record["asked"] = {"macs": self.macs}
        if self.distillation is not None:
            record["distillation"] = self.distillation.to_dict()
        return record
