"""The operators that a student can compute, by the names that ONNX gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError
from gcv_edge.prune.rules import describe

Tensor = Any
"""A torch tensor."""

Operator = Callable[..., Any]
"""Takes a node and its inputs (None: left out); returns its output, or a tuple of several."""

Function = TypeVar("Function", bound=Operator)

OPERATORS: dict[str, Operator] = {}


def computes(*kinds: str) -> Callable[[Function], Function]:
    """Register a function that computes operators of ONNX."""

    def register(function: Function) -> Function:
        OPERATORS.update(dict.fromkeys(kinds, function))
        return function

    return register


def refuse(node: ir.Node, what: str) -> UnsupportedError:
    """Return the error for an operator, or one of its variants, that no student computes."""
    return UnsupportedError(f"{describe(node)}: {what} is not supported in a network that is distilled")


def integers(values: Tensor) -> list[int]:
    """Return a tensor of lengths, axes or indices as a list."""
    return [int(value) for value in values.reshape(-1).tolist()]


def axes_of(node: ir.Node, given: Tensor | None, default: Sequence[int] = ()) -> list[int]:
    """Return axes from an input, as newer opsets have them, or an attribute."""
    if given is not None:
        return integers(given)
    return list(node.attributes.get_ints("axes", default) or default)
