"""``gcv-edge optimize``: the fastest form of a network within an accuracy budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gcv_edge.cli.console import echo_json, echo_table, show_path, show_size
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.observing import TerminalObserver
from gcv_edge.cli.optimizing import dataset_options
from gcv_edge.cli.options import Fraction, Word, distill_option, json_option, max_pixels_option
from gcv_edge.cli.outputs import check_output
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError
from gcv_edge.optimize import OptimizeOptions
from gcv_edge.points import in_brackets
from gcv_edge.store import find_model

if TYPE_CHECKING:
    from gcv_edge.optimize import Form, FormSearchResult


@click.command()
@click.argument("model")
@click.option(
    "--data", metavar="DATA", required=True, help="Pictures or a data set; labels are used if there are any."
)
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
@click.option("-o", "--output", metavar="OUT.onnx", help="File to write; without it, MODEL_optimized.onnx.")
@dataset_options
@distill_option
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random choice.")
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

    source = find_model(model)
    place = Path(output) if output is not None else optimized_path(source)
    check_output(str(place), str(source))
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
    if as_json:
        echo_json(found.to_dict())
    else:
        print_forms(found)
    if found.best is None:
        raise AccuracyError(describe_failure(found))


def print_forms(found: FormSearchResult) -> None:
    """Print a row for each form, and which won."""
    from gcv_edge.optimize.forms import why_not

    title, goal = found.baseline.title or "points", found.goal
    speed = "ms" if goal.hint == "latency" else "pictures/s"
    rows = [
        (
            form.name,
            "-" if form.points is None else f"{form.points:.2f}",
            f"{form.milliseconds:.2f}" if goal.hint == "latency" else f"{form.per_second:.1f}",
            show_size(form.size),
            why_not(form, found.best, goal) or "wins",
        )
        for form in found.forms
    ]
    echo_table(["form", title, speed, "size", "why"], rows, right=[title, speed, "size"], text=["why"])
    for note in found.notes:
        echo(f"Note: {note}")
    if found.best is None:
        return
    assert found.path is not None
    name, precision = found.best.name, found.best.precision
    speedup = f"{found.speedup:.2f}x as fast as the float file"
    echo(f"{show_path(found.path)}: {name}, {speedup}{describe_loss(found.best)}")
    if precision != "f32":
        echo(f"Run it with --precision {precision}, or load(..., precision={precision!r})")


def describe_loss(form: Form) -> str:
    """Say what a form loses."""
    if form.drop is None:
        return ""
    return f"; loses {form.drop:.2f} points{in_brackets(form.drop, form.drop_at_most)}"


def describe_failure(found: FormSearchResult) -> str:
    """Say that no form reaches the goal."""
    goal, fastest = found.goal, min(found.forms, key=lambda form: form.seconds)
    within = [form for form in found.forms if form.is_within(goal.max_drop)]
    best = min(within, key=lambda form: form.seconds, default=fastest)
    limit = "" if goal.max_drop is None else f" and loses {goal.max_drop:g} points at most"
    there = f"the fastest is {best.name} with {best.milliseconds:.2f} ms"
    return f"no form needs {goal.target_ms:g} ms{limit}; {there}"
