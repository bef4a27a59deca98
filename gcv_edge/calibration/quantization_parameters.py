"""Scales and zero points, as each kind of processor needs them: for activations, and for weights."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.cpus import LARGEST_WEIGHT, is_x86
from gcv_edge.errors import UsageError
from gcv_edge.graph.values import input_of

Floats = NDArray[np.float32]

SMALLEST_SCALE = 1e-12
"""Scale of a tensor of zeros; any number above 0 would do."""

MIDDLE = np.uint8(128)
"""Zero point with which U8 has the steps of symmetric S8."""

BIAS_LIMIT = 2.0**30
"""Largest level of a bias: the sum that it is added to has room left in 32 bits."""


@dataclass(frozen=True)
class Target:
    """A kind of processor.

    Attributes:
        name: what callers call it.
        has_zero_points: values of two signs may be U8 with a zero point; else they are symmetric S8. OpenVINO
            2026.4 does not compile all such networks for ARM. Values that are never negative are U8 with zero
            point 0 for every target: that has twice the resolution, and on ARM OpenVINO's 8-bit convolutions
            need it.
        weight_limit: level of the largest weight.
    """

    name: str
    has_zero_points: bool
    weight_limit: int = 127


TARGETS = {
    target.name: target
    for target in (
        Target("x86", has_zero_points=True),
        Target("arm", has_zero_points=False),
        Target("portable", has_zero_points=True, weight_limit=LARGEST_WEIGHT),
    )
}


def find_target(name: str) -> Target:
    """Return a target by its name.

    Raises:
        UsageError: there is none; the message names the closest.
    """
    if name in TARGETS:
        return TARGETS[name]
    close = difflib.get_close_matches(name, TARGETS, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    raise UsageError(f"target: found '{name}', expected one of {', '.join(TARGETS)}{hint}")


def comparison_engine(target: Target) -> str:
    """Return the engine in which a target's files are compared with the float file on this machine.

    It is the engine that will run them. The exception is a file for ARM on an x86 machine: where values of
    two signs are concatenated, OpenVINO 2026.4 without AMX computes it wrongly (``choose_parameters``).
    """
    return "onnxruntime" if is_x86() and not target.has_zero_points else "openvino"


@dataclass(frozen=True)
class QuantizationParameters:
    """How a tensor's numbers become 8-bit levels: ``level = round(number / scale) + zero_point``.

    The zero point's type is the type of the levels.
    """

    scale: np.float32
    zero_point: np.uint8 | np.int8


def choose_parameters(
    low: float, high: float, target: Target, asymmetric: bool = False, concatenated: bool = False
) -> QuantizationParameters:
    """Choose scale and zero point for a range of numbers.

    Args:
        low, high: ends of the range; it is widened to contain zero.
        target: says whether U8 may have a zero point.
        asymmetric: use U8 with a zero point for ranges with two signs: finer, and slower with AMX.
        concatenated: the numbers are concatenated. OpenVINO 2026.4 without AMX computes wrong results where a
            convolution and a Concat read the same S8 numbers, so these become U8 around ``MIDDLE``.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if low == 0 or (asymmetric and target.has_zero_points):
        scale = max((high - low) / 255, SMALLEST_SCALE)
        return QuantizationParameters(np.float32(scale), np.uint8(round(-low / scale)))
    largest = max(high, -low, 127 * SMALLEST_SCALE)
    zero_point = MIDDLE if concatenated and target.has_zero_points else np.int8(0)
    return QuantizationParameters(np.float32(largest / 127), zero_point)


def output_axis(layer: ir.Node) -> int:
    """Return the axis of a layer's weights that its output channels lie along."""
    return 1 if layer.op_type == "ConvTranspose" else 0


def weight_scales(
    weight: Floats, axis: int, limit: int, bias: NDArray[np.float64] | None, step: np.float32
) -> Floats:
    """Return each output channel's scale: its largest weight is level ``limit``, its bias fits 32 bits."""
    others = tuple(index for index in range(weight.ndim) if index != axis)
    largest = np.abs(weight).max(axis=others, initial=0.0).astype(np.float64)
    scales = largest / limit
    if bias is not None:
        scales = np.maximum(scales, np.abs(bias) / (BIAS_LIMIT * float(step)))
    return np.where(scales > 0, scales, 1.0).astype(np.float32)


def weight_levels(weight: Floats, scales: Floats, axis: int, limit: int) -> Floats:
    """Round weights to whole levels of their channels' scales."""
    return np.asarray(
        np.rint(weight / reshape_to_channel_axis(scales, weight.ndim, axis)).clip(-limit, limit)
    )


def reshape_to_channel_axis(scales: Floats, rank: int, axis: int) -> Floats:
    """Shape ``[C]`` for broadcasting: C along the channel axis, 1 along all others."""
    return scales.reshape([-1 if index == axis else 1 for index in range(rank)])


def rounded_weights(layer: ir.Node, target: Target) -> Floats:
    """Return a layer's weights as 8 bits represent them, in float; a large bias is left out of account."""
    weight, axis, limit = weights_of(input_of(layer, 1)), output_axis(layer), target.weight_limit
    scales = weight_scales(weight, axis, limit, None, np.float32(1))
    return np.asarray(
        weight_levels(weight, scales, axis, limit) * reshape_to_channel_axis(scales, weight.ndim, axis)
    )


def weights_of(value: ir.Value) -> Floats:
    """Return a constant's numbers in float32."""
    assert value.const_value is not None
    return np.asarray(value.const_value.numpy(), np.float32)
