"""Masks as COCO spells them, checked before compiled code sees them: it believes every number.

Source: COCO's maskApi.c. A run length is written as characters from 0 to o, 5 bits each, the lowest first; a
sixth bit says that more follow. From the fourth run on it is the difference from the last but one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gcv_edge.data.numbers import is_numbers
from gcv_edge.data.reader import Size
from gcv_edge.data.targets import Mask
from gcv_edge.errors import DataError

FIRST, MORE, SIGN, BITS = 48, 32, 16, 5
LONGEST = 7
"""Characters of a run length of 32 bits."""
MAX_OUTLINE = 200
"""Half the picture's edge so many times: a polygon that goes on longer would take much memory."""


def check_mask(mask: Any, size: Size) -> Mask:
    """Check polygons or run lengths against the picture that they are for.

    Args:
        mask: as JSON has it: ``[[x, y, ...], ...]``, or ``size`` (height, width) and ``counts``.
        size: width and height of the picture.

    Raises:
        DataError: it is neither; run lengths are negative or do not add up to the picture; a polygon has less
            than three points, or one that is farther from the picture than the picture is wide or high.
    """
    if isinstance(mask, Mapping):
        return check_runs(mask, size)
    if isinstance(mask, Sequence) and not isinstance(mask, str) and mask:
        return [check_polygon(polygon, size) for polygon in mask]
    raise DataError(f"found {str(mask)[:40]}, expected polygons of x, y, ... or run lengths")


def check_runs(mask: Mapping[str, Any], size: Size) -> Mask:
    """Check run lengths; those in COCO's text stay text."""
    width, height = size
    said, counts = mask.get("size"), mask.get("counts")
    if not is_numbers(said) or list(said) != [height, width]:
        raise DataError(f"found run lengths of size {str(said)[:40]}, expected [{height}, {width}]")
    runs = decode_runs(counts) if isinstance(counts, (str, bytes)) else whole_numbers(counts)
    if min(runs, default=0) < 0:
        raise DataError(f"found a run length of {min(runs)}, expected none below 0")
    if sum(runs) != width * height:
        raise DataError(f"found run lengths of {sum(runs)} pixels, expected {width * height}")
    return {"size": [height, width], "counts": counts if isinstance(counts, (str, bytes)) else runs}


def whole_numbers(counts: Any) -> list[int]:
    """Return run lengths that are a list."""
    if not is_numbers(counts) or any(count != int(count) for count in counts):
        raise DataError(f"found run lengths {str(counts)[:40]}, expected whole numbers or COCO's text")
    return list(map(int, counts))


def decode_runs(text: str | bytes) -> list[int]:
    """Read COCO's text.

    Raises:
        DataError: it has other characters, or ends in the middle of a number.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    symbols = np.frombuffer(data, np.uint8).astype(np.int64) - FIRST
    if symbols.min(initial=0) < 0 or symbols.max(initial=0) >= 2 * MORE:
        raise DataError(f"found run lengths {text[:40]!r}, expected characters from 0 to o")
    ends = np.flatnonzero(symbols < MORE) + 1
    if not ends.size or ends[-1] != symbols.size:
        raise DataError(f"found run lengths that end in ...{text[-8:]!r}, expected whole numbers")
    starts = np.concatenate([[0], ends[:-1]])
    lengths = ends - starts
    if lengths.max() > LONGEST:
        raise DataError(f"found a run length of {lengths.max()} characters, expected {LONGEST} at most")
    places = np.arange(symbols.size) - np.repeat(starts, lengths)
    runs = np.add.reduceat((symbols & (MORE - 1)) << (BITS * places), starts)
    runs -= np.where(symbols[ends - 1] & SIGN, 1 << (BITS * lengths), 0)
    runs[1::2], runs[2::2] = np.cumsum(runs[1::2]), np.cumsum(runs[2::2])
    return runs.tolist()  # type: ignore[no-any-return]


def check_polygon(polygon: Any, size: Size) -> list[float]:
    """Check a polygon; points beside the picture stay, as COCO's own data has them."""
    if not is_numbers(polygon) or len(polygon) < 6 or len(polygon) % 2:
        raise DataError(f"found {str(polygon)[:40]}, expected a polygon of x, y, ... with at least 3 points")
    points = np.array(polygon, np.float64).reshape(-1, 2)
    is_far = ((points < np.negative(size)) | (points > 2 * np.array(size))).any(axis=1)
    if is_far.any():
        x, y = points[is_far][0]
        raise DataError(f"found the point {x:g}, {y:g}, expected one of a picture of {size[0]} x {size[1]}")
    steps = np.abs(np.diff(points, axis=0, append=points[:1])).max(axis=1)
    if steps.sum() > MAX_OUTLINE * sum(size):
        raise DataError(
            f"found an outline of {steps.sum():.0f} pixels, expected {MAX_OUTLINE * sum(size)} at most"
        )
    return list(map(float, polygon))
