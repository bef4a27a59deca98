"""Reshaping, transposing, joining and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import Dim, GraphBuilder, Shape
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts


def apply_reshape_codes(shape: Shape, codes: Sequence[int]) -> list[Dim]:
    """Resolve MXNet's codes to dimensions; one of them may remain -1.

    0 keeps a dimension, -1 infers it, -2 keeps all that remain, -3 merges two, -4 splits one into the next
    two codes (MXNet, ``Reshape``).

    Raises:
        ValueError: the codes do not fit the shape.
    """
    source, result, pending = list(shape), [], list(codes)
    while pending:
        code = pending.pop(0)
        if code == -2:
            result += source
            source = []
        elif code == -3:
            result.append(_product([_take(source), _take(source)]))
        elif code == -4:
            whole = _take(source)
            result += _split(whole, pending.pop(0), pending.pop(0))
        elif code == 0:
            result.append(_take(source))
        elif code == -1 or code > 0:
            result.append(code)
            del source[:1]
        else:
            raise ValueError(f"code {code} has no meaning")
    return _infer(shape, result)


def _take(source: list[Dim]) -> Dim:
    if not source:
        raise ValueError("more codes than dimensions")
    return source.pop(0)


def _product(dims: Sequence[Dim]) -> Dim:
    if any(isinstance(dim, str) for dim in dims):
        names = [dim for dim in dims if dim != 1]
        return names[0] if len(names) == 1 else -1
    return math.prod(int(dim) for dim in dims)


def _split(whole: Dim, first: int, second: int) -> list[Dim]:
    if isinstance(whole, str):
        return [first, second]
    if first == -1:
        first = whole // second
    if second == -1:
        second = whole // first
    return [first, second]


def _infer(shape: Shape, result: list[Dim]) -> list[Dim]:
    """Replace a -1 by its number when the open dimensions of both sides cancel."""
    if result.count(-1) != 1:
        return result
    names_in = sorted(dim for dim in shape if isinstance(dim, str))
    names_out = sorted(dim for dim in result if isinstance(dim, str))
    if names_in != names_out:
        return result
    total = math.prod(dim for dim in shape if isinstance(dim, int))
    known = math.prod(dim for dim in result if isinstance(dim, int) and dim != -1)
    if known == 0 or total % known:
        raise ValueError(f"{total} elements do not divide by {known}")
    return [total // known if dim == -1 else dim for dim in result]


def reshape_to(graph: GraphBuilder, data: ir.Value, dims: Sequence[Dim], name: str) -> ir.Value:
    """Emit a Reshape to dimensions that may hold one -1 and open dimensions of the input."""
    shape = graph.shape(data)
    if list(dims) == list(shape):
        return data
    spelled = [
        dim if isinstance(dim, int) else 0 if shape[index : index + 1] == (dim,) else -1
        for index, dim in enumerate(dims)
    ]
    if spelled.count(-1) > 1:
        raise UnsupportedError(f"Reshape '{name}': {shape} to {tuple(dims)} with an open batch dimension")
    return graph.op("Reshape", [data, graph.constant(spelled)], name)


@converts("Reshape", "reshape")
def reshape(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Reshape with MXNet's codes, from the left or (``reverse``) from the right."""
    codes = attrs.get_int_tuple("shape", ()) or attrs.get_int_tuple("target_shape")
    reverse = attrs.get_bool("reverse", False)
    attrs.get_bool("keep_highest", False)
    shape = graph.shape(data)
    try:
        if reverse:
            dims = apply_reshape_codes(shape[::-1], _reverse_codes(codes))[::-1]
        else:
            dims = apply_reshape_codes(shape, codes)
    except (ValueError, IndexError) as error:
        raise UnsupportedError(f"{attrs.where}: shape={codes} of an input {shape}: {error}") from error
    return reshape_to(graph, data, dims, attrs.name)


def _reverse_codes(codes: Sequence[int]) -> list[int]:
    """Reverse codes, each -4 staying before its two numbers."""
    groups, index = [], 0
    while index < len(codes):
        size = 3 if codes[index] == -4 else 1
        group = list(codes[index : index + size])
        groups.append([group[0], *group[:0:-1]])
        index += size
    return [code for group in reversed(groups) for code in group]


@converts("reshape_like")
def reshape_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value) -> ir.Value:
    """Take the shape, or a range of dimensions, of another tensor."""
    shape, other = graph.shape(data), graph.shape(like)
    bounds = []
    for side, dims in (("lhs", shape), ("rhs", other)):
        begin, end = attrs.get_optional_int(f"{side}_begin"), attrs.get_optional_int(f"{side}_end")
        bounds.append(slice(*slice(begin, end).indices(len(dims))[:2]))
    dims = [*shape[: bounds[0].start], *other[bounds[1]], *shape[bounds[0].stop :]]
    return reshape_to(graph, data, dims, attrs.name)


