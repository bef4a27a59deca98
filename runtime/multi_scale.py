"""GluonCV's evaluation of segmentation at several scales, in crops and mirrored.

Source: ``MultiEvalModel`` in gluoncv/model_zoo/segbase.py. Scores are the sum over scales of exp(logits +
logits of the mirror image), averaged where crops overlap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.results import Floats

SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
BASE_SIZE = 520
"""Length that a picture's longer side has at scale 1; GluonCV's for Pascal VOC, ADE20K and COCO."""
OVERLAP = 2.0 / 3.0
"""Crops are this part of their side apart."""

Integers = NDArray[np.int64]
Infer = Callable[[Floats], Floats]
"""From a normalised crop ``[3, c, c]`` to its logits ``[C, c, c]``."""


def add_scales(
    picture: Floats,
    infer: Infer,
    crop: int,
    padding: Floats,
    *,
    scales: Sequence[float] = SCALES,
    base_size: int = BASE_SIZE,
    flip: bool = True,
) -> Floats:
    """Return scores ``[C, h, w]`` of a picture.

    Args:
        picture: normalised, ``[3, h, w]``, at its own size.
        infer: the network at its input's size.
        crop: side of the network's square input, pixels.
        padding: what a black pixel is after normalising, ``[3]``.
        scales: sizes of the longer side, in parts of ``base_size``.
        base_size: pixels.
        flip: look at the mirror image of each crop too.
    """
    height, width = picture.shape[1:]

    def look(part: Floats) -> Floats:
        whole = pad(part, crop, padding)
        logits = infer(whole)
        if flip:
            logits = logits + infer(whole[:, :, ::-1])[:, :, ::-1]
        return np.asarray(np.exp(logits[:, : part.shape[1], : part.shape[2]]))

    scores = []
    for scale in scales:
        resized = resize_aligned(picture, *scaled_size(height, width, math.ceil(base_size * scale)))
        scores.append(resize_aligned(look_in_crops(resized, look, crop, padding), height, width))
    return np.asarray(sum(scores), np.float32)


def scaled_size(height: int, width: int, longer: int) -> tuple[int, int]:
    """Return height and width at which the longer side has a length."""
    if height > width:
        return longer, int(1.0 * width * longer / height + 0.5)
    return int(1.0 * height * longer / width + 0.5), longer


def look_in_crops(picture: Floats, look: Infer, crop: int, padding: Floats) -> Floats:
    """Return scores of a picture of any size, the mean where crops overlap."""
    height, width = picture.shape[1:]
    if max(height, width) <= crop:
        return look(picture)
    wide = pad(picture, crop, padding)
    total, count = None, np.zeros(wide.shape[1:], np.float32)
    for rows, columns in crops(wide.shape[1:], crop):
        found = look(wide[:, rows, columns])
        if total is None:
            total = np.zeros((len(found), *wide.shape[1:]), np.float32)
        total[:, rows, columns] += found
        count[rows, columns] += 1
    assert total is not None
    return (total / count)[:, :height, :width]


def crops(size: Sequence[int], crop: int) -> Iterator[tuple[slice, slice]]:
    """Give the crops of a picture, row by row; the last end at its rim."""
    stride = int(crop * OVERLAP)
    starts = [[i * stride for i in range(math.ceil((side - crop) / stride) + 1)] for side in size]
    for top in starts[0]:
        for left in starts[1]:
            yield slice(top, min(top + crop, size[0])), slice(left, min(left + crop, size[1]))


def pad(picture: Floats, side: int, padding: Floats) -> Floats:
    """Return a picture of at least ``side`` pixels each way, filled up at the right and at the bottom."""
    height, width = picture.shape[1:]
    padded = np.empty((len(picture), max(height, side), max(width, side)), np.float32)
    padded[...] = padding[:, None, None]
    padded[:, :height, :width] = picture
    return padded


def resize_aligned(maps: Floats, height: int, width: int) -> Floats:
    """Resize maps ``[C, h, w]`` bilinearly, corners on corners (``BilinearResize2D`` of MXNet)."""
    top, down = aligned_taps(maps.shape[1], height)
    left, right = aligned_taps(maps.shape[2], width)
    below, beside = np.minimum(top + 1, maps.shape[1] - 1), np.minimum(left + 1, maps.shape[2] - 1)
    columns = maps[:, :, left] * (1 - right) + maps[:, :, beside] * right
    mixed = columns[:, top] * (1 - down[:, None]) + columns[:, below] * down[:, None]
    return np.asarray(mixed, np.float32)


def aligned_taps(length: int, target: int) -> tuple[Integers, Floats]:
    """Return the first of the two cells that a target cell blends, and the second's part."""
    step = np.float32(length - 1) / np.float32(target - 1) if target > 1 else np.float32(0)
    position = step * np.arange(target, dtype=np.float32)
    first = position.astype(np.int64)
    return first, position - first.astype(np.float32)
