"""Prune, calibrate, gate: one call, with one split of the pictures and one measure of files for all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gcv_edge.calibration import CalibrationOptions, CalibrationResult, calibrate
from gcv_edge.calibration.job import read_float_metadata
from gcv_edge.calibration.ranges import find_mode
from gcv_edge.engines import require_openvino
from gcv_edge.errors import UsageError
from gcv_edge.evaluation.drop import Measure
from gcv_edge.optimize.baseline import Baseline, Data, open_baseline
from gcv_edge.optimize.evaluator import AGREEMENT
from gcv_edge.optimize.observer import CALIBRATING, PRUNING, READING, Observer
from gcv_edge.optimize.options import OptimizeOptions
from gcv_edge.points import MOST_POINTS
from gcv_edge.prune import PruneResult, check_distilling, prune
from gcv_edge.store import find_model


@dataclass(frozen=True)
class OptimizeResult:
    """Files that an optimization made.

    Attributes:
        source: the float file that was optimized.
        baseline: the whole float network, pictures, and how files were measured.
        pruned: the pruned float file; None without pruning.
        quantized: the 8-bit file; None without calibration, and where pruning alone lost too much.
    """

    source: Path
    baseline: Baseline
    pruned: PruneResult | None = None
    quantized: CalibrationResult | None = None

    @property
    def path(self) -> Path:
        """The last file; its name ends in ``_over_max_drop`` where it lost more than it may."""
        made = self.quantized or self.pruned
        assert made is not None
        return made.path

    @property
    def float_path(self) -> Path:
        """The float file that the 8-bit one is made from: the pruned one, or the source."""
        return self.source if self.pruned is None else self.pruned.path

    @property
    def passed(self) -> bool:
        """Whether every stage lost no more than it may, at a confidence of 90 %."""
        return all(made.passed for made in (self.pruned, self.quantized) if made is not None)

    @property
    def drop(self) -> float | None:
        """Points that the last file lost against the whole float network; None where nothing was measured."""
        if self.quantized is not None:
            return self.quantized.drop
        return self.pruned.drop.points if self.pruned is not None and self.pruned.score is not None else None

    @property
    def drop_at_most(self) -> float | None:
        """The same at most, on other pictures of the kind, at a confidence of 90 %."""
        if self.quantized is not None:
            return self.quantized.drop_at_most
        return self.pruned.drop.upper if self.pruned is not None and self.pruned.score is not None else None

    @property
    def fastest(self) -> tuple[Path, str]:
        """The fastest file on this machine within the limit, and the precision to run it in.

        It is the whole float file where a stage lost too much.
        """
        if not self.passed:
            return self.baseline.whole, "f32"
        form = self.quantized.fastest if self.quantized is not None else ""
        is_float = form in ("fp32", "bf16")
        return self.float_path if is_float else self.path, "bf16" if form.endswith("bf16") else "f32"


def optimize(
    model: str | os.PathLike[str],
    data: Data | None,
    options: OptimizeOptions | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    score: Measure | None = None,
    whole: str | os.PathLike[str] | None = None,
    observer: Observer | None = None,
    shared: str | os.PathLike[str] | None = None,
) -> OptimizeResult:
    """Prune a float file, calibrate it to 8 bits, and hold both against the float file.

    An interrupted call writes no file of the stage it was in, and the same call goes on from there.

    Args:
        model: exported float file, or its name in the store.
        data: data set, as ``gcv-edge val`` takes it, or a folder of pictures: one part is pruned and
            calibrated on, another is measured on. Or frames, uint8 ``[h, w, 3]`` BGR (a list where both
            stages are asked for): all are pruned and calibrated on, and ``score`` measures. None: prune on
            noise.
        options: what is asked for.
        output: file to write at the end; None: beside ``model``, with ``_pruned`` and ``_int8`` in its name.
        score: measures a file in points, instead of the data set's labels.
        whole: float file that points are held against, where ``model`` was pruned before; None: ``model``.
        observer: receives the progress.
        shared: file of results for several prunings of ``model``, as ``prune`` takes it.

    Raises:
        UsageError: what is asked for contradicts itself, or a limit is set and nothing can be measured.
        DataError: there are no pictures, or too few.
        UnsupportedError: the network cannot be pruned or quantised.
        MissingExtraError: OpenVINO is not installed.
        GcvEdgeError: a file cannot be read or written.
    """
    require_openvino("making a network smaller")
    options, observer, source = options or OptimizeOptions(), observer or Observer(), find_model(model)
    find_mode(options.mode)
    check_distilling(options.distill)
    read_float_metadata(source)
    if data is None and options.int8:
        raise UsageError("data: found None, expected pictures: noise is for pruning alone")
    output = default_output(source, options) if output is None else Path(output)
    with observer.stage(READING, None):
        against = source if whole is None else find_model(whole)
        baseline = open_baseline(against, data, options, score, observer.progress)
    observer.prepared(baseline)
    if options.max_drop is not None and baseline.split is not None and baseline.evaluator is None:
        raise UsageError(f"max_drop: the network finds nothing in {data} that could be compared")
    if not options.prunes:
        quantized = run_calibration(source, output, baseline, options, observer)
        return OptimizeResult(source, baseline, None, quantized)
    place = output if not options.int8 else output.with_name(f"{source.stem}_pruned{source.suffix}")
    pruned = run_pruning(source, place, baseline, options, observer, shared)
    observer.pruned(pruned)
    if not (pruned.passed and options.int8):
        return OptimizeResult(source, baseline, pruned)
    baseline = baseline.limited(options.samples)
    observer.prepared(baseline)
    quantized = run_calibration(pruned.path, output, baseline, options, observer)
    return OptimizeResult(source, baseline, pruned, quantized)


def default_output(source: Path, options: OptimizeOptions) -> Path:
    """Name the last file after the float one."""
    stages = ("_pruned" if options.prunes else "") + ("_int8" if options.int8 else "")
    return source.with_name(f"{source.stem}{stages}{source.suffix}")


def run_pruning(
    source: Path,
    output: Path,
    baseline: Baseline,
    options: OptimizeOptions,
    observer: Observer,
    shared: str | os.PathLike[str] | None = None,
) -> PruneResult:
    """Run the pruning; labels are used for measuring alone.

    Agreement is no accuracy, and few pictures are compared where no limit is asked for: then there is none.
    """
    max_drop, evaluator = options.pruning_max_drop, baseline.evaluator
    if max_drop is None and evaluator is not None and evaluator.kind == AGREEMENT:
        max_drop = MOST_POINTS
    with observer.stage(PRUNING, output):
        return prune(
            source,
            baseline.frames,
            output,
            speedup=options.speedup,
            macs=options.macs,
            precision=options.timed_precision,
            score=baseline.score(source),
            score_hash=baseline.score_hash,
            max_drop=max_drop,
            distill=options.distill,
            seed=options.seed,
            progress=observer.progress,
            shared=shared,
        )


def run_calibration(
    source: Path, output: Path, baseline: Baseline, options: OptimizeOptions, observer: Observer
) -> CalibrationResult:
    """Run the calibration and its accuracy gate."""
    assert baseline.frames is not None
    with observer.stage(CALIBRATING, output):
        return calibrate(
            source,
            baseline.frames,
            output,
            target=options.target,
            mode=options.mode,
            score=baseline.score(source),
            max_drop=options.max_drop,
            time_budget=options.time_budget,
            options=calibration_options(baseline, options),
            progress=observer.progress,
        )


def calibration_options(baseline: Baseline, options: OptimizeOptions) -> CalibrationOptions:
    """Return further choices, and what the record says of the pictures."""
    split, evaluator = baseline.split, baseline.evaluator
    measured = f"; {evaluator.title} ({evaluator.kind})" if evaluator is not None and evaluator.title else ""
    return CalibrationOptions(
        correction="fast" if options.is_quick else "auto",
        keep_float=options.keep_float,
        data="" if split is None else split.describe() + measured,
        data_hash="" if split is None else split.calibration.fingerprint(),
        measured_hash="" if split is None or not measured else split.evaluation.fingerprint(),
        score_hash=baseline.score_hash,
        metric=evaluator.title if evaluator is not None else "",
        measured=evaluator.kind if evaluator is not None else "",
        float_kernels=not options.is_quick,
        sensitivity=options.sensitivity,
        deadline=options.deadline,
    )
