"""``gcv-edge optimize``: the fastest form of a network within an accuracy budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gcv_edge.cli.completion import MODEL, PATH
from gcv_edge.cli.console import echo_json, echo_table, show_path, show_size
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.observing import TerminalObserver
from gcv_edge.cli.optimizing import dataset_options, tell_left_out
from gcv_edge.cli.options import (
    Fraction,
    Word,
    data_option,
    distill_option,
    json_option,
    max_pixels_option,
    report_option,
    seed_option,
)
from gcv_edge.cli.outputs import check_output, check_report, write_text
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError
from gcv_edge.optimize import OptimizeOptions
from gcv_edge.store import find_model

if TYPE_CHECKING:
    from gcv_edge.optimize import FormSearchResult


@click.command()
@click.argument("model", type=MODEL)
@data_option
@click.option(
    "--max-drop",
    type=Fraction(0),
    metavar="POINTS",
    help="Points that may be lost, at 90 % confidence; without it and --target-ms, 1.",
)
@click.option(
    "--target-ms",
    type=Fraction(0, min_open=True),
    metavar="MS",
    help="Milliseconds that suffice: the most accurate file that needs no more.",
)
@click.option(
    "--hint",
    type=Word(["latency", "throughput"]),
    default="latency",
    show_default=True,
    help="What is fast: milliseconds of one picture, or pictures per second.",
)
@click.option(
    "--time-budget",
    type=Fraction(0, min_open=True),
    default=30,
    show_default=True,
    metavar="MINUTES",
    help="Longest time to search.",
)
@click.option(
    "-o", "--output", type=PATH, metavar="OUT.onnx", help="File to write; without it, MODEL_optimized.onnx."
)
@report_option
@dataset_options
@distill_option
@seed_option
@max_pixels_option
@json_option("Print what was found as JSON.")
@debug_option
def optimize(
    model: str,
    data: str,
    max_drop: float | None,
    target_ms: float | None,
    hint: str,
    time_budget: float,
    output: str | None,
    report: str | None,
    split: str | None,
    calibration_split: str | None,
    pictures: str | None,
    ignore_unknown: bool,
    distill: bool | int,
    seed: int,
    as_json: bool,
) -> None:
    """Find the fastest form of a network that loses no more than it may.

    Tried are bfloat16, 8 bits and pruned channels, each alone and together. MODEL is an exported float
    file, or a name in the model store. DATA is what gcv-edge calibrate takes. If the command is interrupted,
    run it again to continue.
    """
    from gcv_edge.optimize import Goal, search_forms
    from gcv_edge.optimize.form_search import optimized_path
    from gcv_edge.optimize.form_text import describe_failure

    source = find_model(model)
    place = Path(output) if output is not None else optimized_path(source)
    check_output(str(place), str(source))
    check_report(report)
    limit = 1.0 if max_drop is None and target_ms is None else max_drop
    goal = Goal(limit, target_ms, hint, time_budget)
    options = OptimizeOptions(
        max_drop=limit,
        seed=seed,
        split=split,
        calibration_split=calibration_split,
        pictures=pictures,
        ignore_unknown=ignore_unknown,
    )
    observer = TerminalObserver(data, options, quiet=as_json)
    found = search_forms(source, data, goal, options, distill=distill, output=place, observer=observer)
    if report is not None:
        write_report(found, report)
    tell_left_out(found.baseline.split)
    if as_json:
        echo_json({**found.to_dict(), "report": report})
    else:
        print_forms(found, report)
    if found.best is None:
        raise AccuracyError(describe_failure(found))


def write_report(found: FormSearchResult, name: str) -> None:
    """Write the page."""
    from gcv_edge.optimize import format_form_report

    text = format_form_report(found)
    write_text(name, text)


def print_forms(found: FormSearchResult, report: str | None) -> None:
    """Print a row for each form, and which won; name the page that shows it all."""
    from gcv_edge.optimize.form_text import describe_gain, describe_setting, describe_together
    from gcv_edge.optimize.forms import why_not

    title, goal = found.baseline.title or "points", found.goal
    speed = "ms" if goal.hint == "latency" else "pictures/s"
    rows = [
        (
            form.name,
            "-" if form.points is None else f"{form.points:.2f}",
            f"{form.milliseconds:.2f}" if goal.hint == "latency" else f"{form.per_second:.1f}",
            show_size(form.size),
            "; ".join(filter(None, (why_not(form, found.best, goal) or "wins", describe_together(form)))),
        )
        for form in found.forms
    ]
    echo_table(["form", title, speed, "size", "why"], rows, right=[title, speed, "size"], text=["why"])
    for note in found.notes:
        echo(f"Note: {note}")
    if found.best is not None and found.path is not None:
        echo(f"{show_path(found.path)}: {found.best.name}, {describe_gain(found, found.best)}")
        for line in describe_setting(found):
            echo(line)
    if report is not None:
        echo(f"The report is in {show_path(report)}")
