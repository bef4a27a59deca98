"""Writing QuantizeLinear and DequantizeLinear into a graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.placement import LAYERS, Placement, has_constants, is_affine, origin, place
from gcv_edge.calibration.targets import Levels, Target, choose_levels
from gcv_edge.graph.nodes import FLOAT
from gcv_edge.graph.values import add_constant, input_of

Floats = NDArray[np.float32]
Ranges = Mapping[str, tuple[float, float]]
"""Lowest and highest number of each value that may be quantised, by its name."""

BIAS_LIMIT = 2.0**30
"""A bias has the steps of weight times data; more levels than these would not leave room in 32 bits."""


def quantize(
    model: ir.Model,
    ranges: Ranges,
    target: Target,
    *,
    kept_float: Collection[str] = (),
    fine: bool = False,
    bias_shifts: Mapping[str, Floats] | None = None,
) -> Placement:
    """Quantise a prepared model in place.

    Args:
        model: prepared (``rewriting.prepare``).
        ranges: of the values of ``place``; those of values that are not quantised here are ignored.
        target: form of the 8-bit numbers.
        kept_float: names of layers that stay float.
        fine: zero points (``choose_levels``), and normalisations read what was not rounded: slower, finer.
        bias_shifts: what is added to the bias of each layer.

    Returns:
        What was quantised; its values are those of the float graph.
    """
    placement = place(model.graph, kept_float)
    writer = Writer(model.graph, target, fine)
    writer.quantize_values(placement, ranges)
    for layer in placement.layers:
        writer.quantize_weights(layer, (bias_shifts or {}).get(layer.name or ""))
    for name in [name for name, value in model.graph.initializers.items() if not value.uses()]:
        del model.graph.initializers[name]
    return placement


class Writer:
    """Adds quantisation to one graph."""

    def __init__(self, graph: ir.Graph, target: Target, fine: bool) -> None:
        self.graph = graph
        self._target = target
        self._fine = fine
        self._scales: dict[ir.Value, np.float32] = {}
        self._stored: dict[tuple[ir.Value, bytes], tuple[ir.Value, ...]] = {}

    def quantize_values(self, placement: Placement, ranges: Ranges) -> None:
        """Round every value of a placement, for all that read it but layers that stay float."""
        levels = {
            group: choose_levels(
                *joint_range(values, ranges), self._target, self._fine, group in placement.joined
            )
            for group, values in placement.groups.items()
        }
        for value, group in placement.values.items():
            self._round(value, levels[group], placement)
        for layer in placement.layers:
            source = input_of(layer, 0)
            self._scales[source] = levels[placement.values[origin(source, placement)]].scale

    def _round(self, value: ir.Value, levels: Levels, placement: Placement) -> None:
        scale = add_constant(self.graph, f"{value.name}_scale", np.asarray(levels.scale))
        zero = add_constant(self.graph, f"{value.name}_zero_point", np.asarray(levels.zero_point))
        readers = [use for use in value.uses() if not self._reads_unrounded(use.node, placement)]
        quantized = rounding_node("QuantizeLinear", [value, scale, zero], f"{value.name}_quantized")
        quantized.outputs[0].type = ir.TensorType(zero.const_value.dtype)  # type: ignore[union-attr]
        restored = rounding_node(
            "DequantizeLinear", [quantized.outputs[0], scale, zero], f"{value.name}_rounded"
        )
        restored.outputs[0].type = FLOAT
        for node in (quantized, restored):
            node.outputs[0].shape = value.shape
        self._insert_behind(value, [quantized, restored])
        for reader, index in readers:
            reader.replace_input_with(index, restored.outputs[0])

    def _reads_unrounded(self, node: ir.Node, placement: Placement) -> bool:
        return is_float_layer(node, placement) or (self._fine and is_affine(node))

    def _insert_behind(self, value: ir.Value, nodes: list[ir.Node]) -> None:
        producer = value.producer()
        if producer is None:
            self.graph.insert_before(self.graph[0], nodes)
        else:
            self.graph.insert_after(producer, nodes)

    def quantize_weights(self, layer: ir.Node, shift: Floats | None) -> None:
        """Store a layer's weights in 8 bits with a scale per output channel, and its bias in 32."""
        source, weight = input_of(layer, 0), input_of(layer, 1)
        axis = 1 if layer.op_type == "ConvTranspose" else 0
        numbers = weights_of(weight)
        bias = read_bias(layer, numbers.shape[axis], shift)
        step = self._scales[source]
        scales = weight_scales(numbers, axis, self._target.weight_levels, bias, step)
        layer.replace_input_with(1, self._restored(layer, weight, numbers, scales, axis))
        if bias is None:
            return
        steps = (scales * step).astype(np.float32)
        name = (layer.inputs[2].name if len(layer.inputs) > 2 and layer.inputs[2] is not None else None) or ""
        stored = self._store(
            name or f"{layer.name}_bias", np.rint(bias / steps.astype(np.float64)), steps, np.int32
        )
        layer.resize_inputs(3)
        layer.replace_input_with(2, self._dequantized(layer, stored, f"{layer.name}_bias_restored", 0))

    def _restored(
        self, layer: ir.Node, weight: ir.Value, numbers: Floats, scales: Floats, axis: int
    ) -> ir.Value:
        """Return the rounded weights; layers that share weights share what is stored."""
        key = (weight, scales.tobytes())
        if key not in self._stored:
            limit = self._target.weight_levels
            rounded = np.rint(numbers / spread(scales, numbers.ndim, axis)).clip(-limit, limit)
            self._stored[key] = self._store(weight.name or "weight", rounded, scales, np.int8)
        return self._dequantized(layer, self._stored[key], f"{layer.name}_weight_restored", axis)

    def _store(
        self, name: str, rounded: NDArray[Any], scales: Floats, kind: type[np.signedinteger[Any]]
    ) -> tuple[ir.Value, ...]:
        return (
            add_constant(self.graph, f"{name}_quantized", rounded.astype(kind)),
            add_constant(self.graph, f"{name}_scale", scales),
            add_constant(self.graph, f"{name}_zero_point", np.zeros(len(scales), kind)),
        )

    def _dequantized(self, layer: ir.Node, stored: tuple[ir.Value, ...], name: str, axis: int) -> ir.Value:
        node = rounding_node("DequantizeLinear", list(stored), name)
        node.attributes["axis"] = ir.AttrInt64("axis", axis)
        node.outputs[0].type, node.outputs[0].shape = FLOAT, stored[0].shape
        self.graph.insert_before(layer, node)
        return node.outputs[0]


