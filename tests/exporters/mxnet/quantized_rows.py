"""Small networks of MXNet's 8-bit operators, written down as symbols, with seeded input and weights."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

Array = NDArray[Any]
SHAPE = (2, 8, 9, 10)
SAME = {"kernel": (3, 3), "pad": (1, 1)}


class Drawing:
    """A symbol under construction, and its weights."""

    def __init__(self, seed: str) -> None:
        self.nodes: list[Node] = []
        self.weights: dict[str, Array] = {}
        self.random = np.random.RandomState(zlib.crc32(seed.encode()))

    def variable(self, name: str) -> NodeEntry:
        """Add an input."""
        self.nodes.append(Node(name, "null", {}, ()))
        return NodeEntry(len(self.nodes) - 1, 0)

    def weight(self, name: str, shape: tuple[int, ...], low: float, high: float) -> NodeEntry:
        """Add a uniformly random parameter."""
        self.weights[name] = self.random.uniform(low, high, shape).astype(np.float32)
        return self.variable(name)

    def op(
        self, op: str, inputs: Sequence[NodeEntry], subgraphs: tuple[Symbol, ...] = (), **attrs: object
    ) -> NodeEntry:
        """Add an operator."""
        texts = {key: str(value) for key, value in attrs.items()}
        name = f"{op.strip('_')}{len(self.nodes)}"
        self.nodes.append(Node(name, op, texts, tuple(inputs), subgraphs))
        return NodeEntry(len(self.nodes) - 1, 0)

    def quantized(self, data: NodeEntry, low: float | None, high: float | None) -> NodeEntry:
        """Quantise by a range, or by what is found."""
        ends = {} if low is None else {"min_calib_range": low, "max_calib_range": high}
        return self.op("_contrib_quantize_v2", [data], out_type="auto", **ends)

    def symbol(self, *heads: NodeEntry) -> Symbol:
        """Close the drawing."""
        return Symbol(tuple(self.nodes), heads, 10901)


def ends_of(entry: NodeEntry) -> list[NodeEntry]:
    """Return the two ends of a quantised tensor's range."""
    return [NodeEntry(entry.node, 1), NodeEntry(entry.node, 2)]


def triple(entry: NodeEntry) -> list[NodeEntry]:
    """Return a quantised tensor with its range."""
    return [entry, *ends_of(entry)]


