"""GluonCV's CIFAR-10 networks, pruned to measured speeds by several methods at the same widths."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from benchmarks import DATA
from benchmarks.pruned_files import in_8_bits, spell_goal, tell
from benchmarks.pruning_methods import match_statistics, rank_by
from benchmarks.records import Record, circumstances
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.prune import count_macs
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.fitting.calibration_set import CalibrationSet, collect_pictures
from gcv_edge.prune.fitting.sequential import fit_in_order
from gcv_edge.prune.gate import fit, train
from gcv_edge.prune.job import PruneGoal, PruneJob, cache_path, open_job
from gcv_edge.prune.preparation import Preparation, prepare
from gcv_edge.prune.width_choice import choose_widths, measure_sensitivity, time_pruned

CIFAR = ("cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnet56_v1", "cifar_resnet56_v2")
GOALS = {1.3: 0.5, 1.7: 2.0, 2.0: 4.0}
"""Speed-up to points that may be lost."""

METHODS = (
    ("l1", "none"),
    ("l1", "statistics"),
    ("l1", "least_squares"),
    ("activation", "least_squares"),
    ("obs", "none"),
    ("obs", "statistics"),
    ("obs", "least_squares"),
    ("obs", "default"),
)
"""Order of the channels, and how the rest is fitted; by default, the last layer then to probabilities."""

DISTILLED = ("obs", "distilled")
"""The default, trained for a short time: ``--distill``."""

CALIBRATED_ON = 300
"""Pictures, of those that are fitted on."""

KNOWN: dict[str, bytes] = {}
"""What does not depend on the speed is found out once: each network's cache of results."""


class LabelledPictures(NamedTuple):
    """Pictures to fit on, others to measure on, and the classes of both."""

    fitted: list[NDArray[np.uint8]]
    measured: list[NDArray[np.uint8]]
    fitted_classes: NDArray[np.int64]
    classes: NDArray[np.int64]


@cache
def read_pictures() -> LabelledPictures:
    """Read every other picture to fit on, and the rest to measure on."""
    paths = sorted((DATA / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    names = sorted({path.parent.name for path in paths})
    pictures = [np.asarray(cv2.imread(str(path)), np.uint8) for path in paths]
    classes = np.array([names.index(path.parent.name) for path in paths])
    return LabelledPictures(pictures[::2], pictures[1::2], classes[::2], classes[1::2])


def export_cifar(name: str, folder: Path) -> Path:
    """Export one of the networks; return its file."""
    symbol = DATA / "gluoncv_cifar" / f"{name}-symbol.json"
    options = ExportOptions(dynamic_batch=True)
    return export(str(symbol), folder / f"{name}.onnx", options=options, verify=False).path


def accuracy(model: ir.Model | Path, pictures: CalibrationSet) -> float:
    """Top-1 of a network in percent."""
    graph = ir.load(model) if isinstance(model, Path) else model
    logits = compute(graph, ["logits"], pictures)["logits"]
    return float(100 * np.mean(logits.argmax(axis=1) == read_pictures().classes))


def classifier_row(name: str, asked: float, arguments: argparse.Namespace) -> Record:
    """Prune one network to one speed by every method."""
    with tempfile.TemporaryDirectory() as folder:
        source = export_cifar(name, Path(folder))
        return {"methods": dict(try_methods(source, asked, arguments))}


def try_methods(source: Path, asked: float, arguments: argparse.Namespace) -> Iterator[tuple[str, Record]]:
    """Prune by every method, at the widths that the default method chose."""
    data = read_pictures()
    job = start_job(source, source.with_name(f"{source.stem}_{asked}.onnx"), asked, arguments)
    prepared, widths = prepare_widths(job)
    pictures = collect_pictures(data.measured, job.metadata.preprocessing, (32, 32), len(data.measured), 0)
    whole = accuracy(job.network.model, pictures)
    for order, method in (*METHODS, *([DISTILLED] if arguments.distill else [])):
        is_final = (order, method) in (METHODS[-1], DISTILLED)
        model = prune_by(job, prepared, widths, order, method)
        training = time_training(job, prepared, model, widths) if (order, method) == DISTILLED else {}
        after = accuracy(model, pictures)
        row: Record = {
            "order": order,
            "fit": method,
            "speedup": round(time_pruned(job, model).speedup, 3),
            "macs": round(count_macs(model) / count_macs(job.network.model), 3),
            "top1": round(after, 2),
            "drop": round(whole - after, 2),
        }
        if is_final:
            few = data.fitted[:: len(data.fitted) // CALIBRATED_ON]
            row |= training | {"goal": GOALS[asked], "widths": {n: int(w) for n, w in widths.items()}}
            row["int8"] = in_8_bits(source, model, few, partial(accuracy, pictures=pictures), whole)
        print(source.stem, asked, row, flush=True)
        yield f"{order}, {method}", row | circumstances()
    prepared.cache.discard()


def start_job(source: Path, output: Path, asked: float, arguments: argparse.Namespace) -> PruneJob:
    """Open a network that is to be pruned to a speed, or to as much work."""
    goal = spell_goal(asked, arguments.macs)
    wanted = PruneGoal(goal.get("speedup"), goal.get("macs"), "f32")
    return open_job(source, output, wanted, arguments.distill, 0, tell)


def prepare_widths(job: PruneJob) -> tuple[Preparation, dict[str, int]]:
    """Fit on the pictures what pruning needs to know, and choose the widths."""
    cache, name = cache_path(job.output), job.source.stem
    if name in KNOWN:
        cache.write_bytes(KNOWN[name])
    prepared = prepare(job, read_pictures().fitted)
    measures = measure_sensitivity(job, prepared)
    KNOWN[name] = cache.read_bytes()
    return prepared, choose_widths(job, prepared, measures).widths


def prune_by(
    job: PruneJob, prepared: Preparation, widths: dict[str, int], order: str, method: str
) -> ir.Model:
    """Prune to widths by some order of the channels, and go on by some method."""
    network = prepared.network if order == "obs" else rank_by(prepared.network, order)
    if method in ("default", "distilled"):
        return fit(job, prepared, widths)
    if method == "least_squares":
        model = network.prune(widths)
        fit_in_order(network, model, widths, prepared.fitted_on, job.seed, no_report)
        return model
    model = network.slice(widths)
    if method == "statistics":
        match_statistics(network, model, widths, prepared.fitted_on)
    return model


def time_training(job: PruneJob, prepared: Preparation, model: ir.Model, widths: dict[str, int]) -> Record:
    """Train a network that was fitted, where that helps; say how long it took."""
    begin = time.perf_counter()
    found = train(job, prepared, model, widths)
    seconds = round(time.perf_counter() - begin, 1)
    return {"distillation": found.to_dict() | {"seconds": seconds}}


def no_report(done: int, total: int) -> None:
    """Tell nobody."""
