"""Times of single layers and of whole networks on this machine, in the engine that will run them."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.qdq_nodes import quantize
from gcv_edge.calibration.qdq_placement import AVERAGING, place
from gcv_edge.calibration.quantization_parameters import find_target
from gcv_edge.cpus import own_target
from gcv_edge.graph.values import constant_of, input_of, shape_of
from gcv_edge.graph.windows import SlidingWindow
from gcv_edge.measure.layers import open_counting, read_layers
from gcv_edge.prune.channels.spaces import Spaces, width_step
from gcv_edge.prune.channels.tracing import WeightedLayer
from gcv_edge.prune.search.cost import LayerTimes
from gcv_edge.runtime.sessions import SessionOptions

WIDTHS = 8
"""Widths of each side of a layer that are measured; times of others are interpolated."""
TAIL = 16
"""Channels of the layer that reads a measured one's result, where it is to give 8-bit numbers."""
RUNS = 15
LAYER_TYPES = ("Convolution", "ConvolutionBackpropData", "FullyConnected", "MatMul")
"""Ends of OpenVINO's names for types of layers: ``GroupConvolution`` is one, too."""
CHUNK = 24
"""Layers that are measured in one graph."""

KEEPING_SIGNS = (*AVERAGING, "MaxPool", "Flatten", "Reshape", "Transpose")
NEVER_NEGATIVE = ("Relu", "Sigmoid")


class LayerKind(NamedTuple):
    """What the time of a layer depends on beside its widths; ``channels``: read and written when whole."""

    op_type: str
    channels: tuple[int, int]
    group: int
    image: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]


class LayerCase(NamedTuple):
    """A layer at some widths."""

    kind: str
    inputs: int
    outputs: int


def find_kinds(model: ir.Model, spaces: Spaces) -> dict[str, tuple[LayerKind, WeightedLayer]]:
    """Return the kind of each layer, by the layer's name."""
    nodes = list(model.graph)
    return {layer.name: (describe_kind(nodes[layer.node], layer), layer) for layer in spaces.layers}


def describe_kind(node: ir.Node, layer: WeightedLayer) -> LayerKind:
    """Read what a layer's time depends on."""
    weight = constant_of(node.inputs[1])
    assert weight is not None
    channels = len(layer.inputs), len(layer.outputs)
    if layer.op_type in ("Gemm", "MatMul"):
        op_type = "Gemm" if layer.positions == 1 else "MatMul"
        return LayerKind(op_type, channels, 1, (layer.positions,), (), (), (), ())
    window = SlidingWindow.of(node, weight.ndim - 2)
    return LayerKind(
        layer.op_type,
        channels,
        layer.group,
        tuple(int(length) for length in shape_of(input_of(node, 0))[2:]),
        tuple(weight.shape[2:]),
        window.strides,
        window.pads,
        window.dilations,
    )


def plan_cases(kinds: Mapping[str, tuple[LayerKind, WeightedLayer]]) -> list[tuple[LayerCase, LayerKind]]:
    """List the widths at which each kind of layer is measured."""
    planned: dict[LayerCase, LayerKind] = {}
    for kind, layer in kinds.values():
        inputs, outputs = widths_of(len(layer.inputs)), widths_of(len(layer.outputs))
        pairs = grouped_widths(layer) if layer.group > 1 else itertools.product(inputs, outputs)
        planned |= {LayerCase(repr(kind), i, o): kind for i, o in pairs}
    return list(planned.items())


def widths_of(channels: int) -> list[int]:
    """Return some widths up to all channels; all but the last are such as spaces may keep."""
    step = width_step(channels)
    wanted = [channels * (i + 1) / WIDTHS for i in range(WIDTHS - 1)]
    aligned = {step * max(1, round(width / step)) for width in wanted}
    return sorted({width for width in aligned if width < channels} | {channels})


