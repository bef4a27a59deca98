"""What pruning loses on really trained networks, and what it saves, without any training.

    python benchmarks/pruning.py cifar        GluonCV's CIFAR-10 networks at three measured speed-ups, in 8
                                              bits too, beside other orders and ways to fit at the same
                                              widths; with --distill, also trained for a short time
    python benchmarks/pruning.py detectors    blood-cell detectors at 1.3x, in 8 bits too, VOC07 mAP
    python benchmarks/pruning.py resnet50     time, memory and speed-up of resnet50_v1d at 1.5x asked, once in
                                              FP32 and once in 8 bits

Data: the folder GCV_EDGE_TESTDATA, else ../shared/data. Pictures that are fitted on and those that are
measured are disjoint, and no label is used but for measuring. Results: benchmarks/results/pruning_*.json,
shown in docs/prune.md (python benchmarks/readme_table.py). An interrupted command goes on where it was; with
--again, what is there is measured anew.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx_ir as ir
from harness import ROOT, machine, read_results, write_results
from pruning_methods import match_statistics, rank_by
from tables import circumstances, identity
from zoo.memory import with_peak

from gcv_edge import Detector
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget
from gcv_edge.evaluation.voc import Voc07Precision
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.graph.writing import write_model
from gcv_edge.pipeline import export
from gcv_edge.prune import count_macs, prune
from gcv_edge.prune.finishing import fit, train
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.fitting.calibration_set import CalibrationSet, collect_pictures, noise_frames
from gcv_edge.prune.fitting.sequential import fit_in_order
from gcv_edge.prune.job import PruneGoal, PruneJob, findings_path, open_job
from gcv_edge.prune.preparation import Preparation, choose_widths, measure_sensitivity, prepare, time_pruned
from gcv_edge.prune.search.latency import compare_speed
from gcv_edge.runtime.modelfile import read_entries
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
    ("obs", "default"),
)
"""Order of the channels, and how the rest is fitted; by default, the last layer then to probabilities."""

DISTILLED = ("obs", "distilled")
"""The default, trained for a short time: ``--distill``."""

CALIBRATED_ON = 300
"""CIFAR pictures, of those that are fitted on."""

CELLS = ("RBC", "WBC", "Platelets")
SIZES = {"yolo3": 320, "ssd_300": 300}
"""Input of the detectors that were trained on them."""

RESNETS = {"resnet50_v1d": "f32", "resnet50_v1d in 8 bits": "int8"}
"""Precision in which its speed counts."""

PICTURES = 512

Row = dict[str, Any]


def cifar_pictures() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Pictures to fit on, pictures to measure on, and the classes of the latter."""
    paths = sorted((DATA / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    names = sorted({path.parent.name for path in paths})
    fitted, measured = paths[::2], paths[1::2]
    truth = np.array([names.index(path.parent.name) for path in measured])
    return [cv2.imread(str(p)) for p in fitted], [cv2.imread(str(p)) for p in measured], truth


def accuracy(model: ir.Model, pictures: CalibrationSet, truth: np.ndarray) -> float:
    """Top-1 in percent."""
    logits = compute(model, ["logits"], pictures)["logits"]
    return float(100 * np.mean(logits.argmax(axis=1) == truth))


def cifar(arguments: argparse.Namespace) -> None:
    fitted, measured, truth = cifar_pictures()
    known: dict[str, bytes] = {}

    def measure(name: str, asked: float) -> Iterator[Row]:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"{name}.onnx"
            symbol = DATA / "gluoncv_cifar" / f"{name}-symbol.json"
            export(str(symbol), source, options=ExportOptions(dynamic_batch=True), verify=False)
            yield from cifar_rows(
                name, source, asked, fitted, measured, truth, known, arguments.macs, arguments.distill
            )

    keys = [(name, asked) for name in arguments.networks or CIFAR for asked in GOALS]
    collect("pruning_cifar", keys, arguments, measure)


def collect(
    name: str,
    keys: Iterable[tuple[str, float]],
    arguments: argparse.Namespace,
    measure: Callable[[str, float], Iterable[Row]],
) -> None:
    """Measure what is wanted and not there yet, and store it after each network and speed.

    Rows of another processor, of other versions or of another way to count are not taken over.
    """
    stored, by = read_results(name), "macs" if arguments.macs else "speed"
    is_same = identity(stored.get("machine", {})) == identity(machine()) and stored.get("by") == by
    rows: list[Row] = stored.get("rows", []) if is_same else []
    for network, asked in keys:
        others = [row for row in rows if (row["network"], row["asked"]) != (network, asked)]
        if len(others) < len(rows) and not arguments.again:
            print(f"{network}, {asked}x: is there already")
            continue
        found = []
        for row in measure(network, asked):
            found.append({"network": network, "asked": asked, **row, **circumstances()})
            print(found[-1], flush=True)
        rows = sorted([*others, *found], key=lambda row: (row["network"], row["asked"]))
        write_results(name, {"by": by, "rows": rows})


def cifar_rows(
    name: str,
    source: Path,
    target: float,
    fitted: list[np.ndarray],
    measured: list[np.ndarray],
    truth: np.ndarray,
    known: dict[str, bytes],
    by_macs: bool,
    distill: bool | int,
) -> Iterator[Row]:
    """Prune one network to one speed by every method, at the widths that the default method chose.

    What does not depend on the speed is found out once: ``known`` keeps each network's file of findings.
    """
    goal = PruneGoal(None, 1 / target, "f32") if by_macs else PruneGoal(target, None, "f32")
    output = source.with_name(f"{name}_{target}.onnx")
    findings = findings_path(output)
    if name in known:
        findings.write_bytes(known[name])
    job = open_job(source, output, goal, distill, 0, tell)
    prepared = prepare(job, fitted)
    measures = measure_sensitivity(job, prepared)
    known[name] = findings.read_bytes()
    widths = choose_widths(job, prepared, measures).widths
    pictures = collect_pictures(measured, job.metadata.preprocessing, (32, 32), len(measured), 0)
    whole = accuracy(job.network.model, pictures, truth)
    for order, method in (*METHODS, *([DISTILLED] if distill else [])):
        is_final = (order, method) in (METHODS[-1], DISTILLED)
        model = prune_by(job, prepared, widths, order, method)
        training = time_training(job, prepared, model, widths) if (order, method) == DISTILLED else {}
        after = accuracy(model, pictures, truth)
        row: Row = {
            "order": order,
            "fit": method,
            "speedup": round(time_pruned(job, model).speedup, 3),
            "macs": round(count_macs(model) / count_macs(job.network.model), 3),
            "top1": round(after, 2),
            "drop": round(whole - after, 2),
        }
        if is_final:
            row |= training | {"goal": GOALS[target], "widths": {n: int(w) for n, w in widths.items()}}
            few = fitted[:: len(fitted) // CALIBRATED_ON]
            row["int8"] = in_8_bits(
                source, model, few, lambda path: accuracy_of(path, pictures, truth), whole
            )
        yield row
    prepared.findings.discard()


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


def time_training(
    job: PruneJob, prepared: Preparation, model: ir.Model, widths: dict[str, int]
) -> dict[str, Any]:
    """Train a network that was fitted, where that helps; say how long it took."""
    begin = time.perf_counter()
    found = train(job, prepared, model, widths)
    seconds = round(time.perf_counter() - begin, 1)
    return {"distillation": found.to_dict() | {"seconds": seconds}}


def accuracy_of(path: Path, pictures: CalibrationSet, truth: np.ndarray) -> float:
    """Top-1 of a file in percent."""
    return accuracy(ir.load(path), pictures, truth)


def in_8_bits(
    source: Path, pruned: ir.Model, frames: Iterable[Any], score: Callable[[Path], float], whole: float
) -> dict[str, Any]:
    """Calibrate a pruned network; what that loses of the whole float network's score, and how fast it is."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "pruned.onnx"
        pruned.metadata_props.update(read_entries(source))
        write_model(pruned, small)
        result = calibrate_quickly(small, frames)
        after, float_after = score(result), score(small)
        seconds = compare_speed([source, result])
    return {
        "score": round(after, 2),
        "drop": round(whole - after, 2),
        "more": round(float_after - after, 2),
        "speedup": round(seconds[0] / seconds[1], 3),
    }


def calibrate_quickly(path: Path, frames: Iterable[Any]) -> Path:
    """Make an 8-bit file beside a float one; layers that 8 bits make slower here stay float."""
    output = path.with_name(f"{path.stem}_int8.onnx")
    return calibrate(path, frames, output, options=CalibrationOptions()).path


def detectors(arguments: argparse.Namespace) -> None:
    trained = {next(DATA.glob(f"trained_{kind}*")).name: kind for kind in arguments.networks or SIZES}

    def measure(network: str, asked: float) -> Iterator[Row]:
        yield detector_row(network, SIZES[trained[network]], asked, arguments.macs)

    collect("pruning_detectors", [(network, 1.3) for network in trained], arguments, measure)


def detector_row(network: str, size: int, asked: float, by_macs: bool) -> Row:
    """Prune one detector; what that loses, in 8 bits too."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "whole.onnx", Path(folder) / "pruned.onnx"
        options = ExportOptions(input_shape=(1, 3, size, size), labels=CELLS, dynamic_batch=True)
        export(str(next((DATA / network).glob("*-symbol.json"))), source, options=options, verify=False)
        goal = {"macs": 1 / asked} if by_macs else {"speedup": asked}
        result = prune(source, cell_frames(), output, score=mean_precision, progress=tell, **goal)
        before, after = result.score or (0.0, 0.0)
        return {
            "speedup": round(result.speedup, 3),
            "macs": round(result.macs[1] / result.macs[0], 3),
            "map_before": round(before, 2),
            "map_after": round(after, 2),
            "drop": round(before - after, 2),
            "goal": 1.0,
            "int8": in_8_bits(source, ir.load(output), cell_frames(), mean_precision, before),
            "seconds": {stage: round(value, 1) for stage, value in result.stages.items()},
        }


def cell_frames() -> Iterator[np.ndarray]:
    """Pictures to fit on."""
    return (sample.frame for sample in open_dataset(DATA / "bccd_voc", split="trainval"))


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
    def measure(network: str, asked: float) -> Iterator[Row]:
        yield resnet50_row(RESNETS[network], asked, arguments.macs)

    collect(
        "pruning_resnet50", [(network, 1.5) for network in arguments.networks or RESNETS], arguments, measure
    )


def resnet50_row(precision: str, asked: float, by_macs: bool) -> Row:
    """Prune with random weights; what that takes, and how fast the result is."""
    with tempfile.TemporaryDirectory() as name:
        source, output = Path(name) / "resnet50_v1d.onnx", Path(name) / "pruned.onnx"
        options = ExportOptions(dynamic_batch=True)
        export("resnet50_v1d", source, options=options, random_weights=0, verify=False)
        goal: dict[str, Any] = {"macs": 1 / asked} if by_macs else {"speedup": asked, "precision": precision}
        frames = noise_frames(PICTURES, (256, 256), 0)
        begin = time.perf_counter()
        result, grown = with_peak(lambda: prune(source, frames, output, progress=tell, **goal))
        minutes = (time.perf_counter() - begin) / 60
        floats = compare_speed([source, output])
        return {
            "precision": precision,
            "pictures": PICTURES,
            "speedup": round(floats[0] / floats[1], 3),
            "int8_over_int8": round(int8_speed(source, output), 3),
            "macs": round(result.macs[1] / result.macs[0], 3),
            "minutes": round(minutes, 1),
            "gigabytes": None if grown is None else round(grown / 1e9, 2),
            "stages": {stage: round(value, 1) for stage, value in result.stages.items()},
            "widths": result.widths,
            "aligned": all(after % 16 == 0 for _, after in result.widths.values()),
        }


def int8_speed(source: Path, pruned: Path) -> float:
    """Times as fast as the whole network, both in 8 bits."""
    files = [calibrate_quickly(path, noise_frames(32, (256, 256), 1)) for path in (source, pruned)]
    seconds = compare_speed(files)
    return seconds[0] / seconds[1]


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
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    parser.add_argument(
        "--macs", action="store_true", help="ask for work instead of speed: no quiet machine needed"
    )
    parser.add_argument(
        "--distill",
        nargs="?",
        type=int,
        const=True,
        default=False,
        metavar="PASSES",
        help="cifar: also train what the default made for a short time (extra [torch])",
    )
    arguments = parser.parse_args()
    {"cifar": cifar, "detectors": detectors, "resnet50": resnet50}[arguments.what](arguments)


if __name__ == "__main__":
    main()
