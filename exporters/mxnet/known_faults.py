"""8-bit layers that MXNet 1.9.1 computes wrongly itself, so that its numbers tell nothing of an export.

Measured against the same layers in floating point; what is right are the numbers of the ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, Symbol


def is_calibrated(node: Node) -> bool:
    """Tell a layer whose range was found by calibration."""
    return "min_calib_range" in node.attrs and "max_calib_range" in node.attrs


def has_groups(node: Node) -> bool:
    """Tell a calibrated convolution in groups of several output channels.

    All weights of group g are quantised by the scale of output channel g, and the results read by the scales
    of their own channels (``ConvertWeightBias2MKLDNN`` in src/operator/subgraph/mkldnn/mkldnn_common.h).
    """
    filters = [Attributes(part) for part in node.subgraphs[0].nodes if part.op == "Convolution"]
    return is_calibrated(node) and any(
        1 < each.get_int("num_group", 1) < each.get_int("num_filter") for each in filters
    )


def loses_clip(node: Node) -> bool:
    """Tell a convolution with ReLU6 that was not calibrated.

    Its activation is left to the ends of the calibrated range (src/operator/subgraph/mkldnn/mkldnn_conv.cc).
    """
    return not is_calibrated(node) and any(part.op == "clip" for part in node.subgraphs[0].nodes)


FAULTS: Mapping[str, Callable[[Node], bool]] = MappingProxyType(
    {
        "computes 8-bit grouped convolutions wrongly": has_groups,
        "leaves out ReLU6 behind 8-bit convolutions that are not calibrated": loses_clip,
    }
)
"""What MXNet does, and which 8-bit convolutions it does it to."""


def faulty_layers(symbol: Symbol) -> dict[str, list[str]]:
    """Find the layers that MXNet computes wrongly: their names by what it does."""
    layers = [
        node
        for node in symbol.nodes
        if node.op == "_sg_mkldnn_conv" and Attributes(node).get_bool("quantized", False)
    ]
    found = {fault: [node.name for node in layers if is_hit(node)] for fault, is_hit in FAULTS.items()}
    return {fault: names for fault, names in found.items() if names}


def describe_faults(symbol: Symbol) -> tuple[str, ...]:
    """Say why a network's numbers are not MXNet's, a line for each fault."""
    return tuple(
        f"MXNet 1.9.1 {fault} (layer '{names[0]}'{f' and {len(names) - 1} more' if names[1:] else ''}): "
        "its own numbers are not compared"
        for fault, names in faulty_layers(symbol).items()
    )
