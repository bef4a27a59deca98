"""The crops of a frame that GluonCV's tests of action networks average over.

Source: scripts/action-recognition/test_recognizer.py, gluoncv/data/transforms/video.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gcv_edge import _core
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.frames import FrameView
from gcv_edge.runtime.preprocessing import place, sample
from gcv_edge.runtime.sessions import Array

Size = tuple[int, int]


class FrameCrop(NamedTuple):
    """A part of a frame that fills a network's input.

    Attributes:
        placement: which.
        mirrored: left and right change over.
    """

    placement: _core.Placement
    mirrored: bool = False


def centre_crop(preprocessing: Preprocessing, frame: Size, size: Size) -> list[FrameCrop]:
    """Return the one that the file says."""
    return [FrameCrop(place(preprocessing, frame, size))]


def three_crops(preprocessing: Preprocessing, frame: Size, size: Size) -> list[FrameCrop]:
    """Return both ends and the middle of a frame whose short side becomes the input's.

    Source: ``ShortSideRescale`` and ``VideoThreeCrop``. They are those of a square input.
    """
    del preprocessing  # the frame keeps its aspect ratio
    width, height = frame
    side = size[0]
    longer = int(max(frame) / min(frame) * side)
    resized = (side, longer) if width < height else (longer, side)
    steps = [(length - side) // 2 for length in resized]
    return [FrameCrop(cut(frame, resized, (k * steps[0], k * steps[1]), size)) for k in (0, 2, 1)]


def ten_crops(preprocessing: Preprocessing, frame: Size, size: Size) -> list[FrameCrop]:
    """Return the centre and the corners of a resized frame, and their mirror images (``VideoTenCrop``)."""
    resized = resized_size(preprocessing, frame, size)
    width, height = (length - side for length, side in zip(resized, size, strict=True))
    if min(width, height) < 0:
        raise ValueError(f"crops: found frames resized to {resized}, expected at least the input's {size}")
    corners = [(width // 2, height // 2), (0, 0), (0, height), (width, 0), (width, height)]
    placements = [cut(frame, resized, corner, size) for corner in corners]
    return [FrameCrop(placement, mirrored) for mirrored in (False, True) for placement in placements]


CROPS: Mapping[str, Callable[[Preprocessing, Size, Size], list[FrameCrop]]] = {
    "centre": centre_crop,
    "three": three_crops,
    "ten": ten_crops,
}
COUNTS = {"centre": 1, "three": 3, "ten": 10}


def resized_size(preprocessing: Preprocessing, frame: Size, size: Size) -> Size:
    """Return the size that a frame has before it is cropped."""
    short = preprocessing.crop_short or min(size)
    if preprocessing.crop_wide:
        return preprocessing.crop_wide, short
    longer = max(frame) * short // min(frame)
    return (short, longer) if frame[0] < frame[1] else (longer, short)


def cut(frame: Size, resized: Size, corner: Size, size: Size) -> _core.Placement:
    """Return the placement of a crop of a resized frame."""
    step_x, step_y = frame[0] / resized[0], frame[1] / resized[1]
    source = (corner[0] * step_x, corner[1] * step_y, size[0] * step_x, size[1] * step_y)
    return _core.Placement(source, (0, 0, *size))


def fill_crop(
    view: FrameView,
    preprocessing: Preprocessing,
    crop: FrameCrop,
    slot: Array,
    crew: _core.Crew | None = None,
) -> None:
    """Resize and normalise a crop into ``slot [C, H, W]``."""
    sample(view, preprocessing, crop.placement, slot, crew)
    if crop.mirrored:
        slot[...] = slot[:, :, ::-1].copy()
