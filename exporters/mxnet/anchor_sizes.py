"""Sizes of pictures that a detector's anchors are made for: an SSD's for one, an R-CNN's for all up to one.

GluonCV's generator (model_zoo/ssd/anchor.py) stores a grid ``[1, 1, H, W, 4 A]`` of anchors (x, y, width,
height) for each of an SSD's maps; neighbours are a step of pixels apart. The last map of all its networks is
one cell that covers the whole picture, so that its step is the picture's side. YOLOv3's offsets count cells,
and its anchors do not depend on the picture: they tell no size.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcv_edge.exporters.mxnet.inference import Weights
from gcv_edge.exporters.mxnet.symbol import Symbol

LEAST_PART, MOST_PART = 0.5, 1.1
"""Of the picture's side: what the largest anchors measure (the square root of their area)."""


def anchored_size(weights: Weights) -> int | None:
    """Return the side of the pictures; None where there are no such anchors, or are for another layout."""
    grids = list(find_grids(weights))
    if len(grids) < 2:
        return None
    size = max(step for step, _ in grids)
    largest = max(side for _, side in grids)
    is_whole = abs(size - round(size)) < 1e-3
    return round(size) if is_whole and LEAST_PART * size < largest <= MOST_PART * size else None


def anchored_reach(symbol: Symbol, weights: Weights) -> int | None:
    """Return up to which side of pictures an R-CNN has anchors; None where none are sliced.

    GluonCV stores a grid of anchors (corners) for each map, of which a network takes as many as the map has
    cells (model_zoo/rcnn/rpn/anchor.py).
    """
    grids = (
        weights[name]
        for node in symbol.nodes
        if node.op == "slice_like" and (name := symbol.nodes[node.inputs[0].node].name) in weights
    )
    reaches = [
        int(grid[0, 0, 0, 1, 0] - grid[0, 0, 0, 0, 0]) * min(grid.shape[2:4])
        for grid in grids
        if grid.ndim == 5 and min(grid.shape[2:4]) > 1
    ]
    return min(reaches, default=None)


def find_grids(weights: Weights) -> Iterator[tuple[float, float]]:
    """Give each grid's step and the side of its largest anchor, both in pixels."""
    for array in weights.values():
        if array.ndim != 5 or array.shape[:2] != (1, 1) or array.shape[4] % 4 or min(array.shape[2:4]) < 2:
            continue
        anchors = np.asarray(array[0, 0], np.float64)
        x, y = anchors[..., 0::4], anchors[..., 1::4]
        step = x[0, 1, 0] - x[0, 0, 0]
        columns, rows = (np.arange(count) + 0.5 for count in (array.shape[3], array.shape[2]))
        is_grid = step > 0 and np.allclose(x, step * columns[None, :, None], rtol=1e-3)
        if is_grid and np.allclose(y, step * rows[:, None, None], rtol=1e-3):
            yield float(step), float(np.sqrt((anchors[..., 2::4] * anchors[..., 3::4]).max()))