@dataclass(frozen=True)
class QuantizedRow:
    """A small network.

    Attributes:
        why: what is special about it, and its name.
        symbol: gives 8-bit numbers or floating point.
        limit: share of the numbers that may be one level off in ONNX Runtime (rounding of ties).
    """

    why: str
    symbol: Symbol
    weights: dict[str, Array] = field(repr=False)
    data: Array = field(repr=False)
    limit: float

    def __str__(self) -> str:
        return self.why

    @property
    def fingerprint(self) -> str:
        """Describe all that the stored numbers depend on."""
        arrays = [self.data, *self.weights.values()]
        checksum = zlib.crc32(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
        text = write_symbol(self.symbol, self.symbol.heads)
        return f"{zlib.crc32(text.encode()):08x}{checksum:08x}"


def row(why: str, draw: Callable[[Drawing, NodeEntry], NodeEntry], limit: float = 0.001) -> QuantizedRow:
    """Write a row: ``draw`` adds operators behind the network's input."""
    drawing = Drawing(why)
    data = drawing.random.normal(0, 1, SHAPE).astype(np.float32)
    result = draw(drawing, drawing.variable("data"))
    return QuantizedRow(why, drawing.symbol(result), drawing.weights, data, limit)


def layer(
    drawing: Drawing,
    data: NodeEntry,
    ends: tuple[float, float] | None,
    parts: Sequence[str] = (),
    added: NodeEntry | None = None,
    legacy: bool = False,
    bias: bool = False,
    bias_size: float = 0.2,
    epsilon: float = 1e-5,
    fix_gamma: bool = False,
    **filters: object,
) -> NodeEntry:
    """Add a fused convolution of 8 channels; ``parts`` follow it: bn, sum, and activations."""
    name = f"layer{len(drawing.nodes)}"
    convolution = {"num_filter": 8, **SAME, **filters, "no_bias": not bias}
    groups = int(str(convolution.get("num_group", 1)))
    shape = (8, 8 // groups, *convolution["kernel"])  # type: ignore[misc]
    inputs = [data, drawing.weight(f"{name}_weight", shape, -0.2, 0.2)]
    inner = Drawing(name)
    x = [inner.variable(f"{name}_data"), inner.variable(f"{name}_weight")]
    if bias:
        inputs.append(drawing.weight(f"{name}_bias", (8,), -bias_size, bias_size))
        x.append(inner.variable(f"{name}_bias"))
    value = inner.op("Convolution", x, **convolution)
    for part in parts:
        if part == "bn":
            roles = {"gamma": (0.5, 2), "beta": (-1, 1), "moving_mean": (-1, 1), "moving_var": (0.3, 2)}
            inputs += [drawing.weight(f"{name}_{role}", (8,), *ends) for role, ends in roles.items()]
            states = [inner.variable(f"{name}_{role}") for role in roles]
            value = inner.op("BatchNorm", [value, *states], eps=epsilon, fix_gamma=fix_gamma)
        elif part == "sum":
            assert added is not None
            other = inner.variable(f"{name}_added")
            value = inner.op("elemwise_add", [value, other])
        elif part == "clip":
            value = inner.op("clip", [value], a_min=0, a_max=2)
        else:
            value = inner.op("Activation", [value], act_type=part)
    symbol = inner.symbol(value)
    fusions = describe_fusions(parts, legacy)
    if ends is None:
        inputs += [added] if added is not None else []
        return drawing.op("_sg_mkldnn_conv", inputs, (symbol,), **fusions)
    if added is not None:
        inputs += [added, *ends_of(data), *ends_of(added)]
    else:
        inputs += ends_of(data)
    calibration = {"quantized": "true", "min_calib_range": ends[0], "max_calib_range": ends[1]}
    return drawing.op("_sg_mkldnn_conv", inputs, (symbol,), **calibration, **fusions)


def describe_fusions(parts: Sequence[str], legacy: bool) -> dict[str, str]:
    """Spell which parts were fused, as MXNet 1.9 or as 1.5 did."""
    activation = "relu" if legacy else "act"
    names = {"bn": "with_bn", "sum": "with_sum"}
    after_sum = "sum" in parts and parts[-1] != "sum"
    keys = [names.get(part, f"with_{'postsum_' if after_sum else ''}{activation}") for part in parts]
    return dict.fromkeys(keys, "true")


def dense(drawing: Drawing, data: NodeEntry, is_rectified: bool) -> NodeEntry:
    """Add a fused dense layer in floating point."""
    inputs = [
        data,
        drawing.weight("dense_weight", (5, int(np.prod(SHAPE[1:]))), -0.1, 0.1),
        drawing.weight("dense_bias", (5,), -1, 1),
    ]
    inner = Drawing("dense")
    names = ("inner_data", "inner_weight", "inner_bias")
    value = inner.op("FullyConnected", [inner.variable(name) for name in names], num_hidden=5)
    if is_rectified:
        value = inner.op("Activation", [value], act_type="relu")
    attrs = {"with_eltwise": "True"} if is_rectified else {}
    return drawing.op("_sg_mkldnn_fully_connected", inputs, (inner.symbol(value),), **attrs)


def dense_in_8_bits(
    data_ends: tuple[float, float], **attrs: object
) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a quantised dense layer; activation where ``with_eltwise``."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        source = drawing.quantized(data, *data_ends)
        inputs, ranges = [source], ends_of(source)
        for role, shape, end in (("weight", (5, int(np.prod(SHAPE[1:]))), 0.1), ("bias", (5,), 1.5)):
            name = f"dense_{role}_quantize"
            drawing.weights[name] = drawing.random.randint(-127, 128, shape).astype(np.int8)
            inputs.append(drawing.variable(name))
            ranges += [
                drawing.weight(f"{name}_{which}", (1,), sign * end, sign * end)
                for which, sign in (("min", -1), ("max", 1))
            ]
        inner = Drawing("dense")
        names = ("inner_data", "inner_weight", "inner_bias")
        value = inner.op("FullyConnected", [inner.variable(name) for name in names], num_hidden=5)
        if "with_eltwise" in attrs:
            value = inner.op("Activation", [value], act_type="relu")
        symbol = inner.symbol(value)
        layer = drawing.op(
            "_sg_mkldnn_fully_connected", [*inputs, *ranges], (symbol,), quantized=True, **attrs
        )
        return layer if attrs else drawing.op("_contrib_requantize", triple(layer), out_type="auto")

    return draw


def pooled(
    low: float | None, high: float | None, **attrs: object
) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a pooling of quantised data."""
    return lambda d, x: d.op("_contrib_quantized_pooling", triple(d.quantized(x, low, high)), **attrs)


def joined(*ranges: tuple[float, float]) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a concatenation of the data, quantised by each range."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        parts = [drawing.quantized(data, *ends) for ends in ranges]
        inputs = [*parts, *(end for part in parts for end in ends_of(part))]
        return drawing.op("_contrib_quantized_concat", inputs, dim=1, num_args=len(parts))

    return draw


def convolved(
    ends: tuple[float, float] | None = (0, 4),
    data_ends: tuple[float | None, float | None] = (0.0, 2.5),
    added_ends: tuple[float, float] | None = None,
    **options: Any,
) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a fused convolution of quantised data (floating point where ``ends`` is None)."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        source = data if ends is None else drawing.quantized(data, *data_ends)
        added = None
        if added_ends is not None:
            added = data if ends is None else drawing.quantized(data, *added_ends)
        return layer(drawing, source, ends, added=added, **options)

    return draw


def added(
    left: tuple[float | None, float | None],
    right: tuple[float | None, float | None],
    operator: str = "add",
    **attrs: object,
) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw the sum or product of the data, quantised by each of two ranges; requantised without a third."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        parts = [drawing.quantized(data, *ends) for ends in (left, right)]
        inputs = [*parts, *(end for part in parts for end in ends_of(part))]
        result = drawing.op(f"_contrib_quantized_elemwise_{operator}", inputs, **attrs)
        return result if attrs else drawing.op("_contrib_requantize", triple(result), out_type="auto")

    return draw


def normalized(low: float, high: float, **attrs: object) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a BatchNorm of quantised data."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        source = drawing.quantized(data, low, high)
        roles = {"gamma": (0.5, 2), "beta": (-1, 1), "moving_mean": (-1, 1), "moving_var": (0.3, 2)}
        parameters = [drawing.weight(role, (8,), *ends) for role, ends in roles.items()]
        calibration = {"min_calib_range": -4, "max_calib_range": 5}
        inputs = [source, *parameters, *ends_of(source)]
        return drawing.op("_contrib_quantized_batch_norm", inputs, **calibration, **attrs)

    return draw


def eight_bit_weights(
    drawing: Drawing, shapes: Sequence[tuple[int, ...]]
) -> tuple[list[NodeEntry], list[NodeEntry]]:
    """Add 8-bit parameters, and the two ends of the range of each."""
    values, ranges = [], []
    for index, shape in enumerate(shapes):
        name, end = f"parameter{index}_quantize", (0.1, 1.5)[index]
        drawing.weights[name] = drawing.random.randint(-63, 64, shape).astype(np.int8)
        values.append(drawing.variable(name))
        ranges += [drawing.weight(f"{name}_{sign}", (1,), sign * end, sign * end) for sign in (-1, 1)]
    return values, ranges


def unfused(
    operator: str,
    shape: tuple[int, ...],
    ends: tuple[float | None, float | None],
    bias: bool,
    calibration: tuple[float, float] | None = None,
    **attrs: object,
) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a layer that is not fused, and what quantises its 32-bit numbers."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        source = drawing.quantized(data, *ends)
        values, ranges = eight_bit_weights(drawing, [shape, shape[:1]][: 1 + bias])
        inputs = [source, *values, *ends_of(source), *ranges]
        layer = drawing.op(f"_contrib_quantized_{operator}", inputs, no_bias=not bias, **attrs)
        known = dict(zip(("min_calib_range", "max_calib_range"), calibration or (), strict=False))
        return drawing.op("_contrib_requantize", triple(layer), out_type="auto", **known)

    return draw


def requantized(**attrs: object) -> Callable[[Drawing, NodeEntry], NodeEntry]:
    """Draw a convolution without a range of its own, and what quantises its 32-bit numbers."""

    def draw(drawing: Drawing, data: NodeEntry) -> NodeEntry:
        layer = convolved(**attrs)(drawing, data)  # type: ignore[arg-type]
        node = drawing.nodes[layer.node]
        left = {key: value for key, value in node.attrs.items() if "calib" not in key}
        drawing.nodes[layer.node] = replace(node, attrs=left)
        return drawing.op("_contrib_requantize", triple(layer), out_type="auto")

    return draw


def embedded(drawing: Drawing, data: NodeEntry) -> NodeEntry:
    """Draw an embedding of as many indices as there are numbers."""
    (weight,), ranges = eight_bit_weights(drawing, [(3, 4)])
    return drawing.op("_contrib_quantized_embedding", [data, weight, *ranges], input_dim=3, output_dim=4)


MAX = {"pool_type": "max", "kernel": (3, 3), "stride": (2, 2)}
AVERAGE = {"pool_type": "avg", "kernel": (3, 3), "stride": (1, 1)}
BOTH, UNSIGNED, SIGNED = (-2.0, 2.5), (0.0, 2.5), (-4.0, 3.0)

QUANTIZED_ROWS = (
    row("quantize: a range with both signs makes int8", lambda d, x: d.quantized(x, -1.0, 1.5)),
    row("quantize: a range without negatives makes uint8", lambda d, x: d.quantized(x, -0.0, 1.5)),
    row("quantize: a range above zero still starts at zero", lambda d, x: d.quantized(x, 0.5, 1.5)),
    row("quantize: without a range, by the largest of the batch", lambda d, x: d.quantized(x, None, None)),
    row(
        "quantize: uint8 asked for",
        lambda d, x: d.op(
            "_contrib_quantize_v2", [x], out_type="uint8", min_calib_range=-1, max_calib_range=2
        ),
    ),
    row("dequantize: int8", lambda d, x: d.op("_contrib_dequantize", triple(d.quantized(x, -1.0, 1.5)))),
    row("dequantize: uint8", lambda d, x: d.op("_contrib_dequantize", triple(d.quantized(x, 0.0, 1.5)))),
    row(
        "dequantize: range found",
        lambda d, x: d.op("_contrib_dequantize", triple(d.quantized(x, None, None))),
    ),
    row("convolution: nothing fused, no bias", convolved(SIGNED)),
    row("convolution: bias", convolved(SIGNED, bias=True)),
    row("convolution: int8 data", convolved(SIGNED, BOTH, bias=True)),
    row("convolution: data without a range", convolved(SIGNED, (None, None), bias=True)),
    row("convolution: BatchNorm", convolved(SIGNED, parts=["bn"])),
    row("convolution: BatchNorm behind a bias", convolved(SIGNED, parts=["bn"], bias=True)),
    row(
        "convolution: BatchNorm with fixed gamma",
        convolved(SIGNED, parts=["bn"], fix_gamma=True, epsilon=1e-3),
    ),
    row("convolution: ReLU makes uint8", convolved(parts=["relu"], bias=True)),
    row("convolution: ReLU as MXNet 1.5 wrote it", convolved(parts=["bn", "relu"], legacy=True)),
    row("convolution: BatchNorm and ReLU", convolved(parts=["bn", "relu"])),
    row(
        "convolution: BatchNorm, sum of uint8, ReLU",
        convolved(added_ends=UNSIGNED, parts=["bn", "sum", "relu"]),
    ),
    row(
        "convolution: sum of int8 leaves half of uint8",
        convolved(added_ends=BOTH, parts=["bn", "sum", "relu"]),
    ),
    row(
        "convolution: sum as MXNet 1.5 wrote it",
        convolved(added_ends=UNSIGNED, parts=["bn", "sum", "relu"], legacy=True),
    ),
    row("convolution: sum without activation", convolved(SIGNED, added_ends=BOTH, parts=["bn", "sum"])),
    row("convolution: relu6 makes uint8", convolved((0, 2), parts=["bn", "clip"])),
    row("convolution: depthwise", convolved(parts=["bn", "relu"], num_group=8)),
    row("convolution: depthwise, strided", convolved(parts=["bn", "relu"], num_group=8, stride=(2, 2))),
    row("convolution: dilated", convolved(parts=["bn", "relu"], dilate=(2, 2), pad=(2, 2))),
    row("convolution: pointwise", convolved(parts=["bn", "relu"], kernel=(1, 1), pad=(0, 0))),
    row("convolution: pointwise, strided", convolved(kernel=(1, 1), pad=(0, 0), stride=(2, 2), bias=True)),
    row("convolution: a bias beyond 32 bits", convolved((0, 3e6), bias=True, bias_size=2e6)),
    row("convolution: in floating point", convolved(None, parts=["bn", "relu"])),
    row(
        "convolution: in floating point, with a sum",
        convolved(None, added_ends=BOTH, parts=["bn", "sum", "relu"]),
    ),
    row("dense layer: in floating point", lambda d, x: dense(d, x, is_rectified=False)),
    row("dense layer: in floating point, with ReLU", lambda d, x: dense(d, x, is_rectified=True)),
    row("dense layer: float result", dense_in_8_bits(UNSIGNED, enable_float_output=True)),
    row("dense layer: int8", dense_in_8_bits(UNSIGNED, min_calib_range=-9, max_calib_range=8)),
    row("dense layer: int8 data", dense_in_8_bits(BOTH, min_calib_range=-9, max_calib_range=8)),
    row(
        "dense layer: ReLU makes uint8",
        dense_in_8_bits(UNSIGNED, min_calib_range=0, max_calib_range=9, with_eltwise=True),
    ),
    row("pooling: max of uint8", pooled(*UNSIGNED, **MAX, pooling_convention="valid")),
    row("pooling: max of int8, padded", pooled(*BOTH, **MAX, pad=(1, 1), pooling_convention="full")),
    row(
        "pooling: average", pooled(*UNSIGNED, **AVERAGE, count_include_pad=False, pooling_convention="valid")
    ),
    row(
        "pooling: average, padding counted", pooled(*UNSIGNED, **AVERAGE, pad=(1, 1), count_include_pad=True)
    ),
    row("pooling: average of int8", pooled(*BOTH, **AVERAGE, pooling_convention="valid")),
    row(
        "pooling: average by twos",
        pooled(
            *UNSIGNED,
            pool_type="avg",
            kernel=(2, 2),
            stride=(2, 2),
            pooling_convention="full",
            count_include_pad=False,
        ),
    ),
    row("pooling: average of all", pooled(*UNSIGNED, pool_type="avg", kernel=(1, 1), global_pool=True)),
    row("concat: uint8 of several ranges", joined((0, 2.5), (0, 1.5), (0, 2.5))),
    row("concat: uint8 and int8", joined((0, 2.5), (-1, 1.5))),
    row("concat: int8 of one range", joined((-2, 2), (-2, 2))),
    row(
        "activation: ReLU of int8",
        lambda d, x: d.op("_contrib_quantized_act", triple(d.quantized(x, *BOTH)), act_type="relu"),
    ),
    row("sum: int8", added(BOTH, SIGNED, min_calib_range=-5, max_calib_range=4), limit=0.005),
    row("sum: uint8", added(UNSIGNED, (0, 1.5), min_calib_range=0, max_calib_range=3.5)),
    row("sum: uint8 and int8", added(UNSIGNED, BOTH, min_calib_range=-2, max_calib_range=4), limit=0.02),
    row("sum: int8 and uint8", added(BOTH, UNSIGNED, min_calib_range=-2, max_calib_range=4), limit=0.02),
    row("sum: int8, requantised by what is found", added(BOTH, SIGNED)),
    row("sum: ranges found", added((None, None), BOTH)),
    row("product: int8", added(BOTH, SIGNED, "mul", min_calib_range=-5, max_calib_range=11)),
    row("product: float result", added(BOTH, SIGNED, "mul", enable_float_output=True)),
    row("product: requantised by what is found", added(BOTH, SIGNED, "mul")),
    row("BatchNorm: int8", normalized(*BOTH, fix_gamma=False), limit=0.03),
    row("BatchNorm: uint8 becomes int8", normalized(*UNSIGNED, fix_gamma=False, eps=1e-5), limit=0.03),
    row("embedding", embedded),
    row("layer without a range: uint8 data", requantized(data_ends=(0.0, 8.0), parts=["bn", "relu"])),
    row(
        "layer without a range: sum",
        requantized(data_ends=(0.0, 8.0), added_ends=BOTH, parts=["bn", "sum", "relu"]),
    ),
    row("dense layer without a range", dense_in_8_bits((0, 12))),
    row("unfused dense layer", unfused("fully_connected", (5, 720), UNSIGNED, True, num_hidden=5)),
    row(
        "unfused dense layer: calibrated",
        unfused("fully_connected", (5, 720), UNSIGNED, True, (-9, 8), num_hidden=5),
    ),
    row("unfused dense layer: int8 data", unfused("fully_connected", (5, 720), BOTH, False, num_hidden=5)),
    row(
        "unfused dense layer: range found",
        unfused("fully_connected", (5, 720), (None, None), True, num_hidden=5),
    ),
    row("flatten", lambda d, x: d.op("_contrib_quantized_flatten", triple(d.quantized(x, *BOTH)))),
)
