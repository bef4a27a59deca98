"""What an exporter is given and what it gives back, whatever the source framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import Shape
from gcv_edge.exporters.framing import FrameFit
from gcv_edge.metadata import ClipSettings, DepthSettings, ImageSettings, ModelMetadata, Preprocessing
from gcv_edge.tasks import (
    ACTION,
    DEPTH,
    IMAGE,
    INSTANCES,
    VECTORS,
    Task,
)

Batch = NDArray[np.float32] | Mapping[str, NDArray[np.float32]]
"""What a network reads: ``[N, 3, H, W]``, or each of several inputs by its name."""


@dataclass(frozen=True)
class ExportOptions:
    """What the user asks of an export; None and empty mean: find out.

    Attributes:
        input_shape: of the network's first input: N, C, H, W, or N, C, T, H, W for clips.
        further_shapes: of its second and later inputs.
        labels: class (or keypoint) names in order.
        task: name of the task.
        nms: ``runtime`` or ``graph`` (detectors).
        dynamic_batch: leave the batch dimension open.
        part: which part of a network of several inputs, from 1.
        mean, scale: per channel of the network, in 0..255 units: ``(value - mean) / scale``.
        bgr: the network wants BGR.
        fit: how a frame is fitted into the input.
        interpolation: how pixels between those of a frame are made, one of ``framing.INTERPOLATIONS``.
        image_range: values of black and white in a picture that the network makes.
        outputs: tensors of the source to export instead of all its heads, in order.
        activation: what makes class scores of the logits: one of ``metadata.ACTIVATIONS``.
    """

    input_shape: tuple[int, ...] | None = None
    further_shapes: tuple[tuple[int, ...], ...] = ()
    labels: tuple[str, ...] = ()
    task: str | None = None
    nms: str = "runtime"
    dynamic_batch: bool = False
    part: int | None = None
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    bgr: bool = False
    fit: FrameFit | None = None
    interpolation: str | None = None
    image_range: tuple[float, float] | None = None
    outputs: tuple[str, ...] = ()
    activation: str | None = None


class Reference(Protocol):
    """Something that computes the same network.

    Attributes:
        name: of the framework, with its version.
    """

    name: str

    def run(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Compute a batch: canonical outputs by name, or the only one as ``output``."""


def no_reference() -> Reference | None:
    """Return nothing, where a source has no framework that could run it."""
    return None


@dataclass(frozen=True)
class ExportedModel:
    """A converted network.

    Attributes:
        model: its graph.
        metadata: what the file will say of itself.
        make_reference: returns the source framework (or None where it cannot run here), ready to compute
            the very outputs that the graph has.
        notes: what was assumed, and what of the source was left out and why; a line each.
    """

    model: ir.Model
    metadata: ModelMetadata
    make_reference: Callable[[], Reference | None] = no_reference
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A loaded network, before it is converted."""

    @property
    def name(self) -> str:
        """What the exported file is called where nobody gives another name."""

    def convert(self, options: ExportOptions) -> ExportedModel:
        """Make the ONNX graph and what the file will say of it."""


def assume_imagenet(usual: Preprocessing, options: ExportOptions) -> tuple[Preprocessing, tuple[str, ...]]:
    """Take ImageNet's statistics for a network's, in the order of its channels, and say so."""
    if options.mean is not None and options.scale is not None:
        return usual, ()
    if not options.bgr:
        note = "assumed: RGB levels normalised by ImageNet's mean and scale (--mean, --scale, --bgr)"
        return usual, (note,)
    turned = replace(usual, mean=usual.mean[::-1], scale=usual.scale[::-1])
    return turned, ("assumed: BGR levels normalised by ImageNet's mean and scale (--mean, --scale)",)


def override_preprocessing(preprocessing: Preprocessing, options: ExportOptions) -> Preprocessing:
    """Put what the user says in the place of what was found out; one number counts for all channels.

    Raises:
        UsageError: there are more numbers than channels, or fewer.
    """
    channels = len(preprocessing.mean)
    return replace(
        preprocessing,
        mean=for_channels("--mean", options.mean or preprocessing.mean, channels),
        scale=for_channels("--scale", options.scale or preprocessing.scale, channels),
        reverse_channels=preprocessing.reverse_channels and not options.bgr,
    )


def for_channels(option: str, numbers: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Repeat a single number for each channel.

    Raises:
        UsageError: there are more numbers than channels, or fewer.
    """
    if len(numbers) not in (1, channels):
        raise UsageError(
            f"{option}: found {len(numbers)} numbers, expected 1 or one for each of {channels} channels"
        )
    return numbers if len(numbers) == channels else numbers * channels


