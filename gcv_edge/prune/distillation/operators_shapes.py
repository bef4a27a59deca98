"""Operators that move numbers about or repeat them, and ``Resize``, as a student computes them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from gcv_edge.prune.distillation.operators import Tensor, axes_of, computes, integers, refuse

Places = NDArray[np.float64]

ROUNDINGS: dict[str, Callable[[Places], Places]] = {
    "round_prefer_floor": lambda places: np.ceil(places - 0.5),
    "round_prefer_ceil": lambda places: np.floor(places + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}
DTYPES = {
    ir.DataType.FLOAT: torch.float32,
    ir.DataType.INT64: torch.int64,
    ir.DataType.INT32: torch.int32,
    ir.DataType.BOOL: torch.bool,
}


@computes("Reshape")
def reshape(node: ir.Node, x: Tensor, shape: Tensor) -> Tensor:
    """To lengths of which 0 means: as it was."""
    lengths = integers(shape)
    if not node.attributes.get_int("allowzero", 0):
        lengths = [n or x.shape[axis] for axis, n in enumerate(lengths)]
    return x.reshape(lengths)


@computes("Flatten")
def flatten(node: ir.Node, x: Tensor) -> Tensor:
    """To two axes."""
    axis = node.attributes.get_int("axis", 1)
    return x.reshape(int(torch.Size(x.shape[:axis]).numel()), -1)


@computes("Transpose")
def transpose(node: ir.Node, x: Tensor) -> Tensor:
    """Axes in another order."""
    return x.permute(*(node.attributes.get_ints("perm", None) or reversed(range(x.ndim))))


@computes("Squeeze")
def squeeze(node: ir.Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Without axes of length 1."""
    chosen = axes_of(node, axes, [axis for axis, length in enumerate(x.shape) if length == 1])
    return x.squeeze(tuple(chosen))


@computes("Unsqueeze")
def unsqueeze(node: ir.Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """With more axes of length 1."""
    chosen = axes_of(node, axes)
    rank = x.ndim + len(chosen)
    for axis in sorted(axis % rank for axis in chosen):
        x = x.unsqueeze(axis)
    return x


@computes("Concat")
def concatenate(node: ir.Node, *parts: Tensor) -> Tensor:
    """One after the other along an axis."""
    return torch.cat(parts, dim=node.attributes.get_int("axis"))


@computes("Split")
def split(node: ir.Node, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, ...]:
    """Parts along an axis; without lengths, as many equal ones as there are outputs."""
    axis = node.attributes.get_int("axis", 0)
    given = integers(lengths) if lengths is not None else node.attributes.get_ints("split", None)
    share = -(-x.shape[axis] // len(node.outputs))
    return tuple(x.split(list(given) if given else share, dim=axis))


@computes("Slice")
def slice_(
    node: ir.Node,
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    """Ranges along some axes."""
    first, last = integers(starts), integers(ends)
    along = integers(axes) if axes is not None else list(range(len(first)))
    strides = integers(steps) if steps is not None else [1] * len(first)
    for axis, begin, end, step in zip(along, first, last, strides, strict=True):
        if step < 1:
            raise refuse(node, f"a step of {step}")
        chosen = range(*slice(begin, end, step).indices(x.shape[axis]))
        x = x.narrow(axis, chosen.start, max(0, chosen.stop - chosen.start))
        x = x[(slice(None),) * (axis % x.ndim) + (slice(None, None, step),)]
    return x


@computes("Gather")
def gather(node: ir.Node, x: Tensor, indices: Tensor) -> Tensor:
    """Chosen places along an axis."""
    axis = node.attributes.get_int("axis", 0) % x.ndim
    places = torch.remainder(indices.reshape(-1).long(), x.shape[axis])
    return x.index_select(axis, places).reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


@computes("Expand")
def expand(node: ir.Node, x: Tensor, shape: Tensor) -> Tensor:  # noqa: ARG001
    """Repeated along axes of length 1."""
    return x.expand(torch.broadcast_shapes(x.shape, tuple(integers(shape))))


@computes("Tile")
def tile(node: ir.Node, x: Tensor, repeats: Tensor) -> Tensor:  # noqa: ARG001
    """Repeated along every axis."""
    return x.repeat(integers(repeats))


@computes("Pad")
def pad(
    node: ir.Node, x: Tensor, pads: Tensor, value: Tensor | None = None, axes: Tensor | None = None
) -> Tensor:
    """With a number, or with what is at the edge; only behind the channels where it is not a number."""
    mode = PAD_MODES.get(node.attributes.get_string("mode", "constant"))
    along = integers(axes) if axes is not None else list(range(x.ndim))
    given = integers(pads)
    table = [(0, 0)] * x.ndim
    for axis, begin, end in zip(along, given[: len(along)], given[len(along) :], strict=True):
        table[axis] = (begin, end)
    if mode is None or (mode != "constant" and any(table[0] + table[1])):
        raise refuse(node, f"this padding ({node.attributes.get_string('mode', 'constant')})")
    kept = table if mode == "constant" else table[2:]
    pairs = [number for pair in reversed(kept) for number in pair]
    filling = value.item() if value is not None and mode == "constant" else None
    return F.pad(x, pairs, mode=mode, value=filling)


@computes("DepthToSpace")
def depth_to_space(node: ir.Node, x: Tensor) -> Tensor:
    """Channels become squares of positions."""
    size = node.attributes.get_int("blocksize")
    if node.attributes.get_string("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x, size)
    count, channels, height, width = x.shape
    table = x.reshape(count, size * size, channels // size**2, height, width).transpose(1, 2)
    return F.pixel_shuffle(table.reshape(x.shape), size)


@computes("SpaceToDepth")
def space_to_depth(node: ir.Node, x: Tensor) -> Tensor:
    """Squares of positions become channels."""
    size = node.attributes.get_int("blocksize")
    stacked = F.pixel_unshuffle(x, size)
    count, channels, height, width = stacked.shape
    table = stacked.reshape(count, x.shape[1], size * size, height, width).transpose(1, 2)
    return table.reshape(count, channels, height, width)


@computes("Shape")
def shape(node: ir.Node, x: Tensor) -> Tensor:
    """Lengths of the axes."""
    read = node.attributes
    return torch.tensor(list(x.shape))[read.get_int("start", 0) : read.get_int("end", x.ndim)]


@computes("Cast")
def cast(node: ir.Node, x: Tensor) -> Tensor:
    """To another type of numbers."""
    wanted = ir.DataType(node.attributes.get_int("to"))
    if wanted not in DTYPES:
        raise refuse(node, f"a cast to {wanted.name}")
    return x.to(DTYPES[wanted])


@computes("Resize")
def resize(
    node: ir.Node,
    x: Tensor,
    roi: Tensor | None = None,  # noqa: ARG001
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    """Nearest numbers, or mixtures of the two nearest: one axis after the other, by places or by a matrix.

    Source: https://onnx.ai/onnx/operators/onnx__Resize.html, coordinates and rounding of each mode.
    """
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
