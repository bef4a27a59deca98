"""Texts of attributes as values; each function raises ValueError where the text is of another type.

The texts are what dmlc::Parameter reads (dmlc-core/include/dmlc/parameter.h) and mxnet::Tuple
(include/mxnet/tuple.h): ``3``, ``1e-05``, ``True``, ``None``, ``(3, 3)``, ``[3,3]``, ``(2,)``, ``(3L, 3L)``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTEGER = re.compile(r"[+-]?[0-9]{1,18}L?")
FLOAT = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?f?|[+-]?(inf|infinity|nan)", re.IGNORECASE
)
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def parse_int(text: str) -> int:
    """Read a whole number."""
    text = text.strip()
    if not INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text.rstrip("L"))


def parse_float(text: str) -> float:
    """Read a number; one too large for a float64 is none."""
    text = text.strip()
    if not FLOAT.fullmatch(text):
        raise ValueError(text)
    is_finite = "n" not in text.lower()
    value = float(text.rstrip("fF") if is_finite else text)
    if is_finite and math.isinf(value):
        raise ValueError(text)
    return value


def parse_bool(text: str) -> bool:
    """Read a truth value."""
    value = BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError(text)
    return value


def parse_int_tuple(text: str) -> tuple[int, ...]:
    """Read whole numbers; one without brackets is a tuple of one."""
    return parse_tuple(text, parse_int)


def parse_float_tuple(text: str) -> tuple[float, ...]:
    """Read numbers; one without brackets is a tuple of one."""
    return parse_tuple(text, parse_float)


def parse_optional_ints(text: str) -> tuple[int | None, ...]:
    """Read whole numbers of which some may be None."""
    return parse_tuple(text, or_none(parse_int))


def parse_tuple(text: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """Read a tuple of what ``parse`` reads."""
    text = text.strip()
    if text[:1] + text[-1:] in ("()", "[]") and len(text) > 1:
        return tuple(parse(item) for item in _split(text[1:-1]))
    return (parse(text),)


def _split(text: str) -> list[str]:
    return text.strip().removesuffix(",").split(",") if text.strip() else []


def or_none(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Let the text ``None`` be None."""

    def parse_or_none(text: str) -> T | None:
        return None if text.strip() == "None" else parse(text)

    return parse_or_none
