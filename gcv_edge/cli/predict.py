"""``gcv-edge predict``: what a model sees."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.completion import MODEL, PATH
from gcv_edge.cli.console import counted, echo_json, plural, show_path, shows_bar
from gcv_edge.cli.guard import debug_option, muted_libraries
from gcv_edge.cli.options import Fraction, Word, engine_option, json_option, max_pixels_option
from gcv_edge.cli.summaries import draw, summarize, to_dict
from gcv_edge.cli.tables import OF_TABLES, TableRequest, refuse_given, table_options, write_results
from gcv_edge.cli.text import echo
from gcv_edge.errors import DataError, UnsupportedError, UsageError
from gcv_edge.tasks import DETECTION, INSTANCES, POSE

if TYPE_CHECKING:
    from pathlib import Path

    from gcv_edge.cli.inputs import Inputs, Item
    from gcv_edge.cli.saving import Copies
    from gcv_edge.runtime.action import ActionRecognizer
    from gcv_edge.runtime.model import LoadedNetwork
    from gcv_edge.runtime.results import Classification
    from gcv_edge.runtime.sources import Frame

PRECISIONS = ("f32", "bf16", "auto")


@click.command()
@click.argument("model", type=MODEL)
@click.argument("sources", type=PATH, metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--save",
    type=PATH,
    metavar="DIR",
    help="Write annotated copies into this folder; it is created if needed.",
)
@max_pixels_option
@json_option("Print a line of JSON per frame.")
@click.option(
    "--threshold",
    type=Fraction(0, 1),
    help="Take detections or keypoints with a score over this.  [default: 0.5; for keypoints 0.2]",
)
@engine_option
@click.option(
    "--precision",
    type=Word(PRECISIONS),
    default="f32",
    show_default=True,
    help="Precision of float operations; the export verified f32.",
)
@click.option("--column", metavar="NAME", help="Of tables: which holds paths, or pictures.")
@table_options
@debug_option
def predict(
    model: str,
    sources: tuple[str, ...],
    save: str | None,
    as_json: bool,
    threshold: float | None,
    engine: str | None,
    precision: str,
    column: str | None,
    output: str | None,
    **table: Any,
) -> None:
    """Run a model on pictures, folders of pictures, videos or a camera.

    MODEL is an exported file, or a name in the model store. INPUT is a picture, a folder with all below it, a
    pattern ('cam*/*.jpg'), a list (.txt, .lst), a table (.csv, .parquet), a .tar, an address (s3://, gs://,
    abfs://, https://), a video, or a camera's number; there may be several. Results are printed, or with -o
    written to a table. A network for actions sees a video, or a folder of its frames, as a whole.
    """
    from gcv_edge.runtime.loading import open_network

    refuse_picture_as_model(model)
    if output is not None:
        refuse_given(("save", "as_json"), "is for results that are printed: leave out -o")
        write_results(TableRequest(model, sources, output, threshold, engine, precision, column, **table))
        return
    refuse_given(OF_TABLES, "is for a table: give -o too")
    from gcv_edge.cli.inputs import Inputs
    from gcv_edge.cli.saving import open_copies

    inputs = Inputs(sources, column)
    with contextlib.ExitStack() as stack:
        stack.enter_context(muted_libraries())
        network = open_network(model, engine=engine, precision=precision)
        refuse_tensors(network)
        if threshold is not None:
            refuse_threshold(network)
        network.warmup()
        copies = stack.enter_context(open_copies(save, inputs)) if save is not None else None
        if network.metadata.task.takes == "clip":
            report_clips(network, inputs, copies, as_json=as_json)
        else:
            count = count_items(inputs)
            for frame, result in counted(inputs.run(network), count, "predicting"):
                if copies is not None:
                    copies.write(frame, draw(result, frame.pixels, threshold))
                report(frame, result, threshold, as_json=as_json)
    finish(inputs, copies, as_json=as_json)


def count_items(inputs: Inputs) -> int | None:
    """Count the frames, where a bar is shown and each is a picture."""
    from gcv_edge.runtime.places import Place

    if not shows_bar():
        return None
    count = 0
    for item in inputs.items():
        if isinstance(item, Place):
            return None
        count += 1
    return count


def refuse_picture_as_model(model: str) -> None:
    """Catch MODEL and INPUT in the wrong order."""
    from gcv_edge.cli.inputs import is_picture

    if is_picture(model):
        raise DataError(f"{model}: found a picture, expected a model (usage: gcv-edge predict MODEL INPUT)")


def refuse_tensors(network: LoadedNetwork) -> None:
    """Say how a network that takes no pictures is run.

    Raises:
        UnsupportedError: it takes none.
    """
    if network.metadata.task.takes == "tensors":
        raise UnsupportedError(f"{network.path}: takes no pictures: run it in Python with TensorNetwork")


def refuse_threshold(network: LoadedNetwork) -> None:
    """Refuse a threshold for a network whose results have no scores to leave out by.

    Raises:
        UsageError: it is not for detections or keypoints.
    """
    task = network.metadata.task
    if task not in (DETECTION, INSTANCES, POSE):
        raise UsageError(f"--threshold is for detections and keypoints; {network.path} is for {task.name}")


def report_clips(network: ActionRecognizer, inputs: Inputs, copies: Copies | None, *, as_json: bool) -> None:
    """Print what happens in each video; of several, one that cannot be read is reported and skipped.

    Raises:
        DataError: the only one cannot be read.
        UsageError: a camera's frames are to be saved: they are gone when their result is there.
    """
    from gcv_edge.cli.inputs import tell

    clips = [clip for name in inputs.names for clip in clips_of(name)]
    problems = 0
    for name, items in clips:
        try:
            report_video(network, name, items, copies, as_json=as_json)
        except DataError as error:
            if len(clips) == 1:
                raise
            tell(error)
            problems += 1
    if problems:
        inputs.failure = DataError(f"{problems} of {len(clips)} inputs could not be read")


def clips_of(name: str) -> list[tuple[str, list[Item]]]:
    """List what is looked at as a whole: a folder's pictures, but each of the videos that a pattern fits."""
    from gcv_edge.batch.sources.entries import BROKEN, PictureEntry
    from gcv_edge.cli.inputs import Inputs
    from gcv_edge.runtime.places import Place

    try:
        items = list(Inputs([name]).items())
    except DataError as error:
        return [(name, [PictureEntry(name, BROKEN, error=str(error))])]
    if any(isinstance(item, Place) for item in items):
        return [(item.name, [item]) for item in items]
    return [(name, items)]


def report_video(
    network: ActionRecognizer, name: str, items: list[Item], copies: Copies | None, *, as_json: bool
) -> None:
    """Print what happens in a video, or in one stretch of a camera's after the other.

    Raises:
        DataError: it cannot be read, or is truncated; in that case its frames were printed before.
        UsageError: a camera's frames are to be saved.
    """
    from gcv_edge.batch.sources.entries import PictureEntry
    from gcv_edge.runtime.places import CAMERA, PICTURE, Place
    from gcv_edge.runtime.sources import read_places

    first = items[0]
    if isinstance(first, Place) and first.kind == CAMERA:
        if copies is not None:
            raise UsageError("--save: a camera's frames cannot be saved with what happens in them")
        for index, result in enumerate(network.stream(name)):
            report_clip(f"{name}#{index}", result, as_json=as_json)
        return
    if isinstance(first, PictureEntry) and first.error is not None:
        raise DataError(first.error)
    result = network.run(name if isinstance(first, Place) else [item.name for item in items])
    report_clip(name, result, as_json=as_json)
    if copies is not None:
        places = [item if isinstance(item, Place) else Place(item.name, PICTURE) for item in items]
        for frame in read_places(places, is_list=False):
            copies.write(frame, result.plot(frame.pixels))


def report_clip(name: str, result: Classification, *, as_json: bool) -> None:
    """Print what happens in a clip."""
    if as_json:
        echo_json({"name": name, **to_dict(result, None)}, indent=None)
    else:
        echo(f"{show_path(name)}: {summarize(result, None)}")


def report(frame: Frame, result: Any, threshold: float | None, *, as_json: bool) -> None:
    """Print what a frame shows."""
    if not as_json:
        echo(f"{show_path(frame.name)}: {summarize(result, threshold)}")
        return
    height, width = frame.pixels.shape[:2]
    head = {"name": frame.name, "index": frame.index, "width": width, "height": height}
    echo_json({**head, **to_dict(result, threshold)}, indent=None)


def finish(inputs: Inputs, copies: Copies | None, *, as_json: bool) -> None:
    """Say where the copies are; fail when something could not be read."""
    if copies is not None and not as_json:
        replaced = f" ({copies.replaced} replaced)" if copies.replaced else ""
        echo(f"Saved {describe_saved(copies.saved)}{replaced}")
    if inputs.failure is not None:
        raise inputs.failure


def describe_saved(paths: Sequence[Path]) -> str:
    """Name the one file saved, or the folder and the number of files."""
    if len(paths) == 1:
        return show_path(paths[0])
    noun = "file" if any(path.suffix == ".mp4" for path in paths) else "picture"
    return f"{plural(len(paths), noun)} in {show_path(paths[0].parent)}" if paths else "nothing"