def grouped_widths(layer: WeightedLayer) -> list[tuple[int, int]]:
    """Return widths of a grouped layer, whose sides become narrower together."""
    ratio = len(layer.outputs) / len(layer.inputs)
    size = len(layer.inputs) // layer.group if layer.loses_groups else layer.group
    counts = {max(1, width // size) * size for width in widths_of(len(layer.inputs))}
    return [(count, round(count * ratio)) for count in sorted(counts)]


def measure_layers(
    cases: Sequence[tuple[LayerCase, LayerKind]],
    report: Callable[[int, int], None],
    known: LayerTimes | None = None,
    precision: str = "f32",
) -> LayerTimes:
    """Measure layers at widths; engines say how long each operator took.

    Args:
        cases: what to measure.
        report: called with the number measured and of all.
        known: times that an interrupted run measured.
        precision: in which they compute: ``f32`` or ``int8``.
    """
    table: LayerTimes = {kind: dict(times) for kind, times in (known or {}).items()}
    todo = [(case, kind) for case, kind in cases if spell_case(case) not in table.get(case.kind, {})]
    for start in range(0, len(todo), CHUNK):
        chunk = todo[start : start + CHUNK]
        for (case, _), seconds in zip(chunk, time_chunk(chunk, precision), strict=True):
            table.setdefault(case.kind, {})[spell_case(case)] = seconds
        report(min(start + CHUNK, len(todo)), len(todo))
    return table


def spell_case(case: LayerCase) -> str:
    """Name widths in the table."""
    return f"{case.inputs} {case.outputs}"


def time_chunk(chunk: Sequence[tuple[LayerCase, LayerKind]], precision: str) -> list[float]:
    """Run several layers in one graph and return the seconds of each."""
    is_8_bit = precision == "int8"
    graph = make_graph(chunk, is_8_bit)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layers.onnx"
        onnx.save(ir.to_proto(in_8_bits(ir.from_proto(graph))) if is_8_bit else graph, path)
        request = open_counting(path, SessionOptions("openvino"))
    times: list[dict[str, float]] = []
    for _ in range(RUNS):
        request.infer()
        times.append(read_counters(request))
    return [min(one.get(f"layer{i}", 0.0) for one in times) for i in range(len(chunk))]


def read_counters(request: Any) -> dict[str, float]:
    """Add up the seconds of each layer's operators, whose names begin with its own."""
    seconds: dict[str, float] = {}
    for operator in read_layers(request):
        name = operator.name.split("/")[0].split("_")[0]
        if operator.layer.endswith(LAYER_TYPES):
            seconds[name] = seconds.get(name, 0.0) + operator.microseconds / 1e6
    return seconds


def make_graph(chunk: Sequence[tuple[LayerCase, LayerKind]], is_8_bit: bool) -> onnx.ModelProto:
    """Put layers side by side into one graph, each with an input and an output of its own."""
    nodes, sources, results, weights = [], [], [], []
    for number, (case, kind) in enumerate(chunk):
        is_dense = kind.op_type in ("Gemm", "MatMul")
        shape = (kind.image[0], case.inputs) if is_dense else (1, case.inputs, *kind.image)
        sources.append(onnx.helper.make_tensor_value_info(f"in{number}", onnx.TensorProto.FLOAT, shape))
        weights.append(onnx.numpy_helper.from_array(make_weight(kind, case), f"w{number}"))
        nodes += layer_nodes(number, kind, case)
        last = f"out{number}"
        if is_8_bit and not is_dense:
            kernel = np.full((TAIL, case.outputs, *(1 for _ in kind.kernel)), 0.01, np.float32)
            weights.append(onnx.numpy_helper.from_array(kernel, f"tailw{number}"))
            nodes.append(
                onnx.helper.make_node("Conv", [last, f"tailw{number}"], [f"tail{number}"], f"tail{number}")
            )
            last = f"tail{number}"
        results.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    graph = onnx.helper.make_graph(nodes, "layers", sources, results, weights)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    return onnx.shape_inference.infer_shapes(model)


def layer_nodes(number: int, kind: LayerKind, case: LayerCase) -> list[onnx.NodeProto]:
    """Make one layer between two Relu: the second is one that engines put into it."""
    attributes: dict[str, Any] = {}
    if kind.op_type == "Gemm":
        attributes = {"transB": 1}
    elif kind.op_type != "MatMul":
        attributes = {"strides": kind.strides, "pads": kind.pads, "dilations": kind.dilations}
        attributes["group"] = group_at(kind, case)
    name, read, given = f"layer{number}", f"read{number}", f"given{number}"
    return [
        onnx.helper.make_node("Relu", [f"in{number}"], [read], name=f"head{number}"),
        onnx.helper.make_node(kind.op_type, [read, f"w{number}"], [given], name=name, **attributes),
        onnx.helper.make_node("Relu", [given], [f"out{number}"], name=f"relu{number}"),
    ]


def group_at(kind: LayerKind, case: LayerCase) -> int:
    """Return the number of groups at a width: fewer where whole groups go."""
    return math.gcd(kind.group, case.inputs) if case.inputs < kind.group or kind.group == 1 else kind.group


def make_weight(kind: LayerKind, case: LayerCase) -> NDArray[np.float32]:
    """Make small weights."""
    group = group_at(kind, case)
    shape: tuple[int, ...] = (case.outputs, case.inputs // group, *kind.kernel)
    if kind.op_type == "ConvTranspose":
        shape = (case.inputs, case.outputs // group, *kind.kernel)
    if kind.op_type == "Gemm":
        shape = (case.outputs, case.inputs)
    if kind.op_type == "MatMul":
        shape = (case.inputs, case.outputs)
    return np.full(shape, 0.01, np.float32)


def in_8_bits(model: ir.Model) -> ir.Model:
    """Return a copy whose layers compute in 8 bits.

    It is as fast as the network will be when it is calibrated for this machine, and of no other use: that
    numbers can be negative is read from the graph, how large they are is not known.
    """
    copy = prepare(model.clone())
    placement = place(copy.graph)
    lows = {value: 0.0 if is_never_negative(value) else -1.0 for value in placement.values}
    quantize(copy, {value.name or "": (low, 1.0) for value, low in lows.items()}, find_target(own_target()))
    return copy


def is_never_negative(value: ir.Value) -> bool:
    """Tell whether what computes a value leaves nothing below zero."""
    node = value.producer()
    if node is None:
        return False
    if node.op_type in (*KEEPING_SIGNS, "Concat"):
        read = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        return all(source is not None and is_never_negative(source) for source in read)
    return node.op_type in NEVER_NEGATIVE
