"""From the mask of a box to the pixels of a frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PRESENT = 0.5
"""Probability from which a pixel belongs to an object, as in GluonCV's ``fill``."""


def paste_mask(
    mask: NDArray[np.float32], extent: NDArray[np.float32], frame_size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Draw a mask into an empty frame, bilinearly, fading to 0 in the cell around it.

    Args:
        mask: probabilities ``(h, w)``.
        extent: x1, y1, x2, y2 of the mask in pixels of the frame; may reach outside.
        frame_size: width and height.

    Returns:
        ``(height, width)``: the pixels whose centres are in the object (gluoncv/data/transforms/mask.py).
    """
    width, height = frame_size
    canvas = np.zeros((height, width), bool)
    padded = np.pad(np.asarray(mask, np.float32), 1)
    columns = sample_places(float(extent[0]), float(extent[2]), mask.shape[1], width)
    rows = sample_places(float(extent[1]), float(extent[3]), mask.shape[0], height)
    if len(columns[1]) and len(rows[1]):
        grid = np.meshgrid(columns[1], rows[1])
        values = cv2.remap(padded, grid[0], grid[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        place = (slice(rows[0], rows[0] + len(rows[1])), slice(columns[0], columns[0] + len(columns[1])))
        canvas[place] = values >= PRESENT
    return canvas


def sample_places(low: float, high: float, cells: int, length: int) -> tuple[int, NDArray[np.float32]]:
    """Return the first pixel of an axis that a padded mask touches, and where it and its followers fall."""
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        return 0, np.zeros(0, np.float32)
    margin = (high - low) / cells
    first = int(np.clip(np.floor(low - margin), 0, length))
    last = int(np.clip(np.ceil(high + margin), 0, length))
    centres = np.arange(first, last) + 0.5
    return first, ((centres - low) / (high - low) * cells + 0.5).astype(np.float32)
