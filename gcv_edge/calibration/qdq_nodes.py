"""QuantizeLinear and DequantizeLinear nodes: what ``qdq_placement`` chose is written into the graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.qdq_placement import LAYERS, QdqPlacement, has_constants, is_affine, origin, place
from gcv_edge.calibration.quantization_parameters import (
    Floats,
    QuantizationParameters,
    Target,
    choose_parameters,
    output_axis,
    weight_levels,
    weight_scales,
    weights_of,
)
from gcv_edge.graph.nodes import make_node
from gcv_edge.graph.values import add_constant, input_of

Ranges = Mapping[str, tuple[float, float]]
"""Lowest and highest number of each value that may be quantised, by its name."""


def quantize(
    model: ir.Model,
    ranges: Ranges,
    target: Target,
    *,
    kept_float: Collection[str] = (),
    asymmetric: bool = False,
    bias_shifts: Mapping[str, Floats] | None = None,
) -> QdqPlacement:
    """Quantise a prepared model in place.

    Args:
        model: prepared (``graph_rewrites.prepare``).
        ranges: of the values of ``place``; those of values that are not quantised here are ignored.
        target: form of the 8-bit numbers.
        kept_float: names of layers that stay float.
        asymmetric: values of two signs get zero points (``choose_parameters``), and normalisations read
            numbers before they are quantised: more accurate and slower.
        bias_shifts: added to the biases, by the layer's name.

    Returns:
        What was quantised; its values are those of the float graph.
    """
    placement = place(model.graph, kept_float)
    writer = QdqWriter(model.graph, target, asymmetric)
    writer.quantize_values(placement, ranges)
    for layer in placement.layers:
        writer.quantize_weights(layer, (bias_shifts or {}).get(layer.name or ""))
    for name in [name for name, value in model.graph.initializers.items() if not value.uses()]:
        del model.graph.initializers[name]
    return placement


class QdqWriter:
    """Adds quantisation to one graph.

    Args:
        graph: prepared; it is changed.
        target, asymmetric: as ``quantize``.
    """

    def __init__(self, graph: ir.Graph, target: Target, asymmetric: bool) -> None:
        self.graph = graph
        self._target = target
        self._asymmetric = asymmetric
        self._scales: dict[ir.Value, np.float32] = {}
        self._stored: dict[tuple[ir.Value, bytes], tuple[ir.Value, ...]] = {}

    def quantize_values(self, placement: QdqPlacement, ranges: Ranges) -> None:
        """Quantise every value of a placement for all its readers but layers that stay float."""
        parameters = {
            group: choose_parameters(
                *joint_range(values, ranges), self._target, self._asymmetric, group in placement.concat_groups
            )
            for group, values in placement.groups.items()
        }
        for value, group in placement.values.items():
            self._quantize_value(value, parameters[group], placement)
        for layer in placement.layers:
            source = input_of(layer, 0)
            self._scales[source] = parameters[placement.values[origin(source, placement)]].scale

    def _quantize_value(
        self, value: ir.Value, parameters: QuantizationParameters, placement: QdqPlacement
    ) -> None:
        scale = add_constant(self.graph, f"{value.name}_scale", np.asarray(parameters.scale))
        zero = add_constant(self.graph, f"{value.name}_zero_point", np.asarray(parameters.zero_point))
        readers = [use for use in value.uses() if not self._reads_float(use.node, placement)]
        quantized = make_node("QuantizeLinear", [value, scale, zero], f"{value.name}_quantized")
        quantized.outputs[0].type = ir.TensorType(zero.const_value.dtype)  # type: ignore[union-attr]
        inputs = [quantized.outputs[0], scale, zero]
        dequantized = make_node("DequantizeLinear", inputs, f"{value.name}_rounded")
        for node in (quantized, dequantized):
            node.outputs[0].shape = value.shape
        self._insert_behind(value, [quantized, dequantized])
        for reader, index in readers:
            reader.replace_input_with(index, dequantized.outputs[0])

    def _reads_float(self, node: ir.Node, placement: QdqPlacement) -> bool:
        return is_float_layer(node, placement) or (self._asymmetric and is_affine(node))

    def _insert_behind(self, value: ir.Value, nodes: list[ir.Node]) -> None:
        producer = value.producer()
        if producer is None:
            self.graph.insert_before(self.graph[0], nodes)
        else:
            self.graph.insert_after(producer, nodes)

    def quantize_weights(self, layer: ir.Node, shift: Floats | None) -> None:
        """Store a layer's weights in 8 bits with a scale per output channel, and its bias in 32."""
        source, weight = input_of(layer, 0), input_of(layer, 1)
        axis = output_axis(layer)
        numbers = weights_of(weight)
        bias = read_bias(layer, numbers.shape[axis], shift)
        step = self._scales[source]
        scales = weight_scales(numbers, axis, self._target.weight_limit, bias, step)
        layer.replace_input_with(1, self._dequantized_weight(layer, weight, numbers, scales))
        if bias is None:
            return
        steps = (scales * step).astype(np.float32)
        name = (layer.inputs[2].name if len(layer.inputs) > 2 and layer.inputs[2] is not None else None) or ""
        levels = np.rint(bias / steps.astype(np.float64))
        stored = self._store(name or f"{layer.name}_bias", levels, steps, np.int32)
        layer.resize_inputs(3)
        layer.replace_input_with(2, self._dequantized(layer, stored, f"{layer.name}_bias_restored", 0))

    def _dequantized_weight(
        self, layer: ir.Node, weight: ir.Value, numbers: Floats, scales: Floats
    ) -> ir.Value:
        """Return the dequantised weights; layers that share weights share what is stored."""
        key, axis = (weight, scales.tobytes()), output_axis(layer)
        if key not in self._stored:
            levels = weight_levels(numbers, scales, axis, self._target.weight_limit)
            self._stored[key] = self._store(weight.name or "weight", levels, scales, np.int8)
        return self._dequantized(layer, self._stored[key], f"{layer.name}_weight_restored", axis)

    def _store(
        self, name: str, levels: NDArray[Any], scales: Floats, kind: type[np.signedinteger[Any]]
    ) -> tuple[ir.Value, ...]:
        return (
            add_constant(self.graph, f"{name}_quantized", levels.astype(kind)),
            add_constant(self.graph, f"{name}_scale", scales),
            add_constant(self.graph, f"{name}_zero_point", np.zeros(len(scales), kind)),
        )

    def _dequantized(self, layer: ir.Node, stored: tuple[ir.Value, ...], name: str, axis: int) -> ir.Value:
        node = make_node("DequantizeLinear", list(stored), name)
        node.attributes["axis"] = ir.AttrInt64("axis", axis)
        node.outputs[0].shape = stored[0].shape
        self.graph.insert_before(layer, node)
        return node.outputs[0]


def joint_range(values: Collection[ir.Value], ranges: Ranges) -> tuple[float, float]:
    """Return the range of values that share a scale."""
    lows, highs = zip(*(ranges[value.name or ""] for value in values), strict=True)
    return min(lows), max(highs)


def is_float_layer(node: ir.Node, placement: QdqPlacement) -> bool:
    """Whether a node is a layer that stays float."""
    return node.op_type in LAYERS and has_constants(node) and node not in placement.layers


def read_bias(layer: ir.Node, channels: int, shift: Floats | None) -> NDArray[np.float64] | None:
    """Return a layer's bias with a shift; None where it has neither."""
    bias = layer.inputs[2] if len(layer.inputs) > 2 else None
    if bias is None and shift is None:
        return None
    numbers = np.zeros(channels) if bias is None else weights_of(bias).astype(np.float64)
    return numbers if shift is None else numbers + shift
