"""Typed access to a node's attributes, which MXNet stores as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, TypeVar

from gcv_edge.errors import UnsupportedError

from .attribute_texts import (
    or_none,
    parse_bool,
    parse_float,
    parse_float_tuple,
    parse_int,
    parse_int_tuple,
    parse_optional_ints,
)
from .source_file import quoted
from .symbol import HIDDEN_KEYS, Node

T = TypeVar("T")


class Required(Enum):
    """Marks an attribute that has no default."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

INFINITY = math.inf

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-INFINITY, INFINITY)


class Attributes:
    """The attributes of one node, read by type; remembers which ones were asked for.

    All ``get_*`` methods return ``default`` where the attribute is absent, and raise UnsupportedError where
    it is absent without a default or where its text is not of the type. Where they take ``low`` and ``high``,
    every number must be finite and between them, both included; bounds are checked in the file's text alone.
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

    def get_int(
        self, key: str, default: int | Required = REQUIRED, low: float = -INFINITY, high: float = INFINITY
    ) -> int:
        """Return a whole number."""
        return self._get_number(key, default, parse_int, "a whole number", (low, high))

    def get_optional_int(
        self, key: str, default: int | None = None, low: float = -INFINITY, high: float = INFINITY
    ) -> int | None:
        """Return a whole number, or None for the text ``None``."""
        return self._get_number(key, default, or_none(parse_int), "a whole number or None", (low, high))

    def get_float(
        self, key: str, default: float | Required = REQUIRED, low: float = -INFINITY, high: float = INFINITY
    ) -> float:
        """Return a number."""
        return self._get_number(key, default, parse_float, "a number", (low, high))

    def get_optional_float(
        self, key: str, default: float | None = None, low: float = -INFINITY, high: float = INFINITY
    ) -> float | None:
        """Return a number, or None for the text ``None``."""
        return self._get_number(key, default, or_none(parse_float), "a number or None", (low, high))

    def get_bool(self, key: str, default: bool | Required = REQUIRED) -> bool:
        """Return a truth value: ``True``, ``true``, ``1`` or their opposites."""
        return self._get(key, default, parse_bool, "True or False")

    def get_str(self, key: str, default: str | Required = REQUIRED, choices: Sequence[str] = ()) -> str:
        """Return the text itself; where ``choices`` are given, it must be one of them."""
        text = self._get(key, default, str, "a text")
        if choices and text not in choices:
            raise self.unsupported(key, " or ".join(choices))
        return text

    def get_int_tuple(
        self,
        key: str,
        default: tuple[int, ...] | Required = REQUIRED,
        low: float = -INFINITY,
        high: float = INFINITY,
        length: int | None = None,
    ) -> tuple[int, ...]:
        """Return whole numbers, ``length`` of them where given; one without brackets is a tuple of one."""
        return self._get_tuple(key, default, parse_int_tuple, "a tuple of whole numbers", (low, high), length)

    def get_optional_int_tuple(
        self, key: str, default: tuple[int, ...] | None = None
    ) -> tuple[int, ...] | None:
        """Return whole numbers, or None for the text ``None`` (all axes, say)."""
        return self._get(key, default, or_none(parse_int_tuple), "a tuple of whole numbers or None")

    def get_float_tuple(
        self,
        key: str,
        default: tuple[float, ...] | Required = REQUIRED,
        low: float = -INFINITY,
        high: float = INFINITY,
        length: int | None = None,
    ) -> tuple[float, ...]:
        """Return numbers, ``length`` of them where given; one without brackets is a tuple of one."""
        return self._get_tuple(key, default, parse_float_tuple, "a tuple of numbers", (low, high), length)

    def get_optional_ints(
        self, key: str, default: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...] | None:
        """Return whole numbers of which some may be None, or None for the text ``None``."""
        return self._get(key, default, or_none(parse_optional_ints), "a tuple of whole numbers or None")

    def unsupported(self, key: str, expected: str = "") -> UnsupportedError:
        """Make the error for an attribute whose value the converter cannot serve (absent means default)."""
        wanted = f", expected {expected}" if expected else ""
        return UnsupportedError(f"{self.where}: {self._shown(key)} is not supported{wanted}")

    def shown(self) -> str:
        """Return the attributes that were asked for, as an error shows them."""
        return ", ".join(self._shown(key) for key in self._attrs if key in self._used)

    def _shown(self, key: str) -> str:
        return f"{key}={quoted(self._attrs[key]) if key in self._attrs else '(its default)'}"

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

    def _get_number(
        self, key: str, default: T | Required, parse: Callable[[str], T], expected: str, bounds: Bounds
    ) -> T:
        value = self._get(key, default, parse, expected)
        if key in self._attrs and not _is_within(value, bounds):
            raise self.unsupported(key, _spell(bounds))
        return value

    def _get_tuple(
        self,
        key: str,
        default: tuple[T, ...] | Required,
        parse: Callable[[str], tuple[T, ...]],
        expected: str,
        bounds: Bounds,
        length: int | None,
    ) -> tuple[T, ...]:
        values = self._get(key, default, parse, expected)
        if key in self._attrs and not all(_is_within(value, bounds) for value in values):
            raise self.unsupported(key, f"{_spell(bounds)} each")
        if length is not None and len(values) != length:
            raise self.unsupported(key, f"{length} numbers")
        return values


def _is_hidden(key: str) -> bool:
    return (key.startswith("__") and key.endswith("__")) or key.endswith(HIDDEN_KEYS)


def _is_within(value: Any, bounds: Bounds) -> bool:
    if value is None or bounds == UNBOUNDED:
        return True
    return math.isfinite(value) and bounds[0] <= value <= bounds[1]


def _spell(bounds: Bounds) -> str:
    low, high = bounds
    if math.isinf(high):
        return f"{low:g} or more"
    return f"at most {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"
