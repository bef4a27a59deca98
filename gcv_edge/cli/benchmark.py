"""``gcv-edge benchmark``: how fast models are here, and which one to deploy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gcv_edge.cli.completion import MODEL, PATH, SOURCE
from gcv_edge.cli.console import echo_json, echo_table, finite, show_path, show_size, stages
from gcv_edge.cli.guard import debug_option, muted_libraries
from gcv_edge.cli.options import Word, engine_option, json_option, params_option, report_option
from gcv_edge.cli.outputs import check_file, check_report, write_text
from gcv_edge.cli.text import echo
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.measure.isa import ISAS

if TYPE_CHECKING:
    from gcv_edge.benchmarking import Benchmark, Row, Settings, Variant

REFERENCES = ("mxnet", "onnxruntime", "openvino")
HINTS = ("latency", "throughput")
PRECISIONS = ("f32", "bf16")

NAMES = ("engine", "variant", "batch")
STAGES = {"preprocess": "pre", "inference": "network", "postprocess": "post"}
"""Stages and how tables call them."""


def parse_batches(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Read whole numbers from 1 with commas between; nothing where nothing is given."""
    if value is None:
        return ()
    parts = value.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"found '{value}', expected whole numbers such as 1,8,128", ctx, param)
    return tuple(dict.fromkeys(int(part) for part in parts))


