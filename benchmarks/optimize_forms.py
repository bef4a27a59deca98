"""What ``gcv-edge optimize`` finds in a quarter of an hour, beside what a person finds in an hour by hand.

By hand: 8 bits alone, then pruned to 1.15x, 1.3x, 1.5x and 2x and brought to 8 bits, each with the same
limit, as ``gcv-edge calibrate`` and ``gcv-edge export --prune --calibrate`` do; the fastest that kept it.
Both winners are timed in turn, and their loss is measured on a third set of pictures, which neither saw.
Trained networks and pictures: the folder GCV_EDGE_TESTDATA, else ../shared/data. An interrupted command
continues.
Run: python -m benchmarks.optimize_forms [NETWORK...]
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import DATA
from benchmarks.command_line import make_parser
from benchmarks.cross_validation import Tally
from benchmarks.int8_accuracy import CELLS
from benchmarks.records import Record, Results
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.data import Dataset, open_dataset
from gcv_edge.errors import SlowerError
from gcv_edge.evaluation.running import make_metric, run_labelled
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.measure.networks import best, time_forms
from gcv_edge.optimize import Goal, OptimizeOptions, OptimizeResult, optimize, search_forms
from gcv_edge.pipeline import export
from gcv_edge.runtime.loading import load, open_network

SPEEDUPS = (None, 1.15, 1.3, 1.5, 2.0)
MINUTES, MINUTES_BY_HAND = 15.0, 60.0
THIRD = 0.3
"""Part of the pictures of a data set without parts that nobody sees."""


class Pictures(NamedTuple):
    """Pictures to optimize with, and others.

    Attributes:
        path: data set to optimize with.
        options: which of its parts are for what.
        third: what was not seen.
    """

    path: Path
    options: OptimizeOptions
    third: Dataset


class OptimizedNetwork(NamedTuple):
    """A trained network, its limit in points, and its pictures.

    Attributes:
        symbol: pattern of the symbol file, below the folder of trained networks.
        limit: points that may be lost, at 90 % confidence: what so few pictures can tell.
        open_pictures: gives the pictures of a float file, with a folder for what is made of them.
        size: width and height of the input, where the symbol does not tell them.
    """

    symbol: str
    limit: float
    open_pictures: Callable[[Path, Path], Pictures]
    size: int | None = None


def divide_cifar(floating: Path, folder: Path) -> Pictures:
    """Divide CIFAR's class folders by chance."""
    model, source = load(floating), DATA / "cifar10_test_jpeg_2000"
    random = np.random.default_rng(0)
    for classes in sorted(source.iterdir()):
        files = sorted(classes.glob("*.jpg"))
        order = random.permutation(len(files))
        for place, number in enumerate(order):
            part = "third" if place < THIRD * len(files) else "seen"
            target = folder / part / classes.name / files[number].name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(files[number], target)
    third = open_dataset(folder / "third", model.task, model.labels)
    return Pictures(folder / "seen", OptimizeOptions(), third)


def divide_imagenet(floating: Path, folder: Path) -> Pictures:
    """Divide the list of ImageNet's pictures by chance."""
    model, source = load(floating), DATA / "imagenet_sample_400"
    lines = (source / "val.lst").read_text().splitlines()
    order = np.random.default_rng(0).permutation(len(lines))
    count = int(THIRD * len(lines))
    for part, chosen in (("third", order[:count]), ("seen", order[count:])):
        (folder / f"{part}.lst").write_text("".join(f"{lines[place]}\n" for place in sorted(chosen)))
    third = open_dataset(folder / "third.lst", model.task, model.labels, pictures=source)
    return Pictures(folder / "seen.lst", OptimizeOptions(pictures=source), third)


def divide_cells(floating: Path, folder: Path) -> Pictures:  # noqa: ARG001
    """Take the parts of the blood cells: the test part is what nobody sees."""
    model = load(floating)
    third = open_dataset(DATA / "bccd_voc", model.task, model.labels, "test")
    return Pictures(DATA / "bccd_voc", OptimizeOptions(calibration_split="train", split="val"), third)


CASES = {
    **{
        name: OptimizedNetwork(f"gluoncv_cifar/{name}-symbol.json", 2.0, divide_cifar)
        for name in ("cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnet56_v1", "cifar_resnet56_v2")
    },
    "ssd_300_mobilenet0.25_custom": OptimizedNetwork(
        "trained_ssd_300*/*-symbol.json", 3.0, divide_cells, 300
    ),
    "yolo3_mobilenet0.25_custom": OptimizedNetwork("trained_yolo3*/*-symbol.json", 3.0, divide_cells, 320),
    "squeezenet1.1": OptimizedNetwork("gluoncv_squeezenet1.1_converted/*-symbol.json", 4.0, divide_imagenet),
}


class Winner(NamedTuple):
    """The fastest file that a search found.

    Attributes:
        path: of the file.
        precision: to run it in.
        name: what it is called.
        seconds: that it took to find.
        drop: points that it lost on the pictures that it was chosen by.
        at_most: points that it was said to lose at most.
    """

    path: Path
    precision: str
    name: str
    seconds: float
    drop: float = 0.0
    at_most: float = 0.0


