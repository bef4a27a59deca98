"""``gcv-edge predict -o``: a table of what a model sees in many pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcv_edge.cli.completion import PATH
from gcv_edge.cli.console import plural, show_path, tell_notes
from gcv_edge.cli.guard import muted_libraries, naming
from gcv_edge.cli.options import Word, apply_options
from gcv_edge.cli.progress import PictureProgress
from gcv_edge.cli.text import echo
from gcv_edge.engines import choose_engine
from gcv_edge.errors import DataError, UsageError

if TYPE_CHECKING:
    from gcv_edge.batch.rows import TableSource
    from gcv_edge.batch.running import WorkTally
    from gcv_edge.batch.storage import Located
    from gcv_edge.runtime.model import Model

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FORMATS = ("parquet", "jsonl")
BACKENDS = ("local", "ray")
OPTIONS = (
    click.option(
        "-o",
        "--output",
        type=PATH,
        metavar="TABLE",
        help="Write a table: a file (.parquet, .jsonl, .csv, .coco.json), or a folder of parts (results/, "
        "s3://bucket/results/).",
    ),
    click.option("--strict", is_flag=True, help="Of tables: exit with 1 if a picture could not be read."),
    click.option(
        "--top-k",
        type=click.IntRange(1),
        default=5,
        show_default=True,
        help="Of tables: classes of a classifier.",
    ),
    click.option(
        "--readers",
        type=click.IntRange(1, 256),
        help="Of tables: threads that read.  [default: 2; from object stores 16]",
    ),
    click.option("--resume", is_flag=True, help="Of folders: go on with an interrupted run."),
    click.option(
        "--format", type=Word(FORMATS), default="parquet", show_default=True, help="Of folders: of the parts."
    ),
    click.option(
        "--shard-size",
        type=click.IntRange(1),
        help="Of folders: pictures of a part.  [default: 1000]",
    ),
    click.option(
        "--backend",
        type=Word(BACKENDS),
        default="local",
        show_default=True,
        help="Of folders: what computes.",
    ),
    click.option(
        "--workers", type=click.IntRange(1), help="Of Ray: actors.  [default: as many as there is room for]"
    ),
    click.option(
        "--worker-cpus",
        type=click.IntRange(1),
        help="Of Ray: CPUs of each actor.  [default: a machine's, to 8]",
    ),
)
OF_RAY = ("workers", "worker_cpus")
OF_FOLDERS = ("resume", "format", "shard_size", "backend", *OF_RAY)
OF_TABLES = ("strict", "top_k", "readers", *OF_FOLDERS)

ADVICE = {
    "list": "listing takes most: give a list file (.txt) of the pictures",
    "read": "reading takes most: more --readers, or pictures nearer to this machine",
    "decode": "decoding takes most: smaller pictures or more CPUs make it faster",
    "infer": "the network takes most: gcv-edge optimize makes a faster file",
    "write": "writing takes most: a higher --threshold writes less",
}


@dataclass(frozen=True)
class TableRequest:
    """What a user asks for; see the options."""

    model: str
    inputs: tuple[str, ...]
    output: str
    threshold: float | None
    engine: str | None
    precision: str
    column: str | None
    strict: bool
    top_k: int
    readers: int | None
    resume: bool
    format: str
    shard_size: int | None
    backend: str
    workers: int | None
    worker_cpus: int | None


def table_options(command: Decorated) -> Decorated:
    """Give a command the options of tables."""
    return apply_options(command, OPTIONS)


def refuse_given(names: Sequence[str], reason: str) -> None:
    """Refuse options that mean nothing here.

    Raises:
        UsageError: one of them was given.
    """
    ctx = click.get_current_context()
    for name in names:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            spelt = {"as_json": "json"}.get(name, name.replace("_", "-"))
            raise UsageError(f"--{spelt} {reason}")


def write_results(request: TableRequest) -> None:
    """Write a table, and say how that went.

    Raises:
        UsageError: options do not go together.
        DataError: there is no picture; or of ``strict``, some could not be read.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from gcv_edge.batch.rows import TableOptions, describe_source
    from gcv_edge.batch.sinks import sink_for
    from gcv_edge.batch.storage import locate
    from gcv_edge.measure.result_cache import hash_file
    from gcv_edge.runtime.loading import open_network
    from gcv_edge.store import find_model

    target = locate(request.output)
    is_folder = request.output.endswith("/") or target.storage.kind(target.path) == "folder"
    if not is_folder:
        sink = sink_for(request.output)
        refuse_given(OF_FOLDERS, f"is for a folder of parts: -o {request.output}/")
    if request.backend != "ray":
        refuse_given(OF_RAY, "is for --backend ray")
    with muted_libraries():
        path = find_model(request.model)
        engine = choose_engine(request.engine)
        network = open_network(path, engine=engine, precision=request.precision, hint="throughput")
        threshold = choose_threshold(network, request.threshold)
        options = TableOptions(threshold, request.top_k, engine, request.precision)
        source = describe_source(network, hash_file(path), options)
        with naming(request.output):
            if is_folder:
                write_folder(request, network, source)
            else:
                write_file(request, network, source, sink, target)


