"""Multiply-accumulates of a graph, counted, and predicted from channel spaces."""

from __future__ import annotations

import math

import onnx
import onnx_ir as ir

from gcv_edge.prune.edits import Mask
from gcv_edge.prune.spaces import Keep, Spaces
from gcv_edge.prune.trace import Layer


def count_macs(model: ir.Model) -> int:
    """Count multiply-accumulates per picture, from shapes that ONNX infers anew.

    Counted are Conv, ConvTranspose, Gemm and MatMul; biases and element-wise operators are not.
    """
    proto = ir.to_proto(model)
    del proto.graph.value_info[:]
    graph = onnx.shape_inference.infer_shapes(proto, strict_mode=True).graph
    shapes = {
        value.name: value.type.tensor_type.shape.dim
        for value in (*graph.input, *graph.output, *graph.value_info)
    }
    shape = {
        name: [d.dim_value if d.HasField("dim_value") else 1 for d in dims] for name, dims in shapes.items()
    }
    shape |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    return sum(count_node(node, shape) for node in graph.node)


def count_node(node: onnx.NodeProto, shape: dict[str, list[int]]) -> int:
    """Count the multiply-accumulates of a node for a batch of one."""
    if node.op_type in ("Conv", "ConvTranspose"):
        weight = shape[node.input[1]]
        image = shape[node.output[0] if node.op_type == "Conv" else node.input[0]]
        return math.prod(image[2:]) * math.prod(weight)
    if node.op_type in ("Gemm", "MatMul"):
        matrix = shape[node.input[1]]
        rows = math.prod(shape[node.output[0]][1:-1]) if node.op_type == "MatMul" else 1
        return rows * math.prod(matrix[-2:])
    return 0


def predict_macs(spaces: Spaces, keep: Keep) -> int:
    """Return the multiply-accumulates per picture that are left when channels go.

    Without MatMul of maps by a constant matrix along other axes, it is what ``count_macs`` counts.
    """
    kept = spaces.mask(keep)
    alive = live_layers(spaces, kept)
    return sum(layer_macs(layer, kept) for layer in spaces.layers if layer.node in alive)


def layer_macs(layer: Layer, kept: Mask) -> int:
    """Return a layer's multiply-accumulates per picture."""
    inputs, outputs = int(kept[layer.inputs].sum()), int(kept[layer.outputs].sum())
    group = layer.group
    if group > 1 and is_whole(layer):
        group = inputs // (len(layer.inputs) // group)
    return layer.positions * layer.kernel * inputs * outputs // max(1, group)


def is_whole(layer: Layer) -> bool:
    """Tell whether whole groups go."""
    return layer.group >= len(layer.inputs) // layer.group


def live_layers(spaces: Spaces, kept: Mask) -> set[int]:
    """Return the nodes of layers that are left: all but those on the way to a space that went as a whole."""
    units = spaces.units
    alive: set[int] = set()
    readers: dict[int, list[Layer]] = {}
    for layer in spaces.layers:
        for unit in set(units[layer.inputs].tolist()):
            readers.setdefault(unit, []).append(layer)
    for layer in reversed(spaces.layers):
        if kept[layer.inputs].any() and kept[layer.outputs].any():
            alive.add(layer.node)
    return drop_unread(spaces, alive, readers)


def drop_unread(spaces: Spaces, alive: set[int], readers: dict[int, list[Layer]]) -> set[int]:
    """Drop layers that only dropped layers read, from the last to the first."""
    dropped = {layer.node for layer in spaces.layers} - alive
    for layer in reversed(spaces.layers):
        found = [r for unit in set(spaces.units[layer.outputs].tolist()) for r in readers.get(unit, [])]
        later = {reader.node for reader in found if reader.node > layer.node}
        if layer.node in alive and later and later <= dropped:
            alive.discard(layer.node)
            dropped.add(layer.node)
    return alive
