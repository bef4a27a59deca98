"""``gcv-edge val``: how good a model is on labelled pictures."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.completion import MODEL, PATH
from gcv_edge.cli.console import echo_json, echo_table, plural, show_path, tell_notes, tell_skipped
from gcv_edge.cli.guard import debug_option, muted_libraries
from gcv_edge.cli.options import (
    Word,
    engine_option,
    ignore_unknown_option,
    json_option,
    max_pixels_option,
    pictures_option,
)
from gcv_edge.cli.predict import PRECISIONS
from gcv_edge.cli.text import echo
from gcv_edge.errors import UsageError

if TYPE_CHECKING:
    from gcv_edge.data import Dataset
    from gcv_edge.evaluation import Evaluation
    from gcv_edge.runtime.model import Model

METRIC_NAMES = ("top1", "voc07", "voc12", "coco", "coco-masks", "miou", "oks")
SHOWN_CLASSES = 40
LARGEST_SCALE = 8.0


@click.command()
@click.argument("model", type=MODEL)
@click.argument("data", type=PATH)
@click.option(
    "--split",
    metavar="NAME",
    help="Split of DATA, such as val; without it, the first of test, val, trainval and train with labels.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Measure on N pictures, spread over DATA.")
@click.option(
    "--metric",
    type=Word(METRIC_NAMES),
    help="What to measure, if the task has several metrics: voc07, voc12 or coco for boxes.",
)
@click.option(
    "--like", type=Word(("gluoncv",)), help="Print the figure that GluonCV's own scripts would print too."
)
@click.option("--flip", is_flag=True, help="For poses, and with --scales: look at mirror images too.")
@click.option(
    "--scales",
    metavar="0.5,1,...",
    help="For segmentation: look at each picture at several sizes, as GluonCV's MultiEvalModel does.",
)
@pictures_option
@ignore_unknown_option
@engine_option
@click.option(
    "--precision",
    type=Word(PRECISIONS),
    default="f32",
    show_default=True,
    help="Precision of float operations; the export verified f32.",
)
@max_pixels_option
@json_option("Print the figures as JSON.")
@debug_option
def val(
    model: str,
    data: str,
    split: str | None,
    limit: int | None,
    metric: str | None,
    like: str | None,
    flip: bool,
    scales: str | None,
    pictures: str | None,
    ignore_unknown: bool,
    engine: str | None,
    precision: str,
    as_json: bool,
) -> None:
    """Measure how good a model is on labelled pictures.

    MODEL is an exported file, or a name in the model store. DATA is a folder with a folder for each class,
    Pascal VOC, COCO, pictures with label maps, or a .rec, .lst, .csv or COCO .json file.
    """
    from gcv_edge.data import open_dataset
    from gcv_edge.evaluation import evaluate, refuse_task
    from gcv_edge.runtime.loading import open_network

    with muted_libraries():
        network = open_network(model, engine=engine, precision=precision)
        refuse_task(network.task)
        dataset = open_dataset(
            data, network.task, network.labels, split, pictures=pictures, ignore_unknown=ignore_unknown
        )
        with bar(dataset if limit is None else dataset.limit(limit)) as progress:
            found = evaluate(
                network,
                dataset,
                metric=metric,
                limit=limit,
                progress=progress,
                like=like,
                flip=flip,
                scales=parse_scales(scales),
            )
    tell_notes(dataset.notes)
    warn(found)
    if as_json:
        echo_json(found.to_dict())
    else:
        print_figures(found, network)


def parse_scales(text: str | None) -> tuple[float, ...] | None:
    """Read numbers over 0, separated by commas."""
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = (0.0,)
    if not all(0 < number <= LARGEST_SCALE for number in numbers):
        raise UsageError(f"--scales {text}: expected numbers over 0 and up to {LARGEST_SCALE:g}, with commas")
    return numbers


@contextlib.contextmanager
def bar(dataset: Dataset) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar on a terminal; the function given moves it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=len(dataset))
        yield lambda done, total: progress.update(task, completed=done, total=total)


def warn(found: Evaluation) -> None:
    """Tell what was left out."""
    tell_skipped("Skipped", found.skipped)
    tell_skipped("Left out of", found.damaged_labels)
    if found.dropped_boxes:
        boxes = "1 labelled box" if found.dropped_boxes == 1 else f"{found.dropped_boxes} labelled boxes"
        echo(f"Left out {boxes} outside the picture or without extent", err=True)


def print_figures(found: Evaluation, network: Model[Any]) -> None:
    """Print classes, confusions and the figures, the most important last."""
    print_classes(found)
    print_confusions(found)
    print_all_figures(found)
    pictures = plural(found.pictures, "picture")
    pictures += f", {len(found.skipped)} skipped" if found.skipped else ""
    pictures += f", {plural(len(found.damaged_labels), 'label')} left out" if found.damaged_labels else ""
    echo(
        f"{show_path(found.model)}: {found.title} {percent(found.value)} % on {pictures} of "
        f"{show_path(found.dataset)} ({found.kind}); {network.session.engine}, {found.seconds:.1f} s"
    )


def print_all_figures(found: Evaluation) -> None:
    """Print the figures; beside them those that GluonCV would print, and why they differ."""
    figures, other = found.measured.figures, found.gluoncv
    if other is None:
        echo_table(("figure", "%"), [(name, percent(value)) for name, value in figures.items()], ("%",))
        return
    theirs = other.measured.figures
    rows = [(name, percent(value), percent(theirs[name])) for name, value in figures.items()]
    echo_table(("figure", "%", "GluonCV %"), rows, ("%", "GluonCV %"))
    echo(f"{other.why}.")


def print_classes(found: Evaluation) -> None:
    """Print every class; of very many, the worst."""
    classes: Sequence[Any] = found.measured.classes
    if len(classes) > SHOWN_CLASSES:
        echo(f"The worst {SHOWN_CLASSES} of {len(classes)} classes (--json has all):")
        classes = sorted(classes, key=worst_first)[:SHOWN_CLASSES]
    if classes:
        rows = [(row.name, str(row.count), percent(row.value)) for row in classes]
        echo_table(("class", "labelled", f"{found.title} %"), rows, ("labelled", f"{found.title} %"))
        echo()


def worst_first(row: Any) -> tuple[bool, float]:
    """Order classes by their figure; those without one come last."""
    return math.isnan(row.value), row.value


def print_confusions(found: Evaluation) -> None:
    """Print which classes are taken for which."""
    confusions = found.measured.confusions
    if confusions:
        rows = [(row.truth, row.predicted, str(row.count)) for row in confusions]
        echo_table(("most often, a", "is taken for", "times"), rows, ("times",))
        echo()


def percent(value: float) -> str:
    """Return a share for people: 87.20; a dash where there is none."""
    return "-" if math.isnan(value) else f"{100 * value:.2f}"
