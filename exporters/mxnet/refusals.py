"""What MXNet says of inputs that it refuses, on one line: its own text is a page long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gcv_edge.exporters.mxnet.zoo_blocks import first_line

REASONS = (
    (r".*rcnn", "R-CNN has anchors for pictures up to one size only"),
    (r"yolo3_", "YOLOv3's anchors end at 1024 pixels a side"),
    (r"psp_", "PSPNet joins maps of several strides"),
    (r"icnet_", "ICNet joins maps of several strides"),
    (r"deeplab_", "DeepLab joins maps of several strides"),
    (r"fastscnn_", "Fast-SCNN joins maps of several strides"),
    (r"monodepth2_", "monodepth2 joins maps of several strides"),
    (r"(i3d_)?inceptionv3|xception|googlenet", "Inception averages its last map in a window of one size"),
    (r"vgg|alexnet", "a dense layer behind the last map wants that of one size"),
)
"""Why networks of a name cannot take every size."""

MISMATCH = re.compile(r"expected (\[[\d,-]+\]), got (\[[\d,-]+\])")
TOO_LARGE = re.compile(r"Slice axis \d with size (\d+)\s*exceeds limit of input with size (\d+)")
TOO_SMALL = re.compile(r"kernel size \((\d+)\) exceeds input \((\d+)")
OPERATOR = re.compile(r"in operator ([^\s:]+)")

JOINS = "joins maps"
COARSEST = 32
"""Stride of the smallest maps: networks that join maps of several strides want sizes that it divides."""


def explain_refusal(error: Exception, name: str, shapes: Sequence[tuple[int, ...]]) -> str:
    """Say which operator refuses what, why networks of a family do, and which sizes would do.

    Args:
        error: what MXNet raised.
        name: of the network.
        shapes: of the network's inputs.
    """
    text = str(error)
    found = OPERATOR.search(text)
    operator = f"'{found[1]}' " if found is not None else ""
    why = f"{reason}: " if (reason := find_reason(name)) else ""
    if mismatch := MISMATCH.search(text):
        return f"{why}{operator}found {mismatch[2]}, expected {mismatch[1]}{suggest_size(shapes[0])}"
    if large := TOO_LARGE.search(text):
        return f"{why}{operator}found {large[1]} cells, expected at most {large[2]}: give a smaller size"
    if small := TOO_SMALL.search(text):
        return f"{why}{operator}found {small[2]} cells, expected at least {small[1]}: give a larger size"
    return first_line(error)


def find_reason(name: str) -> str:
    """Say why networks of a name cannot take every size; nothing where that is not known."""
    return next((reason for pattern, reason in REASONS if re.match(pattern, name)), "")


def explain_shape(name: str, shape: tuple[int, ...]) -> str:
    """Say of a network that does not go together with a shape why that may be."""
    reason, asked = find_reason(name), f"the input is {','.join(map(str, shape))}: is --input-shape right?"
    return f"{asked} {reason}{suggest_size(shape) if JOINS in reason else ''}" if reason else asked


def suggest_size(shape: tuple[int, ...]) -> str:
    """Name the nearest size of pictures that every stride divides; nothing where this is one."""
    nearest = [max(1, round(length / COARSEST)) * COARSEST for length in shape[2:]]
    if len(shape) != 4 or list(shape[2:]) == nearest:
        return ""
    return f": give a size that {COARSEST} divides, such as {','.join(map(str, (*shape[:2], *nearest)))}"
