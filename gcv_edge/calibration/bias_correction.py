"""Bias correction: what quantisation adds to a channel's mean is subtracted from the channel's bias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.qdq_placement import ACTIVATIONS, QdqPlacement
from gcv_edge.calibration.quantization_parameters import (
    Floats,
    Target,
    output_axis,
    rounded_weights,
    weights_of,
)
from gcv_edge.graph.nodes import FLOAT, make_node
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import add_constant, input_of, name_of

KINDS = ("none", "fast", "full")

Shifts = dict[str, Floats]
"""What is added to the bias of each output channel, by the layer's name."""

Means = Mapping[str, NDArray[np.float64]]
"""Mean of each channel of a layer's input, by the layer's name."""

Batches = Sequence[Mapping[str, NDArray[Any]]]


def fast_shifts(placement: QdqPlacement, means: Means, target: Target) -> Shifts:
    """Compute, from the means of its inputs, what rounded weights add to the mean of each output channel.

    The zeros of padding are ignored. Transposed convolutions are not corrected.
    """
    layers = [layer for layer in placement.layers if layer.op_type == "Conv"]
    return {layer.name or "": fast_shift(layer, means[layer.name or ""], target) for layer in layers}


def fast_shift(layer: ir.Node, mean: NDArray[np.float64], target: Target) -> Floats:
    """Return the sum of weight errors times mean inputs, per output channel."""
    lost = weights_of(input_of(layer, 1)) - rounded_weights(layer, target)
    errors = lost.reshape(*lost.shape[:2], -1).sum(axis=2)
    groups = layer.attributes.get_int("group", 1)
    inputs = mean.reshape(groups, -1)[np.arange(len(errors)) * groups // len(errors)]
    return np.asarray((errors * inputs).sum(axis=1), np.float32)


def full_shifts(floating: ir.Model, quantized: ir.Model, layers: Sequence[str], batches: Batches) -> Shifts:
    """Correct layer after layer by the mean that the quantised network, corrected so far, really computes.

    Means are taken behind the activation, since the next layers read those: rounding raises the mean behind a
    ReLU even where it leaves the one before it. A shift of the bias moves that mean by less, never by more,
    so the correction does not overshoot.

    Args:
        floating: prepared, float; it is changed.
        quantized: the same network quantised; it is changed.
        layers: names of the quantised layers, in the graph's order.
        batches: inputs, run once for every layer.
    """
    wanted = ActivationMeans(floating, layers).measure(batches)
    measuring = ActivationMeans(quantized, layers)
    for layer in layers:
        found = measuring.measure(batches)
        measuring.shifts[layer] = (measuring.shifts[layer] + wanted[layer] - found[layer]).astype(np.float32)
    return dict(measuring.shifts)


class ActivationMeans:
    """Computes the mean of each channel behind layers' activations, while shifts are added to their biases.

    Args:
        model: the network; it is changed.
        layers: names of the layers.

    Attributes:
        shifts: what is added, by layer; zero at first.
    """

    def __init__(self, model: ir.Model, layers: Iterable[str]) -> None:
        wanted = set(layers)
        nodes = [node for node in model.graph if node.name in wanted]
        self._means = {node.name or "": add_mean(model.graph, node) for node in nodes}
        self.shifts: Shifts = {node.name or "": np.zeros(channels_of(node), np.float32) for node in nodes}
        self._probe = Probe(model, list(self._means.values()))

    def measure(self, batches: Batches) -> dict[str, Floats]:
        """Return the means, shifts included, over batches."""
        shifts = {shift_name(layer): shift for layer, shift in self.shifts.items()}
        runs = [self._probe.run({**batch, **shifts}) for batch in batches]
        return {
            layer: np.mean([channel_means(run[name]) for run in runs], axis=0).astype(np.float32)
            for layer, name in self._means.items()
        }


def channel_means(value: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean over all axes but the channel's."""
    axes = tuple(axis for axis in range(value.ndim) if axis != 1)
    return np.asarray(value.mean(axis=axes, dtype=np.float64))


def shift_name(layer: str) -> str:
    """Name the graph input that holds a layer's shift."""
    return f"{layer}_shift"


def channels_of(layer: ir.Node) -> int:
    """Return the number of a layer's output channels."""
    return weight_shape(layer)[output_axis(layer)]


def add_mean(graph: ir.Graph, layer: ir.Node) -> str:
    """Add a shift to a layer's result, and the mean of each channel behind its activation.

    The mean is a GlobalAveragePool, which is the same in every opset; ReduceMean is not.

    Returns:
        Name of the mean, ``[N, C, 1, ...]``.
    """
    name, result = layer.name or "", layer.outputs[0]
    users = list(result.uses())
    shift = ir.Value(name=shift_name(name), type=FLOAT, shape=ir.Shape([channels_of(layer)]))
    graph.inputs.append(shift)
    rank = len(weight_shape(layer))
    spread_to = add_constant(graph, f"{name}_shift_shape", np.array([1, -1, *[1] * (rank - 2)], np.int64))
    shaped = make_node("Reshape", [shift, spread_to], f"{name}_shift_shaped")
    shifted = make_node("Add", [result, shaped.outputs[0]], f"{name}_shifted")
    graph.insert_after(layer, [shaped, shifted])
    for user, index in users:
        user.replace_input_with(index, shifted.outputs[0])
    last = last_activation(shifted)
    mean = make_node("GlobalAveragePool", [last.outputs[0]], f"{name}_mean")
    graph.insert_after(last, mean)
    return name_of(mean.outputs[0])


def last_activation(node: ir.Node) -> ir.Node:
    """Follow a result through activations that are its only readers; return the last, or the node itself."""
    readers = list(node.outputs[0].uses())
    if len(readers) == 1 and readers[0].node.op_type in ACTIVATIONS:
        return last_activation(readers[0].node)
    return node


def weight_shape(layer: ir.Node) -> tuple[int, ...]:
    """Return the shape of a layer's weights, whether they are stored in 8 bits or in float."""
    weight = input_of(layer, 1)
    source = weight.producer()
    stored = weight if source is None else input_of(source, 0)
    assert stored.shape is not None
    return stored.shape.numpy()
