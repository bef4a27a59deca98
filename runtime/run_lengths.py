"""Masks as COCO's run lengths: what ``pycocotools.mask.encode`` writes, without pycocotools.

Source: ``rleEncode`` and ``rleToString`` of COCO's maskApi.c.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

FIRST, MORE, SIGN, BITS = 48, 0x20, 0x10, 5


class RunLengths(TypedDict):
    """A mask: ``size`` is height and width, ``counts`` COCO's text of its runs, column by column."""

    size: list[int]
    counts: str


def encode_crop(
    bitmap: NDArray[np.bool_], corner: tuple[int, int], frame_size: tuple[int, int]
) -> RunLengths:
    """Encode a mask of which only the part that is not empty is known.

    Args:
        bitmap: ``(h, w)``.
        corner: column and row of the part in the frame.
        frame_size: width and height of the frame.
    """
    width, height = frame_size
    columns = np.zeros((bitmap.shape[1], height), bool)
    columns[:, corner[1] : corner[1] + bitmap.shape[0]] = bitmap.T
    edges = np.flatnonzero(np.diff(columns.reshape(-1), prepend=False, append=False)) + corner[0] * height
    ends = edges[edges < width * height]
    runs = np.diff(ends, prepend=0, append=width * height)
    return {"size": [height, width], "counts": spell_runs(runs)}


def spell_runs(runs: NDArray[np.int64]) -> str:
    """Write runs as characters from 0 to o, 5 bits each, lowest first; from the fourth on, differences."""
    values = runs.copy()
    values[3:] -= runs[1:-2]
    text = bytearray()
    for value in values.tolist():
        while True:
            bits, value = value & (MORE - 1), value >> BITS
            is_last = value == (-1 if bits & SIGN else 0)
            text.append(bits + FIRST if is_last else (bits | MORE) + FIRST)
            if is_last:
                break
    return text.decode("ascii")
