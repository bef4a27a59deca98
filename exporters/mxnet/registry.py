"""Which function converts which MXNet operator."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TypeVar

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError

Converter = Callable[..., ir.Value | Sequence[ir.Value]]
"""``convert(graph, attrs, *inputs)``: emits ONNX for one MXNet node and returns its output(s)."""

AnyConverter = TypeVar("AnyConverter", bound=Converter)

CONVERTERS: dict[str, Converter] = {}

REASONS: dict[str, str] = {}
"""Why an operator has no converter and will have none."""


def converts(*operators: str) -> Callable[[AnyConverter], AnyConverter]:
    """Register a function as the converter of one or more MXNet operators."""

    def register(function: AnyConverter) -> AnyConverter:
        for operator in operators:
            if operator in CONVERTERS:
                raise ValueError(f"{operator} has a converter already: {CONVERTERS[operator].__name__}")
            CONVERTERS[operator] = function
        return function

    return register


def refuses(reason: str, *operators: str) -> None:
    """Say why some operators cannot be part of an exported network."""
    REASONS.update(dict.fromkeys(operators, reason))


def find_converter(operator: str, node: str) -> Converter:
    """Look up the converter of an operator.

    Raises:
        UnsupportedError: nobody wrote one, or there can be none.
    """
    if operator in CONVERTERS:
        return CONVERTERS[operator]
    if operator in REASONS:
        raise UnsupportedError(f"{operator} '{node}': {REASONS[operator]}")
    close = difflib.get_close_matches(operator, CONVERTERS, n=1)
    hint = f" (the nearest that is: {close[0]})" if close else ""
    raise UnsupportedError(f"{operator} '{node}': this MXNet operator is not supported{hint}")
