"""Typed access to a node's attributes, which MXNet stores as text.

The texts are what dmlc::Parameter reads (dmlc-core/include/dmlc/parameter.h) and mxnet::Tuple
(include/mxnet/tuple.h): ``3``, ``1e-05``, ``True``, ``None``, ``(3, 3)``, ``[3,3]``, ``(2,)``, ``(3L, 3L)``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, TypeVar

from gcv_edge.errors import UnsupportedError

from .source_file import quoted
from .symbol import HIDDEN_KEYS, Node

T = TypeVar("T")


class Required(Enum):
    """Marks an attribute that has no default."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

INTEGER = re.compile(r"[+-]?[0-9]{1,18}L?")
FLOAT = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?f?|[+-]?(inf|infinity|nan)", re.IGNORECASE
)
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Attributes:
    """The attributes of one node, read by type; remembers which ones were asked for.

    All ``get_*`` methods return ``default`` where the attribute is absent, and raise UnsupportedError where
    it is absent without a default or where its text is not of the type.
    """

    def __init__(self, node: Node) -> None:
        """Read from ``node``; ``where`` (its operator and name) is what errors start with."""
        self.name = node.name
        self.subgraphs = node.subgraphs
        self.where = f"{node.op} {quoted(node.name)}"
        self._attrs = node.attrs
        self._used: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the file gives this attribute."""
        return key in self._attrs

    def get_int(self, key: str, default: int | Required = REQUIRED) -> int:
        """Return a whole number."""
        return self._get(key, default, _parse_int, "a whole number")

    def get_optional_int(self, key: str, default: int | None = None) -> int | None:
        """Return a whole number, or None for the text ``None``."""
        return self._get(key, default, _or_none(_parse_int), "a whole number or None")

    def get_float(self, key: str, default: float | Required = REQUIRED) -> float:
        """Return a number."""
        return self._get(key, default, _parse_float, "a number")

    def get_optional_float(self, key: str, default: float | None = None) -> float | None:
        """Return a number, or None for the text ``None``."""
        return self._get(key, default, _or_none(_parse_float), "a number or None")

    def get_bool(self, key: str, default: bool | Required = REQUIRED) -> bool:
        """Return a truth value: ``True``, ``true``, ``1`` or their opposites."""
        return self._get(key, default, _parse_bool, "True or False")

    def get_str(self, key: str, default: str | Required = REQUIRED, choices: Sequence[str] = ()) -> str:
        """Return the text itself; where ``choices`` are given, it must be one of them."""
        text = self._get(key, default, str, "a text")
        if choices and text not in choices:
            raise UnsupportedError(
                f"{self.where}: {key}={quoted(text)} is not supported, expected {' or '.join(choices)}"
            )
        return text

    def get_int_tuple(self, key: str, default: tuple[int, ...] | Required = REQUIRED) -> tuple[int, ...]:
        """Return whole numbers; a single one without brackets is a tuple of one."""
        return self._get(key, default, _parse_int_tuple, "a tuple of whole numbers")

    def get_optional_int_tuple(
        self, key: str, default: tuple[int, ...] | None = None
    ) -> tuple[int, ...] | None:
        """Return whole numbers, or None for the text ``None`` (all axes, say)."""
        return self._get(key, default, _or_none(_parse_int_tuple), "a tuple of whole numbers or None")

    def get_float_tuple(
        self, key: str, default: tuple[float, ...] | Required = REQUIRED
    ) -> tuple[float, ...]:
        """Return numbers; a single one without brackets is a tuple of one."""
        return self._get(key, default, _parse_float_tuple, "a tuple of numbers")

    def get_optional_ints(
        self, key: str, default: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...] | None:
        """Return whole numbers of which some may be None, or None for the text ``None``."""
        return self._get(key, default, _or_none(_parse_optional_ints), "a tuple of whole numbers or None")

    def unsupported(self, key: str) -> UnsupportedError:
        """Make the error for an attribute whose value the converter cannot serve (absent means default)."""
        found = quoted(self._attrs[key]) if key in self._attrs else "(its default)"
        return UnsupportedError(f"{self.where}: {key}={found} is not supported")

    def ignore_all(self) -> None:
        """Count every attribute as asked for: none of them matters at inference."""
        self._used.update(self._attrs)

    def unused(self) -> tuple[str, ...]:
        """Return the keys never asked for, without those that are for MXNet itself (``__lr_mult__``...)."""
        return tuple(key for key in self._attrs if key not in self._used and not _is_hidden(key))

    def _get(self, key: str, default: T | Required, parse: Callable[[str], T], expected: str) -> T:
        self._used.add(key)
        text = self._attrs.get(key)
        if text is None:
            if isinstance(default, Required):
                raise UnsupportedError(f"{self.where}: {key} is missing, expected {expected}")
            return default
        try:
            return parse(text)
        except ValueError:
            raise UnsupportedError(f"{self.where}: {key}={quoted(text)} is not {expected}") from None


def _is_hidden(key: str) -> bool:
    return (key.startswith("__") and key.endswith("__")) or key.endswith(HIDDEN_KEYS)


def _parse_int(text: str) -> int:
    text = text.strip()
    if not INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text.rstrip("L"))


def _parse_float(text: str) -> float:
    text = text.strip()
    if not FLOAT.fullmatch(text):
        raise ValueError(text)
    is_finite = "n" not in text.lower()
    value = float(text.rstrip("fF") if is_finite else text)
    if is_finite and math.isinf(value):
        raise ValueError(text)
    return value


def _parse_bool(text: str) -> bool:
    value = BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError(text)
    return value


def _parse_int_tuple(text: str) -> tuple[int, ...]:
    return _parse_tuple(text, _parse_int)


def _parse_float_tuple(text: str) -> tuple[float, ...]:
    return _parse_tuple(text, _parse_float)


def _parse_optional_ints(text: str) -> tuple[int | None, ...]:
    return _parse_tuple(text, _or_none(_parse_int))


def _parse_tuple(text: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    text = text.strip()
    if text[:1] + text[-1:] in ("()", "[]") and len(text) > 1:
        return tuple(parse(item) for item in _split(text[1:-1]))
    return (parse(text),)


def _split(text: str) -> list[str]:
    return text.strip().removesuffix(",").split(",") if text.strip() else []


def _or_none(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    def parse_or_none(text: str) -> T | None:
        return None if text.strip() == "None" else parse(text)

    return parse_or_none
