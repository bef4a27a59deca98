"""What 8 bits cost really trained networks: ours and MXNet's own, on the same pictures.

Each network is calibrated on pictures that it is not measured on. Where a data set has no part for
calibrating, it is divided at random into two halves: each is calibrated on while the other is measured, and
both are counted. Nothing returns to float, neither for accuracy (no limit is set) nor for speed; where more
is lost than the goal, the figure with the goal as --max-drop stands beside it. MXNet quantises the same
network by mxnet.contrib.quantization, in each of its modes, from the same tensors. Needs the extra [mxnet]
and a folder of trained networks and pictures: python -m benchmarks.int8_accuracy [NETWORK...]
An interrupted command continues.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import DATA
from benchmarks.command_line import make_parser
from benchmarks.mxnet_evaluator import MxnetEvaluator, Outcomes, Run
from benchmarks.records import Record, Results
from gcv_edge.calibration import CalibrationOptions, CalibrationResult, calibrate
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.data import Dataset, open_dataset
from gcv_edge.evaluation import Metric
from gcv_edge.evaluation.running import make_metric, run_labelled
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.runtime.loading import load, open_network
from gcv_edge.runtime.results import Classification

CELLS = ("rbc", "wbc", "platelets")
CALIBRATED_ON = 300
"""Pictures at most, ours and MXNet's."""
MODES = ("naive", "entropy")
GRANULARITIES = ("tensor-wise", "channel-wise")


class TrainedNetwork(NamedTuple):
    """A trained network and the pictures that it is tried on.

    Attributes:
        symbol: pattern of the symbol file, below the folder of trained networks.
        data: data set there.
        goal: points that may be lost.
        size: width and height of the input, where the symbol does not tell them.
        labels: class names.
        splits: parts to calibrate and to measure on; empty: two halves at random.
    """

    symbol: str
    data: str
    goal: float
    size: int | None = None
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()


CASES = {
    **{
        name: TrainedNetwork(f"gluoncv_cifar/{name}-symbol.json", "cifar10_test_jpeg_2000", 0.3)
        for name in ("cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnet56_v1", "cifar_resnet56_v2")
    },
    "yolo3_mobilenet0.25_custom": TrainedNetwork(
        "trained_yolo3*/*-symbol.json", "bccd_voc", 0.5, 320, CELLS, ("train", "test")
    ),
    "ssd_300_mobilenet0.25_custom": TrainedNetwork(
        "trained_ssd_300*/*-symbol.json", "bccd_voc", 0.5, 300, CELLS, ("train", "test")
    ),
    "squeezenet1.1": TrainedNetwork(
        "gluoncv_squeezenet1.1_converted/*-symbol.json", "imagenet_sample_400/val.lst", 0.5
    ),
}


class Fold(NamedTuple):
    """Pictures to calibrate and others to measure on."""

    calibrating: Dataset
    measuring: Dataset


@dataclass
class Tally:
    """Adds up what one form of a network does on all folds.

    Attributes:
        metric: takes in every picture.
        right: whether each picture's class was found, where pictures have one.
    """

    metric: Metric
    right: list[bool]

    def take(self, results: Outcomes) -> None:
        """Take in a fold's results."""
        for sample, result in results:
            height, width = sample.frame.shape[:2]
            self.metric.update(result, sample.target, (width, height))
            if isinstance(result, Classification):
                self.right.append(int(result.logits.argmax()) == sample.target.class_id)  # type: ignore[union-attr]

    def points(self) -> float:
        """Return the metric, 0 to 100."""
        return 100 * self.metric.compute().value


class CrossValidation(NamedTuple):
    """A network over all its folds."""

    name: str
    floating: Path
    folds: list[Fold]

    def add_up(self, make_run: Callable[[Fold], Run]) -> Tally:
        """Run a form that may be made anew for each fold over the pictures to measure on."""
        tally = Tally(make_metric(open_network(self.floating), self.folds[0].measuring, None), [])
        for fold in self.folds:
            tally.take(make_run(fold)(fold.measuring))
        return tally

    def summarize(self, form: str, whole: Tally, quantized: Tally, goal: float | None = None) -> Record:
        """Say, and print, what was lost, and how many pictures changed sides."""
        before, after = round(whole.points(), 3), round(quantized.points(), 3)
        drop = round(whole.points() - quantized.points(), 3)
        found: Record = {"fp32": before, "int8": after, "drop": drop}
        if whole.right:
            sides = Counter(zip(whole.right, quantized.right, strict=True))
            found |= {"pictures_lost": sides[True, False], "pictures_won": sides[False, True]}
        if goal is not None:
            found["within_goal"] = drop <= goal
        print(f"{self.name}: {form}: {json.dumps(found)}", flush=True)
        return found


