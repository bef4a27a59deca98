"""``gcv-edge export``: a source becomes one file."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gcv_edge.cli.completion import PATH, SOURCE
from gcv_edge.cli.console import echo_json, plural, show_path, show_size, stages
from gcv_edge.cli.guard import debug_option, naming
from gcv_edge.cli.info import describe_frame
from gcv_edge.cli.int8_text import int8_to_dict, print_int8, refuse_int8
from gcv_edge.cli.observing import ExportObserver
from gcv_edge.cli.openvino_files import (
    FORMATS,
    ONNX,
    OpenVinoFiles,
    check_place,
    is_exported,
    print_openvino,
    write_openvino,
)
from gcv_edge.cli.optimizing import calibration_options, optimize_file
from gcv_edge.cli.options import (
    Word,
    distill_option,
    json_option,
    max_pixels_option,
    parse_classes,
    parse_goal,
    task_option,
)
from gcv_edge.cli.outputs import check_output, check_report
from gcv_edge.cli.pruning_text import pruning_to_dict, refuse_pruning
from gcv_edge.cli.text import echo
from gcv_edge.cli.verdicts import describe_verdict
from gcv_edge.errors import UsageError
from gcv_edge.metadata import ACTIVATIONS, BOX_FORMATS, NMS_PLACES
from gcv_edge.optimize import OptimizeOptions

if TYPE_CHECKING:
    from gcv_edge.exporters.onnx.options import Adoption
    from gcv_edge.optimize import OptimizeResult
    from gcv_edge.pipeline import ExportResult

ADOPTION_OPTIONS = ("head", "boxes", "scores", "box_format", "normalized", "background")
"""Parameters of the command that say what a foreign detector does not."""
CALIBRATION_OPTIONS = ("target", "num_samples", "calib_mode", "max_drop", "report")
"""Parameters of the command that mean something with --calibrate alone."""


@click.command()
@click.argument("source", type=SOURCE)
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="OUT.onnx",
    help="File to write; without it, a file in the model store. With --to, OUT.xml or a folder.",
)
@click.option(
    "--to",
    type=Word(FORMATS),
    default=ONNX,
    show_default=True,
    help="What to write: one .onnx file; or of that OpenVINO IR for Model API and DL Streamer (openvino), or "
    "a repository for OpenVINO Model Server (ovms).",
)
@click.option(
    "--params", type=PATH, metavar="FILE", help="Parameters, if they are not beside the symbol file."
)
@click.option(
    "--input-shape",
    metavar="1,3,H,W",
    multiple=True,
    help="Shape of the input, if SOURCE does not store it (clips: 1,3,T,H,W); once for each input.",
)
@click.option(
    "--classes", type=PATH, metavar="A,B,C|FILE", help="Class names in order, or a file with one per line."
)
@task_option
@click.option(
    "--nms",
    type=Word(NMS_PLACES),
    default="runtime",
    show_default=True,
    help="Where boxes that overlap are suppressed: in this package's runtimes, or inside the graph.",
)
@click.option("--dynamic-batch", is_flag=True, help="Leave the number of frames per inference open.")
@click.option("--no-verify", is_flag=True, help="Do not compare the result with the source.")
@click.option(
    "--part", type=int, metavar="N", help="Which part of a network with several inputs to export, from 1."
)
@click.option(
    "--mean", metavar="R,G,B", help="Mean levels of the input, 0 to 255, if they are not ImageNet's."
)
@click.option("--scale", metavar="R,G,B", help="Divisors of the levels, if they are not ImageNet's.")
@click.option("--bgr", is_flag=True, help="The network takes BGR.")
@click.option(
    "--fit",
    metavar="stretch|crop|keep|letterbox|short:S,L",
    help="How frames are fitted into the input; crop:0.875 shows 87.5 % of the short side, keep:114 and "
    "letterbox:114 give the level around; short:800,1333, for R-CNN, SSD, YOLOv3 and CenterNet, lets each "
    "keep its shape, with a short side of 800 and a long side of at most 1333.",
)
@click.option(
    "--interpolation",
    metavar="bilinear|nearest|area|bicubic|by-size|lanczos",
    help="How frames are resized, where not as the network's family does it; by-size: area to shrink, "
    "bicubic to enlarge.",
)
@click.option(
    "--image-range", metavar="LOW,HIGH", help="Values of black and white in pictures that the network makes."
)
@click.option(
    "--head",
    metavar="FAMILY",
    default="auto",
    show_default=True,
    help="For .onnx detectors: what their outputs are (yolov8, end2end, detr, ...; docs/export.md).",
)
@click.option("--boxes", metavar="NAME", help="For .onnx detectors: output with the boxes.")
@click.option("--scores", metavar="NAME", help="For .onnx detectors: output with the scores.")
@click.option(
    "--box-format",
    type=Word(BOX_FORMATS),
    help="For .onnx detectors: format of boxes, if it is not the family's.",
)
@click.option(
    "--normalized", is_flag=True, help="For .onnx detectors: coordinates are fractions of the input size."
)
@click.option(
    "--background", flag_value="first", help="For .onnx detectors: the first score is the background's."
)
@click.option(
    "--background-last",
    "background",
    flag_value="last",
    help="For .onnx detectors: the last score is the background's.",
)
@click.option(
    "--no-background", "background", flag_value="none", help="For .onnx detectors: every score is a class's."
)
@click.option(
    "--outputs",
    metavar="NAME,NAME",
    help="Layers whose outputs to export, by name, instead of the network's own outputs.",
)
@click.option(
    "--activation",
    type=Word(ACTIVATIONS),
    help="What turns a classifier's output into class scores, if the network does not show it.",
)
@click.option("--random-weights", type=int, metavar="SEED", help="Untrained weights, for benchmarks only.")
@click.option(
    "--calibrate",
    "data",
    type=PATH,
    metavar="DATA",
    help="Pictures or a data set: also make an 8-bit file, and measure it.",
)
@click.option(
    "--prune",
    "goal",
    metavar="1.5x|70%",
    help="With --calibrate: first remove channels, until 8 bits are 1.5x as fast or 70% of the work is left.",
)
@distill_option
@calibration_options
@max_pixels_option
@json_option("Print what was written as JSON.")
@debug_option
def export(
    source: str,
    output: str | None,
    to: str,
    params: str | None,
    input_shape: tuple[str, ...],
    classes: str | None,
    task: str | None,
    nms: str,
    dynamic_batch: bool,
    no_verify: bool,
    part: int | None,
    mean: str | None,
    scale: str | None,
    bgr: bool,
    fit: str | None,
    interpolation: str | None,
    image_range: str | None,
    outputs: str | None,
    activation: str | None,
    random_weights: int | None,
    data: str | None,
    goal: str | None,
    distill: bool | int,
    target: str,
    num_samples: int,
    calib_mode: str,
    max_drop: float | None,
    report: str | None,
    as_json: bool,
    **adoption: Any,
) -> None:
    """Turn a trained network into one self-describing .onnx file, and verify it.

    SOURCE is one of: a GluonCV zoo name (ssd_512_mobilenet1.0_voc); PREFIX-symbol.json, with its
    PREFIX-0000.params beside it; an .onnx file from elsewhere; package.module:factory, a callable that
    returns a network.
    """
    place = check_place(to, output) if to != ONNX else None
    if place is not None and is_exported(source):
        made = write_openvino(to, source, place)
        echo_json({"openvino": made.to_dict()}) if as_json else print_openvino(made)
        return
    output = output if place is None else None
    labels = parse_classes(classes)
    check_output(output, source)
    check_calibration(data, report)
    speedup, macs = parse_goal(goal, data, distill)
    asked = OptimizeOptions(
        speedup=speedup,
        macs=macs,
        distill=distill,
        target=target,
        mode=calib_mode,
        samples=num_samples,
        max_drop=max_drop,
        sensitivity=report is not None,
    )
    from gcv_edge import pipeline
    from gcv_edge.exporters.framing import parse_fit, parse_interpolation
    from gcv_edge.exporters.source import ExportOptions, parse_input_shape

    shapes = [parse_input_shape(text) for text in input_shape]
    options = ExportOptions(
        input_shape=shapes[0] if shapes else None,
        further_shapes=tuple(shapes[1:]),
        labels=labels,
        task=task,
        nms=nms,
        dynamic_batch=dynamic_batch,
        part=part,
        mean=parse_levels("--mean", mean) if mean is not None else None,
        scale=parse_levels("--scale", scale) if scale is not None else None,
        bgr=bgr,
        fit=parse_fit(fit) if fit is not None else None,
        interpolation=parse_interpolation(interpolation) if interpolation is not None else None,
        image_range=parse_range(image_range) if image_range is not None else None,
        outputs=parse_names(outputs),
        activation=activation,
    )
    with stages("reading") as progress, naming(output or source):
        result = pipeline.export(
            source,
            output,
            params=params,
            options=options,
            adoption=parse_adoption(source, **adoption),
            verify=not no_verify,
            random_weights=random_weights,
            progress=progress,
        )
    if not as_json:
        print_result(result, random_weights, in_store=output is None)
    optimized = None
    if data is not None:
        optimized = optimize_export(result.path, data, asked, report, quiet=as_json)
    openvino = write_openvino(to, result.path, place) if place is not None else None
    if openvino is not None and not as_json:
        print_openvino(openvino)
    if as_json:
        echo_json(to_dict(result, random_weights, optimized, report, openvino))
    if optimized is not None:
        refuse_loss(optimized, asked)


def check_calibration(data: str | None, report: str | None) -> None:
    """Find out before the work begins what stands in the way of a calibration, where one is asked for.

    Raises:
        UsageError: an option means something with --calibrate alone, or there is no such data.
        MissingExtraError, GcvEdgeError: the page that is wanted cannot be made.
    """
    if data is not None:
        if not Path(data).exists():
            raise UsageError(f"--calibrate {data}: no such file or folder")
        check_report(report)
        return
    context = click.get_current_context()
    for name in CALIBRATION_OPTIONS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')} is for --calibrate DATA")


def optimize_export(
    path: Path, data: str, options: OptimizeOptions, report: str | None, *, quiet: bool
) -> OptimizeResult:
    """Make the pruned and the 8-bit file beside the float one, and say what they are."""
    observer = ExportObserver(data, options, quiet=quiet)
    result = optimize_file(path, data, options, observer, report=report)
    if result.quantized is not None and not quiet:
        print_int8(result, result.quantized, report)
    return result


def refuse_loss(result: OptimizeResult, options: OptimizeOptions) -> None:
    """Raise AccuracyError where pruning or 8 bits lost more than they may."""
    if result.pruned is not None:
        refuse_pruning(result.pruned, result.baseline.title, options)
    if result.quantized is not None:
        refuse_int8(result, result.quantized)


def parse_adoption(source: str, **head: Any) -> Adoption:
    """Collect what a foreign detector does not say of its outputs.

    Raises:
        UsageError: an option is for .onnx sources alone.
    """
    from gcv_edge.exporters.onnx.options import Adoption

    if not source.endswith(".onnx"):
        refuse_adoption(source)
    return Adoption(**head)


def refuse_adoption(source: str) -> None:
    """Raise UsageError where an option was given that is for .onnx sources alone."""
    context = click.get_current_context()
    for name in ADOPTION_OPTIONS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is for .onnx sources; {source} says it itself")


def parse_names(text: str | None) -> tuple[str, ...]:
    """Read names with commas between; none where the option is not given.

    Raises:
        UsageError: a name is empty, or occurs twice.
    """
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if "" in names or len(set(names)) != len(names):
        raise UsageError(f"--outputs {text}: expected different names with commas between")
    return names


def parse_levels(option: str, text: str) -> tuple[float, ...]:
    """Read a number for each channel, or one for all.

    Raises:
        UsageError: the text is anything else.
    """
    numbers = parse_numbers(text)
    if len(numbers) not in (1, 3) or (option == "--scale" and 0 in numbers):
        raise UsageError(f"{option} {text}: expected three numbers such as 127,127,127, or one")
    return tuple(numbers)


def parse_range(text: str) -> tuple[float, float]:
    """Read two different numbers.

    Raises:
        UsageError: the text is anything else.
    """
    numbers = parse_numbers(text)
    if len(numbers) != 2 or numbers[0] == numbers[1]:
        raise UsageError(f"--image-range {text}: expected two numbers such as -1,1")
    return numbers[0], numbers[1]


def parse_numbers(text: str) -> list[float]:
    """Read finite numbers with commas between; none where there is anything else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