def choose_threshold(network: Any, given: float | None) -> float:
    """Return the threshold of detections.

    Raises:
        UsageError: one is given for a network that finds none.
    """
    from gcv_edge.cli.summaries import DETECTION_THRESHOLD
    from gcv_edge.tasks import DETECTION, INSTANCES

    task = network.metadata.task
    if given is not None and task not in (DETECTION, INSTANCES):
        raise UsageError(f"--threshold: in tables it is for detections; {network.path} is for {task.name}")
    return DETECTION_THRESHOLD if given is None else given


def write_file(
    request: TableRequest, network: Model[Any], source: TableSource, sink: Any, target: Located
) -> None:
    """Write one file; it appears when all of it is there."""
    from gcv_edge.batch.running import WorkTally, write_table
    from gcv_edge.batch.sources.listing import PictureListing
    from gcv_edge.batch.work import Workshop, readers_for

    refuse_own_input(request.inputs, target)
    listing, tally, started = PictureListing(request.inputs, request.column), WorkTally(), perf_counter()
    with (
        target.storage.writing(target.path) as temporary,
        Workshop(network, request.readers or readers_for(request.inputs)) as workshop,
        PictureProgress(None) as progress,
    ):
        network.warmup()
        for _ in write_table(workshop, listing, source, sink, temporary, tally):
            progress.advance()
    tell_notes(listing.notes)
    counts = {"pictures": tally.pictures, "errors": tally.errors}
    conclude(request, counts, tally, perf_counter() - started)


def refuse_own_input(inputs: Sequence[str], target: Located) -> None:
    """Refuse to write over a list or a picture that is read.

    Raises:
        DataError: the table would go there.
    """
    from gcv_edge.batch.storage import locate

    goal = (target.root, target.storage.identity(target.path))
    for name in inputs:
        place = locate(name)
        if (place.root, place.storage.identity(place.path)) == goal:
            raise DataError(f"{name}: is the input itself: give -o another name")


def write_folder(request: TableRequest, network: Model[Any], source: TableSource) -> None:
    """Write the parts of a folder that are missing."""
    from gcv_edge.batch.job import alone_in, begin_job
    from gcv_edge.batch.running import WorkTally, write_parts
    from gcv_edge.batch.work import Workshop, readers_for

    tally, started = WorkTally(), perf_counter()
    with alone_in(request.output):
        with tally.timing("list"), PictureProgress(None, "listing") as listed:
            job = begin_job(
                request.output,
                request.inputs,
                source,
                column=request.column,
                format=request.format,
                shard_size=request.shard_size,
                resume=request.resume,
                watch=listed.advance,
            )
        tell_notes(job.notes)
        missing = job.missing()
        left = sum(job.shards[index].count for index in missing)
        with PictureProgress(job.pictures, done=job.pictures - left) as progress:
            if request.backend == "ray":
                from gcv_edge.batch.on_ray import run_on_ray

                ray_options = {
                    "workers": request.workers,
                    "cpus": request.worker_cpus,
                    "readers": request.readers,
                }
                for done in run_on_ray(job, missing, network.path.read_bytes(), **ray_options):
                    tally.merge(done)
                    progress.advance(count=done.pictures)
            else:
                network.warmup()
                with Workshop(network, request.readers or readers_for(request.inputs)) as workshop:
                    for _ in write_parts(workshop, job, missing, tally):
                        progress.advance()
        counts = job.finish()
    conclude(request, counts, tally, perf_counter() - started)


def conclude(request: TableRequest, counts: dict[str, int], tally: WorkTally, seconds: float) -> None:
    """Print the summary.

    Raises:
        DataError: of ``strict``: some pictures could not be read.
    """
    for problem in tally.problems:
        echo(f"Unreadable: {problem}", err=True)
    if tally.errors > len(tally.problems):
        echo(f"Unreadable: {tally.errors - len(tally.problems)} more: the column error says why", err=True)
    total, errors = counts["pictures"], counts["errors"]
    echo(f"{show_path(request.output)}: {plural(total, 'picture')}, {errors} of them unreadable")
    if tally.pictures:
        before = f" ({total - tally.pictures} were there)" if tally.pictures < total else ""
        echo(f"{describe_rate(tally, seconds)}{before}")
        echo(describe_time(tally))
    if request.strict and errors:
        raise DataError(f"{errors} of {plural(total, 'picture')} could not be read")


def describe_rate(tally: WorkTally, seconds: float) -> str:
    """Say how fast it was."""
    return (
        f"{plural(tally.pictures, 'picture')} in {seconds:.1f} s: {tally.pictures / seconds:.1f} per second"
    )


def describe_time(tally: WorkTally) -> str:
    """Say where the threads' time went, and what to change."""
    whole = sum(tally.seconds.values()) or 1.0
    shares = ", ".join(f"{stage} {taken / whole:.0%}" for stage, taken in tally.seconds.items())
    longest = max(tally.seconds, key=lambda stage: tally.seconds[stage])
    return f"time of threads: {shares}: {ADVICE[longest]}"
