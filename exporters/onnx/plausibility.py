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
"""Share of boxes that are far larger than the input, or inverted, from which the file is refused."""
SOME = 0.3
"""Share of boxes that are empty or beside the input from which the file is refused: clipping makes some."""
NEARLY_ALL = 0.9
"""Share of boxes that are ordered as corners from which they are corners."""
ONE_SIDED = 0.7
"""Share of boxes passing the right and lower end, less those passing the others, that no picture gives."""
ENOUGH = 20
"""Of fewer boxes, MOST must be implausible."""
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
    if len(seen) >= ENOUGH and is_one_sided(seen, size):
        raise UnsupportedError(
            f"{source}: {show_worst(seen)} pass the right and lower end of an input of {size[1]}x{size[0]}, "
            "but seldom the other two: they are centre and size (--box-format cxcywh), or in other units"
        )
    wanted = f"x1 < x2, y1 < y2 in an input of {size[1]}x{size[0]} (--box-format, --head)"
    is_many = len(seen) >= ENOUGH
    for is_odd, most in ((is_inverted(seen), MANY), (is_empty(seen) | is_outside(seen, size), SOME)):
        found = f"boxes such as {np.round(seen[is_odd.argmax()].astype(float), 1).tolist()}"
        odd = judge(is_odd, found, wanted, source, most if is_many else MOST)
    return (*remarks, *odd)


def show_worst(boxes: NDArray[Any]) -> str:
    """Show the largest of several boxes."""
    worst = np.abs(np.nan_to_num(boxes.astype(float))).max(axis=1).argmax()
    return f"boxes such as [{', '.join(f'{number:.4g}' for number in boxes[worst])}]"


def judge_centres(outputs: Mapping[str, NDArray[Any]], source: str) -> None:
    """Look at boxes that were taken for centre and size.

    Raises:
        UnsupportedError: nearly all are such as only corners are: no box at the right end is as wide as the
            picture. Corners that are clipped may meet.
    """
    boxes = outputs["boxes"].reshape(-1, 4)
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    share = np.all(extent >= centre, axis=1).mean()
    if share >= NEARLY_ALL:
        raise UnsupportedError(
            f"{source}: the second half of {100 * share:.0f} % of the boxes is larger than the first: they "
            "are corners and not centre and size (--box-format xyxy, or cxcywh if they are not)"
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


def is_inverted(boxes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell boxes that end before they begin, which no clipping makes."""
    return np.asarray((boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1]))


def is_empty(boxes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell boxes without an area."""
    is_flat = (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
    return np.asarray(is_flat | ~np.isfinite(boxes).all(axis=1))


def is_huge(boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell boxes that reach far over the input."""
    height, width = size
    limits = LARGEST * np.array([width, height, width, height])
    return np.asarray((np.abs(boxes) > limits).any(axis=1))


def is_one_sided(boxes: NDArray[Any], size: tuple[int, int]) -> bool:
    """Whether far more boxes pass the right and lower end than the other two."""
    high = np.all(boxes[:, 2:] > np.array(size[::-1]), axis=1)
    low = np.all(boxes[:, :2] < 0, axis=1)
    return bool(high.mean() - low.mean() > ONE_SIDED)


def is_outside(boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell boxes that do not touch the input at all."""
    height, width = size
    return np.asarray((boxes[:, 0] > width) | (boxes[:, 1] > height) | (boxes[:, 2] < 0) | (boxes[:, 3] < 0))
