"""What each layer costs: the network's agreement when only that layer is quantised."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.judging import sqnr
from gcv_edge.calibration.placement import Placement, origin, place
from gcv_edge.calibration.quantizing import Ranges, spread, weight_scales, weights_of
from gcv_edge.calibration.targets import Target, choose_levels
from gcv_edge.graph.nodes import FLOAT, make_node
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import add_constant, input_of, name_of

SWITCHES = "gcv_edge_switches"


class Sensitivity:
    """Measures layer by layer with one graph, in which each layer's rounding can be switched on.

    Args:
        model: prepared, float; it is changed.
        ranges: of its values.
        target: form of the 8-bit numbers.
        batches: pictures to run, a few.
    """

    def __init__(
        self,
        model: ir.Model,
        ranges: Ranges,
        target: Target,
        batches: Sequence[Mapping[str, NDArray[Any]]],
    ) -> None:
        placement = place(model.graph)
        self.layers = [layer.name or "" for layer in placement.layers]
        add_switches(model.graph, placement, ranges, target)
        self._probe = Probe(model, [name_of(value) for value in model.graph.outputs])
        self._batches = batches
        self._expected = self._run(np.zeros(len(self.layers), bool))

    def measure(self, layer: str) -> float:
        """Return the agreement, in decibels, of the network with one layer quantised."""
        switches = np.array([name == layer for name in self.layers])
        return sqnr(self._run(switches), self._expected)

    def measure_all(self, known: dict[str, float], deadline: float | None = None) -> dict[str, float]:
        """Measure every layer that is not known yet, until the deadline (``time.monotonic``)."""
        found = dict(known)
        for layer in self.layers:
            if deadline is not None and time.monotonic() > deadline:
                break
            if layer not in found:
                found[layer] = self.measure(layer)
        return found

    def _run(self, switches: NDArray[np.bool_]) -> list[dict[str, NDArray[Any]]]:
        return [self._probe.run({**batch, SWITCHES: switches}) for batch in self._batches]


def add_switches(graph: ir.Graph, placement: Placement, ranges: Ranges, target: Target) -> None:
    """Let each layer read rounded data and weights where its switch is on, else its own."""
    switches = ir.Value(
        name=SWITCHES, type=ir.TensorType(ir.DataType.BOOL), shape=ir.Shape([len(placement.layers)])
    )
    graph.inputs.append(switches)
    for index, layer in enumerate(placement.layers):
        place_of = add_constant(graph, f"{layer.name}_switch_index", np.array(index, np.int64))
        switch = make_node("Gather", [switches, place_of], f"{layer.name}_switch")
        switch.outputs[0].type = ir.TensorType(ir.DataType.BOOL)
        graph.insert_before(layer, switch)
        source = input_of(layer, 0)
        levels = choose_levels(*ranges[name_of(origin(source, placement))], target)
        parts: list[NDArray[Any]] = [np.asarray(levels.scale), np.asarray(levels.zero_point)]
        constants = [add_constant(graph, f"{layer.name}_input_{i}", part) for i, part in enumerate(parts)]
        quantized = make_node("QuantizeLinear", [source, *constants], f"{layer.name}_input_quantized")
        restored = make_node(
            "DequantizeLinear", [quantized.outputs[0], *constants], f"{layer.name}_input_rounded"
        )
        quantized.outputs[0].type = ir.TensorType(constants[1].const_value.dtype)  # type: ignore[union-attr]
        graph.insert_before(layer, [quantized, restored])
        choose(graph, layer, 0, switch.outputs[0], restored.outputs[0])
        choose(graph, layer, 1, switch.outputs[0], rounded_weights(graph, layer, target))


def rounded_weights(graph: ir.Graph, layer: ir.Node, target: Target) -> ir.Value:
    """Store rounded weights as a second constant."""
    numbers, limit = weights_of(input_of(layer, 1)), target.weight_levels
    axis = 1 if layer.op_type == "ConvTranspose" else 0
    scales = spread(weight_scales(numbers, axis, limit, None, np.float32(1)), numbers.ndim, axis)
    rounded = np.rint(numbers / scales).clip(-limit, limit) * scales
    return add_constant(graph, f"{layer.name}_weight_rounded", rounded.astype(np.float32))


def choose(graph: ir.Graph, layer: ir.Node, index: int, switch: ir.Value, rounded: ir.Value) -> None:
    """Let an input of a layer be the rounded one where the switch is on."""
    own = input_of(layer, index)
    choice = make_node("Where", [switch, rounded, own], f"{layer.name}_chosen_{index}")
    choice.outputs[0].type = FLOAT
    graph.insert_before(layer, choice)
    layer.replace_input_with(index, choice.outputs[0])
