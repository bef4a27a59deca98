"""``gcv-edge prune``: a model with fewer channels, fitted to compute what it computed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.console import echo_json, echo_table, ignore, plural, show_path, show_size, stages
from gcv_edge.cli.guard import debug_option, naming
from gcv_edge.cli.int8 import Prior, Wishes, open_prior, opening_lines, own_target, split_options
from gcv_edge.cli.int8_outcome import warn_of_skipped
from gcv_edge.cli.options import Fraction, Word, distill_option, json_option, max_pixels_option
from gcv_edge.cli.outputs import check_output, check_report, writing
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError, UsageError
from gcv_edge.points import describe_bound

if TYPE_CHECKING:
    from gcv_edge.prune import PruneResult, Spaces
    from gcv_edge.prune.job import Progress
    from gcv_edge.prune.results import Distillation

NOISE = "noise"
PICTURES = 1000
"""Pictures to prune with, more than calibrating takes."""


@click.command()
@click.argument("model")
@click.option(
    "--data", metavar="DATA|noise", help="Pictures like those it will see; or noise, for want of any."
)
@click.option(
    "--speedup", type=Fraction(1, 20, min_open=True), metavar="X", help="Times faster, measured here."
)
@click.option(
    "--precision",
    type=Word(["f32", "int8"]),
    default="f32",
    show_default=True,
    help="In which --speedup counts: int8 where it is to be calibrated afterwards.",
)
@click.option(
    "--macs",
    type=Fraction(0, 1, min_open=True, max_open=True),
    metavar="PART",
    help="Part of the work to keep.",
)
@click.option(
    "--max-drop",
    type=Fraction(0, 100),
    metavar="POINTS",
    help="Points that may be lost, at 90 % confidence: else it stays wider; exit code 3 where that fails.",
)
@split_options
@click.option("--pictures", metavar="DIR", help="Folder of the pictures, where it is not found beside DATA.")
@click.option("--ignore-unknown", is_flag=True, help="Leave out classes that the model does not know.")
@distill_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of every random choice.")
@click.option(
    "-o", "--output", metavar="OUT.onnx", help="File to write; else MODEL with _pruned in its name."
)
@click.option("--report", metavar="FILE.html", help="Write a page to look at.")
@click.option("--explain", is_flag=True, help="List the channels that may go and why others may not.")
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
    """Take channels out of a model until it is fast enough; no labels and no training code are needed.

    What is left is fitted, by least squares, to what the whole network computes on the pictures of --data;
    with --distill, it is then trained to compute that. DATA is anything that gcv-edge calibrate takes: it is
    fitted on the part for training and measured on the one for measuring.
    Interrupted, the same command goes on where it was.
    """
    from gcv_edge.store import find_model

    path = find_model(model)
    if explain:
        explain_spaces(path, as_json)
        return
    target = output or str(path.with_name(f"{path.stem}_pruned.onnx"))
    check_arguments(data, speedup, macs)
    check_output(target, str(path))
    check_report(report)
    from gcv_edge import prune as stage

    stage.check_distilling(distill)
    prior = None
    if data is not None and not is_noise(data):
        wishes = Wishes(
            data, own_target(), "auto", PICTURES, max_drop, None, split, calibration_split, pictures,
            ignore_unknown,
        )  # fmt: skip
        prior = divide_pictures(path, wishes)
        tell = ignore if as_json else echo
        for line in opening_lines(prior):
            tell(line)
    with naming(target), progress_bars() as progress:
        result = stage.prune(
            path,
            None if prior is None else prior.material.calibrating.frames,
            target,
            speedup=speedup,
            macs=macs,
            precision=precision,
            score=None if prior is None or prior.points is None else prior.points.of,
            score_hash="" if prior is None else prior.score_hash,
            max_drop=max_drop,
            distill=distill,
            seed=seed,
            progress=progress,
        )
    title = prior.points.title if prior is not None and prior.points is not None else ""
    if prior is not None:
        warn_of_skipped(prior.material)
    if report is not None:
        write_report(result, path.stem, report)
    if as_json:
        dataset = None if prior is None else prior.material.to_dict()
        measured = {"metric": title or None, "dataset": dataset}
        echo_json(
            {"path": str(result.path), "passed": result.passed, **result.record, **measured, "report": report}
        )
    else:
        print_result(result, title)
        if report is not None:
            echo(f"The report is in {show_path(report)}")
        echo(f"\nNext: gcv-edge verify {show_path(result.path)}")
    if not result.passed:
        raise AccuracyError(
            f"{show_path(result.path)}: {describe_failure(result, title)}, allowed are {max_drop:g}; "
            "kept under this name"
        )


def describe_failure(result: PruneResult, title: str) -> str:
    """Say what a network lost that is not within the limit, however wide it was left."""
    if not title:
        return f"changed {result.changed:.2f} % of first choices"
    lost = result.drop
    bound = describe_bound(lost.points, lost.upper)
    return f"lost {lost.points:.2f} points of {title}" + (f", {bound}" if bound else "")


def check_arguments(data: str | None, speedup: float | None, macs: float | None) -> None:
    """Raise UsageError unless there are data and one target."""
    if data is None:
        raise UsageError("--data: expected a folder of pictures (or noise, for want of any)")
    if (speedup is None) == (macs is None):
        raise UsageError("expected --speedup 1.5 or --macs 0.7, one of the two")


def is_noise(data: str) -> bool:
    """Whether noise is asked for, and no folder of that name."""
    return data == NOISE and not Path(NOISE).is_dir()


def divide_pictures(source: Path, wishes: Wishes) -> Prior:
    """Divide the pictures once for all stages, and decide what is measured.

    Raises:
        UsageError: a limit is given and there is nothing to measure.
    """
    with stages("reading") as progress:
        prior = open_prior(source, replace(wishes, samples=max(PICTURES, wishes.samples)), progress)
    if prior.points is None and wishes.max_drop is not None:
        raise UsageError(f"--max-drop: the network finds nothing in {wishes.data} that could be compared")
    return prior


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress | None]:
    """Show one bar per stage on a terminal, with the time that is left."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description:12}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