@converts("Flatten", "flatten")
def flatten(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """All but the first dimension become one."""
    return data if len(graph.shape(data)) == 2 else graph.op("Flatten", [data], attrs.name, axis=1)


@converts("transpose")
def transpose(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Permute axes; without ``axes``, reverse them."""
    axes = attrs.get_optional_int_tuple("axes") or tuple(reversed(range(len(graph.shape(data)))))
    return graph.op("Transpose", [data], attrs.name, perm=axes)


@converts("SwapAxis", "swapaxes")
def swap_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Exchange two axes."""
    first, second = attrs.get_int("dim1", 0), attrs.get_int("dim2", 0)
    axes = list(range(len(graph.shape(data))))
    axes[first], axes[second] = axes[second], axes[first]
    return graph.op("Transpose", [data], attrs.name, perm=axes)


@converts("expand_dims")
def expand_dims(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Insert an axis of length 1."""
    return graph.op("Unsqueeze", [data, graph.constant([attrs.get_int("axis")])], attrs.name)


@converts("squeeze")
def squeeze(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Drop axes of length 1."""
    shape = graph.shape(data)
    axes = list(attrs.get_optional_int_tuple("axis") or ()) or [axis for axis, dim in enumerate(shape) if dim == 1]
    if len(axes) == len(shape):
        axes = axes[1:]
    return graph.op("Squeeze", [data, graph.constant(axes)], attrs.name)


@converts("Concat", "concat")
def concat(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> ir.Value:
    """Join along an axis."""
    axis = attrs.get_int("dim", 1)
    return inputs[0] if len(inputs) == 1 else graph.op("Concat", inputs, attrs.name, axis=axis)


@converts("stack")
def stack(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> ir.Value:
    """Join along a new axis."""
    axis = attrs.get_int("axis", 0)
    raised = [graph.op("Unsqueeze", [value, graph.constant([axis])], attrs.name) for value in inputs]
    return raised[0] if len(raised) == 1 else graph.op("Concat", raised, attrs.name, axis=axis)


@converts("tile")
def tile(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Repeat a whole tensor along its axes; missing axes are added in front."""
    reps, rank = list(attrs.get_int_tuple("reps")), len(graph.shape(data))
    if len(reps) > rank:
        lead = graph.constant(list(range(len(reps) - rank)))
        data = graph.op("Unsqueeze", [data, lead], f"{attrs.name}_lead")
    reps = [1] * (rank - len(reps)) + reps
    return graph.op("Tile", [data, graph.constant(reps)], attrs.name)


@converts("reverse", "flip")
def reverse(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Turn axes round."""
    axes = attrs.get_int_tuple("axis")
    bounds = ([-1] * len(axes), [-(2**31)] * len(axes), list(axes), [-1] * len(axes))
    return graph.op("Slice", [data, *(graph.constant(values) for values in bounds)], attrs.name)


@converts("Pad", "pad")
def pad(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Pad by a constant, by the edge or by reflection; widths come in pairs per axis."""
    mode = attrs.get_str("mode", choices=("constant", "edge", "reflect"))
    widths = attrs.get_int_tuple("pad_width")
    value = graph.constant(attrs.get_float("constant_value", 0.0))
    pads = graph.constant([*widths[::2], *widths[1::2]])
    return graph.op("Pad", [data, pads, value] if mode == "constant" else [data, pads], attrs.name, mode=mode)


@converts("broadcast_like")
def broadcast_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value) -> ir.Value:
    """Expand to the shape of another tensor."""
    for key in ("lhs_axes", "rhs_axes"):
        if attrs.get_str(key, "None") != "None":
            raise attrs.unsupported(key)
    return graph.op("Expand", [data, graph.op("Shape", [like], f"{attrs.name}_shape")], attrs.name)


@converts("broadcast_axis", "broadcast_axes")
def broadcast_axis(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Expand axes of length 1."""
    reps = [1] * len(graph.shape(data))
    for axis, size in zip(attrs.get_int_tuple("axis"), attrs.get_int_tuple("size"), strict=True):
        reps[axis] = size
    return graph.op("Tile", [data, graph.constant(reps)], attrs.name)


@converts("broadcast_to")
def broadcast_to(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Expand to a shape; 0 keeps a dimension."""
    wanted = [size or 1 for size in attrs.get_int_tuple("shape")]
    return graph.op("Expand", [data, graph.constant(wanted)], attrs.name)


@converts("shape_array")
def shape_array(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Return a tensor's shape as int64; a constant where all of it is known."""
    shape = graph.shape(data)
    if all(isinstance(dim, int) for dim in shape):
        return graph.constant(np.array(shape, np.int64), attrs.name)
    return graph.op("Shape", [data], attrs.name)


@converts("depth_to_space")
def depth_to_space(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Move channels into space."""
    return graph.op("DepthToSpace", [data], attrs.name, blocksize=attrs.get_int("block_size"), mode="DCR")
