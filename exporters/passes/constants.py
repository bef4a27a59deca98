"""Constants of a graph: reading their numbers and adding new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray


def read_constant(value: ir.Value | None) -> NDArray[np.float64] | None:
    """Return a constant's numbers in float64; None for a computed value or a graph input."""
    array = read_array(value)
    return None if array is None else array.astype(np.float64)


def read_array(value: ir.Value | None) -> NDArray[Any] | None:
    """Return a constant's own array; None for a computed value or a graph input."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return np.asarray(value.const_value.numpy())


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
