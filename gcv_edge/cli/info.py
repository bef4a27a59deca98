"""``gcv-edge info``: what a model file says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.completion import MODEL
from gcv_edge.cli.console import echo_json, plural, show_path, show_size
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.options import json_option
from gcv_edge.cli.text import echo
from gcv_edge.cli.verdicts import describe_verdict, reservations
from gcv_edge.metadata import (
    ClipSettings,
    DepthSettings,
    DetectionSettings,
    ModelMetadata,
    Preprocessing,
    RunSettings,
)
from gcv_edge.points import spell_changed
from gcv_edge.repeated_labels import describe_repeated
from gcv_edge.tasks import ACTION, CLASSIFICATION, POSE

if TYPE_CHECKING:
    from gcv_edge.runtime.ports import Port, Ports

FITTING = {
    "standard": "is stretched to {width}x{height}",
    "fit_to_window": "is resized, keeping its shape, to fit the upper left of {width}x{height}",
    "fit_to_window_letterbox": "is resized, keeping its shape, to fit the middle of {width}x{height}",
    "crop": "is resized to a short side of {short}, cut to its middle {width}x{height}",
    "affine": "is resized so that its longer side is {width} wide, and centred in {width}x{height}",
    "affine of a rim": "is resized so that its longer side is {width} wide, and centred; what is above and "
    "below {width}x{height} is cut off",
    "crop of a stretched frame": "is stretched to {wide}x{short}, cut to its middle {width}x{height}",
}
FITTED = {
    "standard": "stretched",
    "fit_to_window": "resized to fit the upper left",
    "fit_to_window_letterbox": "resized to fit the middle",
    "crop": "cut to its middle",
    "affine": "resized to fit the middle",
}
PADDED = ("fit_to_window", "fit_to_window_letterbox", "affine")
RESAMPLING = {
    "bilinear": "bilinear",
    "nearest": "nearest pixel",
    "area": "area",
    "bicubic": "bicubic",
    "by_size": "area to shrink, bicubic to enlarge",
    "warp": "bilinear, as warpAffine",
    "lanczos": "Lanczos, as Pillow",
}
BOXES = {
    "grown": "in the input's proportions and 1.25 times as large (GluonCV's simple pose)",
    "cropped": "widened by 20 or 30 %, cut off at the frame, in the middle of black (GluonCV's alpha pose)",
}
SCORES = {
    "softmax": "softmax of the logits: one class of many",
    "sigmoid": "sigmoid of each logit: every class by itself",
    "none": "the logits as they are (no activation)",
}
SHOWN_LABELS = 12


@click.command()
@click.argument("model", type=MODEL)
@json_option()
@debug_option
def info(model: str, as_json: bool) -> None:
    """Show what a model file is for, which input it takes, and where it comes from."""
    from gcv_edge.runtime.modelfile import read_entries, read_metadata
    from gcv_edge.runtime.ports import read_ports
    from gcv_edge.store import find_model

    path = find_model(model)
    metadata = read_metadata(path)
    ports = read_ports(path)
    pruning = read_pruning(read_entries(path))
    if as_json:
        echo_json({**to_dict(path, metadata, ports), "pruning": pruning})
    else:
        print_info(path, metadata, ports, pruning)


def read_pruning(entries: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return what a file says of its pruning; None for nothing, or what no pruning wrote."""
    try:
        record = json.loads(entries.get("gcv_edge pruning", "null"))
        return record if isinstance(record, dict) and describe_pruning(record) else None
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None


def describe_pruning(record: Mapping[str, Any]) -> str:
    """Say how much of a network is left: 61 % of the work, 3.1 % of top-1 classes changed."""
    before, after = record["macs"]
    noise = ", fitted on noise" if record["data"] == "noise" else ""
    training = record.get("distillation")
    trained = ", distilled" if isinstance(training, dict) and training.get("kept") else ""
    changed = spell_changed(record["changed"], record["is_classifier"])
    return f"{after / before:.0%} of the work is left, {changed}{trained}{noise}"


def print_info(
    path: Path,
    metadata: ModelMetadata,
    ports: Ports,
    pruning: Mapping[str, Any] | None,
) -> None:
    """Print what a file says of itself, for people."""
    for name, text in info_lines(path, metadata, ports, pruning):
        echo(f"{name:<12}{text}")