def print_result(result: ExportResult, random_weights: int | None, *, in_store: bool) -> None:
    """Say what was written, what the check found and what to do next."""
    metadata, path = result.metadata, result.path
    size = show_size(path.stat().st_size)
    classes = plural(len(metadata.labels), "label") if metadata.labels else "no labels (--classes names them)"
    echo(f"{show_path(path)}: {metadata.task.name}, {classes}, {size}")
    if metadata.task.takes != "tensors":
        echo(f"a frame is {describe_frame(metadata.preprocessing)}")
    if random_weights is not None:
        echo(f"RANDOM WEIGHTS (seed {random_weights}): for benchmarks only")
    if result.verification is None:
        echo("not verified (--no-verify)")
    else:
        echo(describe_verdict(result.verification.to_dict()))
        for remark in result.verification.remarks:
            echo(f"remark: {remark}")
    for note in result.notes:
        echo(f"note: {note}")
    echo(f"took {describe_seconds(result.seconds)}")
    model = path.stem if in_store else show_path(path)
    if metadata.task.takes != "tensors":
        given = "VIDEO" if metadata.task.takes == "clip" else "PICTURE"
        echo(f"\nNext: gcv-edge predict {shlex.quote(model)} {given} --save out")


def describe_seconds(seconds: Mapping[str, float]) -> str:
    """List how long each stage took."""
    return ", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items())


def to_dict(
    result: ExportResult,
    random_weights: int | None,
    optimized: OptimizeResult | None,
    report: str | None,
    openvino: OpenVinoFiles | None,
) -> dict[str, Any]:
    """Return an export for JSON."""
    pruned = optimized.pruned if optimized is not None else None
    quantized = optimized.quantized if optimized is not None else None
    return {
        "path": str(result.path),
        "bytes": result.path.stat().st_size,
        "task": result.metadata.task.name,
        "labels": result.metadata.labels,
        "source": result.metadata.source,
        "source_hash": result.metadata.source_hash,
        "random_weights": random_weights,
        "verification": result.verification.to_dict() if result.verification else None,
        "notes": list(result.notes),
        "seconds": dict(result.seconds),
        "pruned": pruning_to_dict(pruned) if pruned else None,
        "int8": int8_to_dict(optimized, quantized, report) if optimized and quantized else None,
        "openvino": openvino.to_dict() if openvino is not None else None,
    }
