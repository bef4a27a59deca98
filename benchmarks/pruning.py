"""What pruning loses on really trained networks, and what it saves, without any training.

    python -m benchmarks.pruning cifar        GluonCV's CIFAR-10 networks at three measured speed-ups, in 8
                                              bits too, beside other orders and ways to fit at the same
                                              widths; with --distill, also trained for a short time
    python -m benchmarks.pruning detectors    blood-cell detectors at 1.3x, in 8 bits too, VOC07 mAP
    python -m benchmarks.pruning resnet50     time, memory and speed-up of resnet50_v1d at 1.5x asked, once in
                                              FP32 and once in 8 bits

Data: the folder GCV_EDGE_TESTDATA, else ../shared/data. Pictures that are fitted on and those that are
measured are disjoint, and no label is used but for measuring. Results: benchmarks/results/pruning_*.json,
shown in docs/prune.md (python -m benchmarks.pages). An interrupted command continues; with
--again, what is there is measured anew.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from benchmarks import DATA
from benchmarks.command_line import make_parser
from benchmarks.memory import with_peak
from benchmarks.pruned_files import calibrate_quickly, in_8_bits, speed_up, spell_goal, tell
from benchmarks.pruning_classifiers import CIFAR, GOALS, classifier_row
from benchmarks.records import Record, Results
from gcv_edge import Detector
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.data import open_dataset
from gcv_edge.data.targets import BoxTarget
from gcv_edge.evaluation.voc import Voc07Precision
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.tasks import DETECTION

CELLS = ("RBC", "WBC", "Platelets")
SIZES = {
    "trained_ssd_300_mobilenet0.25_custom_bccd": 300,
    "trained_yolo3_mobilenet0.25_custom_bccd": 320,
}
"""Input of the detectors that were trained on them."""

RESNETS = {"resnet50_v1d": "f32", "resnet50_v1d in 8 bits": "int8"}
"""Precision in which its speed counts."""

PICTURES = 512


def detector_row(network: str, asked: float, arguments: argparse.Namespace) -> Record:
    """Prune one detector; what that loses, in 8 bits too."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "whole.onnx", Path(folder) / "pruned.onnx"
        shape = (1, 3, SIZES[network], SIZES[network])
        options = ExportOptions(input_shape=shape, labels=CELLS, dynamic_batch=True)
        export(str(next((DATA / network).glob("*-symbol.json"))), source, options=options, verify=False)
        goal = spell_goal(asked, arguments.macs)
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


def cell_frames() -> Iterator[NDArray[np.uint8]]:
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


def resnet50_row(network: str, asked: float, arguments: argparse.Namespace) -> Record:
    """Prune with random weights; what that takes, and how fast the result is."""
    with tempfile.TemporaryDirectory() as name:
        source, output = Path(name) / "resnet50_v1d.onnx", Path(name) / "pruned.onnx"
        options = ExportOptions(dynamic_batch=True)
        export("resnet50_v1d", source, options=options, random_weights=0, verify=False)
        goal = spell_goal(asked, arguments.macs)
        if not arguments.macs:
            goal["precision"] = RESNETS[network]
        frames = noise_frames(PICTURES, (256, 256), 0)
        begin = time.perf_counter()
        result, grown = with_peak(lambda: prune(source, frames, output, progress=tell, **goal))
        minutes = (time.perf_counter() - begin) / 60
        int8 = [calibrate_quickly(path, noise_frames(32, (256, 256), 1)) for path in (source, output)]
        return {
            "precision": RESNETS[network],
            "pictures": PICTURES,
            "speedup": round(speed_up(source, output), 3),
            "int8_over_int8": round(speed_up(*int8), 3),
            "macs": round(result.macs[1] / result.macs[0], 3),
            "minutes": round(minutes, 1),
            "gigabytes": None if grown is None else round(grown / 1e9, 2),
            "stages": {stage: round(value, 1) for stage, value in result.stages.items()},
            "widths": result.widths,
            "aligned": all(after % 16 == 0 for _, after in result.widths.values()),
        }


class PruningStudy(NamedTuple):
    """Networks, the speeds to which each is pruned, and how that is done."""

    networks: Sequence[str]
    speeds: Sequence[float]
    measure: Callable[[str, float, argparse.Namespace], Record]


STUDIES = {
    "cifar": PruningStudy(CIFAR, tuple(GOALS), classifier_row),
    "detectors": PruningStudy(tuple(SIZES), (1.3,), detector_row),
    "resnet50": PruningStudy(tuple(RESNETS), (1.5,), resnet50_row),
}


@ending_tidily()
def main() -> None:
    """Prune what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("what", choices=tuple(STUDIES))
    parser.add_argument("--networks", nargs="*", help="some of them: cifar_resnet20_v1, yolo3, ...")
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    parser.add_argument(
        "--macs", action="store_true", help="ask for work instead of speed: no quiet machine needed"
    )
    parser.add_argument(
        "--distill", nargs="?", type=int, const=True, default=False, metavar="PASSES",
        help="cifar: also train what the default made for a short time (extra [torch])",
    )  # fmt: skip
    arguments = parser.parse_args()
    study = STUDIES[arguments.what]
    keys = {f"{network}, {asked}x": (network, asked) for network in study.networks for asked in study.speeds}
    wanted = [key for key, (network, _) in keys.items() if is_asked_for(network, arguments.networks)]
    name, again = f"pruning_{arguments.what}", wanted if arguments.again else ()
    results = Results(name, again=again, order=list(keys), by="macs" if arguments.macs else "speed")

    def make_row(key: str) -> Record:
        network, asked = keys[key]
        row = {"network": network, "asked": asked, **study.measure(network, asked, arguments)}
        print(row, flush=True)
        return row

    results.fill(wanted, make_row)


def is_asked_for(network: str, words: Sequence[str] | None) -> bool:
    """Tell a network by its name, or by a part of it."""
    return not words or any(word == network or f"_{word}_" in network for word in words)


if __name__ == "__main__":
    main()
