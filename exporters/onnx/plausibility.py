"""Whether what is called boxes and scores can be boxes and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError

CANDIDATE = 0.01
"""Boxes of a lower score are never seen."""
FEW, MOST = 0.02, 0.5
"""Shares of implausible boxes up to which nothing is said, and from which the file is refused."""
MANY = 0.1
"""Share of boxes far larger than the input from which the file is refused: no picture shows such."""
LARGEST = 10.0
"""Boxes are within so many times the input's size."""
ROUNDING = 1e-3
SMALLEST = 2.0
"""Boxes of an input of many pixels that all end within this many are parts of its size."""


def judge_detections(
    outputs: Mapping[str, NDArray[Any]], size: tuple[int, int], source: str
) -> tuple[str, ...]:
    """Look at what a detector gave for a picture.

    Args:
        outputs: ``boxes [N, A, 4]`` and ``scores [N, A, C]``.
        size: height and width of the input, pixels.
        source: for messages.

    Returns:
        remarks on what is odd.

    Raises:
        UnsupportedError: most scores are no probabilities, or most boxes are none.
    """
    scores = outputs["scores"].reshape(-1, outputs["scores"].shape[-1])
    boxes = outputs["boxes"].reshape(len(scores), -1, 4)[:, 0]
    strange = (scores < -ROUNDING) | (scores > 1 + ROUNDING) | ~np.isfinite(scores)
    range_found = f"scores from {scores.min():.3g} to {scores.max():.3g}"
    remarks = judge(strange.any(axis=1), range_found, "0 to 1", source)
    seen = boxes[scores.max(axis=1) > CANDIDATE]
    if not len(seen):
        return remarks
    if np.abs(seen).max() <= SMALLEST < min(size) / 4:
        raise UnsupportedError(
            f"{source}: all boxes lie between {seen.min():.3g} and {seen.max():.3g}: they are parts of the "
            "input's size (--normalized), or not decoded (--head)"
        )
    remarks += judge(
        is_huge(seen, size),
        show_worst(seen),
        f"{LARGEST:g} times the input of {size[1]}x{size[0]} at most: decoded twice, or not at all (--head)",
        source,
        MANY,
    )
    is_odd = is_empty(seen) | is_outside(seen, size)
    found = f"boxes such as {np.round(seen[is_odd.argmax()].astype(float), 1).tolist()}"
    wanted = f"x1 < x2, y1 < y2 in an input of {size[1]}x{size[0]} (--box-format, --head)"
    return (*remarks, *judge(is_odd, found, wanted, source))


def show_worst(boxes: NDArray[Any]) -> str:
    """Show the largest of several boxes."""
    worst = np.abs(np.nan_to_num(boxes.astype(float))).max(axis=1).argmax()
    return f"boxes such as [{', '.join(f'{number:.4g}' for number in boxes[worst])}]"


def judge_centres(outputs: Mapping[str, NDArray[Any]], source: str) -> None:
    """Look at boxes that were taken for centre and size.

    Raises:
        UnsupportedError: all are such as only corners are: no box at the right end is as wide as the picture.
    """
    boxes = outputs["boxes"].reshape(-1, 4)
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    if np.all(extent > centre):
        raise UnsupportedError(
            f"{source}: the second half of every box is larger than the first: they are corners and not "
            "centre and size (--box-format xyxy)"
        )


def judge(
    is_odd: NDArray[np.bool_], found: str, expected: str, source: str, most: float = MOST
) -> tuple[str, ...]:
    """Say nothing, remark on it, or refuse, by the share of what is odd."""
    share = float(is_odd.mean())
    message = f"{100 * share:.0f} % of the detector's rows have {found}, expected {expected}"
    if share > most:
        raise UnsupportedError(f"{source}: {message}")
    return (message,) if share > FEW else ()


def is_empty(boxes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell boxes without an area."""
    is_flat = (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
    return np.asarray(is_flat | ~np.isfinite(boxes).all(axis=1))


def is_huge(boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell boxes that reach far over the input."""
    height, width = size
    limits = LARGEST * np.array([width, height, width, height])
    return np.asarray((np.abs(boxes) > limits).any(axis=1))


def is_outside(boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell boxes that do not touch the input at all."""
    height, width = size
    return np.asarray((boxes[:, 0] > width) | (boxes[:, 1] > height) | (boxes[:, 2] < 0) | (boxes[:, 3] < 0))
