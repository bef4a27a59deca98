"""Reshape with its codes, reshape_like, Flatten."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import Dim, GraphBuilder, Shape
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts

T = TypeVar("T")


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
            result += _split(_take(source), _take(pending), _take(pending))
        elif code == 0:
            result.append(_take(source))
        elif code == -1 or code > 0:
            result.append(code)
            del source[:1]
        else:
            raise ValueError(f"code {code} has no meaning")
    return _infer(shape, result)


def _take(source: list[T]) -> T:
    if not source:
        raise ValueError("the codes do not fit")
    return source.pop(0)


def _product(dims: Sequence[Dim]) -> Dim:
    if any(isinstance(dim, str) for dim in dims):
        names = [dim for dim in dims if dim != 1]
        return names[0] if len(names) == 1 else -1
    return math.prod(int(dim) for dim in dims)


def _split(whole: Dim, first: int, second: int) -> list[Dim]:
    if isinstance(whole, str):
        return [whole if other == 1 else part for part, other in ((first, second), (second, first))]
    parts = [
        whole // other if part == -1 and other > 0 else part
        for part, other in ((first, second), (second, first))
    ]
    if math.prod(parts) != whole or min(parts) < 0:
        raise ValueError(f"{whole} does not split into {first} and {second}")
    return [*parts]


def _infer(shape: Shape, result: list[Dim]) -> list[Dim]:
    """Replace a -1 by its number or by the one open dimension that it stands for, where that is clear."""
    if result.count(-1) != 1:
        return result
    missing = Counter(open_names(shape))
    missing.subtract(open_names(result))
    names = list(missing.elements())
    total = math.prod(dim for dim in shape if isinstance(dim, int))
    known = math.prod(dim for dim in result if isinstance(dim, int) and dim != -1)
    if len(names) > 1 or min(missing.values(), default=0) < 0 or (names and total != known):
        return result
    if known == 0 or total % known:
        raise ValueError(f"{total} elements do not divide by {known}")
    return [(names[0] if names else total // known) if dim == -1 else dim for dim in result]


def _check_count(shape: Shape, result: Sequence[Dim]) -> None:
    """Refuse dimensions that hold more or fewer elements, as far as these are known."""
    if -1 in result:
        return
    counts = [math.prod(dim for dim in dims if isinstance(dim, int)) for dims in (shape, result)]
    if open_names(shape) == open_names(result) and counts[0] != counts[1]:
        raise ValueError(f"{counts[0]} elements are not {counts[1]}")


def open_names(dims: Sequence[Dim]) -> list[str]:
    """Names of open dimensions."""
    return sorted(dim for dim in dims if isinstance(dim, str))


def reshape_to(graph: GraphBuilder, data: ir.Value, dims: Sequence[Dim], name: str) -> ir.Value:
    """Emit a Reshape to dimensions that may hold one -1 and open dimensions of the input.

    Raises:
        ValueError: more than one dimension would have to be inferred, or the elements are not as many.
    """
    shape = graph.shape(data)
    if list(dims) == list(shape):
        return data
    _check_count(shape, dims)
    spelled = [
        dim if isinstance(dim, int) else 0 if shape[index : index + 1] == (dim,) else -1
        for index, dim in enumerate(dims)
    ]
    if spelled.count(-1) > 1:
        raise ValueError(f"{tuple(dims)} is not clear while the batch is open")
    return graph.declare(graph.op("Reshape", [data, graph.constant(spelled)], name), dims)


Factors = tuple[int, ...]
"""Axes of a tensor whose lengths, multiplied, are a dimension."""


def apply_codes_to_axes(shape: Shape, codes: Sequence[int]) -> list[int | Factors]:
    """Resolve MXNet's codes to lengths, or where these are open to the axes that they come from.

    Raises:
        ValueError: the codes do not fit the shape, or split or infer an open length.
    """
    source: list[int | Factors] = [dim if isinstance(dim, int) else (axis,) for axis, dim in enumerate(shape)]
    result: list[int | Factors] = []
    pending, places = list(codes), list(range(len(shape)))
    while pending:
        code = pending.pop(0)
        if code == 0:
            result.append(source[_take(places)])
        elif code == -2:
            result += [source[place] for place in places]
            places = []
        elif code == -3:
            pair = _take(places), _take(places)
            lengths = [length for place in pair if isinstance(length := source[place], int)]
            result.append(math.prod(lengths) if len(lengths) == len(pair) else pair)
        elif code == -4 and isinstance(whole := source[_take(places)], int):
            result += [int(part) for part in _split(whole, _take(pending), _take(pending))]
        else:
            raise ValueError(f"code {code} is not clear where lengths are open")
    if places:
        raise ValueError("the codes do not fit")
    return result


def reshape_by_axes(
    graph: GraphBuilder, data: ir.Value, dims: Sequence[int | Factors], name: str
) -> ir.Value:
    """Emit a Reshape to dimensions of which several are open, computed from the input's own shape."""
    whole = graph.op("Shape", [data], f"{name}_shape")
    lengths, known = [], list[Dim]()
    for dim in dims:
        if isinstance(dim, int):
            lengths.append(graph.constant([dim]))
            known.append(dim)
            continue
        parts = [graph.op("Gather", [whole, graph.constant([axis])], f"{name}_length") for axis in dim]
        lengths.append(parts[0] if len(parts) == 1 else graph.op("Mul", parts, f"{name}_product"))
        known.append(graph.shape(data)[dim[0]] if len(dim) == 1 else -1)
    shape = graph.op("Concat", lengths, f"{name}_extents", axis=0)
    return graph.declare(graph.op("Reshape", [data, shape], name), known)


