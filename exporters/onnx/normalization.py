"""Networks that normalise their input themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.passes.constants import read_constant

UNCHANGED = ("Cast", "Identity", "Transpose")
LEVELS, UNIT = 255.0, 1.0
"""Largest value of a picture that is not normalised: of bytes, or of their parts of 255."""
LARGEST_UNIT = 2.0
"""A centre above this is one of bytes."""


@dataclass(frozen=True)
class Affine:
    """What a network does to each channel of its input first: ``factor x + offset``.

    Attributes:
        is_learned: a batch normalisation did it: its statistics are of whatever the network was trained on.
    """

    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    is_learned: bool = False


def find_white(data: ir.Value, channels: int) -> float | None:
    """Return the value of white in a picture as the network takes it: 255 or 1; None where it is unclear.

    The level that becomes 0 tells: that of a network for bytes lies among bytes, 127.5 for instance. Where
    nothing is subtracted, a factor of at most a fiftieth does.
    """
    affine = first_affine(data, channels)
    if affine is None or not np.all(affine.factor):
        return None
    centre = -affine.offset / affine.factor
    if np.all((centre >= 0) & (centre <= LEVELS)) and np.max(centre) > LARGEST_UNIT:
        return LEVELS
    if np.all((centre > 0) & (centre < UNIT)) and not affine.is_learned:
        return UNIT
    is_scaled = not np.any(affine.offset) and np.all(np.abs(affine.factor) <= 1 / 50)
    return LEVELS if is_scaled and not affine.is_learned else None


def first_affine(data: ir.Value, channels: int) -> Affine | None:
    """Collect the arithmetic with constants, channel by channel, that begins a network; None for none."""
    value, found = data, None
    while len(value.uses()) == 1:
        ((node, _),) = value.uses()
        if node.op_type not in UNCHANGED:
            step = read_step(node, value, channels)
            if step is None:
                break
            before = found or Affine(np.ones(1), np.zeros(1))
            found = Affine(
                step.factor * before.factor,
                step.factor * before.offset + step.offset,
                step.is_learned or before.is_learned,
            )
        value = node.outputs[0]
    return found


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
    number = read_constant(value)
    if number is None or number.size in (1, channels):
        return None if number is None else number.reshape(-1)
    axis = next((axis for axis in (-3, -1) if number.ndim >= 3 and number.shape[axis] == channels), None)
    if axis is None:
        return None
    return np.asarray(np.moveaxis(number, axis, 0).reshape(channels, -1).mean(axis=1))


def read_batch_norm(node: ir.Node) -> Affine | None:
    """Read a batch normalisation of constant statistics."""
    constants = [read_constant(value) for value in node.inputs[1:5]]
    if any(constant is None for constant in constants):
        return None
    scale, bias, mean, variance = (np.asarray(constant, np.float64) for constant in constants)
    factor = scale / np.sqrt(variance + node.attributes.get_float("epsilon", 1e-5))
    return Affine(factor, bias - mean * factor, is_learned=True)
