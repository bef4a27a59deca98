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
    is_odd = is_empty(seen) | is_outside(seen, size)
    found = f"boxes such as {np.round(seen[is_odd.argmax()].astype(float), 1).tolist()}"
    wanted = f"x1 < x2, y1 < y2 in an input of {size[1]}x{size[0]} (--box-format, --head)"
    return (*remarks, *judge(is_odd, found, wanted, source))


def judge(is_odd: NDArray[np.bool_], found: str, expected: str, source: str) -> tuple[str, ...]:
    """Say nothing, remark on it, or refuse, by the share of what is odd."""
    share = float(is_odd.mean())
    message = f"{100 * share:.0f} % of the detector's rows have {found}, expected {expected}"
    if share > MOST:
        raise UnsupportedError(f"{source}: {message}")
    return (message,) if share > FEW else ()


def is_empty(boxes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell boxes without an area."""
    is_flat = (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
    return np.asarray(is_flat | ~np.isfinite(boxes).all(axis=1))


def is_outside(boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell boxes that do not touch the input at all."""
    height, width = size
    return np.asarray((boxes[:, 0] > width) | (boxes[:, 1] > height) | (boxes[:, 2] < 0) | (boxes[:, 3] < 0))