def info_lines(
    path: Path,
    metadata: ModelMetadata,
    ports: Ports,
    pruning: Mapping[str, Any] | None = None,
) -> list[tuple[str, str]]:
    """List what is to be said, each with its heading."""
    lines = [
        ("File", f"{show_path(path)}, {show_size(path.stat().st_size)}"),
        ("Task", f"{metadata.task.name}, {metadata.variant}"),
        ("Labels", describe_labels(metadata.labels)),
        ("Input", describe_tensors(ports.inputs)),
        ("Outputs", describe_tensors(ports.outputs)),
    ]
    if metadata.task.takes != "tensors":
        height, width = (
            length or 0 for length in ports.inputs[0].shape[-2:]
        )  # 0 where pictures have own sizes
        lines.append(("Frames", describe_preprocessing(metadata.preprocessing, (width, height))))
    if metadata.task is POSE:
        lines.append(("Boxes", BOXES[metadata.preprocessing.box_rule]))
    if metadata.task in (CLASSIFICATION, ACTION):
        lines.append(("Scores", SCORES[metadata.activation]))
    if metadata.detection is not None:
        lines.append(("Detection", describe_detection(metadata.detection)))
    if metadata.clip is not None:
        lines.append(("Clips", describe_clip(metadata.clip)))
    if metadata.depth is not None:
        lines.append(("Depth", describe_depth(metadata.depth)))
    if metadata.image is not None:
        lines.append(("Picture", f"from {metadata.image.low:g} (black) to {metadata.image.high:g} (white)"))
    if pruning is not None:
        lines.append(("Pruned", describe_pruning(pruning)))
    if metadata.run != RunSettings():
        lines.append(("Runs best", describe_run(metadata.run)))
    lines += [
        ("Source", describe_source(metadata)),
        ("Verdict", describe_verdict(metadata.verification)),
        *((heading.capitalize(), line) for heading, line in reservations(metadata.verification)),
        ("Written by", f"gcv-edge {metadata.version or 'unknown'}"),
    ]
    return lines


def describe_run(run: RunSettings) -> str:
    """Say how a file ran best where it was measured."""
    said = [f"precision {run.precision}"] if run.precision else []
    if run.streams:
        streams = f"batch {run.batch} and {plural(run.streams, 'stream')}, on {plural(run.cpus, 'CPU')}"
        said.append(f"with many pictures at once: {streams}")
    return "; ".join(said)


def describe_labels(labels: tuple[str, ...]) -> str:
    """Count the labels and name some."""
    if not labels:
        return "none (gcv-edge export --classes names them)"
    more = ", ..." if len(labels) > SHOWN_LABELS else ""
    repeated = describe_repeated(labels)
    twice = f"; more than once: {repeated}" if repeated else ""
    return f"{len(labels)}: {', '.join(labels[:SHOWN_LABELS])}{more}{twice}"


def describe_tensors(ports: Sequence[Port]) -> str:
    """Name tensors with type and shape: data f32 [1, 3, 416, 416]."""
    return ", ".join(f"{port.name} {port.type} {show_shape(port.shape)}" for port in ports)


def show_shape(shape: Sequence[int | None]) -> str:
    """Return a shape as text; an open length is N."""
    return "[" + ", ".join("N" if length is None else str(length) for length in shape) + "]"


def describe_preprocessing(preprocessing: Preprocessing, size: tuple[int, int]) -> str:
    """Say in a sentence how a frame becomes the input."""
    if preprocessing.has_own_sizes:
        return f"A BGR frame is {describe_frame(preprocessing)}."
    wide = preprocessing.crop_wide
    is_stretched = preprocessing.resize_type == "crop" and wide > 0
    short = preprocessing.crop_short or (size[1] if is_stretched else min(size))
    manner = "crop of a stretched frame" if is_stretched else preprocessing.resize_type
    if preprocessing.cuts_rims(size):
        manner = "affine of a rim"
    fitting = FITTING[manner].format(width=size[0], height=size[1], short=short, wide=wide)
    padding = f" (the rest is {preprocessing.pad_value:g})" if preprocessing.resize_type in PADDED else ""
    resampling = RESAMPLING[preprocessing.interpolation]
    return f"A BGR frame {fitting}{padding} ({resampling}), {describe_colours(preprocessing)}."


