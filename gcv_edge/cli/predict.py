"""``gcv-edge predict``: what a model sees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.console import counted, echo_json, plural, show_path
from gcv_edge.cli.guard import debug_option, muted_libraries
from gcv_edge.cli.options import Fraction, Word, json_option, max_pixels_option
from gcv_edge.cli.summaries import draw, summarize, to_dict
from gcv_edge.errors import DataError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from gcv_edge.cli.inputs import Input
    from gcv_edge.cli.saving import Sink
    from gcv_edge.runtime.action import ActionRecognizer
    from gcv_edge.runtime.model import Model, Network
    from gcv_edge.runtime.results import Classification
    from gcv_edge.runtime.sources import Frame

ENGINES = ("openvino", "onnxruntime")
PRECISIONS = ("f32", "bf16", "auto")


@click.command()
@click.argument("model")
@click.argument("source", metavar="INPUT")
@click.option("--save", metavar="DIR", help="Write annotated copies there; the folder is made.")
@max_pixels_option
@json_option("Print a line of JSON per frame.")
@click.option(
    "--threshold",
    type=Fraction(0, 1),
    help="Show what has a score over it.  [default: 0.5; for keypoints 0.2]",
)
@click.option("--engine", type=Word(ENGINES), default="openvino", show_default=True, help="What computes.")
@click.option(
    "--precision",
    type=Word(PRECISIONS),
    default="f32",
    show_default=True,
    help="Of float operations; f32 is what export verified.",
)
@debug_option
def predict(
    model: str,
    source: str,
    save: str | None,
    as_json: bool,
    threshold: float | None,
    engine: str,
    precision: str,
) -> None:
    """Run a model on a picture, a folder of pictures, a video or a camera.

    MODEL is an exported file, or a name in the model store. INPUT is a path, a video's URL, or a camera's
    number. A network for actions sees a video, or a folder of its frames, as a whole.
    """
    from gcv_edge.cli.inputs import open_input
    from gcv_edge.cli.saving import open_sink
    from gcv_edge.runtime.loading import load

    refuse_picture_as_model(model)
    frames = open_input(source)
    with contextlib.ExitStack() as stack:
        stack.enter_context(muted_libraries())
        network = load(model, engine=engine, precision=precision)
        refuse_tensors(network)
        network.warmup()
        sink = stack.enter_context(open_sink(save, frames)) if save is not None else None
        if network.metadata.task.takes == "clip":
            report_clips(network, frames, sink, as_json=as_json)
        else:
            for frame, result in counted(run(network, frames), frames.count, "predicting"):
                if sink is not None:
                    sink.write(frame, draw(result, frame.pixels, threshold))
                report(frame, result, threshold, as_json=as_json)
    finish(frames, sink, as_json=as_json)


def refuse_picture_as_model(model: str) -> None:
    """Catch MODEL and INPUT in the wrong order."""
    from gcv_edge.cli.inputs import is_picture

    if is_picture(model):
        raise DataError(f"{model}: found a picture, expected a model (usage: gcv-edge predict MODEL INPUT)")


def refuse_tensors(network: Network) -> None:
    """Say how a network that takes no pictures is run.

    Raises:
        UnsupportedError: it takes none.
    """
    if network.metadata.task.takes == "tensors":
        raise UnsupportedError(f"{network.path}: takes no pictures: run it in Python with TensorNetwork")


def report_clips(network: ActionRecognizer, frames: Input, sink: Sink | None, *, as_json: bool) -> None:
    """Print what happens in a video, or in one stretch of a camera's after the other.

    Raises:
        UsageError: a camera's frames are to be saved: they are gone when their result is there.
    """
    if frames.kind == "camera":
        if sink is not None:
            raise UsageError("--save: a camera's frames cannot be saved with what happens in them")
        for index, result in enumerate(network.stream(frames.name)):
            report_clip(f"{frames.name}#{index}", result, as_json=as_json)
        return
    result = network.run(frames.name)
    report_clip(frames.name, result, as_json=as_json)
    if sink is not None:
        for frame in frames.frames():
            sink.write(frame, result.plot(frame.pixels))


def report_clip(name: str, result: Classification, *, as_json: bool) -> None:
    """Print what happens in a clip."""
    if as_json:
        echo_json({"name": name, **to_dict(result, None)}, indent=None)
    else:
        click.echo(f"{show_path(name)}: {summarize(result, None)}")


def run(network: Model[Any], frames: Input) -> Iterator[tuple[Frame, Any]]:
    """Give frames and results in order."""
    from gcv_edge.runtime.streaming import run_in_order

    return run_in_order(network.run, frames.frames(), network.session.streams)


def report(frame: Frame, result: Any, threshold: float | None, *, as_json: bool) -> None:
    """Print what a frame shows."""
    if not as_json:
        click.echo(f"{show_path(frame.name)}: {summarize(result, threshold)}")
        return
    height, width = frame.pixels.shape[:2]
    head = {"name": frame.name, "index": frame.index, "width": width, "height": height}
    echo_json({**head, **to_dict(result, threshold)}, indent=None)


def finish(frames: Input, sink: Sink | None, *, as_json: bool) -> None:
    """Say where the copies are; fail when a picture could not be read."""
    if sink is not None and not as_json:
        click.echo(f"Saved {describe_saved(sink.saved)}")
    if frames.unreadable:
        raise DataError(f"{plural(frames.unreadable, 'picture')} of {frames.name} could not be read")


def describe_saved(saved: Iterable[Any]) -> str:
    """Name the one file saved, or the folder and the number of files."""
    paths = list(saved)
    if len(paths) == 1:
        return show_path(paths[0])
    return f"{plural(len(paths), 'picture')} in {show_path(paths[0].parent)}" if paths else "nothing"
