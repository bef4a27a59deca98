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

from benchmarks import DATA
from benchmarks.pruned_files import in_8_bits, spell_goal, tell
from benchmarks.records import Record, circumstances
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.prune import count_macs
from gcv_edge.prune.forward import Forward
from gcv_edge.prune.inputs import Pictures, collect_pictures
from gcv_edge.prune.known import findings_path
from gcv_edge.prune.refinement import METHODS as REFINEMENTS
from gcv_edge.prune.refinement import refine
from gcv_edge.prune.run import Run

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
"""What does not depend on the speed is found out once: each network's file of findings."""


class LabelledPictures(NamedTuple):
    """Pictures to fit on, others to measure on, and the classes of the latter."""

    fitted: list[np.ndarray]
    measured: list[np.ndarray]
    classes: np.ndarray


@cache
def read_pictures() -> LabelledPictures:
    """Read every other picture to fit on, and the rest to measure on."""
    paths = sorted((DATA / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    names = sorted({path.parent.name for path in paths})
    pictures = [cv2.imread(str(path)) for path in paths]
    classes = np.array([names.index(path.parent.name) for path in paths[1::2]])
    return LabelledPictures(pictures[::2], pictures[1::2], classes)


def accuracy(model: ir.Model | Path, pictures: Pictures) -> float:
    """Top-1 of a network in percent."""
    graph = ir.load(model) if isinstance(model, Path) else model
    parts = [tensors["logits"] for tensors in Forward(graph, ["logits"]).stream(pictures)]
    return float(100 * np.mean(np.concatenate(parts).argmax(axis=1) == read_pictures().classes))


def classifier_row(name: str, asked: float, arguments: argparse.Namespace) -> Record:
    """Prune one network to one speed by every method."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.onnx"
        symbol = DATA / "gluoncv_cifar" / f"{name}-symbol.json"
        export(str(symbol), source, options=ExportOptions(dynamic_batch=True), verify=False)
        return {"methods": dict(try_methods(source, asked, arguments))}


def try_methods(source: Path, asked: float, arguments: argparse.Namespace) -> Iterator[tuple[str, Record]]:
    """Prune by every method, at the widths that the default method chose."""
    data, goal = read_pictures(), spell_goal(asked, arguments)
    run = start_run(source, source.with_name(f"{source.stem}_{asked}.onnx"), goal, arguments)
    widths, study = run.choose(), run.study
    orders = dict(study.orders)
    pictures = collect_pictures(data.measured, run.metadata.preprocessing, (32, 32), len(data.measured), 0)
    whole = accuracy(study.model, pictures)
    for order, method in (*METHODS, *([DISTILLED] if arguments.distill else [])):
        study.orders = dict(orders) if order == "obs" else {}
        study.order(order, no_report)
        is_final = (order, method) in (METHODS[-1], DISTILLED)
        model = run.fit(widths) if is_final else study.prune(widths, fit=method == "least_squares")
        if method in REFINEMENTS:
            refine(study, model, widths, run.fitted_on, 0, no_report, method)
        training = train(run, model, widths) if (order, method) == DISTILLED else {}
        after = accuracy(model, pictures)
        row: Record = {
            "order": order,
            "fit": method,
            "speedup": round(run.time(model), 3),
            "macs": round(count_macs(model) / count_macs(study.model), 3),
            "top1": round(after, 2),
            "drop": round(whole - after, 2),
        }
        if is_final:
            few = data.fitted[:: len(data.fitted) // CALIBRATED_ON]
            row |= training | {"goal": GOALS[asked], "widths": {n: int(w) for n, w in widths.items()}}
            row["int8"] = in_8_bits(source, model, few, partial(accuracy, pictures=pictures), whole)
        print(source.stem, asked, row, flush=True)
        yield f"{order}, {method}", row | circumstances()
    run.known.discard()


def start_run(source: Path, output: Path, goal: Record, arguments: argparse.Namespace) -> Run:
    """Prepare a network for pruning and measure its layers."""
    findings = findings_path(output)
    if source.stem in KNOWN:
        findings.write_bytes(KNOWN[source.stem])
    run = Run(source, output, goal.get("speedup"), goal.get("macs"), 0, tell, arguments.distill)
    run.prepare(read_pictures().fitted)
    run.measure()
    KNOWN[source.stem] = findings.read_bytes()
    return run


def train(run: Run, model: ir.Model, widths: dict[str, int]) -> Record:
    """Train a network that was fitted, where that helps; say how long it took."""
    assert run.distiller is not None
    begin = time.perf_counter()
    run.train(run.distiller, model, widths)
    assert run.distillation is not None
    seconds = round(time.perf_counter() - begin, 1)
    return {"distillation": run.distillation.to_dict() | {"seconds": seconds}}


def no_report(done: int, total: int) -> None:
    """Tell nobody."""
