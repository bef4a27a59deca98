"""Whether the class numbers that a detector lists are those that names were given for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.onnx.background import names_background
from gcv_edge.exporters.onnx.plausibility import CANDIDATE


def judge_numbers(listed: NDArray[Any], first: int, labels: Sequence[str], source: str) -> str:
    """Look at the class numbers that a detector listed on all trial pictures.

    Args:
        listed: scores and class numbers ``[..., 2]``.
        first: number of the first class.
        labels: names of the classes.
        source: for messages.

    Returns:
        a note that says how names were taken.

    Raises:
        UnsupportedError: they are no whole numbers.
        UsageError: a number has no name, or the first name is the background's, which has no number.
    """
    scores, numbers = listed.reshape(-1, 2).T
    check_whole(numbers[np.isfinite(numbers)], source)
    seen = np.unique(numbers[scores > CANDIDATE]).astype(int).tolist()
    last = first + len(labels) - 1
    strange = [number for number in seen if not first <= number <= last]
    if strange:
        raise UsageError(
            f"{source}: lists class number {strange[-1]}, but --classes names {len(labels)}, for the numbers "
            f"{first} to {last}: name every class in order"
        )
    if first and names_background(labels[0]):
        raise UsageError(
            f"{source}: classes are numbered from {first}: leave '{labels[0]}' out of --classes, for the "
            "background is not listed"
        )
    found = f"{seen[0]} to {seen[-1]} were seen" if seen else "none was seen, so that is not checked"
    return f"class numbers {first} ('{labels[0]}') to {last} ('{labels[-1]}') are named; {found}"


def check_whole(numbers: NDArray[Any], source: str) -> None:
    """Refuse class numbers that are none.

    Raises:
        UnsupportedError: some are no whole numbers.
    """
    broken = numbers[numbers != np.round(numbers)]
    if broken.size:
        raise UnsupportedError(
            f"{source}: lists class numbers such as {broken[0]:.3g}, expected whole ones: the columns are in "
            "another order (--head, --task tensors)"
        )
