"""8-bit layers that MXNet 1.9.1 computes wrongly itself, so that its numbers tell nothing of an export.

Measured against the same layers in floating point; what is right are the numbers of the ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, Symbol

FUSED = ("_sg_mkldnn_conv", "_sg_mkldnn_fully_connected")
QUANTIZERS = ("_contrib_quantize_v2", "_contrib_requantize")
SIGNED = ("_contrib_quantized_batch_norm", "_contrib_quantized_elemwise_mul", "_contrib_quantized_embedding")
"""Operators whose results are int8 always."""

UNSIGNED = ("relu", "sigmoid", "softrelu", "clip")
"""Activations whose results are not negative."""


def is_quantized(node: Node) -> bool:
    """Tell a fused layer that works on 8-bit numbers."""
    return Attributes(node).get_bool("quantized", False)


def is_calibrated(node: Node) -> bool:
    """Tell a layer whose range was found by calibration."""
    return "min_calib_range" in node.attrs and "max_calib_range" in node.attrs


def has_groups(_: Symbol, node: Node) -> bool:
    """Tell a calibrated convolution in groups of several output channels.

    All weights of group g are quantised by the scale of output channel g, and the results read by the scales
    of their own channels (``ConvertWeightBias2MKLDNN`` in src/operator/subgraph/mkldnn/mkldnn_common.h).
    """
    filters = [Attributes(part) for part in node.subgraphs[0].nodes if part.op == "Convolution"]
    return is_calibrated(node) and any(
        1 < each.get_int("num_group", 1) < each.get_int("num_filter") for each in filters
    )


def loses_clip(_: Symbol, node: Node) -> bool:
    """Tell a convolution with ReLU6 that was not calibrated.

    Its activation is left to the ends of the calibrated range (src/operator/subgraph/mkldnn/mkldnn_conv.cc).
    """
    return not is_calibrated(node) and any(part.op == "clip" for part in node.subgraphs[0].nodes)


def loses_signs(symbol: Symbol, node: Node) -> bool:
    """Tell a convolution whose sum with uint8 numbers is int8.

    It is computed in the memory of what is added: what is negative becomes 0, and large levels negative.
    """
    if not is_calibrated(node) or gives_uint8(symbol, node):
        return False
    count = len(node.subgraphs[0].arguments())
    return any(gives_uint8(symbol, symbol.nodes[entry.node]) for entry in node.inputs[1:count])


def gives_uint8(symbol: Symbol, node: Node) -> bool:
    """Tell a node whose first result is uint8, as MXNet chooses the types of 8-bit numbers."""
    attrs = Attributes(node)
    if node.op in QUANTIZERS:
        kind = attrs.get_str("out_type", "int8")
        return kind == "uint8" or (kind == "auto" and attrs.get_float("min_calib_range", -1.0) >= 0)
    if node.op in FUSED:
        inner = node.subgraphs[0]
        last = inner.nodes[inner.heads[0].node]
        return is_calibrated(node) and last.attrs.get("act_type", last.op) in UNSIGNED
    counts = {"_contrib_quantized_concat": attrs.get_int("num_args", 1), "_contrib_quantized_elemwise_add": 2}
    first = node.inputs[: counts.get(node.op, 1)]
    is_8_bit = node.op.startswith("_contrib_quantized_") and node.op not in SIGNED
    return is_8_bit and all(gives_uint8(symbol, symbol.nodes[entry.node]) for entry in first)


FAULTS: Mapping[str, Callable[[Symbol, Node], bool]] = MappingProxyType(
    {
        "computes 8-bit grouped convolutions wrongly": has_groups,
        "loses the signs of 8-bit convolutions that add uint8 numbers": loses_signs,
        "leaves out ReLU6 behind 8-bit convolutions that are not calibrated": loses_clip,
    }
)
"""What MXNet does, and which 8-bit convolutions it does it to."""


def faulty_layers(symbol: Symbol) -> dict[str, list[str]]:
    """Find the layers that MXNet computes wrongly: their names by what it does."""
    layers = [node for node in symbol.nodes if node.op == FUSED[0] and is_quantized(node)]
    found = {name: [node.name for node in layers if is_hit(symbol, node)] for name, is_hit in FAULTS.items()}
    return {fault: names for fault, names in found.items() if names}


def describe_faults(symbol: Symbol) -> tuple[str, ...]:
    """Say why a network's numbers are not MXNet's, a line for each fault."""
    return tuple(
        f"MXNet 1.9.1 {fault} (layer '{names[0]}'{f' and {len(names) - 1} more' if names[1:] else ''}): "
        "its own numbers are not compared"
        for fault, names in faulty_layers(symbol).items()
    )
