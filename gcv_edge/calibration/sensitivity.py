"""Sensitivity: how well the network agrees with the float one when one layer alone is quantised."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.candidates import CandidateEvaluator, QuantizedCandidate
from gcv_edge.calibration.job import CalibrationJob
from gcv_edge.calibration.qdq_nodes import Ranges
from gcv_edge.calibration.qdq_placement import QdqPlacement, origin, place
from gcv_edge.calibration.quantization_parameters import Target, choose_parameters, rounded_weights
from gcv_edge.calibration.statistics import CalibrationData
from gcv_edge.graph.nodes import FLOAT, make_node
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import add_constant, input_of, name_of
from gcv_edge.verification.sqnr import sqnr

PICTURES = 4
"""Held-out batches that sensitivity is measured on."""

SWITCHES = "gcv_edge_switches"


def measure_sensitivity(
    job: CalibrationJob,
    data: CalibrationData,
    evaluator: CandidateEvaluator,
    candidate: QuantizedCandidate,
    deadline: float = math.inf,
) -> dict[str, float]:
    """Measure every layer's sensitivity in decibels, or look it up; ``data.sensitivity`` keeps it.

    Args:
        job: what is asked for.
        data: what the pictures told.
        evaluator: makes networks.
        candidate: the network whose ranges are used.
        deadline: ``time.monotonic`` at which to stop.
    """
    cached = data.cache.at("sensitivity", data.key, candidate.recipe.mode)
    known: dict[str, float] = cached.value or {}
    if len(known) < len(job.layers):
        job.watch.start("sensitivity")
        model, ranges = evaluator.builder.prepared(), data.ranges[candidate.recipe.mode]
        measuring = Sensitivity(model, ranges, job.target, data.held_out[:PICTURES])
        for layer in measuring.layers:
            if layer not in known and time.monotonic() < deadline:
                known[layer] = measuring.measure(layer)
                job.watch.count(len(known), len(job.layers))
                cached.keep(known)
    data.sensitivity.update(known)
    return known


def worst_first(layers: list[str], sensitivity: Mapping[str, float]) -> list[str]:
    """Rank layers by the agreement that they cost, most first; those not measured come last."""
    return sorted(layers, key=lambda layer: sensitivity.get(layer, float("inf")))


class Sensitivity:
    """Measures layer by layer with one graph, in which each layer's quantisation can be switched on.

    Args:
        model: prepared, float; it is changed.
        ranges: of its values.
        target: form of the 8-bit numbers.
        batches: a few inputs.
    """

    def __init__(
        self, model: ir.Model, ranges: Ranges, target: Target, batches: Sequence[Mapping[str, NDArray[Any]]]
    ) -> None:
        placement = place(model.graph)
        self.layers = placement.layer_names
        add_switches(model.graph, placement, ranges, target)
        self._probe = Probe(model, [name_of(value) for value in model.graph.outputs])
        self._batches = batches
        self._expected = self._run(np.zeros(len(self.layers), bool))

    def measure(self, layer: str) -> float:
        """Return the agreement, in decibels, of the network with one layer quantised."""
        switches = np.array([name == layer for name in self.layers])
        return sqnr(self._run(switches), self._expected)

    def _run(self, switches: NDArray[np.bool_]) -> list[dict[str, NDArray[Any]]]:
        return [self._probe.run({**batch, SWITCHES: switches}) for batch in self._batches]


def add_switches(graph: ir.Graph, placement: QdqPlacement, ranges: Ranges, target: Target) -> None:
    """Let each layer read quantised data and weights where its switch is on, else float ones."""
    shape = ir.Shape([len(placement.layers)])
    switches = ir.Value(name=SWITCHES, type=ir.TensorType(ir.DataType.BOOL), shape=shape)
    graph.inputs.append(switches)
    for index, layer in enumerate(placement.layers):
        switch = add_switch(graph, layer, switches, index)
        source = input_of(layer, 0)
        low, high = ranges[name_of(origin(source, placement))]
        choose_input(graph, layer, 0, switch, quantized_input(graph, layer, low, high, target))
        weight = add_constant(graph, f"{layer.name}_weight_rounded", rounded_weights(layer, target))
        choose_input(graph, layer, 1, switch, weight)


def add_switch(graph: ir.Graph, layer: ir.Node, switches: ir.Value, index: int) -> ir.Value:
    """Add the node that reads a layer's switch."""
    place_of = add_constant(graph, f"{layer.name}_switch_index", np.array(index, np.int64))
    switch = make_node("Gather", [switches, place_of], f"{layer.name}_switch")
    switch.outputs[0].type = ir.TensorType(ir.DataType.BOOL)
    graph.insert_before(layer, switch)
    return switch.outputs[0]


def quantized_input(graph: ir.Graph, layer: ir.Node, low: float, high: float, target: Target) -> ir.Value:
    """Add the nodes that quantise what a layer reads."""
    parameters = choose_parameters(low, high, target)
    parts: list[NDArray[Any]] = [np.asarray(parameters.scale), np.asarray(parameters.zero_point)]
    constants = [add_constant(graph, f"{layer.name}_input_{i}", part) for i, part in enumerate(parts)]
    data = [input_of(layer, 0), *constants]
    quantized = make_node("QuantizeLinear", data, f"{layer.name}_input_quantized")
    quantized.outputs[0].type = ir.TensorType(constants[1].const_value.dtype)  # type: ignore[union-attr]
    levels = [quantized.outputs[0], *constants]
    dequantized = make_node("DequantizeLinear", levels, f"{layer.name}_input_rounded")
    graph.insert_before(layer, [quantized, dequantized])
    return dequantized.outputs[0]


def choose_input(graph: ir.Graph, layer: ir.Node, index: int, switch: ir.Value, rounded: ir.Value) -> None:
    """Let an input of a layer be the quantised one where the switch is on."""
    choice = make_node("Where", [switch, rounded, input_of(layer, index)], f"{layer.name}_chosen_{index}")
    choice.outputs[0].type = FLOAT
    graph.insert_before(layer, choice)
    layer.replace_input_with(index, choice.outputs[0])
