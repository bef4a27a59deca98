"""Operators that move numbers about."""

from __future__ import annotations

import onnx_ir as ir
import torch
import torch.nn.functional as F  # noqa: N812

from gcv_edge.prune.student.registry import Tensor, axes_of, computes, integers, refuse

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
def cut_out(
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


PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}


@computes("Pad")
def surround(
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
def spread(node: ir.Node, x: Tensor) -> Tensor:
    """Channels become squares of positions."""
    size = node.attributes.get_int("blocksize")
    if node.attributes.get_string("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x, size)
    count, channels, height, width = x.shape
    table = x.reshape(count, size * size, channels // size**2, height, width).transpose(1, 2)
    return F.pixel_shuffle(table.reshape(x.shape), size)


@computes("SpaceToDepth")
def stack(node: ir.Node, x: Tensor) -> Tensor:
    """Squares of positions become channels."""
    size = node.attributes.get_int("blocksize")
    stacked = F.pixel_unshuffle(x, size)
    count, channels, height, width = stacked.shape
    table = stacked.reshape(count, x.shape[1], size * size, height, width).transpose(1, 2)
    return table.reshape(count, channels, height, width)


@computes("Shape")
def measure(node: ir.Node, x: Tensor) -> Tensor:
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
