"""How much a conversion may make of a small file: asked before anything is allocated."""

from __future__ import annotations

from gcv_edge.errors import UnsupportedError

MAX_ELEMENTS = 1 << 29
"""Of one tensor: in float32, what ONNX's protobuf can hold (2 GB)."""

MAX_INPUT = 1 << 27
"""Of one input of a foreign file, which is tried on noise of that size: 512 MB."""

MAX_MADE = 1 << 28
"""Of all constants together that converters and folding make, those of the file's parameters not counted."""

MAX_OUTPUTS = 1 << 16
"""Of one operator."""

MAX_NODES = 1 << 18
"""Of one graph."""


class TooLargeError(UnsupportedError):
    """Attributes ask for arrays, outputs or operators out of all proportion."""


class Budget:
    """Counts what the constants of one graph take."""

    def __init__(self) -> None:
        self._made = 0

    def has_room(self, elements: int) -> bool:
        """Tell whether a constant of so many elements may still be made."""
        return self._made + elements <= MAX_MADE

    def reserve(self, elements: int) -> None:
        """Take the room of a constant that is about to be made.

        Raises:
            TooLargeError: there is not as much.
        """
        if not self.has_room(elements):
            raise too_large(elements, "elements of constants", MAX_MADE - self._made)
        self._made += elements


def check_elements(elements: int) -> None:
    """Refuse a tensor that is too large.

    Raises:
        TooLargeError: it is.
    """
    if elements > MAX_ELEMENTS:
        raise too_large(elements, "elements of a tensor", MAX_ELEMENTS)


def check_outputs(count: int) -> None:
    """Refuse an operator of too many outputs.

    Raises:
        TooLargeError: it has.
    """
    if count > MAX_OUTPUTS:
        raise too_large(count, "outputs", MAX_OUTPUTS)


def check_nodes(count: int) -> None:
    """Refuse a graph of too many operators.

    Raises:
        TooLargeError: it has.
    """
    if count > MAX_NODES:
        raise too_large(count, "operators", MAX_NODES)


def too_large(found: int, what: str, limit: int) -> TooLargeError:
    """Say how much was asked for."""
    return TooLargeError(f"{found} {what} are too many, expected at most {limit}")
