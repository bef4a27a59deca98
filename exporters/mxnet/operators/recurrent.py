"""Recurrent layers, of which MXNet keeps all parameters in one row (``gluon.rnn``)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.convolution import check_weight
from gcv_edge.exporters.mxnet.operators.indexing import slice_between
from gcv_edge.exporters.mxnet.registry import converts


@dataclass(frozen=True)
class Cell:
    """A kind of recurrent layer.

    Attributes:
        onnx_op: its operator.
        gates: where each of ONNX's gates is among MXNet's (LSTM: i f c o to i o f c; GRU: r z n to z r n).
        states: how many it has.
        attributes: what the operator needs to be told.
    """

    onnx_op: str
    gates: tuple[int, ...]
    states: int
    attributes: dict[str, object]


CELLS = {
    "lstm": Cell("LSTM", (0, 3, 1, 2), 2, {}),
    "gru": Cell("GRU", (1, 0, 2), 1, {"linear_before_reset": 1}),
    "rnn_tanh": Cell("RNN", (0,), 1, {}),
    "rnn_relu": Cell("RNN", (0,), 1, {}),
}
REFUSED = ("projection_size", "lstm_state_clip_min", "lstm_state_clip_max")


@dataclass(frozen=True)
class RecurrentLayout:
    """How the layers follow each other.

    Attributes:
        directions: 2 where each layer also reads the sequence from its end.
    """

    cell: Cell
    units: int
    layers: int
    directions: int

    def lengths(self, inputs: int) -> Iterator[tuple[int, ...]]:
        """Shapes of the parameters in their order: all weights, layer by layer, then all biases."""
        rows = self.units * len(self.cell.gates)
        for layer in range(self.layers):
            width = inputs if layer == 0 else self.units * self.directions
            for _ in range(self.directions):
                yield from ((rows, width), (rows, self.units))
        for _ in range(self.layers * self.directions * 2):
            yield (rows,)


@converts("RNN")
def recurrent(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, parameters: ir.Value, *states: ir.Value
) -> tuple[ir.Value, ...]:
    """Layers of LSTM, GRU or plain cells over ``[T, N, C]``, in one direction or both."""
    mode = attrs.get_str("mode", choices=tuple(CELLS))
    layout = read_layout(attrs, CELLS[mode])
    if len(states) != layout.cell.states:
        raise attrs.unsupported("mode", f"one of {len(states)} states")
    graph.expect_nodes(layout.layers)
    extra = dict(layout.cell.attributes)
    if layout.cell.onnx_op == "RNN":
        extra["activations"] = [mode.removeprefix("rnn_").capitalize()] * layout.directions
    weights = split_parameters(graph, attrs, parameters, list(layout.lengths(graph.length(data, 2))))
    matrices, biases = weights[: len(weights) // 2], weights[len(weights) // 2 :]
    ends: list[tuple[ir.Value, ...]] = []
    for layer in range(layout.layers):
        place = slice(layer * layout.directions * 2, (layer + 1) * layout.directions * 2)
        inputs = layer_inputs(graph, attrs, layout, (matrices[place], biases[place]))
        first = [initial(graph, state, layer * layout.directions, layout.directions) for state in states]
        outputs = graph.multi(
            layout.cell.onnx_op,
            [data, *inputs, None, *first],
            layout.cell.states + 1,
            f"{attrs.name}_{layer}",
            hidden_size=layout.units,
            direction="bidirectional" if layout.directions == 2 else "forward",
            **extra,
        )
        data = joined_directions(graph, attrs, outputs[0], layout)
        ends.append(outputs[1:])
    return (data, *(end_states(graph, attrs, parts) for parts in zip(*ends, strict=True)))


def read_layout(attrs: Attributes, cell: Cell) -> RecurrentLayout:
    """Read how many layers and directions there are."""
    for key in REFUSED:
        if attrs.get_str(key, "None") != "None":
            raise attrs.unsupported(key)
    for key in ("use_sequence_length", "lstm_state_clip_nan"):
        if attrs.get_bool(key, False):
            raise attrs.unsupported(key)
    attrs.get_bool("state_outputs", False)
    attrs.get_float("p", 0.0)
    directions = 1 + attrs.get_bool("bidirectional", False)
    return RecurrentLayout(
        cell, attrs.get_int("state_size", low=1), attrs.get_int("num_layers", low=1), directions
    )


def split_parameters(
    graph: GraphBuilder, attrs: Attributes, row: ir.Value, shapes: Sequence[tuple[int, ...]]
) -> list[ir.Value]:
    """Cut the row of parameters into matrices and biases."""
    check_weight(attrs, "parameters", graph.shape(row), (sum(map(math.prod, shapes)),))
    begin, parts = 0, []
    for shape in shapes:
        part = slice_between(graph, row, 0, begin, begin + math.prod(shape), f"{attrs.name}_parameters")
        parts.append(graph.op("Reshape", [part, graph.constant(shape)], f"{attrs.name}_weight"))
        begin += math.prod(shape)
    return parts


def layer_inputs(
    graph: GraphBuilder,
    attrs: Attributes,
    layout: RecurrentLayout,
    weights: tuple[Sequence[ir.Value], Sequence[ir.Value]],
) -> list[ir.Value]:
    """Weights ``[D, gates * units, ...]`` of the input and of the state, and both biases as one row."""
    matrices, biases = ([in_order(graph, attrs, layout, value) for value in values] for values in weights)
    name = attrs.name
    inputs = [stacked(graph, f"{name}_{kind}", matrices[kind::2]) for kind in (0, 1)]
    rows = [
        graph.op("Concat", biases[index : index + 2], f"{name}_biases", axis=0)
        for index in range(0, len(biases), 2)
    ]
    return [*inputs, stacked(graph, f"{name}_bias", rows)]


def in_order(graph: GraphBuilder, attrs: Attributes, layout: RecurrentLayout, value: ir.Value) -> ir.Value:
    """Bring the gates of a weight or bias into ONNX's order."""
    rows = [gate * layout.units + unit for gate in layout.cell.gates for unit in range(layout.units)]
    return graph.op("Gather", [value, graph.constant(rows)], f"{attrs.name}_gates", axis=0)


def stacked(graph: GraphBuilder, name: str, parts: Sequence[ir.Value]) -> ir.Value:
    """Join along a new first axis."""
    raised = [graph.op("Unsqueeze", [part, graph.constant([0])], name) for part in parts]
    return raised[0] if len(raised) == 1 else graph.op("Concat", raised, name, axis=0)


def initial(graph: GraphBuilder, state: ir.Value, begin: int, count: int) -> ir.Value | None:
    """State ``[D, N, units]`` of a layer's begin; None is zeros, of whatever batch."""
    if state.const_value is not None and not state.const_value.numpy().any():
        return None
    return slice_between(graph, state, 0, begin, begin + count, "state")


def joined_directions(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, layout: RecurrentLayout
) -> ir.Value:
    """Turn ``[T, D, N, units]`` into ``[T, N, D * units]``."""
    if layout.directions == 1:
        return graph.op("Squeeze", [data, graph.constant([1])], attrs.name)
    last = graph.op("Transpose", [data], f"{attrs.name}_steps", perm=(0, 2, 1, 3))
    shape = [0, 0, layout.directions * layout.units]
    return graph.op("Reshape", [last, graph.constant(shape)], attrs.name)


def end_states(graph: GraphBuilder, attrs: Attributes, parts: Sequence[ir.Value]) -> ir.Value:
    """Join the last states of all layers."""
    return parts[0] if len(parts) == 1 else graph.op("Concat", parts, f"{attrs.name}_state", axis=0)