def describe_frame(preprocessing: Preprocessing) -> str:
    """Say how a frame becomes an input, without the input's size."""
    resampling = RESAMPLING[preprocessing.interpolation]
    fitted = FITTED[preprocessing.resize_type]
    if preprocessing.has_own_sizes:
        sides = (
            f"a short side of {preprocessing.short_side}, a long side of at most {preprocessing.long_side}"
        )
        fitted = f"resized, keeping its shape, to {sides}"
    return f"{fitted} ({resampling}), {describe_colours(preprocessing)}"


def describe_colours(preprocessing: Preprocessing) -> str:
    """Say what happens to the order of the channels and to their levels."""
    return f"{describe_channels(preprocessing)}, and {describe_levels(preprocessing)}"


def describe_channels(preprocessing: Preprocessing) -> str:
    """Say what happens to the colours."""
    if len(preprocessing.mean) == 1:
        return "turned to grey"
    return "turned to RGB" if preprocessing.reverse_channels else "left in BGR order"


def describe_levels(preprocessing: Preprocessing) -> str:
    """Say what happens to the levels."""
    if not any(preprocessing.mean) and set(preprocessing.scale) == {1.0}:
        return "its levels stay 0 to 255"
    mean = ", ".join(f"{value:g}" for value in preprocessing.mean)
    scale = ", ".join(f"{value:g}" for value in preprocessing.scale)
    return f"its levels (0 to 255) become (level - mean) / scale, mean {mean}, scale {scale}"


def describe_detection(detection: DetectionSettings) -> str:
    """Say which boxes are listed."""
    if detection.nms == "graph":
        return f"scores over {detection.confidence_threshold:g}; the graph itself sorts the boxes out"
    across = "any class" if detection.class_agnostic else "the same class"
    return (
        f"scores over {detection.confidence_threshold:g}, "
        f"the best {count(detection.nms_topk)} of all classes; "
        f"of boxes of {across} that overlap by more than {detection.iou_threshold:g} the best; "
        f"{count(detection.post_nms)} at most"
    )


def describe_clip(clip: ClipSettings) -> str:
    """Say which frames of a video are looked at."""
    pictures = plural(len(clip.offsets), "frame")
    span = f"{pictures} of {clip.window} in a row" if clip.window > 1 else "single frames"
    where = "inside the network" if clip.in_graph else "by this package's runtimes"
    if clip.segments == 1:
        return f"{span}, from the middle of the video"
    return f"{span}, from {clip.segments} places spread over the video, averaged {where}"


def describe_depth(depth: DepthSettings) -> str:
    """Say what a disparity means."""
    factor = depth.scale or 1.0
    unit = " m" if depth.scale else ", relative"
    return f"disparity 1 is {depth.nearest * factor:g}, 0 is {depth.farthest * factor:g}{unit}"


def count(limit: int) -> str:
    """Return a limit as text; negative is none."""
    return "unlimited" if limit < 0 else str(limit)


def describe_source(metadata: ModelMetadata) -> str:
    """Name the source with the beginning of its hash."""
    digest = f" (sha256 {metadata.source_hash[:12]}...)" if metadata.source_hash else ""
    return f"{metadata.source or 'unknown'}{digest}"


def to_dict(path: Path, metadata: ModelMetadata, ports: Ports) -> dict[str, Any]:
    """Return what a file says of itself for JSON."""
    settings = {
        name: vars(value) if (value := getattr(metadata, name)) is not None else None
        for name in ("detection", "clip", "depth", "image")
    }
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "task": metadata.task.name,
        "variant": metadata.variant,
        "labels": metadata.labels,
        "inputs": [port.to_dict() for port in ports.inputs],
        "outputs": [port.to_dict() for port in ports.outputs],
        "preprocessing": vars(metadata.preprocessing),
        "activation": metadata.activation if metadata.task in (CLASSIFICATION, ACTION) else None,
        **settings,
        "run": None if metadata.run == RunSettings() else vars(metadata.run),
        "source": metadata.source,
        "source_hash": metadata.source_hash,
        "verification": dict(metadata.verification),
        "version": metadata.version,
    }
