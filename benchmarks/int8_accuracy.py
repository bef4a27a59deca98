"""What 8 bits cost really trained networks: ours, MXNet's own and NNCF's, on the same pictures.

Each network is calibrated on pictures that it is not measured on, three times, each time on others, drawn at
random. Where all pictures are new to the network, they are divided into two halves: each is calibrated on
while the other is measured, and both are counted. A detector is calibrated on some of the pictures that it
was trained on, and measured on all that it was not. Nothing returns to float, neither for accuracy (no limit
is set) nor for speed; where more is lost than the goal, the figure with the goal as --max-drop stands beside
it. MXNet quantises the same network by mxnet.contrib.quantization, in each of its modes, from the same
tensors; so does NNCF, by its defaults and with its more accurate bias correction. The standard
error of a difference is the bootstrap's, over the pictures. Needs the extra [mxnet], NNCF's environment and
a folder of trained networks and pictures. An interrupted command continues.
Run: python -m benchmarks.int8_accuracy --nncf-python PYTHON [NETWORK...]
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import DATA
from benchmarks.command_line import make_parser
from benchmarks.cross_validation import CrossValidation, Fold, PointsLost, Tally
from benchmarks.mxnet_evaluator import MxnetEvaluator, Run
from benchmarks.nncf_evaluator import NncfEvaluator, find_nncf_version
from benchmarks.records import Record, Results
from gcv_edge.calibration import CalibrationOptions, CalibrationResult, calibrate
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.data import Dataset, open_dataset
from gcv_edge.evaluation.running import run_labelled
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.runtime.loading import load, open_network

CELLS = ("rbc", "wbc", "platelets")
SEEDS = (0, 1, 2)
"""Of the divisions."""
CALIBRATED_ON = 300
"""Pictures of a half at most."""
CALIBRATED_ON_TRAINED = 160
"""Pictures of those that a network was trained on."""
OURS = "gcv-edge"
MXNET_FORMS = tuple(itertools.product(("naive", "entropy"), ("tensor-wise", "channel-wise")))
NNCF_FORMS: dict[str, dict[str, Any]] = {
    "NNCF": {},
    "NNCF, accurate bias correction": {"fast_bias_correction": False},
}


class TrainedNetwork(NamedTuple):
    """A trained network and the pictures that it is tried on.

    Attributes:
        symbol: pattern of the symbol file, below the folder of trained networks.
        data: data set there.
        goal: points that may be lost.
        size: width and height of the input, where the symbol does not tell them.
        labels: class names.
        splits: the part trained on and the part to measure on; empty: all pictures are new to it.
    """

    symbol: str
    data: str
    goal: float
    size: int | None = None
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()


def on_cifar(*names: str) -> dict[str, TrainedNetwork]:
    """Describe GluonCV's networks for CIFAR-10."""
    return {
        name: TrainedNetwork(f"gluoncv_cifar/{name}-symbol.json", "cifar10_test_jpeg_2000", 0.3)
        for name in names
    }


CASES = {
    **on_cifar("cifar_resnet20_v1", "cifar_resnet20_v2"),
    "squeezenet1.1": TrainedNetwork(
        "gluoncv_squeezenet1.1_converted/*-symbol.json", "imagenet_sample_400/val.lst", 0.5
    ),
    "ssd_300_mobilenet0.25_custom": TrainedNetwork(
        "trained_ssd_300*/*-symbol.json", "bccd_voc", 0.3, 300, CELLS, ("trainval", "test")
    ),
    "yolo3_mobilenet0.25_custom": TrainedNetwork(
        "trained_yolo3*/*-symbol.json", "bccd_voc", 0.3, 320, CELLS, ("trainval", "test")
    ),
    **on_cifar("cifar_resnet56_v1", "cifar_resnet56_v2"),
}
"""The quickest first."""


def divide(case: TrainedNetwork, open_part: Callable[[str | None], Dataset], seed: int) -> list[Fold]:
    """Divide the pictures of a case into those to calibrate and those to measure on."""
    if case.splits:
        trained_on, new = map(open_part, case.splits)
        return [Fold(trained_on.split(CALIBRATED_ON_TRAINED, seed)[0], new)]
    halves = open_part(None).split(0.5, seed)
    return [Fold(one.limit(CALIBRATED_ON), other) for one, other in (halves, tuple(reversed(halves)))]


