"""Bias correction: what rounding adds to a channel's mean is taken off its bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.placement import Placement
from gcv_edge.calibration.probing import Probe
from gcv_edge.calibration.quantizing import constant_of, spread, weight_scales
from gcv_edge.calibration.statistics import channel_means, name_of
from gcv_edge.calibration.targets import Target

KINDS = ("none", "fast", "full")
STEPS = 8
"""Parts of the network that full correction corrects one after the other, each on what came before."""

Floats = NDArray[np.float32]
Shifts = dict[str, Floats]


def fast_shifts(placement: Placement, means: Mapping[str, NDArray[np.float64]], target: Target) -> Shifts:
    """Compute what rounded weights do to the mean of each output channel, from the mean of its inputs.

    The borders' zeros are left out of account. Transposed convolutions are not corrected.
    """
    layers = [layer for layer in placement.layers if layer.op_type == "Conv"]
    return {layer.name or "": fast_shift(layer, means[layer.name or ""], target) for layer in layers}


def fast_shift(layer: ir.Node, mean: NDArray[np.float64], target: Target) -> Floats:
    """Sum of weight errors times mean inputs, per output channel."""
    weight = layer.inputs[1]
    assert weight is not None
    numbers = constant_of(weight)
    limit = target.weight_levels
    scales = spread(weight_scales(numbers, 0, limit, None, np.float32(1)), numbers.ndim, 0)
    lost = numbers - np.rint(numbers / scales).clip(-limit, limit) * scales
    errors = lost.reshape(*lost.shape[:2], -1).sum(axis=2)
    groups = layer.attributes.get_int("group", 1)
    inputs = mean.reshape(groups, -1)[np.arange(len(errors)) * groups // len(errors)]
    return np.asarray((errors * inputs).sum(axis=1), np.float32)


def full_shifts(
    model: ir.Model,
    placement: Placement,
    batches: Sequence[Mapping[str, NDArray[Any]]],
    quantized: Callable[[Shifts], ir.Model],
    start: Shifts,
) -> Shifts:
    """Correct part after part of the network by what the quantised network really computes there.

    Args:
        model: prepared, float.
        placement: what is quantised.
        batches: inputs that are run again for each part.
        quantized: makes the quantised network with shifts.
        start: shifts that are there already.
    """
    outputs = {layer.name or "": name_of(layer.outputs[0]) for layer in placement.layers}
    wanted = output_means(model, outputs, batches)
    shifts = dict(start)
    for part in np.array_split(list(outputs), min(STEPS, len(outputs))):
        chosen = {str(layer): outputs[str(layer)] for layer in part}
        found = output_means(quantized(shifts), chosen, batches)
        for layer in chosen:
            shift = shifts.get(layer, 0.0) + wanted[layer] - found[layer]
            shifts[layer] = np.asarray(shift, np.float32)
    return shifts


def output_means(
    model: ir.Model, outputs: Mapping[str, str], batches: Sequence[Mapping[str, NDArray[Any]]]
) -> dict[str, NDArray[np.float64]]:
    """Mean of each channel of layers' results, by the layer's name."""
    probe = Probe(model, list(outputs.values()))
    sums = {layer: np.zeros(1) for layer in outputs}
    for batch in batches:
        found = probe.run(batch)
        for layer, name in outputs.items():
            sums[layer] = sums[layer] + channel_means(found[name])
    return {layer: total / len(batches) for layer, total in sums.items()}
