"""What MXNet says of inputs that it refuses, on one line: its own text is a page long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gcv_edge.exporters.mxnet.zoo_blocks import first_line

MISMATCH = re.compile(r"expected (\[[\d,-]+\]), got (\[[\d,-]+\])")
OPERATOR = re.compile(r"in operator ([^\s:]+)")

COARSEST = 32
"""Stride of the smallest maps: networks that join maps of several strides want sizes that it divides."""


def explain_refusal(error: Exception, shapes: Sequence[tuple[int, ...]]) -> str:
    """Say which operator refuses what, and which sizes would do.

    Args:
        error: what MXNet raised.
        shapes: of the network's inputs.
    """
    text = str(error)
    mismatch, operator = MISMATCH.search(text), OPERATOR.search(text)
    if mismatch is None:
        return first_line(error)
    where = f"'{operator[1]}' " if operator is not None else ""
    return f"{where}found {mismatch[2]}, expected {mismatch[1]}{suggest_size(shapes[0])}"


def suggest_size(shape: tuple[int, ...]) -> str:
    """Name the nearest size of pictures that every stride divides; nothing where this is one."""
    nearest = [max(1, round(length / COARSEST)) * COARSEST for length in shape[2:]]
    if len(shape) != 4 or list(shape[2:]) == nearest:
        return ""
    return f": give a size that {COARSEST} divides, such as {','.join(map(str, (*shape[:2], *nearest)))}"
