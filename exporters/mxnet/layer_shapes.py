"""Shapes of layers' parameters, as far as attributes and the layers before tell; 0 where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.inputs import NORM_PARAMETERS
from gcv_edge.exporters.mxnet.symbol import Node, Symbol

Shape = tuple[int, ...]

KEEPING = (
    "Activation", "LeakyReLU", "Pooling", "Dropout", "relu", "sigmoid", "clip", "Cast", "elemwise_add",
    "_Plus", "broadcast_add", "broadcast_mul", "elemwise_mul", "UpSampling", "_contrib_BilinearResize2D",
    "_mul_scalar", "_plus_scalar", "LRN", "L2Normalization", "identity", "_copy", "BlockGrad",
)  # fmt: skip
"""Operators whose result has as many channels as their first input."""

NORMS = ("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm", "InstanceNorm", "GroupNorm")


def shapes_by_use(symbol: Symbol) -> dict[str, Shape]:
    """Shapes of parameters by name, by the layers that take them."""
    channels: list[int] = []
    found: dict[str, Shape] = {}
    for node in symbol.nodes:
        inputs = [channels[entry.node] for entry in node.inputs]
        channels.append(count_channels(node, inputs))
        for position, shape in parameter_shapes(node, inputs).items():
            if position < len(node.inputs):
                found.setdefault(symbol.nodes[node.inputs[position].node].name, shape)
    return found


def count_channels(node: Node, inputs: Sequence[int]) -> int:
    """Number of channels of an operator's result; 0 where it is not known."""
    attrs = Attributes(node)
    if node.op in ("Convolution", "Deconvolution"):
        return attrs.get_int("num_filter")
    if node.op == "FullyConnected":
        return attrs.get_int("num_hidden")
    if node.op == "Concat" and attrs.get_int("dim", 1) == 1:
        return sum(inputs) if all(inputs) else 0
    return inputs[0] if inputs and node.op in (*KEEPING, *NORMS) else 0


def parameter_shapes(node: Node, inputs: Sequence[int]) -> Mapping[int, Shape]:
    """Shapes of a layer's parameters by the position of its inputs."""
    attrs = Attributes(node)
    if node.op in ("Convolution", "Deconvolution"):
        count, groups = attrs.get_int("num_filter"), attrs.get_int("num_group", 1)
        sides = (count, inputs[0] // groups) if node.op == "Convolution" else (inputs[0], count // groups)
        return {1: (*sides, *attrs.get_int_tuple("kernel")), 2: (count,)}
    if node.op == "FullyConnected":
        count = attrs.get_int("num_hidden")
        return {1: (count, 0), 2: (count,)}
    if node.op in NORMS and attrs.get_int("axis", 1) == 1:
        return dict.fromkeys(NORM_PARAMETERS, (inputs[0],))
    return {}
