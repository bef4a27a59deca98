"""Where 8-bit numbers begin and end: the rules, and the kernels that OpenVINO runs by them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.calibration.float_kernels import is_8_bit
from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.qdq_nodes import quantize
from gcv_edge.calibration.qdq_placement import QdqPlacement, place
from gcv_edge.calibration.quantization_parameters import TARGETS
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.layers import profile
from gcv_edge.runtime.openvino_session import shared_core
from tests.support.calibration_graphs import Net, find_ranges, maker, pictures


def placed(model: ir.Model) -> QdqPlacement:
    return place(prepare(model).graph)


def names(placement: QdqPlacement) -> set[str]:
    return {maker(value) for value in placement.values}


def residual(net: Net) -> ir.Value:
    entry = net.relu(net.conv(net.data, 16, 1, name="entry"))
    inner = net.relu(net.conv(entry, 16, name="inner"))
    return net.relu(net.add(net.conv(inner, 16, 1, name="branch"), entry))


def test_both_sides_of_a_residual_sum_are_rounded_so_that_it_fuses_into_the_convolution() -> None:
    net = Net()
    model = net.model(maps=net.conv(residual(net), 4, 1, name="head"))
    assert {"branch", "entry_relu", "inner_relu", "sum_relu"} <= names(placed(model))


def test_all_inputs_of_a_join_share_one_scale_through_poolings() -> None:
    net = Net()
    parts = [net.relu(net.conv(net.data, 8, name=name)) for name in ("one", "other")]
    joined = net.concat(net.max_pool(parts[0]), net.max_pool(parts[1]))
    placement = placed(net.model(maps=net.conv(joined, 4, name="head")))
    assert names(placement) == {"data", "one_relu", "other_relu"}
    assert placement.values[parts[0]] == placement.values[parts[1]] != placement.values[net.data]


def test_what_is_behind_the_last_convolution_stays_float_whatever_it_does() -> None:
    net = Net()
    raw = net.conv(net.relu(net.conv(net.data, 8, name="body")), 8, 1, name="head")
    left, right = net.graph.multi("Split", [raw], 2, "parts", axis=1, num_outputs=2)
    boxes = net.concat(net.add(left, right), net.graph.op("Exp", [right], "sizes"))
    scores = net.graph.op("Softmax", [net.max_pool(raw)], "scores", axis=1)
    placement = placed(net.model(boxes=boxes, scores=scores))
    assert names(placement) == {"data", "body_relu"}


def test_a_gate_of_a_block_is_not_crossed() -> None:
    """Squeeze-and-excitation: the product of two computed values is float, both convolutions are not."""
    net = Net()
    body = net.relu(net.conv(net.data, 8, name="body"))
    pooled = net.graph.op("GlobalAveragePool", [body], "squeezed")
    gate = net.graph.op("Sigmoid", [net.conv(pooled, 8, 1, name="gate")], "sigmoid")
    scaled = net.graph.op("Mul", [body, gate], "scaled")
    placement = placed(net.model(maps=net.conv(scaled, 4, 1, name="head")))
    assert names(placement) == {"data", "body_relu", "squeezed", "scaled"}


def test_a_join_behind_a_normalisation_keeps_the_scales_of_its_parts_apart() -> None:
    net = Net()
    parts = [net.relu(net.conv(net.data, 8, name=name)) for name in ("one", "other")]
    factor = net.graph.constant(2.0)
    shifted = net.relu(net.graph.op("Mul", [net.concat(*parts), factor], "normalised"))
    assert names(placed(net.model(maps=net.conv(shifted, 4, name="head")))) == {"data", "normalised_relu"}


def test_layers_kept_float_read_what_was_not_rounded() -> None:
    net = Net()
    body = net.relu(net.conv(net.data, 8, name="body"))
    model = prepare(net.model(one=net.conv(body, 4, 1, name="one"), other=net.conv(body, 4, 1, name="other")))
    _, ranges = find_ranges(model, pictures(1, 8, 16, 16))
    quantize(model, ranges, TARGETS["x86"], kept_float=["other"])
    sources = {node.name: node.inputs[0].producer().op_type for node in model.graph if node.op_type == "Conv"}  # type: ignore[union-attr]
    assert sources == {"body": "DequantizeLinear", "one": "DequantizeLinear", "other": "Relu"}


@pytest.mark.skipif(
    "INT8" not in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"), reason="no INT8"
)
@pytest.mark.parametrize("target", TARGETS)
def test_openvino_runs_all_of_it_in_8_bits(target: str, tmp_path: Path) -> None:
    """Residual sums are fused; pooling, joins, subsampled and depthwise layers have 8-bit kernels."""
    net = Net(channels=16, size=32)
    body = net.max_pool(residual(net))
    deep = net.relu(net.conv(body, 16, group=16, name="depthwise"))
    short = net.relu(net.conv(body, 32, 1, stride=2, name="short"))
    long = net.relu(net.conv(deep, 32, 1, stride=2, name="long"))
    up = net.graph.op(
        "Resize",
        [net.concat(short, long), None, net.graph.constant(np.array([1, 1, 2, 2], np.float32))],
        "up",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    model = prepare(net.model(maps=net.conv(up, 16, 1, name="head")))
    _, ranges = find_ranges(model, pictures(2, 16, 32, 32))
    quantize(model, ranges, TARGETS[target])
    write_model(model, tmp_path / "net.onnx")
    kernels = {name: time.kernel for name, time in profile(tmp_path / "net.onnx", runs=1).items()}
    layers = [node.name for node in model.graph if node.op_type == "Conv"]
    assert all(is_8_bit(kernels[str(layer)]) for layer in layers), kernels
    assert not [name for name in kernels if name.startswith("sum")]
    inner = ("pool", "joined", "up", "short_subsampled")
    assert all(is_8_bit(kernel) for name, kernel in kernels.items() if name.startswith(inner)), kernels


def test_any_part_of_a_network_can_stay_float() -> None:
    """Ranges found for the whole serve every part of it, whichever values share scales there."""
    net = Net()
    parts = [net.relu(net.conv(net.data, 8, name=name)) for name in ("one", "other")]
    joined = net.max_pool(net.concat(net.max_pool(parts[0]), net.max_pool(parts[1])))
    factor = net.graph.constant(2.0)
    shifted = net.relu(net.graph.op("Mul", [joined, factor], "normalised"))
    outputs = {"near": net.conv(joined, 4, name="near"), "far": net.conv(shifted, 4, name="far")}
    whole = prepare(net.model(**outputs))
    _, ranges = find_ranges(whole, pictures(1, 8, 16, 16))
    layers = [node.name for node in whole.graph if node.op_type == "Conv"]
    for count in range(len(layers)):
        for kept in itertools.combinations(map(str, layers), count):
            assert len(quantize(whole.clone(), ranges, TARGETS["x86"], kept_float=kept).layers) == 4 - count
