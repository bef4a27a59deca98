"""Exact rewrites of a float graph into layers that have fast 8-bit kernels."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.graph.nodes import make_node, name_nodes, replace_node
from gcv_edge.graph.values import add_constant, input_of, shape_of
from gcv_edge.graph.windows import SlidingWindow


def prepare(model: ir.Model) -> ir.Model:
    """Name all nodes and apply all rewrites in place; the outputs stay the same."""
    name_nodes(model.graph)
    rewrites = DenseToPointwisePass(), StridedPointwiseToMaxPoolPass(), common.RemoveUnusedNodesPass()
    return ir.passes.Sequential(*rewrites)(model).model


class DenseToPointwisePass(ir.passes.InPlacePass):
    """Replace a dense layer by a convolution whose kernel covers its whole input.

    OpenVINO 2026.4 runs an 8-bit dense layer at batch 1 slower than a float one, and as a convolution
    several times faster.

    1. The layer is Gemm (transB=1, no other scaling or transposing) with constant weights.
    2. Behind a Flatten of ``[N, C, H, W]`` the kernel is H x W; behind anything else it is 1 x 1.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace every layer that the rules allow."""
        layers = [node for node in model.graph if is_dense(node)]
        for layer in layers:
            replace_dense(model.graph, layer)
        return ir.passes.PassResult(model, modified=bool(layers))


def is_dense(node: ir.Node) -> bool:
    """Rule 1."""
    if node.op_type != "Gemm" or node.inputs[1] is None or node.inputs[1].const_value is None:
        return False
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    read = node.attributes
    plain = read.get_float("alpha", 1.0), read.get_float("beta", 1.0), read.get_int("transA", 0)
    has_plain_bias = bias is None or (bias.const_value is not None and len(bias.const_value.shape) == 1)
    return plain == (1.0, 1.0, 0) and read.get_int("transB", 0) == 1 and has_plain_bias


def replace_dense(graph: ir.Graph, layer: ir.Node) -> None:
    """Put Conv and Flatten into the place of a Gemm."""
    data, weight = layer.inputs[0], layer.inputs[1]
    assert data is not None
    assert weight is not None
    assert weight.const_value is not None
    picture, kernel = unflattened(graph, layer, data)
    units = weight.const_value.shape[0]
    assert isinstance(units, int)
    numbers = weight.const_value.numpy().reshape(units, -1, *kernel)
    reshaped = add_constant(graph, f"{weight.name}_kernel", numbers)
    result = layer.outputs[0]
    batch = data.shape[0] if data.shape is not None else None
    conv = make_node("Conv", [picture, reshaped, *layer.inputs[2:]], f"{layer.name}_pointwise")
    conv.attributes["kernel_shape"] = ir.AttrInt64s("kernel_shape", list(kernel))
    conv.outputs[0].shape = ir.Shape([batch, units, 1, 1])
    flat = make_node("Flatten", [conv.outputs[0]], f"{layer.name}_flat")
    graph.insert_before(layer, [conv, flat])
    flat.outputs[0].shape = result.shape
    replace_node(graph, layer, flat.outputs[0])


def unflattened(graph: ir.Graph, layer: ir.Node, data: ir.Value) -> tuple[ir.Value, tuple[int, int]]:
    """Rule 2: return the convolution's input, and height and width of its kernel."""
    flatten = data.producer()
    source = flatten.inputs[0] if flatten is not None and flatten.op_type == "Flatten" else None
    if source is not None and source.shape is not None and len(source.shape) == 4:
        height, width = source.shape[2], source.shape[3]
        if isinstance(height, int) and isinstance(width, int) and is_flattened_by_picture(flatten):
            return source, (height, width)
    shape = add_constant(graph, f"{layer.name}_as_picture", np.array([0, -1, 1, 1], np.int64))
    reshape = make_node("Reshape", [data, shape], f"{layer.name}_picture")
    if data.shape is not None:
        reshape.outputs[0].shape = ir.Shape([*data.shape, 1, 1])
    graph.insert_before(layer, reshape)
    return reshape.outputs[0], (1, 1)


def is_flattened_by_picture(flatten: ir.Node | None) -> bool:
    """Whether each picture of the batch becomes a row."""
    return flatten is not None and flatten.attributes.get_int("axis", 1) == 1


class StridedPointwiseToMaxPoolPass(ir.passes.InPlacePass):
    """Replace a pointwise convolution with strides by a subsampling and one without.

    OpenVINO moves such strides up the graph, past the quantisation, and then runs the layers there in float.
    A MaxPool with a 1 x 1 window subsamples alike and copies 8-bit numbers unchanged.

    1. The layer is Conv with a 1 x 1 kernel, strides above 1 and no padding.
    2. Layers that subsample the same value alike share one MaxPool.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Rewrite every layer that the rules allow."""
        layers = [node for node in model.graph if skips_pixels(node)]
        made: dict[tuple[ir.Value, tuple[int, ...]], ir.Value] = {}
        for layer in layers:
            data = layer.inputs[0]
            assert data is not None
            strides = window_of(layer).strides
            if (data, strides) not in made:
                made[data, strides] = subsample(model.graph, layer, data, strides)
            layer.replace_input_with(0, made[data, strides])
            layer.attributes["strides"] = ir.AttrInt64s("strides", [1] * len(strides))
        return ir.passes.PassResult(model, modified=bool(layers))


def skips_pixels(node: ir.Node) -> bool:
    """Rule 1."""
    weight = node.inputs[1] if node.op_type == "Conv" else None
    if weight is None or weight.shape is None or any(size != 1 for size in tuple(weight.shape)[2:]):
        return False
    window = window_of(node)
    return max(window.strides, default=1) > 1 and not window.is_padded


def window_of(layer: ir.Node) -> SlidingWindow:
    """Read the window of a convolution."""
    return SlidingWindow.of(layer, len(shape_of(input_of(layer, 1))) - 2)


def subsample(graph: ir.Graph, layer: ir.Node, data: ir.Value, strides: tuple[int, ...]) -> ir.Value:
    """Insert the MaxPool before the first of its users."""
    pool = make_node("MaxPool", [data], f"{layer.name}_subsampled")
    pool.attributes["kernel_shape"] = ir.AttrInt64s("kernel_shape", [1] * len(strides))
    pool.attributes["strides"] = ir.AttrInt64s("strides", list(strides))
    if data.shape is not None:
        lengths = zip(tuple(data.shape)[2:], strides, strict=True)
        short = [-(-size // step) if isinstance(size, int) else None for size, step in lengths]
        pool.outputs[0].shape = ir.Shape([*tuple(data.shape)[:2], *short])
    graph.insert_before(layer, pool)
    return pool.outputs[0]