def measure(name: str, folder: Path, nncf_python: Path) -> Record:
    """Measure one network in all its forms."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as workplace:
        symbol = next(folder.glob(case.symbol))
        shape = None if case.size is None else (1, 3, case.size, case.size)
        options = ExportOptions(input_shape=shape, labels=case.labels)
        floating = export(str(symbol), Path(workplace) / f"{name}.onnx", options=options).path
        model = load(floating)

        def open_part(split: str | None) -> Dataset:
            return open_dataset(folder / case.data, model.task, model.labels, split)

        validation = CrossValidation(floating, [divide(case, open_part, seed) for seed in SEEDS])
        whole = validation.add_up(lambda _: ours(floating))
        nncf, mxnet = NncfEvaluator(nncf_python, floating), MxnetEvaluator(symbol, floating)
        others = itertools.chain(measure_nncf(validation, whole, nncf), measure_mxnet(validation, mxnet))
        calibrating, measuring = zip(*validation.divisions[0], strict=True)
        return {
            "metric": whole[0].metric.title,
            "data": case.data,
            "calibrated_on": list(map(len, calibrating)),
            "measured_on": sum(map(len, measuring)),
            "goal": case.goal,
            **compare(validation, whole, case.goal, others),
        }


def compare(
    validation: CrossValidation,
    whole: list[Tally],
    goal: float,
    others: Iterable[tuple[str, PointsLost | str]],
) -> Record:
    """Measure our 8-bit form, and hold it against the goal and the best of others."""
    name = validation.floating.stem
    quantized, calibrations = try_int8(validation)
    own = PointsLost(whole, quantized)
    forms, losses = {OURS: say(name, OURS, own)}, {}
    is_within_goal = own.drop <= goal
    gated = {} if is_within_goal else {"gated": measure_gated(validation, whole, goal)}
    for form, found in others:
        forms[form] = say(name, form, found)
        if isinstance(found, PointsLost):
            losses[form] = found
    best = min(losses, key=lambda form: losses[form].drop)
    return {
        "within_goal": is_within_goal,
        "forms": forms,
        "beside_best": {
            "form": best,
            "not_worse": own.drop <= losses[best].drop,
            **own.beside(losses[best]),
        },
        **gated,
        "recipes": [
            {"candidates": dict(each.candidates), "decibels": each.agreement} for each in calibrations
        ],
    }


def say(name: str, form: str, loss: PointsLost | str) -> Record:
    """Describe, and print, what was lost, or why that is not known."""
    found = loss.describe() if isinstance(loss, PointsLost) else {"failed": loss}
    print(f"{name}: {form}: {json.dumps(found)}", flush=True)
    return found


def ours(path: Path) -> Run:
    """Run a file in our runtime."""
    return partial(run_labelled, open_network(path))


def try_int8(
    validation: CrossValidation, max_drop: float | None = None
) -> tuple[list[Tally], list[CalibrationResult]]:
    """Calibrate on each fold; where a limit is set, layers return to float by the labels measured on."""
    calibrations: list[CalibrationResult] = []

    def quantize(fold: Fold) -> Run:
        def score(path: Path) -> float:
            return validation._replace(divisions=[[fold]]).add_up(lambda _: ours(path))[0].points

        found = calibrate(
            validation.floating,
            fold.calibrating.frames,
            validation.floating.with_name("int8.onnx"),
            score=None if max_drop is None else score,
            max_drop=max_drop,
            options=CalibrationOptions(time_forms=False, data=fold.calibrating.name),
        )
        calibrations.append(found)
        return ours(found.path)

    return validation.add_up(quantize), calibrations


def measure_gated(validation: CrossValidation, whole: list[Tally], goal: float) -> Record:
    """Measure what is lost with the goal as ``--max-drop``."""
    quantized, calibrations = try_int8(validation, goal)
    kept = [(len(found.kept_float), found.layers) for found in calibrations]
    layers = [{"float": count, "of": left + count} for count, left in kept]
    return {
        "layers": layers,
        **say(validation.floating.stem, "ours, with the goal as limit", PointsLost(whole, quantized)),
    }


def measure_nncf(
    validation: CrossValidation, whole: list[Tally], nncf: NncfEvaluator
) -> Iterator[tuple[str, PointsLost]]:
    """Measure NNCF's 8-bit forms."""
    for form, options in NNCF_FORMS.items():

        def quantize(fold: Fold, options: dict[str, Any] = options) -> Run:
            return nncf.quantized(options, fold.calibrating)

        yield form, PointsLost(whole, validation.add_up(quantize))


def measure_mxnet(
    validation: CrossValidation, reference: MxnetEvaluator
) -> Iterator[tuple[str, PointsLost | str]]:
    """Measure MXNet's 8-bit forms against its float form; what it cannot do is said in words."""
    whole = validation.add_up(lambda _: reference.floating())
    for mode, granularity in MXNET_FORMS:

        def quantize(fold: Fold, mode: str = mode, granularity: str = granularity) -> Run:
            return reference.quantized(mode, granularity, fold.calibrating)

        try:
            found: PointsLost | str = PointsLost(whole, validation.add_up(quantize))
        except Exception as error:  # whatever MXNet raises
            found = " ".join(str(error).split())[:200]
        yield f"MXNet {mode}, {granularity}", found


@ending_tidily()
def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--nncf-python", type=Path, required=True, metavar="PYTHON")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"{arguments.data}: no such folder; --data or GCV_EDGE_TESTDATA names it")
    names = arguments.networks or list(CASES)
    results = Results(
        "int8_accuracy",
        again=names if arguments.again else (),
        order=list(CASES),
        seeds=list(SEEDS),
        nncf=find_nncf_version(arguments.nncf_python),
    )
    results.fill(names, lambda name: measure(name, arguments.data, arguments.nncf_python))


if __name__ == "__main__":
    main()
