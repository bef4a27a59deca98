"""Whether one of a detector's scores is the background's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import UsageError

NAMES = ("background", "bg")
"""What class names call the background, without marks around it."""
ROUNDING = 1e-3


def judge_background(scores: NDArray[Any], labels: Sequence[str], source: str) -> tuple[str, ...]:
    """Look at scores among which the background's may be.

    Where the scores of every box sum to 1, a box that shows nothing has a class too: the background, or the
    network was trained otherwise and every class is named.

    Args:
        scores: of all trial pictures ``[..., C]``.
        labels: names of the classes.
        source: for messages.

    Returns:
        a note where all scores are taken for classes although they sum to 1.

    Raises:
        UsageError: it has to be asked for, or is among the class names.
    """
    classes = scores.shape[-1]
    for place, option in ((0, "--background"), (-1, "--background-last")):
        if len(labels) == classes > 1 and names_background(labels[place]):
            raise UsageError(
                f"{source}: '{labels[place]}' is no class to detect: leave it out of --classes, give {option}"
            )
    if classes < 2 or np.any(np.abs(scores.sum(axis=-1) - 1) > ROUNDING):
        return ()
    if len(labels) != classes:
        raise UsageError(
            f"{source}: the {classes} scores of every box sum to 1, so one may be the background's: give "
            "--background where the first is, --background-last or --no-background"
        )
    return (f"the scores of every box sum to 1, and all {classes} are classes: none is the background's",)


def names_background(label: str) -> bool:
    """Whether a class name is the background's."""
    return label.strip("_ []<>").lower() in NAMES