def joint_range(values: Collection[ir.Value], ranges: Ranges) -> tuple[float, float]:
    """Return the range of values that share a scale."""
    lows, highs = zip(*(ranges[value.name or ""] for value in values), strict=True)
    return min(lows), max(highs)


def rounding_node(op_type: str, inputs: list[ir.Value], name: str) -> ir.Node:
    """Make a node whose result has its name."""
    node = ir.node(op_type, inputs, name=name)
    node.outputs[0].name = name
    return node


def is_float_layer(node: ir.Node, placement: Placement) -> bool:
    """Whether a node is a layer that stays float: it reads what was not rounded."""
    return node.op_type in LAYERS and has_constants(node) and node not in placement.layers


def weight_scales(
    weight: Floats, axis: int, limit: int, bias: NDArray[np.float64] | None, step: np.float32
) -> Floats:
    """Scale of each output channel: its largest weight is ``limit`` levels, and its bias fits 32 bits."""
    others = tuple(index for index in range(weight.ndim) if index != axis)
    largest = np.abs(weight).max(axis=others, initial=0.0).astype(np.float64)
    scales = largest / limit
    if bias is not None:
        scales = np.maximum(scales, np.abs(bias) / (BIAS_LIMIT * float(step)))
    return np.where(scales > 0, scales, 1.0).astype(np.float32)


def spread(scales: Floats, rank: int, axis: int) -> Floats:
    """Shape a number per channel for arithmetic with weights."""
    return scales.reshape([-1 if index == axis else 1 for index in range(rank)])


def weights_of(value: ir.Value) -> Floats:
    """Return a constant's numbers in float32."""
    assert value.const_value is not None
    return np.asarray(value.const_value.numpy(), np.float32)


def read_bias(layer: ir.Node, channels: int, shift: Floats | None) -> NDArray[np.float64] | None:
    """Return a layer's bias with a shift; None where it has neither."""
    bias = layer.inputs[2] if len(layer.inputs) > 2 else None
    if bias is None and shift is None:
        return None
    numbers = np.zeros(channels) if bias is None else weights_of(bias).astype(np.float64)
    return numbers if shift is None else numbers + shift
