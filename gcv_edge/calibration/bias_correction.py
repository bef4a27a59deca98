"""Bias correction: what quantisation adds to a channel's mean is subtracted from the channel's bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        batches: inputs; each layer runs once on each.
    """
    wanted, steps = float_means(floating, layers, batches), correction_steps(quantized, layers)
    last_use = {name: step.layer.name for step in steps for name in step.probe.sources}
    values: list[dict[str, NDArray[Any]]] = [dict(batch) for batch in batches]
    shifts: Shifts = {}
    for step in steps:
        runs = [step.probe.run({**known, **step.layer.no_shift}) for known in values]
        name = step.layer.name
        shifts[name] = (wanted[name] - mean_over([run[step.layer.mean] for run in runs])).astype(np.float32)
        for known, run in zip(values, runs, strict=True):
            known |= {step.layer.result: run[step.layer.result], step.layer.shift: shifts[name]}
            for unused in [value for value in known if last_use.get(value, name) == name]:
                del known[unused]
    return shifts


def float_means(model: ir.Model, layers: Sequence[str], batches: Batches) -> dict[str, NDArray[np.float64]]:
    """Compute the means of all layers; ``model`` is changed."""
    shifted = add_shifts(model.graph, layers)
    probe = Probe(model, [layer.mean for layer in shifted])
    nothing = {name: zeros for layer in shifted for name, zeros in layer.no_shift.items()}
    runs = [
        {name: channel_means(mean) for name, mean in probe.run({**batch, **nothing}).items()}
        for batch in batches
    ]
    return {layer.name: np.mean([run[layer.mean] for run in runs], axis=0) for layer in shifted}


@dataclass(frozen=True)
class ShiftedLayer:
    """A layer with a shift of its bias as another input of the graph.

    Attributes:
        name: of the layer.
        result: name of what it computes, without the shift.
        shift: name of the graph's input, ``[C]``.
        mean: name of the mean of each channel behind its activation, with the shift, ``[N, C, 1, ...]``.
        channels: C.
    """

    name: str
    result: str
    shift: str
    mean: str
    channels: int

    @property
    def no_shift(self) -> dict[str, Floats]:
        """Zeros for the shift, by its name."""
        return {self.shift: np.zeros(self.channels, np.float32)}


@dataclass(frozen=True)
class CorrectionStep:
    """The part of a network from the results of earlier layers to those of one layer.

    Attributes:
        layer: whose result and mean it computes.
        probe: that part.
    """

    layer: ShiftedLayer
    probe: Probe


def correction_steps(model: ir.Model, layers: Sequence[str]) -> list[CorrectionStep]:
    """Cut a network at its layers' results; ``model`` is changed."""
    begin = list(map(name_of, model.graph.inputs))
    shifted = add_shifts(model.graph, layers)
    steps: list[CorrectionStep] = []
    for layer in shifted:
        begin.append(layer.shift)
        steps.append(CorrectionStep(layer, Probe(model, [layer.result, layer.mean], begin)))
        begin.append(layer.result)
    return steps


def add_shifts(graph: ir.Graph, layers: Sequence[str]) -> list[ShiftedLayer]:
    """Give layers shifts, in the graph's order."""
    wanted = set(layers)
    return [add_shift(graph, node) for node in list(graph) if node.name in wanted]


def mean_over(means: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the mean of each channel over batches."""
    return np.asarray(np.mean([channel_means(mean) for mean in means], axis=0))


def channel_means(value: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean over all axes but the channel's, of ``[N, C, ...]``."""
    return np.asarray(value.reshape(*value.shape[:2], -1).mean(axis=2).mean(axis=0, dtype=np.float64))


def channels_of(layer: ir.Node) -> int:
    """Return the number of a layer's output channels."""
    return weight_shape(layer)[output_axis(layer)]


def add_shift(graph: ir.Graph, layer: ir.Node) -> ShiftedLayer:
    """Add a shift to a layer's result, and the mean of each channel behind its activation.

    The mean is a GlobalAveragePool, which is the same in every opset; ReduceMean is not.
    """
    name, result, channels = layer.name or "", layer.outputs[0], channels_of(layer)
    result.type = result.type or FLOAT  # files need not say it of inner values
    users = list(result.uses())
    shift = ir.Value(name=f"{name}_shift", type=FLOAT, shape=ir.Shape([channels]))
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
    return ShiftedLayer(name, name_of(result), name_of(shift), name_of(mean.outputs[0]), channels)


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