def measure(name: str) -> Record:
    """Find the fastest file of a network in both ways."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shape = None if case.size is None else (1, 3, case.size, case.size)
        options = ExportOptions(
            input_shape=shape, labels=CELLS if case.size else (), dynamic_batch=case.size is None
        )
        symbol = next(DATA.glob(case.symbol))
        floating = export(str(symbol), folder / f"{name}.onnx", options=options, verify=False).path
        pictures = case.open_pictures(floating, folder)
        winners = {
            "optimize": search(floating, pictures, case.limit),
            "by hand": try_by_hand(floating, pictures, case.limit),
        }
        files = {"float": (floating, "f32")} | {
            who: (winner.path, winner.precision) for who, winner in winners.items()
        }
        times = best(time_forms(files))
        tallies = {
            who: measure_on(path, precision, pictures.third) for who, (path, precision) in files.items()
        }
    return {
        "limit": case.limit,
        "third": len(pictures.third),
        "float": {"ms": times["float"], "points": round(tallies["float"].points, 2)},
        **{
            who: {
                "form": winner.name,
                "minutes": round(winner.seconds / 60, 1),
                "ms": times[who],
                "lost": round(winner.drop, 2),
                "lost_at_most": round(winner.at_most, 2),
                **lost_on_third(tallies["float"], tallies[who]),
            }
            for who, winner in winners.items()
        },
        "ratio": round(times["by hand"] / times["optimize"], 3),
    }


def search(floating: Path, pictures: Pictures, limit: float) -> Winner:
    """Let ``optimize`` search."""
    begin = time.monotonic()
    goal = Goal(max_drop=limit, minutes=MINUTES)
    found = search_forms(floating, pictures.path, goal, options=pictures.options)
    seconds = time.monotonic() - begin
    if found.best is None or found.path is None:
        return Winner(floating, "f32", "float", seconds)
    best = found.best
    return Winner(found.path, best.precision, best.name, seconds, best.drop or 0.0, best.drop_at_most or 0.0)


def try_by_hand(floating: Path, pictures: Pictures, limit: float) -> Winner:
    """Run the commands that a person would, while the hour lasts; take the fastest within the limit."""
    begin = time.monotonic()
    forms: dict[str, tuple[Path, str]] = {"float": (floating, "f32")}
    lost: dict[str, tuple[float, float]] = {"float": (0.0, 0.0)}
    for speedup in SPEEDUPS:
        if time.monotonic() - begin > 60 * MINUTES_BY_HAND:
            break
        output = floating.with_name(f"by_hand_{speedup}.onnx")
        options = replace(pictures.options, max_drop=limit, speedup=speedup)
        try:
            result = optimize(floating, pictures.path, options, output=output)
        except SlowerError as error:
            print(error, flush=True)
            continue
        if result.passed:
            name, drops = describe_fastest(result, speedup)
            forms[name], lost[name] = result.fastest, drops
    times = best(time_forms(forms))
    fastest = min(forms, key=lambda name: times[name])
    path, precision = forms[fastest]
    return Winner(path, precision, fastest, time.monotonic() - begin, *lost[fastest])


def describe_fastest(result: OptimizeResult, speedup: float | None) -> tuple[str, tuple[float, float]]:
    """Name the fastest file of a result with its precision; with the points it loses, and at most."""
    path, precision = result.fastest
    ending = "" if precision == "f32" else f" in {precision}"
    pruned = "" if speedup is None else f"pruned {speedup}x"
    if path == result.path:
        name = f"{pruned}, 8 bits" if pruned else "8 bits"
        return name + ending, (result.drop or 0.0, result.drop_at_most or 0.0)
    if result.pruned is None:
        return "float" + ending, (0.0, 0.0)
    return pruned + ending, (result.pruned.drop.points, result.pruned.drop.upper)


def measure_on(path: Path, precision: str, pictures: Dataset) -> Tally:
    """Run a file on labelled pictures."""
    network = open_network(path, precision=precision)
    tally = Tally(make_metric(network, pictures, None))
    tally.take(run_labelled(network, pictures))
    return tally


def lost_on_third(whole: Tally, changed: Tally) -> Record:
    """Return the points lost, and the standard error of a difference between pairs."""
    draws = whole.draw_points() - changed.draw_points()
    return {
        "lost_on_third": round(whole.points - changed.points, 2),
        "error_on_third": round(float(draws.std()), 2),
    }


@ending_tidily()
def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    names = arguments.networks or list(CASES)
    results = Results(
        "optimize_forms", again=names if arguments.again else (), order=list(CASES), one_processor=False
    )

    def make_row(name: str) -> Record:
        row = measure(name)
        print(f"{name}: {row}", flush=True)
        return row

    results.fill(names, make_row)


if __name__ == "__main__":
    main()
