"""From a frame to its place in a network's input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import FrameView
from gcv_edge.runtime.sessions import Array, Request


def input_slots(
    views: Sequence[FrameView], preprocessing: Preprocessing, request: Request
) -> Iterator[tuple[FrameView, Array]]:
    """Give each frame's room ``[C, H, W]`` in a request's input, at its own size where each has one."""
    if preprocessing.has_own_sizes:
        request.resize(preprocessing.own_size(views[0].size))
    return zip(views, request.input, strict=False)


def fill(
    view: FrameView, preprocessing: Preprocessing, slot: Array, crew: _core.Crew | None = None
) -> _core.Placement:
    """Fit a frame into ``slot [C, H, W]``, C 3 or 1 (grey), as the file says; return where what landed."""
    placement = place(preprocessing, view.size, (slot.shape[2], slot.shape[1]))
    sample(view, preprocessing, placement, slot, crew)
    return placement


def place(
    preprocessing: Preprocessing, frame_size: tuple[int, int], input_size: tuple[int, int]
) -> _core.Placement:
    """Say which part of a frame lands where in an input; sizes are width and height."""
    return _core.place(
        preprocessing.resize_type,
        frame_size,
        input_size,
        preprocessing.crop_short,
        preprocessing.crop_wide,
    )


def sample_crop(
    view: FrameView,
    preprocessing: Preprocessing,
    crop: tuple[int, int, int, int],
    slot: Array,
    crew: _core.Crew | None = None,
) -> None:
    """Show a crop (x, y, width, height, whole pixels) of a frame in the middle of ``slot [C, H, W]``."""
    _core.preprocess_crop(
        view.pixels,
        view.format.name,
        crop,
        slot,
        preprocessing.mean,
        preprocessing.scale,
        preprocessing.reverse_channels,
        preprocessing.pad_value,
        crew,
        view.format.matrix,
        view.format.range,
    )


def boxes_to_input(
    boxes: NDArray[Any],
    preprocessing: Preprocessing,
    frame_size: tuple[int, int],
    input_size: tuple[int, int],
) -> NDArray[np.float64]:
    """Map boxes ``(n, 4)`` from frame pixels to input pixels."""
    placement = place(preprocessing, frame_size, input_size)
    (x, y, width, height), (left, top, wide, high) = placement.source, placement.target
    corner, scale = np.tile([x, y], 2), np.tile([wide / width, high / height], 2)
    return np.asarray((boxes - corner) * scale + np.tile([left, top], 2))


def sample(
    view: FrameView,
    preprocessing: Preprocessing,
    placement: _core.Placement,
    slot: Array,
    crew: _core.Crew | None = None,
) -> None:
    """Resize and normalise part of a frame into ``slot [C, H, W]``, whose planes may lie apart."""
    _core.preprocess(
        view.pixels,
        view.format.name,
        placement,
        slot,
        preprocessing.mean,
        preprocessing.scale,
        preprocessing.reverse_channels,
        preprocessing.pad_value,
        crew,
        preprocessing.interpolation,
        view.format.matrix,
        view.format.range,
    )
