"""Networks that normalise their input themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import numbers_of

UNCHANGED = ("Cast", "Identity", "Transpose", "Squeeze", "Unsqueeze", "Clip")
"""Operators that leave the levels of a picture as they are."""
CHOOSING = ("Slice", "Gather")
"""Operators that do so where they give as much as they are given: channels in another order."""
LEVELS, UNIT = 255.0, 1.0
"""Largest value of a picture that is not normalised: of bytes, or of their parts of 255."""
LARGEST_UNIT = 2.0
"""A centre above this is one of bytes."""
SMALLEST_SPAN = 0.9
"""From black to white a normalised picture goes at least so far."""
NEAR = 0.1
"""Part by which a factor may be off 255 or its inverse: 256 is one of bytes too."""


@dataclass(frozen=True)
class Affine:
    """What a network does to each channel of its input first: ``factor x + offset``.

    Attributes:
        is_learned: a batch normalisation did it: its statistics are of whatever the network was trained on.
        makes_bytes: it is cut to bytes.
    """

    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    is_learned: bool = False
    makes_bytes: bool = False

    def spans(self, white: float) -> bool:
        """Whether black and white are as far from each other as in a normalised picture."""
        return bool(np.all(np.abs(self.factor) * white >= SMALLEST_SPAN))

    def is_near(self, factor: float) -> bool:
        """Whether the picture is multiplied by about that, and nothing more."""
        return bool(not np.any(self.offset) and np.all(np.abs(self.factor / factor - 1) <= NEAR))


IDENTITY = Affine(np.ones(1), np.zeros(1))


def find_white(data: ir.Value, channels: int) -> float | None:
    """Return the value of white in a picture as the network takes it: 255 or 1; None where it is unclear.

    The level that becomes 0 tells: that of a network for bytes lies among bytes, 127.5 for instance. Where
    nothing is subtracted, only a factor of about 255, or a division by that, does: with any other a mean may
    be subtracted outside.
    """
    affine = first_affine(data, channels)
    if affine is None or not np.all(affine.factor):
        return None
    if affine.makes_bytes:
        return LEVELS if affine.is_near(1.0) else UNIT if affine.is_near(LEVELS) else None
    centre = -affine.offset / affine.factor
    if np.all((centre >= 0) & (centre <= LEVELS)) and np.max(centre) > LARGEST_UNIT:
        return LEVELS if affine.spans(LEVELS) else None
    if affine.is_learned:
        return None
    if np.all((centre > 0) & (centre < UNIT)):
        return UNIT if affine.spans(UNIT) else None
    return LEVELS if affine.is_near(1 / LEVELS) else UNIT if affine.is_near(LEVELS) else None


def first_affine(data: ir.Value, channels: int) -> Affine | None:
    """Collect the arithmetic with constants, channel by channel, that begins a network; None for none."""
    value, found = data, None
    while len(readers := find_readers(value)) == 1:
        (node,) = readers
        if cuts_to_bytes(node):
            return replace(found or IDENTITY, makes_bytes=True)
        if not leaves_levels(node, value):
            step = read_step(node, value, channels)
            if step is None:
                break
            found = join(found or IDENTITY, step)
        value = node.outputs[0]
    return found


def find_readers(value: ir.Value) -> list[ir.Node]:
    """Operators that read a value's numbers, not its shape alone."""
    return [use.node for use in value.uses() if use.node.op_type != "Shape"]


def join(first: Affine, second: Affine) -> Affine:
    """Do one after the other."""
    return Affine(
        second.factor * first.factor,
        second.factor * first.offset + second.offset,
        second.is_learned or first.is_learned,
    )


def cuts_to_bytes(node: ir.Node) -> bool:
    """Whether an operator makes bytes of what is none."""
    before, after = (None if value is None else value.dtype for value in (node.inputs[0], node.outputs[0]))
    return node.op_type == "Cast" and after == ir.DataType.UINT8 and before != after


def leaves_levels(node: ir.Node, value: ir.Value) -> bool:
    """Whether an operator gives the levels that it is given."""
    if node.op_type in CHOOSING:
        return value.shape is not None and node.outputs[0].shape == value.shape
    return node.op_type in UNCHANGED


def read_step(node: ir.Node, value: ir.Value, channels: int) -> Affine | None:
    """Read one operator as factor and offset; None where it is none."""
    if node.op_type == "BatchNormalization":
        return read_batch_norm(node)
    if node.op_type not in ("Add", "Sub", "Mul", "Div"):
        return None
    is_first = node.inputs[0] is value
    number = read_levels(node.inputs[1 if is_first else 0], channels)
    if number is None or (node.op_type == "Div" and not is_first):
        return None
    if node.op_type in ("Mul", "Div"):
        return Affine(number if node.op_type == "Mul" else 1 / number, np.zeros(1))
    if node.op_type == "Sub":
        return Affine(np.ones(1), -number) if is_first else Affine(-np.ones(1), number)
    return Affine(np.ones(1), number)


def read_levels(value: ir.Value | None, channels: int) -> NDArray[np.float64] | None:
    """Read one number, or one for each channel; of a whole picture's numbers, as a mean image's, the mean."""
    number = numbers_of(value)
    if number is None or number.size in (1, channels):
        return None if number is None else number.reshape(-1)
    axis = next((axis for axis in (-3, -1) if number.ndim >= 3 and number.shape[axis] == channels), None)
    if axis is None:
        return None
    return np.asarray(np.moveaxis(number, axis, 0).reshape(channels, -1).mean(axis=1))


def read_batch_norm(node: ir.Node) -> Affine | None:
    """Read a batch normalisation of constant statistics."""
    constants = [numbers_of(value) for value in node.inputs[1:5]]
    if any(constant is None for constant in constants):
        return None
    scale, bias, mean, variance = (np.asarray(constant, np.float64) for constant in constants)
    factor = scale / np.sqrt(variance + node.attributes.get_float("epsilon", 1e-5))
    return Affine(factor, bias - mean * factor, is_learned=True)
