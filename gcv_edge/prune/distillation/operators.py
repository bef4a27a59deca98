"""The operators that a student can compute: their registry, and those on single numbers or along an axis."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import onnx_ir as ir
import torch
import torch.nn.functional as F  # noqa: N812

from gcv_edge.errors import UnsupportedError
from gcv_edge.prune.channels.tracing import describe_node

Tensor = Any
"""A torch tensor."""

Operator = Callable[..., Any]
"""Takes a node and its inputs (None: left out); returns its output, or a tuple of several."""

Function = TypeVar("Function", bound=Operator)

OPERATORS: dict[str, Operator] = {}
"""By the names that ONNX gives them."""


def computes(*kinds: str) -> Callable[[Function], Function]:
    """Register a function that computes operators of ONNX."""

    def register(function: Function) -> Function:
        OPERATORS.update(dict.fromkeys(kinds, function))
        return function

    return register


def refuse(node: ir.Node, what: str) -> UnsupportedError:
    """Return the error for an operator, or one of its variants, that no student computes."""
    return UnsupportedError(f"{describe_node(node)}: {what} is not supported in a network that is distilled")


def integers(values: Tensor) -> list[int]:
    """Return a tensor of lengths, axes or indices as a list."""
    return [int(value) for value in values.reshape(-1).tolist()]


def axes_of(node: ir.Node, given: Tensor | None, default: Sequence[int] = ()) -> list[int]:
    """Return axes from an input, as newer opsets have them, or an attribute."""
    if given is not None:
        return integers(given)
    return list(node.attributes.get_ints("axes", default) or default)


PLAIN: dict[str, Callable[..., Any]] = {
    "Abs": torch.abs,
    "Add": torch.add,
    "Ceil": torch.ceil,
    "Div": torch.div,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "HardSwish": F.hardswish,
    "Identity": lambda x: x,
    "Log": torch.log,
    "Mish": F.mish,
    "Mul": torch.mul,
    "Neg": torch.neg,
    "Pow": torch.pow,
    "Reciprocal": torch.reciprocal,
    "Relu": F.relu,
    "Sigmoid": torch.sigmoid,
    "Softplus": F.softplus,
    "Softsign": F.softsign,
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
    "Tanh": torch.tanh,
}
"""Operators without attributes that torch has."""


@computes(*PLAIN)
def apply(node: ir.Node, *inputs: Tensor) -> Tensor:
    """As torch computes it; whole numbers are divided as ONNX does."""
    if node.op_type == "Div" and not inputs[0].is_floating_point():
        return torch.div(*inputs, rounding_mode="trunc")
    return PLAIN[node.op_type](*inputs)


FOLDED: dict[str, Callable[..., Any]] = {
    "Max": torch.maximum,
    "Mean": torch.add,
    "Min": torch.minimum,
    "Sum": torch.add,
}


@computes(*FOLDED)
def fold(node: ir.Node, *inputs: Tensor) -> Tensor:
    """Of any number of tensors."""
    folded = functools.reduce(FOLDED[node.op_type], inputs)
    return folded / len(inputs) if node.op_type == "Mean" else folded


@computes("LeakyRelu")
def leaky_relu(node: ir.Node, x: Tensor) -> Tensor:
    """Negative numbers times ``alpha``."""
    return F.leaky_relu(x, node.attributes.get_float("alpha", 0.01))


@computes("PRelu")
def prelu(node: ir.Node, x: Tensor, slope: Tensor) -> Tensor:  # noqa: ARG001
    """Negative numbers times a slope."""
    return torch.where(x < 0, slope * x, x)


@computes("Elu")
def elu(node: ir.Node, x: Tensor) -> Tensor:
    """Negative numbers through ``alpha (exp(x) - 1)``."""
    return F.elu(x, node.attributes.get_float("alpha", 1.0))


@computes("Selu")
def selu(node: ir.Node, x: Tensor) -> Tensor:
    """``gamma`` times ``Elu`` with another ``alpha``."""
    alpha = node.attributes.get_float("alpha", 1.6732631921768188)
    return node.attributes.get_float("gamma", 1.0507010221481323) * F.elu(x, alpha)


@computes("HardSigmoid")
def hard_sigmoid(node: ir.Node, x: Tensor) -> Tensor:
    """``max(0, min(1, alpha x + beta))``."""
    alpha, beta = node.attributes.get_float("alpha", 0.2), node.attributes.get_float("beta", 0.5)
    return (alpha * x + beta).clamp(0, 1)


@computes("Clip")
def clip(node: ir.Node, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    """Between two limits, which older opsets have as attributes."""
    read = node.attributes
    first = low.item() if low is not None else read["min"].as_float() if "min" in read else None
    last = high.item() if high is not None else read["max"].as_float() if "max" in read else None
    return x if first is None and last is None else x.clamp(first, last)


@computes("Softmax", "LogSoftmax")
def softmax(node: ir.Node, x: Tensor) -> Tensor:
    """Probabilities along an axis, or their logarithms."""
    function = F.softmax if node.op_type == "Softmax" else F.log_softmax
    return function(x, dim=node.attributes.get_int("axis", -1))


REDUCED: dict[str, Callable[..., Any]] = {
    "ReduceL2": torch.linalg.vector_norm,
    "ReduceMax": torch.amax,
    "ReduceMean": torch.mean,
    "ReduceMin": torch.amin,
    "ReduceSum": torch.sum,
}


@computes(*REDUCED)
def reduce(node: ir.Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Along some axes, or all."""
    chosen = axes_of(node, axes)
    if not chosen and node.attributes.get_int("noop_with_empty_axes", 0) != 0:
        return x
    dims = tuple(chosen) or tuple(range(x.ndim))
    return REDUCED[node.op_type](x, dim=dims, keepdim=bool(node.attributes.get_int("keepdims", 1)))


@computes("Dropout")
def dropout(node: ir.Node, x: Tensor, ratio: Tensor | None = None, training: Tensor | None = None) -> Tensor:  # noqa: ARG001
    """Nothing is dropped: the network is trained to give what the whole one gives."""
    if training is not None and training.item():
        raise refuse(node, "training_mode")
    return x