def explain_spaces(path: Path, as_json: bool) -> None:
    """Print the channel spaces of a model."""
    from gcv_edge.prune import channel_spaces
    from gcv_edge.prune.job import load_model

    spaces = channel_spaces(load_model(path))
    if as_json:
        echo_json([describe_space(space) for space in spaces])
        return
    rows = [
        (space.name, str(space.channels), str(space.step), str(len(space.writers)), str(len(space.readers)),
         space.frozen or ("may go as a whole" if space.removable else "free"))
        for space in spaces
    ]  # fmt: skip
    numbers = ("channels", "step", "writers", "readers")
    echo_table(("first layer", *numbers, ""), rows, right=numbers, text=("",))
    echo(count_spaces(spaces))


def describe_space(space: Any) -> dict[str, Any]:
    """Return a space for JSON."""
    return {
        "name": space.name,
        "channels": space.channels,
        "step": space.step,
        "writers": list(space.writers),
        "readers": list(space.readers),
        "frozen": space.frozen or None,
        "removable": space.removable,
    }


def count_spaces(spaces: Spaces) -> str:
    """Say how many spaces there are."""
    free = sum(not space.frozen for space in spaces)
    return f"{plural(len(spaces), 'channel space')}, of which {free} can be narrowed"


def write_report(result: PruneResult, title: str, name: str) -> None:
    """Write the page."""
    from gcv_edge.prune.results import format_report

    text = format_report(result, title=title, verdict=verdict_lines(result))
    with writing(name) as path:
        path.write_text(text, encoding="utf-8")


def verdict_lines(result: PruneResult) -> Iterator[str]:
    """Say what was gained and lost."""
    before, after = result.seconds_per_picture
    form = " in 8 bits, as gcv-edge calibrate makes it" if result.precision == "int8" else ""
    yield (
        f"{result.speedup:.2f} times faster here{form} "
        f"({1e3 * before:.2f} ms -> {1e3 * after:.2f} ms a picture), "
        f"{result.macs[1] / result.macs[0]:.0%} of the multiply-accumulates"
    )
    if result.score is None:
        yield f"{result.changed:.1f} % of first choices changed on pictures it was not fitted on"
    if result.distillation is not None:
        yield describe_distillation(result.distillation)
    if result.record["data"] == NOISE:
        yield "FITTED ON NOISE, not on pictures: expect more loss; the file says so"


def describe_distillation(found: Distillation) -> str:
    """Say whether training helped."""
    first, last = found.divergence
    change = f"{first:.4g} -> {last:.4g} on pictures it was not trained on"
    if found.kept:
        return f"Distilled in {plural(found.passes, 'pass')}: the outputs' divergence fell, {change}"
    return f"DISTILLATION DID NOT HELP, so the network is as it was before: divergence {change}"


def describe_loss(result: PruneResult, title: str) -> str:
    """Say what pruning lost of what is measured."""
    if result.score is None:
        return "Lost: not measured"
    (before, after), lost = result.score, result.drop
    bound = describe_bound(lost.points, lost.upper)
    at_most = f"; {bound}" if bound else ""
    return f"Lost: {lost.points:.2f} points of {title} ({before:.2f} -> {after:.2f}{at_most})"


def print_result(result: PruneResult, title: str) -> None:
    """Say what was made, and what it lost."""
    echo(f"{show_path(result.path)}: {show_size(result.path.stat().st_size)}")
    for line in verdict_lines(result):
        echo(line)
    if title:
        echo(describe_loss(result, title))
    rows = [(name, str(width[0]), str(width[1])) for name, width in result.widths.items()]
    echo_table(("narrower", "before", "after"), rows, right=("before", "after"))
