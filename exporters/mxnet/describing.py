"""What an exported file says of itself, and what of that was assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np

from gcv_edge.errors import UsageError
from gcv_edge.exporters.builder import GraphBuilder, Shape
from gcv_edge.exporters.effects import check_effects
from gcv_edge.exporters.framing import Resizing, choose_fit
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.clips import count_segments
from gcv_edge.exporters.mxnet.network import Network, hash_network
from gcv_edge.exporters.mxnet.picture_input import PictureInput, show_levels
from gcv_edge.exporters.source import ExportOptions, assume_imagenet, override_preprocessing
from gcv_edge.metadata import IMAGENET_MEAN, ImageSettings, ModelMetadata, Preprocessing
from gcv_edge.tasks import ACTION, DEPTH, IMAGE, Task

NEAR = 6.0
"""Levels by which a network's own mean may be off ImageNet's; blue and red are 20 apart."""


def describe_network(
    network: Network,
    picture: PictureInput,
    graph: GraphBuilder,
    task: Task,
    options: ExportOptions,
    resizing: Resizing | None = None,
) -> tuple[ModelMetadata, tuple[str, ...]]:
    """Collect what the file will say of itself, and what of that was assumed.

    ``resizing`` is that of the network's family, where its head tells it.

    Raises:
        UsageError: the user says what means nothing for the task.
    """
    check_effects(options, task, network.name)
    shape = graph.shape(graph.inputs[0])
    frames = int(shape[2]) if len(shape) == 5 else None
    segments = count_segments(network.symbol)
    size = picture_size(network, shape)
    preprocessing, notes = describe_input(network, picture, int(shape[1]), size, task, options)
    is_known = zoo.describe(network.name) is not None
    if resizing is not None:
        preprocessing = replace(preprocessing, **asdict(resizing))
    preprocessing, assumed = choose_fit(
        preprocessing, task, size, options.fit, options.interpolation, is_known=is_known
    )
    assumed = (*assumed, *tell_cut_rims(preprocessing, size))
    metadata = ModelMetadata(
        task=task,
        labels=options.labels or network.labels,
        preprocessing=override_preprocessing(preprocessing, left_to_say(picture, options)),
        clip=zoo.describe_clip(network.name, frames, segments) if task is ACTION else None,
        depth=zoo.describe_depth(network.name) if task is DEPTH else None,
        image=describe_image(network, options) if task is IMAGE else None,
        source=network.name,
        source_hash=hash_network(network, options),
        variant=find_variant(graph),
    )
    return metadata, (*notes, *assumed)


def picture_size(network: Network, shape: Shape) -> tuple[int, int]:
    """Return height and width of the input, of a picture of 4:3 where each has its own."""
    return (int(shape[-2]), int(shape[-1])) if network.sides is None else network.usual_size


def tell_cut_rims(preprocessing: Preprocessing, size: tuple[int, int]) -> Iterator[str]:
    """Say what an affine map of the longer side to the input's width leaves out."""
    height, width = size
    if preprocessing.cuts_rims((width, height)):
        lost = f"frames less wide than {width}x{height} lose their upper and lower rim"
        yield f"as in GluonCV, {lost} (--fit letterbox keeps it)"


def find_variant(graph: GraphBuilder) -> str:
    """Say in which numbers a network computes."""
    return "int8" if any(node.op_type == "QuantizeLinear" for node in graph.nodes) else "fp32"


def describe_input(
    network: Network,
    picture: PictureInput,
    channels: int,
    size: tuple[int, int],
    task: Task,
    options: ExportOptions,
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Say how frames are normalised: by the network itself, as its name says, or as most are."""
    usual = zoo.default_preprocessing(network.name, task, size)
    if picture.normalizes:
        found, notes = own_normalization(usual, picture, channels, options)
    elif channels == 1:
        found = replace(usual, mean=(0.0,), scale=(255.0,))
        notes = ("assumed: grey levels divided by 255 (--mean, --scale)",)
    else:
        found, notes = assume_imagenet(usual, options)
    if found == usual and zoo.describe(network.name) is not None:
        return usual, ()
    if options.mean is not None and options.scale is not None:
        return found, ()
    return found, tuple(note + describe_unread(picture) for note in notes)


def left_to_say(picture: PictureInput, options: ExportOptions) -> ExportOptions:
    """Return the options without those that are in the preprocessing already."""
    is_in = picture.normalizes and picture.is_cut_off
    return replace(options, mean=None, scale=None) if is_in else options


def describe_unread(picture: PictureInput) -> str:
    """Name what computes with the picture in an unknown way; nothing where the network normalises."""
    if picture.normalizes or not picture.unread:
        return ""
    return f"; what '{picture.unread}' computes before the first layer was not understood"


def own_normalization(
    usual: Preprocessing, picture: PictureInput, channels: int, options: ExportOptions
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Leave a network's own normalisation to it, or take over what stands before its channels are moved.

    What the user says is of what the network reads: it goes before the network's own.
    """
    names = ", ".join(f"'{name}'" for name in picture.operators)
    order = describe_order(picture, channels, options)
    if not picture.is_cut_off:
        before = f"mean {picture.levels[0]:.5g} and scale {picture.levels[1]:.5g} before it"
        note = f"the network normalises its input itself ({names}): {before}"
        if picture.is_only_scaled:
            note = f"assumed: {before.removesuffix(' it')} what only scales ({names}) (--mean, --scale)"
        mean, scale = ((number,) * channels for number in picture.levels)
        return replace(usual, mean=mean, scale=scale), (note + order,)
    first = np.array(options.mean or picture.levels[:1]), np.array(options.scale or picture.levels[1:])
    own_mean, own_scale = picture.statistics
    mean, scale = (
        tuple(float(number) for number in np.broadcast_to(array, channels))
        for array in (first[0] + first[1] * own_mean, first[1] * own_scale)
    )
    shown = f"mean {show_levels(mean)}, scale {show_levels(scale)}"
    note = f"the network's own normalisation ({names}: {shown}) and order of axes are left to the runtime"
    return replace(usual, mean=mean, scale=scale), (note + order,)


def describe_order(picture: PictureInput, channels: int, options: ExportOptions) -> str:
    """Say that the order of colours was assumed, and where the network's own mean speaks against it."""
    if options.bgr or channels == 1:
        return ""
    mean = np.broadcast_to(picture.statistics[0] * picture.unit, channels)
    if channels == 3 and np.all(np.abs(mean - np.array(IMAGENET_MEAN[::-1])) < NEAR):
        return "; assumed: RGB, though its mean is in the order of BGR (--bgr)"
    return "; assumed: RGB (--bgr)"


def describe_image(network: Network, options: ExportOptions) -> ImageSettings:
    """Say what values are black and white: those asked for, else the ends of what the last operator gives.

    Raises:
        UsageError: neither tells.
    """
    if options.image_range is not None:
        return ImageSettings(*options.image_range)
    node = network.symbol.nodes[network.symbol.heads[0].node]
    low = {"tanh": -1.0, "sigmoid": 0.0}.get(node.attrs.get("act_type", node.op))
    if low is not None:
        return ImageSettings(low, 1.0)
    raise UsageError(f"{network.name}: say what black and white are in its picture: --image-range LOW,HIGH")
