"""From a frame to its place in a network's input."""

from __future__ import annotations

from gcv_edge import _core
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import FrameView
from gcv_edge.runtime.sessions import Array


def fill(
    view: FrameView, preprocessing: Preprocessing, slot: Array, crew: _core.Crew | None = None
) -> _core.Placement:
    """Fit a frame into ``slot [C, H, W]``, C 3 or 1 (grey), as the file says; return where what landed."""
    size = (slot.shape[2], slot.shape[1])
    placement = _core.place(
        preprocessing.resize_type, view.size, size, preprocessing.crop_short, preprocessing.crop_wide
    )
    sample(view, preprocessing, placement, slot, crew)
    return placement


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
        view.pixel_format,
        placement,
        slot,
        preprocessing.mean,
        preprocessing.scale,
        preprocessing.reverse_channels,
        preprocessing.pad_value,
        crew,
        preprocessing.interpolation,
    )