def check_rank(task: Task, output: Shape, name: str) -> None:
    """Refuse an output of another form than the task's.

    Raises:
        UnsupportedError: it is no vector per picture, or no map.
    """
    rank = 2 if task in VECTORS else 4
    if len(output) != rank:
        raise UnsupportedError(
            f"{name}: found an output {list(output)}, expected one of rank {rank} for {task.name}"
        )


def describe_task(task: Task, shape: Sequence[object], options: ExportOptions, name: str) -> dict[str, Any]:
    """What a task needs to know that neither a graph nor a foreign name tells, as fields of the metadata.

    Args:
        task: what the network is for.
        shape: of its input.
        options: what the user says.
        name: of the source, for messages.

    Raises:
        UsageError: the user must say it.
        UnsupportedError: lists of masks are made of MXNet's networks only.
    """
    if task is INSTANCES:
        raise UnsupportedError(f"{name}: task {task.name} is for MXNet's networks only")
    if task is ACTION:
        frames = int(str(shape[2])) if len(shape) == 5 else 1
        step = 2 if frames > 1 else 1
        return {"clip": ClipSettings(tuple(range(0, step * frames, step)), step * frames)}
    if task is DEPTH:
        return {"depth": DepthSettings()}
    if task is IMAGE:
        if options.image_range is None:
            raise UsageError(f"{name}: say what black and white are in its picture: --image-range LOW,HIGH")
        return {"image": ImageSettings(*options.image_range)}
    return {}


def parse_input_shape(text: str) -> tuple[int, ...]:
    """Read ``1,3,H,W``, or ``1,3,T,H,W`` for clips.

    Raises:
        UsageError: the text is anything else.
    """
    try:
        numbers = tuple(int(part) for part in text.lower().replace("x", ",").split(","))
    except ValueError:
        numbers = ()
    if len(numbers) < 2 or min(numbers) < 1:
        raise UsageError(f"input shape '{text}': expected numbers N,C,H,W such as 1,3,416,416")
    return numbers


def check_rank_of_shape(name: str, shape: Sequence[int], rank: int) -> None:
    """Refuse an input's shape of another number of lengths than the network works on.

    Raises:
        UsageError: it has more, or fewer.
    """
    if len(shape) != rank:
        order = {3: "N,C,W", 4: "N,C,H,W", 5: "N,C,T,H,W"}.get(rank, f"{rank} lengths")
        found = ",".join(map(str, shape))
        raise UsageError(
            f"{name}: --input-shape {found}: found {len(shape)} numbers, expected {order}"
            + (f" such as {as_picture(shape)}" if rank == 4 else "")
        )


def as_picture(shape: Sequence[object]) -> str:
    """Guess the shape that somebody meant who gave too few numbers: the last two are height and width."""
    return ",".join(map(str, (1, 3, *shape[-2:])))


def hint_at_rank(shape: Sequence[object]) -> str:
    """Say what a shape of fewer than four numbers may lack, where something cannot be traced with it."""
    return f" (a picture is N,C,H,W: --input-shape {as_picture(shape)}?)" if len(shape) in (2, 3) else ""


def check_labels(labels: Sequence[str], classes: int, source: str) -> None:
    """Refuse a list of names of another length than the network's output.

    Raises:
        UsageError: the numbers differ.
    """
    if labels and len(labels) != classes:
        raise UsageError(f"{source}: {len(labels)} class names given, but the network has {classes} classes")
