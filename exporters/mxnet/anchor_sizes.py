"""Sizes of pictures that a detector's anchors are made for: the one of an SSD, and how far any may reach.

GluonCV's generator (model_zoo/ssd/anchor.py) stores a grid ``[1, 1, H, W, 4 A]`` of anchors (x, y, width,
height) for each of an SSD's maps; neighbours are a step of pixels apart. The last map of all its networks is
one cell that covers the whole picture, so that its step is the picture's side. YOLOv3's offsets count cells,
and its anchors do not depend on the picture: they tell no size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.inference import Weights
from gcv_edge.exporters.mxnet.picture_front import find_users
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
    """Return up to which side of pictures a detector has anchors; None where none are sliced.

    GluonCV stores a grid for each map, of which a network takes as many cells as the map has: corners
    (model_zoo/rcnn/rpn/anchor.py) or centres and sizes (model_zoo/ssd/anchor.py) of anchors in pixels, or
    YOLOv3's offsets in cells (model_zoo/yolo/yolo3.py).
    """
    users = find_users(symbol)
    reaches: list[float] = []
    for index, node in enumerate(symbol.nodes):
        grid = weights.get(symbol.nodes[node.inputs[0].node].name) if node.op == "slice_like" else None
        if grid is not None and grid.ndim == 5 and min(grid.shape[2:4]) > 1:
            step = float(grid[0, 0, 0, 1, 0] - grid[0, 0, 0, 0, 0]) * pixels_of_cell(symbol, users, index)
            reaches.append(step * min(grid.shape[2:4]))
    reach = min(reaches, default=None)
    return int(reach) if reach is not None and np.isfinite(reach) else None


def pixels_of_cell(symbol: Symbol, users: Mapping[int, Sequence[int]], index: int) -> float:
    """Pixels that a unit of a grid stands for: YOLOv3 multiplies cells, and what it adds, by its stride."""
    for op in ("Reshape", "broadcast_add", "_mul_scalar"):
        followers = users.get(index, ())
        if len(followers) != 1 or symbol.nodes[followers[0]].op != op:
            return 1.0
        index = followers[0]
    return Attributes(symbol.nodes[index]).get_float("scalar")


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