def parse_precisions(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Read some of PRECISIONS with commas between."""
    word = Word(list(PRECISIONS))
    return tuple(dict.fromkeys(word.convert(part.strip(), param, ctx) for part in value.split(",")))


@click.command()
@click.argument("models", type=MODEL, metavar="MODEL...", nargs=-1, required=True)
@click.option("--against", type=Word(REFERENCES), help="Engine to compare with, in the same run.")
@click.option(
    "--source",
    type=SOURCE,
    metavar="SOURCE",
    help="Network for --against mxnet: zoo name, NET-symbol.json or factory.",
)
@params_option
@click.option(
    "--input", "pictures", type=PATH, metavar="INPUT", help="Picture, folder or video to measure on."
)
@engine_option
@click.option(
    "--precision",
    "precisions",
    metavar="P,P",
    callback=parse_precisions,
    default=",".join(PRECISIONS),
    show_default=True,
    help="Precisions of float operations.",
)
@click.option(
    "--hint",
    type=Word(HINTS),
    default="latency",
    show_default=True,
    help="Each frame as soon as possible, or many at once.",
)
@click.option(
    "--batch",
    "batches",
    metavar="N,N",
    callback=parse_batches,
    help="Frames per call: 1,8,128. Without it, 1; with --hint throughput and a file of a dynamic batch, "
    "1, 2, 4 and 8.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="CPU threads; without it, all that the process may use.",
)
@click.option(
    "--isa",
    type=Word(ISAS),
    default="native",
    show_default=True,
    help="Emulate an older processor; vnni is an AWS C5.",
)
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Turns of each variant.")
@click.option(
    "--seconds", type=click.FloatRange(0.01), default=1.0, show_default=True, help="Length of a turn."
)
@report_option
@click.option("--csv", "csv_file", type=PATH, metavar="FILE.csv", help="Write the table as CSV.")
@json_option("Print everything as JSON.")
@debug_option
def benchmark(
    models: tuple[str, ...],
    against: str | None,
    source: str | None,
    params: str | None,
    pictures: str | None,
    engine: str | None,
    precisions: tuple[str, ...],
    hint: str,
    batches: tuple[int, ...],
    threads: int | None,
    isa: str,
    rounds: int,
    seconds: float,
    report: str | None,
    csv_file: str | None,
    as_json: bool,
) -> None:
    """Measure how fast models are on this machine, and say which one to deploy.

    MODEL is an exported file, or a name in the model store. Files of the same network (FP32, INT8, pruned)
    are compared with each other. Every variant runs in its own process, and they take turns, so that other
    load affects all of them equally.
    """
    check_source(against, source, params)
    check_outputs(report, csv_file)
    from gcv_edge.benchmarking import Settings

    with muted_libraries():
        variants = find_variants(models, precisions, engine, against, source, params)
        batches = batches or default_batches(variants, hint)
        found = run(variants, Settings(hint, batches, threads, isa, rounds, seconds), pictures)
    write_outputs(found, report, csv_file)
    if as_json:
        echo_json(found.to_dict())
    else:
        print_benchmark(found, report)
    check_reference(found, against)


def default_batches(variants: Sequence[Variant], hint: str) -> tuple[int, ...]:
    """Return the batches that are measured where none are asked for."""
    from gcv_edge.benchmarking.measuring import has_open_batch
    from gcv_edge.measure.networks import BATCHES

    is_open = any(has_open_batch(variant.model) for variant in variants)
    return BATCHES if hint == "throughput" and is_open else (1,)


def check_source(against: str | None, source: str | None, params: str | None) -> None:
    """Refuse a source that nothing is done with.

    Raises:
        UsageError: it is given without --against mxnet.
    """
    if against != "mxnet":
        for option, value in (("--source", source), ("--params", params)):
            if value is not None:
                raise UsageError(f"{option} {value}: needs --against mxnet, which is not given")


def check_reference(found: Benchmark, against: str | None) -> None:
    """Fail where nothing is there to hold the models against: what was asked for was not measured.

    Raises:
        GcvEdgeError: with the first reason.
    """
    if against is not None and all(row.variant.engine != against for row in found.rows):
        first = next(left for left in found.left_out if left.variant.engine == against)
        raise GcvEdgeError(f"--against {against}: found nothing that could be measured: {first.reason}")


def check_outputs(report: str | None, csv_file: str | None) -> None:
    """Find out before the work begins that an output cannot be written.

    Raises:
        UsageError: a file is not named like what is written into it.
        MissingExtraError: a report is wanted and Plotly is not installed.
        GcvEdgeError: a folder is missing or not writable.
    """
    if csv_file is not None:
        check_file("--csv", csv_file, ".csv")
    check_report(report)


def find_variants(
    models: Sequence[str],
    precisions: Sequence[str],
    engine: str | None,
    against: str | None,
    source: str | None,
    params: str | None,
) -> list[Variant]:
    """List what is measured, the references first.

    Raises:
        UsageError: nothing is left to be measured.
        GcvEdgeError: a model cannot be read.
    """
    from gcv_edge.benchmarking import list_references, list_variants

    variants = list_variants(models, precisions, engine)
    if not variants:
        raise UsageError(f"--precision {','.join(precisions)}: onnxruntime has f32 only")
    if against is None:
        return variants
    references = list_references(variants, against, source=source, params=params)
    known = {(variant.engine, variant.model, variant.precision) for variant in variants}
    new = [row for row in references if (row.engine, row.model, row.precision) not in known]
    return [*new, *variants]


def run(variants: Sequence[Variant], settings: Settings, pictures: str | None) -> Benchmark:
    """Measure, showing on a terminal what is going on."""
    from gcv_edge.benchmarking import benchmark as measure

    with stages("starting") as progress:
        return measure(variants, settings, source=pictures, progress=progress)


def print_benchmark(found: Benchmark, report: str | None) -> None:
    """Print every network's tables, what was left out, what to mind, and the advice."""
    for family in dict.fromkeys(row.variant.family for row in found.rows):
        rows = [row for row in found.rows if row.variant.family == family]
        echo(f"{family}, {rows[0].variant.task}")
        for describe in (describe_time, describe_cost, describe_ratios):
            print_columns([{**describe_name(row), **describe(row)} for row in rows])
    echo(describe_run(found))
    for left in found.left_out:
        echo(f"Left out: {left.variant.title}, batch {left.batch}: {left.reason}")
    for note in found.notes:
        echo(f"Note: {note}")
    if report is not None:
        echo(f"The report is in {show_path(report)}")
    echo(f"\n{found.advice}")


def print_columns(rows: Sequence[dict[str, str]]) -> None:
    """Print a table of what any of the rows has; one that only has names is left out."""
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    names = list(NAMES)
    if headings != names:
        cells = [[row.get(heading, "") for heading in headings] for row in rows]
        echo_table(headings, cells, right=[heading for heading in headings if heading not in names[:2]])
        echo()


def describe_name(row: Row) -> dict[str, str]:
    """Give the columns that say which row it is."""
    return dict(zip(NAMES, (row.variant.engine, row.variant.name, str(row.batch)), strict=True))


def describe_time(row: Row) -> dict[str, str]:
    """Give the columns about time."""
    middle = {
        f"{heading} ms": show_milliseconds(row.stages[stage]["p50"]) for stage, heading in STAGES.items()
    }
    total = {f"{share} ms": show_milliseconds(value) for share, value in row.stages["total"].items()}
    return {**middle, **total, "frames/s": f"{row.throughput.median:.1f}"}


def describe_cost(row: Row) -> dict[str, str]:
    """Give the columns about what a variant takes, and what it is worth."""
    alone, memory, variant = row.network_throughput, row.memory, row.variant
    return {
        "network alone/s": f"{alone.median:.1f}" if alone is not None else "",
        "start s": f"{row.startup_seconds:.2f}",
        "memory": show_size(memory) if memory is not None else "",
        "file": show_size(variant.size) if variant.size is not None else "",
        "accuracy %": show_share(variant.accuracy),
        "agreement %": show_share(variant.agreement),
    }


def describe_ratios(row: Row) -> dict[str, str]:
    """Give the columns that say how many times as fast as others a variant is, frame to result."""
    return {
        f"x {title}": f"{ratio.total.median:.2f} ({ratio.total.low:.2f}-{ratio.total.high:.2f})"
        for title, ratio in row.ratios.items()
    }


def show_share(value: float | None) -> str:
    """Return a part of one as a percentage; nothing where it is not known."""
    return f"{100 * value:.2f}" if value is not None else ""


def show_milliseconds(value: float) -> str:
    """Return milliseconds with as many digits as mean something."""
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def describe_run(found: Benchmark) -> str:
    """Say how it was measured."""
    settings = found.settings
    turns = f"{settings.rounds} rounds of {settings.seconds:g} s in turn"
    threads = f"{settings.threads or found.machine['usable_cpus']} threads"
    cap = "" if settings.isa == "native" else f", capped to {settings.isa}"
    return (
        f"Times are of a call, from the frame to the result; {turns}, hint {settings.hint}, {threads}{cap}; "
        f"{found.frames}; {found.machine['cpu']}"
    )


def write_outputs(found: Benchmark, report: str | None, csv_file: str | None) -> None:
    """Write the files that were asked for, each whole or not at all."""
    if csv_file is not None:
        write_text(csv_file, found.to_csv())
    if report is not None:
        from gcv_edge.benchmarking.report import format_report

        write_text(report, format_report(finite(found.to_dict())))
