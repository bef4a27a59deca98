"""``gcv-edge prune``: a model with fewer channels, fitted to compute what it computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gcv_edge.cli.completion import MODEL, PATH
from gcv_edge.cli.console import echo_json, show_path
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.observing import TerminalObserver
from gcv_edge.cli.optimizing import dataset_options, optimize_file
from gcv_edge.cli.options import (
    Fraction,
    Word,
    distill_option,
    json_option,
    max_pixels_option,
    report_option,
    seed_option,
)
from gcv_edge.cli.outputs import check_output, check_report, write_text
from gcv_edge.cli.pruning_text import (
    NOISE,
    describe_space,
    print_pruning,
    print_spaces,
    refuse_pruning,
    verdict_lines,
)
from gcv_edge.cli.text import echo
from gcv_edge.errors import UsageError
from gcv_edge.optimize import OptimizeOptions

if TYPE_CHECKING:
    from gcv_edge.optimize import OptimizeResult
    from gcv_edge.prune import PruneResult


@click.command()
@click.argument("model", type=MODEL)
@click.option(
    "--data",
    type=PATH,
    metavar="DATA|noise",
    help="Pictures like those that the network will see, a data set, or noise if there are no pictures.",
)
@click.option(
    "--speedup",
    type=Fraction(1, 20, min_open=True),
    metavar="X",
    help="How many times as fast, measured on this machine.",
)
@click.option(
    "--precision",
    type=Word(["f32", "int8"]),
    default="f32",
    show_default=True,
    help="Precision in which --speedup is measured: int8 if the network is calibrated afterwards.",
)
@click.option(
    "--macs",
    type=Fraction(0, 1, min_open=True, max_open=True),
    metavar="PART",
    help="Part of the multiply-accumulates to keep.",
)
@click.option(
    "--max-drop",
    type=Fraction(0, 100),
    metavar="POINTS",
    help="Points that may be lost, at 90 % confidence; channels are kept as needed. Exit code 3 if more is "
    "lost. Without it and with labels: 5 points on the test pictures; 100 sets no limit.",
)
@dataset_options
@distill_option
@seed_option
@click.option(
    "-o", "--output", type=PATH, metavar="OUT.onnx", help="File to write; without it, MODEL_pruned.onnx."
)
@report_option
@click.option("--explain", is_flag=True, help="List the channels that can be removed, and why others cannot.")
@max_pixels_option
@json_option("Print what was made as JSON.")
@debug_option
def prune(
    model: str,
    data: str | None,
    speedup: float | None,
    precision: str,
    macs: float | None,
    max_drop: float | None,
    split: str | None,
    calibration_split: str | None,
    pictures: str | None,
    ignore_unknown: bool,
    distill: bool | int,
    seed: int,
    output: str | None,
    report: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Remove channels from a model until it is fast enough; no labels and no training code are needed.

    The remaining layers are fitted, by least squares, to what the whole network computes on the pictures of
    --data; with --distill, they are then trained too. DATA is anything that gcv-edge calibrate takes: the
    training split is for the fit, the test split for measuring. If the command is interrupted, run it again
    to continue.
    """
    from gcv_edge.store import find_model

    path = find_model(model)
    if explain:
        explain_spaces(path, as_json)
        return
    target = Path(output) if output is not None else path.with_name(f"{path.stem}_pruned.onnx")
    check_arguments(data, speedup, macs)
    check_output(str(target), str(path))
    check_report(report)
    from gcv_edge.prune import check_distilling

    check_distilling(distill)
    options = OptimizeOptions(
        int8=False,
        speedup=speedup,
        macs=macs,
        precision=precision,
        max_drop=max_drop,
        distill=distill,
        seed=seed,
        split=split,
        calibration_split=calibration_split,
        pictures=pictures,
        ignore_unknown=ignore_unknown,
    )
    read = None if data is None or is_noise(data) else data
    observer = TerminalObserver(read, options, quiet=as_json)
    show_result(optimize_file(path, read, options, observer, output=target), options, report, as_json)


def show_result(result: OptimizeResult, options: OptimizeOptions, report: str | None, as_json: bool) -> None:
    """Write the page and say what was made.

    Raises:
        AccuracyError: it lost more than it may.
    """
    pruned, title, split = result.pruned, result.baseline.title, result.baseline.split
    assert pruned is not None
    if report is not None:
        write_report(pruned, result.source.stem, report)
    if as_json:
        made = {"path": str(pruned.path), "passed": pruned.passed, **pruned.record}
        dataset = None if split is None else split.to_dict()
        echo_json({**made, "metric": title or None, "dataset": dataset, "report": report})
    else:
        print_pruning(pruned, title)
        if report is not None:
            echo(f"The report is in {show_path(report)}")
        echo(f"\nNext: gcv-edge verify {show_path(pruned.path)}")
    refuse_pruning(pruned, title, options)


def check_arguments(data: str | None, speedup: float | None, macs: float | None) -> None:
    """Raise UsageError unless there are data and one target."""
    if data is None:
        raise UsageError("--data: expected a folder of pictures, or noise if there are none")
    if (speedup is None) == (macs is None):
        raise UsageError("expected --speedup 1.5 or --macs 0.7, one of the two")


def is_noise(data: str) -> bool:
    """Whether noise is asked for, and no folder of that name."""
    return data == NOISE and not Path(NOISE).is_dir()


def explain_spaces(path: Path, as_json: bool) -> None:
    """Print the channel spaces of a model."""
    from gcv_edge.prune import channel_spaces
    from gcv_edge.prune.job import load_model

    spaces = channel_spaces(load_model(path))
    if as_json:
        echo_json([describe_space(space) for space in spaces])
    else:
        print_spaces(spaces)


def write_report(result: PruneResult, title: str, name: str) -> None:
    """Write the page."""
    from gcv_edge.prune.results import format_report

    text = format_report(result, title=title, verdict=verdict_lines(result))
    write_text(name, text)