def make_folds(case: TrainedNetwork, floating: Path, folder: Path) -> list[Fold]:
    """Open the pictures of a case."""
    model = load(floating)

    def open_part(split: str | None) -> Dataset:
        return open_dataset(folder / case.data, model.task, model.labels, split)

    if case.splits:
        calibrating, measuring = map(open_part, case.splits)
        return [Fold(calibrating.limit(CALIBRATED_ON), measuring)]
    halves = open_part(None).split(0.5)
    return [Fold(one.limit(CALIBRATED_ON), other) for one, other in (halves, tuple(reversed(halves)))]


def measure(name: str, folder: Path) -> Record:
    """Measure one network in all its forms."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as workplace:
        symbol = next(folder.glob(case.symbol))
        shape = None if case.size is None else (1, 3, case.size, case.size)
        options = ExportOptions(input_shape=shape, labels=case.labels)
        floating = export(str(symbol), Path(workplace) / f"{name}.onnx", options=options).path
        validation = CrossValidation(name, floating, make_folds(case, floating, folder))
        whole = validation.add_up(lambda _: ours(floating))
        quantized, calibrations = try_int8(validation)
        found = validation.summarize("ours", whole, quantized, case.goal)
        return {
            "metric": whole.metric.title,
            "data": case.data,
            "calibrated_on": [len(calibrating) for calibrating, _ in validation.folds],
            "measured_on": sum(len(measuring) for _, measuring in validation.folds),
            "goal": case.goal,
            **found,
            "recipes": [
                {"candidates": dict(each.candidates), "decibels": each.agreement} for each in calibrations
            ],
            **({} if found["within_goal"] else {"gated": measure_gated(validation, whole, case.goal)}),
            "mxnet": measure_mxnet(validation, MxnetEvaluator(symbol, floating)),
        }


def ours(path: Path) -> Run:
    """Run a file in our runtime."""
    return partial(run_labelled, open_network(path))


def try_int8(
    validation: CrossValidation, max_drop: float | None = None
) -> tuple[Tally, list[CalibrationResult]]:
    """Calibrate on each fold; where a limit is set, layers return to float by the labels measured on."""
    calibrations: list[CalibrationResult] = []

    def quantize(fold: Fold) -> Run:
        def score(path: Path) -> float:
            return validation._replace(folds=[fold]).add_up(lambda _: ours(path)).points()

        found = calibrate(
            validation.floating,
            (sample.frame for sample in fold.calibrating),
            validation.floating.with_name("int8.onnx"),
            score=None if max_drop is None else score,
            max_drop=max_drop,
            options=CalibrationOptions(time_forms=False, data=fold.calibrating.name),
        )
        calibrations.append(found)
        return ours(found.path)

    return validation.add_up(quantize), calibrations


def measure_gated(validation: CrossValidation, whole: Tally, goal: float) -> Record:
    """Measure what is lost with the goal as ``--max-drop``."""
    quantized, calibrations = try_int8(validation, goal)
    kept = [(len(found.kept_float), found.layers) for found in calibrations]
    layers = [{"float": count, "of": left + count} for count, left in kept]
    return {"layers": layers, **validation.summarize("ours, with the goal as limit", whole, quantized, goal)}


def quantize_by_mxnet(reference: MxnetEvaluator, mode: str, granularity: str, fold: Fold) -> Run:
    """Calibrate MXNet's 8-bit form on a fold."""
    return reference.quantized(mode, granularity, fold.calibrating)


def measure_mxnet(validation: CrossValidation, reference: MxnetEvaluator) -> Record:
    """Measure MXNet's float form and each of its 8-bit forms."""
    whole = validation.add_up(lambda _: reference.floating())
    found: Record = {}
    for mode, granularity in itertools.product(MODES, GRANULARITIES):
        label = f"{mode}, {granularity}"
        try:
            quantized = validation.add_up(partial(quantize_by_mxnet, reference, mode, granularity))
        except Exception as error:  # what MXNet cannot do is said in the results
            found[label] = {"failed": " ".join(str(error).split())[:200]}
        else:
            found[label] = validation.summarize(f"MXNet {label}", whole, quantized)
    drops = [form["drop"] for form in found.values() if "drop" in form]
    return {"fp32": round(whole.points(), 3), "int8": found, "smallest_drop": min(drops, default=None)}


@ending_tidily()
def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"{arguments.data}: no such folder; --data or GCV_EDGE_TESTDATA names it")
    names = arguments.networks or list(CASES)
    results = Results("int8_accuracy", again=names if arguments.again else (), order=list(CASES))
    results.fill(names, lambda name: measure(name, arguments.data))


if __name__ == "__main__":
    main()