@converts("Reshape", "reshape")
def reshape(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Reshape with MXNet's codes, from the left or (``reverse``) from the right."""
    codes = attrs.get_int_tuple("shape", ())
    old_codes = attrs.get_int_tuple("target_shape", ())
    step = -1 if attrs.get_bool("reverse", False) else 1
    if attrs.get_bool("keep_highest", False):
        raise attrs.unsupported("keep_highest")
    shape = graph.shape(data)
    try:
        if codes:
            dims = apply_reshape_codes(shape[::step], codes[::step])[::step]
        else:
            dims = _infer(shape, [code or -1 for code in old_codes])
        return reshape_to(graph, data, dims, attrs.name)
    except ValueError as error:
        if codes and step == 1 and len(open_names(shape)) > 1:
            with suppress(ValueError):
                return reshape_by_axes(graph, data, apply_codes_to_axes(shape, codes), attrs.name)
        raise UnsupportedError(
            f"{attrs.where}: shape={codes or old_codes} of an input {shape}: {error}"
        ) from error


@converts("reshape_like")
def reshape_like(graph: GraphBuilder, attrs: Attributes, data: ir.Value, like: ir.Value) -> ir.Value:
    """Take the shape, or a range of dimensions, of another tensor."""
    own, others = read_range(graph, attrs, data, "lhs"), read_range(graph, attrs, like, "rhs")
    shape = graph.shape(data)
    dims = [*shape[: own.start], *graph.shape(like)[others], *shape[own.stop :]]
    try:
        return reshape_to(graph, data, dims, attrs.name)
    except ValueError as error:
        raise UnsupportedError(f"{attrs.where}: {error}") from error


def read_range(graph: GraphBuilder, attrs: Attributes, data: ir.Value, side: str) -> slice:
    """Read a range of axes, all of them by default."""
    wanted = slice(attrs.get_optional_int(f"{side}_begin"), attrs.get_optional_int(f"{side}_end"))
    begin, end, _ = wanted.indices(len(graph.shape(data)))
    return slice(begin, end)


@converts("Flatten", "flatten")
def flatten(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """All but the first dimension become one."""
    return data if len(graph.shape(data)) == 2 else graph.op("Flatten", [data], attrs.name, axis=1)
