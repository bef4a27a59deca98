"""``Resize``: one axis after the other, by places or by a matrix of weights.

Source: https://onnx.ai/onnx/operators/onnx__Resize.html, coordinates and rounding of each mode.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import torch
from numpy.typing import NDArray

from gcv_edge.prune.student.registry import Tensor, axes_of, computes, integers, refuse

Places = NDArray[np.float64]

ROUNDINGS: dict[str, Callable[[Places], Places]] = {
    "round_prefer_floor": lambda places: np.ceil(places - 0.5),
    "round_prefer_ceil": lambda places: np.floor(places + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@computes("Resize")
def resize(
    node: ir.Node,
    x: Tensor,
    roi: Tensor | None = None,  # noqa: ARG001
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    """Nearest numbers, or mixtures of the two nearest."""
    read = node.attributes
    mode, policy = read.get_string("mode", "nearest"), read.get_string("keep_aspect_ratio_policy", "stretch")
    if mode not in ("nearest", "linear"):
        raise refuse(node, f"mode='{mode}'")
    if policy != "stretch" or read.get_int("antialias", 0) != 0:
        raise refuse(node, "antialias or keep_aspect_ratio_policy")
    axes = axes_of(node, None, range(x.ndim))
    given = scales.tolist() if scales is not None and scales.numel() else [None] * len(axes)
    wanted = integers(sizes) if sizes is not None and sizes.numel() else [None] * len(axes)
    for axis, scale, size in zip(axes, given, wanted, strict=True):
        length = x.shape[axis]
        count = int(size) if size is not None else math.floor(length * float(scale or 1))
        factor = float(scale) if scale is not None else count / length
        if count != length or factor != 1:
            x = resize_axis(node, x, axis, places_of(node, length, count, factor), mode)
    return x


def places_of(node: ir.Node, length: int, count: int, factor: float) -> Places:
    """Return where in the old axis each position of the new one lies."""
    way = node.attributes.get_string("coordinate_transformation_mode", "half_pixel")
    index = np.arange(count, dtype=np.float64)
    if way == "asymmetric":
        return index / factor
    if way == "align_corners":
        return index * (length - 1) / max(1, count - 1)
    if way == "pytorch_half_pixel" and count == 1:
        return np.zeros(1)
    if way in ("half_pixel", "pytorch_half_pixel"):
        return (index + 0.5) / factor - 0.5
    raise refuse(node, f"coordinate_transformation_mode='{way}'")


def resize_axis(node: ir.Node, x: Tensor, axis: int, places: Places, mode: str) -> Tensor:
    """Resize along one axis."""
    last = x.shape[axis] - 1
    if mode == "nearest":
        rounding = ROUNDINGS[node.attributes.get_string("nearest_mode", "round_prefer_floor")]
        chosen = np.clip(rounding(places), 0, last).astype(np.int64)
        return x.index_select(axis, torch.from_numpy(chosen))
    places = np.clip(places, 0, last)
    low = np.floor(places).astype(np.int64)
    rows = np.arange(len(places))
    matrix = np.zeros((len(places), last + 1), np.float32)
    np.add.at(matrix, (rows, low), 1 - (places - low))
    np.add.at(matrix, (rows, np.minimum(low + 1, last)), places - low)
    return (x.movedim(axis, -1) @ torch.from_numpy(matrix).T).movedim(-1, axis)
