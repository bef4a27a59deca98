"""What pruning loses on really trained networks, and what it saves, without any training.

    python benchmarks/pruning.py cifar        GluonCV's CIFAR-10 networks at three measured speed-ups, beside
                                              other orders and ways to fit at the same widths
    python benchmarks/pruning.py detectors    blood-cell detectors at 1.3x, VOC07 mAP
    python benchmarks/pruning.py resnet50     time, memory and speed-up of resnet50_v1d at 1.5x asked

Data: the folder GCV_EDGE_TESTDATA, else ../shared/data. Pictures that are fitted on and those that are
measured are disjoint, and no label is used but for measuring. Results: benchmarks/results/pruning_*.json.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx_ir as ir
from harness import ROOT, write_results

from gcv_edge import Detector
from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget
from gcv_edge.evaluation.voc import Voc07Precision
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.prune import count_macs, prune
from gcv_edge.prune.forward import Forward
from gcv_edge.prune.inputs import Pictures, collect_pictures, noise_frames
from gcv_edge.prune.refinement import refine
from gcv_edge.prune.run import Run, ignore
from gcv_edge.tasks import DETECTION

DATA = Path(os.environ.get("GCV_EDGE_TESTDATA", ROOT.parent / "shared" / "data"))
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
)
"""Order of the channels, and how the rest is fitted."""

CELLS = ("RBC", "WBC", "Platelets")


def cifar_pictures() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Pictures to fit on, pictures to measure on, and the classes of the latter."""
    paths = sorted((DATA / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    names = sorted({path.parent.name for path in paths})
    fitted, measured = paths[::2], paths[1::2]
    truth = np.array([names.index(path.parent.name) for path in measured])
    return [cv2.imread(str(p)) for p in fitted], [cv2.imread(str(p)) for p in measured], truth


def accuracy(model: ir.Model, pictures: Pictures, truth: np.ndarray) -> float:
    """Top-1 in percent."""
    parts = [tensors["logits"] for tensors in Forward(model, ["logits"]).stream(pictures)]
    return float(100 * np.mean(np.concatenate(parts).argmax(axis=1) == truth))


def cifar(arguments: argparse.Namespace) -> None:
    fitted, measured, truth = cifar_pictures()
    rows: list[dict[str, Any]] = []
    for name in arguments.networks or CIFAR:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"{name}.onnx"
            symbol = DATA / "gluoncv_cifar" / f"{name}-symbol.json"
            export(str(symbol), source, options=ExportOptions(dynamic_batch=True), verify=False)
            for target in GOALS:
                rows += cifar_rows(name, source, target, fitted, measured, truth, by_macs=arguments.macs)
    write_results(
        "pruning_cifar", {"goals": GOALS, "by": "macs" if arguments.macs else "speed", "rows": rows}
    )


def cifar_rows(
    name: str,
    source: Path,
    target: float,
    fitted: list[np.ndarray],
    measured: list[np.ndarray],
    truth: np.ndarray,
    by_macs: bool,
) -> Iterator[dict[str, Any]]:
    """Prune one network to one speed by every method, at the widths that the default method chose."""
    goal = {"macs": 1 / target, "speedup": None} if by_macs else {"macs": None, "speedup": target}
    output = source.with_name(f"{name}_{target}.onnx")
    run = Run(source, output, goal["speedup"], goal["macs"], 0, ignore)
    run.prepare(fitted)
    run.measure()
    widths = run.choose()
    study, orders = run.study, dict(run.study.orders)
    pictures = collect_pictures(measured, run.metadata.preprocessing, (32, 32), len(measured), 0)
    whole = accuracy(study.model, pictures, truth)
    for order, method in METHODS:
        study.orders = dict(orders) if order == "obs" else {}
        study.order(order, no_report)
        model = study.prune(widths, fit=method == "least_squares")
        if method != "none":
            refine(study, model, widths, run.fitted_on, 0, no_report, method)
        after = accuracy(model, pictures, truth)
        row = {
            "network": name,
            "asked": target,
            "order": order,
            "fit": method,
            "speedup": round(run.time(model), 3),
            "macs": round(count_macs(model) / count_macs(study.model), 3),
            "top1": round(after, 2),
            "drop": round(whole - after, 2),
        }
        if (order, method) == METHODS[-1]:
            row |= {"goal": GOALS[target], "widths": {n: int(w) for n, w in widths.items()}}
        print(row, flush=True)
        yield row
    run.state.remove()


def detectors(arguments: argparse.Namespace) -> None:
    rows = []
    sizes = {"yolo3": 320, "ssd_300": 300}
    for kind, size in ((kind, sizes[kind]) for kind in arguments.networks or sizes):
        trained = next(DATA.glob(f"trained_{kind}*"))
        with tempfile.TemporaryDirectory() as name:
            source, output = Path(name) / f"{kind}.onnx", Path(name) / f"{kind}_pruned.onnx"
            options = ExportOptions(input_shape=(1, 3, size, size), labels=CELLS, dynamic_batch=True)
            export(str(next(trained.glob("*-symbol.json"))), source, options=options, verify=False)
            frames = (sample.frame for sample in open_dataset(DATA / "bccd_voc", split="trainval"))
            goal = {"macs": 1 / 1.3} if arguments.macs else {"speedup": 1.3}
            result = prune(source, frames, output, score=mean_precision, **goal)
            before, after = result.score or (0.0, 0.0)
            rows.append(
                {
                    "network": trained.name,
                    "asked": 1.3,
                    "speedup": round(result.speedup, 3),
                    "macs": round(result.macs[1] / result.macs[0], 3),
                    "map_before": round(before, 2),
                    "map_after": round(after, 2),
                    "drop": round(before - after, 2),
                    "goal": 1.0,
                    "seconds": {stage: round(value, 1) for stage, value in result.stages.items()},
                }
            )
            print(rows[-1], flush=True)
    write_results("pruning_detectors", {"rows": rows})


def mean_precision(path: Path) -> float:
    """VOC07 mAP in percent on the test pictures, in input pixels as MXNet's figure was measured."""
    detector, metric = Detector(path), Voc07Precision(CELLS)
    for sample in open_dataset(DATA / "bccd_voc", DETECTION, CELLS, "test"):
        found, target = detector.run(sample.frame), sample.target
        assert isinstance(target, BoxTarget)
        scale = np.tile(np.divide(detector.input_size, sample.frame.shape[1::-1]), 2)
        metric.update(
            replace(found, boxes=found.boxes * scale.astype(np.float32)),
            replace(target, boxes=target.boxes * scale),
            detector.input_size,
        )
    return 100 * metric.compute().value


def resnet50(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, output = Path(name) / "resnet50_v1d.onnx", Path(name) / "pruned.onnx"
        options = ExportOptions(dynamic_batch=True)
        export("resnet50_v1d", source, options=options, random_weights=0, verify=False)
        begin = time.perf_counter()
        goal = {"macs": 1 / 1.5} if arguments.macs else {"speedup": 1.5}
        result = prune(source, noise_frames(512, (256, 256), 0), output, progress=tell, **goal)
        row = {
            "network": "resnet50_v1d (random weights)",
            "pictures": 512,
            "asked": 1.5,
            "speedup": round(result.speedup, 3),
            "macs": round(result.macs[1] / result.macs[0], 3),
            "minutes": round((time.perf_counter() - begin) / 60, 1),
            "stages": {stage: round(value, 1) for stage, value in result.stages.items()},
            "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
            "widths": result.widths,
            "aligned": all(
                after % (16 if before > 32 else 8) == 0 for before, after in result.widths.values()
            ),
        }
    print(row)
    write_results("pruning_resnet50", row)


def no_report(done: int, total: int) -> None:
    """Tell nobody."""


def tell(stage: str, done: int, total: int) -> None:
    print(f"{stage} {done}/{total}", end="\n" if done == total else "\r", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("cifar", "detectors", "resnet50"))
    parser.add_argument("--networks", nargs="*", help="some of them: cifar_resnet20_v1, yolo3, ...")
    parser.add_argument(
        "--macs", action="store_true", help="ask for work instead of speed: no quiet machine needed"
    )
    arguments = parser.parse_args()
    {"cifar": cifar, "detectors": detectors, "resnet50": resnet50}[arguments.what](arguments)


if __name__ == "__main__":
    main()
