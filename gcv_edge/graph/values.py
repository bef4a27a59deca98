"""Values of a graph: their names, shapes and constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray


def name_of(value: ir.Value | None) -> str:
    """Return the name of a value that is there and has one."""
    assert value is not None
    assert value.name is not None
    return value.name


def input_of(node: ir.Node, index: int) -> ir.Value:
    """Return an input that is there."""
    value = node.inputs[index]
    assert value is not None
    return value


def shape_of(value: ir.Value) -> tuple[int | str, ...]:
    """Return a value's shape: an int per dimension, or a name where it is open ("?": unknown)."""
    if value.shape is None:
        return ()
    return tuple(dim if isinstance(dim, int) else str(dim.value or "?") for dim in value.shape)


def constant_of(value: ir.Value | None) -> NDArray[Any] | None:
    """Return a constant's array; None for a computed value or a graph input."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return np.asarray(value.const_value.numpy())


def numbers_of(value: ir.Value | None) -> NDArray[np.float64] | None:
    """Return a constant's numbers in float64; None for a computed value or a graph input."""
    array = constant_of(value)
    return None if array is None else array.astype(np.float64)


def integers_of(value: ir.Value | None) -> list[int] | None:
    """Return a constant vector of integers; None for a computed value or a graph input."""
    array = constant_of(value)
    return None if array is None else [int(number) for number in np.atleast_1d(array)]


def add_constant(graph: ir.Graph, name: str, array: NDArray[Any]) -> ir.Value:
    """Register an initializer under a name, or the name with underscores where it is taken."""
    while name in graph.initializers:
        name += "_"
    tensor = ir.Tensor(array, name=name)
    value = ir.Value(
        name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor
    )
    graph.register_initializer(value)
    return value
