"""How a frame becomes a foreign network's input: as the user says, or as the file tells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from gcv_edge.errors import UsageError
from gcv_edge.exporters.effects import check_colours
from gcv_edge.exporters.framing import FrameFit, choose_fit, default_preprocessing
from gcv_edge.exporters.onnx.normalization import LEVELS, find_white
from gcv_edge.exporters.onnx.plans import Foreign
from gcv_edge.exporters.onnx.provenance import is_stretched_rtdetr, is_ultralytics
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import Preprocessing
from gcv_edge.tasks import CLASSIFICATION, DETECTION, TENSORS, Task

GREY_LETTERBOX = 114.0
"""What Ultralytics' networks are trained to see around a picture."""


@dataclass(frozen=True)
class InputLevels:
    """How the levels of a frame become a network's input.

    Attributes:
        mean, scale: one number, or one for each channel: ``(level - mean) / scale``.
        note: what tells it.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    note: str


def choose_preprocessing(
    foreign: Foreign, task: Task, options: ExportOptions, usual: InputLevels | None = None
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Say how frames are fitted and normalised.

    Args:
        foreign: the network.
        task: what it is for.
        options: what the user says.
        usual: what is taken where neither the user nor the network tells; None: the user is asked.

    Returns:
        what the file will say, and what was assumed.

    Raises:
        UsageError: neither the user nor the file says it.
    """
    if task is TENSORS:
        return Preprocessing(), ()
    channels = int(foreign.entries.fed[0].shape[1])
    check_colours(options, channels, foreign.source)
    fitting, assumed = fit_frames(foreign, task, options)
    fitting = replace(fitting, reverse_channels=not options.bgr)
    if options.mean is not None and options.scale is not None:
        return spread(fitting, options.mean, options.scale, channels), assumed
    levels = find_levels(foreign, channels, options) or usual
    if levels is None:
        raise UsageError(
            f"{foreign.source}: say how its input is normalised: --mean R,G,B --scale R,G,B (in 0..255)"
        )
    mean, scale = options.mean or levels.mean, options.scale or levels.scale
    return spread(fitting, mean, scale, channels), (levels.note, *assumed)


def fit_frames(foreign: Foreign, task: Task, options: ExportOptions) -> tuple[Preprocessing, tuple[str, ...]]:
    """Say how frames are fitted: as asked for, as Ultralytics' own code does it, or as is usual."""
    size, is_known = foreign.size, is_ultralytics(foreign.notes)
    usual = default_preprocessing(task, size)
    if is_known and task is DETECTION and not is_stretched_rtdetr(foreign.notes):
        usual = FrameFit("letterbox", GREY_LETTERBOX).apply(usual, size)
    elif is_known and task is CLASSIFICATION:
        usual = FrameFit("crop", 1.0).apply(usual, size)
    return choose_fit(usual, task, size, options.fit, options.interpolation, is_known=is_known)


def find_levels(foreign: Foreign, channels: int, options: ExportOptions) -> InputLevels | None:
    """Tell from the network how its input is normalised; None where it does not say."""
    order = "" if channels == 1 or options.bgr else "; assumed: RGB (--bgr)"
    dtype = foreign.entries.fed[0].dtype
    if dtype == ir.DataType.UINT8:
        return InputLevels((0.0,), (1.0,), f"its input is of bytes: mean 0, scale 1{order}")
    if dtype == ir.DataType.INT8:
        return InputLevels(
            (128.0,), (1.0,), f"its input is int8, assumed: levels less 128 (--mean, --scale){order}"
        )
    if is_ultralytics(foreign.notes):
        return InputLevels(
            (0.0,), (LEVELS,), "made by Ultralytics: levels from 0 to 1, RGB (--mean, --scale)"
        )
    white = find_white(foreign.graph.inputs[0], channels)
    if white is not None:
        note = f"the network normalises its input itself: mean 0, scale {LEVELS / white:.9g}{order}"
        return InputLevels((0.0,), (LEVELS / white,), note)
    if channels == 1:
        note = "its input is taken for grey levels from 0 to 1: mean 0, scale 255 (--mean, --scale)"
        return InputLevels((0.0,), (LEVELS,), note)
    return None


def spread(
    fitting: Preprocessing, mean: tuple[float, ...], scale: tuple[float, ...], channels: int
) -> Preprocessing:
    """Give every channel its number; equal ones of three may stand for the one of a grey input."""
    return replace(
        fitting,
        mean=spread_levels("--mean", mean, channels),
        scale=spread_levels("--scale", scale, channels),
    )


def spread_levels(option: str, levels: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Repeat one number for each channel.

    Raises:
        UsageError: there are several for one channel.
    """
    if len(set(levels)) == 1:
        return (float(levels[0]),) * channels
    if len(levels) != channels:
        shown = ",".join(f"{level:.9g}" for level in levels)
        raise UsageError(f"{option} {shown}: expected {channels} number{'s' if channels > 1 else ''}")
    return tuple(np.float64(level).item() for level in levels)
