"""Operators on sequences of unequal length ``[T, N, ...]``, or ``[N, T, ...]`` with ``axis=1``."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import element_type
from gcv_edge.exporters.mxnet.operators.indexing import slice_between
from gcv_edge.exporters.mxnet.registry import converts


def read_time_axis(attrs: Attributes) -> int:
    """Read which of the first two axes is time."""
    axis = attrs.get_int("axis", 0)
    if axis not in (0, 1):
        raise attrs.unsupported("axis")
    return axis


def uses_lengths(attrs: Attributes, lengths: ir.Value | None) -> bool:
    """Whether the sequences have lengths of their own."""
    used = attrs.get_bool("use_sequence_length", False)
    if used != (lengths is not None):
        raise attrs.unsupported("use_sequence_length")
    return used


def steps_and_lengths(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, lengths: ir.Value, axis: int
) -> tuple[ir.Value, ir.Value]:
    """Step numbers and lengths, shaped so that comparing them gives a value per step of each sequence."""
    count, rank = graph.length(data, axis), len(graph.shape(data))
    shape = [1] * rank
    shape[axis] = count
    steps = np.arange(count).astype(np.float32).reshape(shape)
    spread = [1] * rank
    spread[1 - axis] = -1
    own = graph.op("Cast", [lengths], f"{attrs.name}_lengths", to=int(ir.DataType.FLOAT))
    own = graph.op("Reshape", [own, graph.constant(spread)], f"{attrs.name}_spread")
    spread_dims = [graph.shape(lengths)[0] if dim == -1 else 1 for dim in spread]
    return graph.constant(steps), graph.declare(own, spread_dims)


@converts("SequenceMask")
def sequence_mask(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, lengths: ir.Value | None = None
) -> ir.Value:
    """Put a number behind the end of each sequence."""
    axis, value = read_time_axis(attrs), attrs.get_float("value", 0.0)
    if not uses_lengths(attrs, lengths) or lengths is None:
        return data
    steps, own = steps_and_lengths(graph, attrs, data, lengths, axis)
    inside = graph.op("Less", [steps, own], f"{attrs.name}_inside")
    other = graph.constant(np.asarray(value, element_type(data).numpy()))
    return graph.op("Where", [inside, data, other], attrs.name)


@converts("SequenceLast")
def sequence_last(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, lengths: ir.Value | None = None
) -> ir.Value:
    """Last step of each sequence."""
    axis = read_time_axis(attrs)
    name, axes = attrs.name, graph.constant([axis])
    if not uses_lengths(attrs, lengths) or lengths is None:
        count = graph.length(data, axis)
        return graph.op("Squeeze", [slice_between(graph, data, axis, count - 1, count), axes], name)
    steps, own = steps_and_lengths(graph, attrs, data, lengths, axis)
    last = graph.op("Sub", [own, graph.constant(1.0)], f"{name}_last")
    chosen = graph.op(
        "Where",
        [graph.op("Equal", [steps, last], f"{name}_is_last"), data, graph.constant(0.0)],
        f"{name}_chosen",
    )
    return graph.op("ReduceSum", [chosen, axes], name, keepdims=0)


@converts("SequenceReverse")
def sequence_reverse(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, lengths: ir.Value | None = None
) -> ir.Value:
    """Turn each sequence round; what is behind its end stays."""
    if attrs.get_int("axis", 0) != 0:
        raise attrs.unsupported("axis")
    if not uses_lengths(attrs, lengths) or lengths is None:
        bounds = ([-1], [-(2**31) + 1], [0], [-1])
        return graph.op("Slice", [data, *(graph.constant(values) for values in bounds)], attrs.name)
    whole = graph.op("Cast", [lengths], f"{attrs.name}_lengths", to=int(ir.DataType.INT64))
    return graph.op("ReverseSequence", [data, whole], attrs.name, time_axis=0, batch_axis=1)
