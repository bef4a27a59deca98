"""Graphs are computed as ONNX defines them, on every processor."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from gcv_edge.graph.probing import Probe


def quantized_convolution(source: type, channels: int) -> ir.Model:
    """A convolution of the largest levels, its output rounded to 8 bits like its input and its weights."""
    scales = {"x_scale": 0.01, "w_scale": 0.01, "y_scale": 1.0}
    constants = [numpy_helper.from_array(np.float32(scale), name) for name, scale in scales.items()]
    constants += [
        numpy_helper.from_array(np.zeros((), kind), f"{kind.__name__}_zero") for kind in (np.uint8, np.int8)
    ]
    weight = np.full((16, channels, 1, 1), 127, np.int8)
    constants.append(numpy_helper.from_array(weight, "weight"))
    zero = f"{source.__name__}_zero"
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_scale", zero], ["levels"]),
        helper.make_node("DequantizeLinear", ["levels", "x_scale", zero], ["rounded"]),
        helper.make_node("DequantizeLinear", ["weight", "w_scale", "int8_zero"], ["w"]),
        helper.make_node("Conv", ["rounded", "w"], ["sum"]),
        helper.make_node("QuantizeLinear", ["sum", "y_scale", zero], ["result"]),
        helper.make_node("DequantizeLinear", ["result", "y_scale", zero], ["y"]),
    ]
    shape = [1, channels, 4, 4]
    read = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    given = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, 4, 4])
    graph = helper.make_graph(nodes, "sums", [read], [given], constants)
    return ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


@pytest.mark.parametrize(("source", "level"), [(np.uint8, 255), (np.int8, 127)])
def test_products_of_8_bits_are_added_exactly(source: type, level: int) -> None:
    """Without VNNI, x86 adds them in pairs, which saturate at 16 bits."""
    channels = 16
    picture = np.full((1, channels, 4, 4), level / 100, np.float32)
    found = Probe(quantized_convolution(source, channels), ["y"]).run({"x": picture})["y"]
    exact = round(channels * level * 127 / 100**2)
    assert exact <= level
    np.testing.assert_array_equal(found, np.full_like(found, exact))
