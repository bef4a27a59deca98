"""Rewrites before quantisation leave the numbers alone."""

from __future__ import annotations

import numpy as np
import pytest

from gcv_edge.calibration.graph_rewrites import prepare
from tests.support.calibration_graphs import Net, drawn, pictures, run


def operators(model: object) -> list[str]:
    return [node.op_type for node in model.graph if node.op_type != "Identity"]  # type: ignore[attr-defined]


def assert_same(net: Net, expected: list[str], **outputs: object) -> None:
    model = net.model(**outputs)  # type: ignore[arg-type]
    batch = pictures(1, *map(int, net.graph.shape(net.data)[1:]))[0]
    before = run(model, batch)
    prepared = prepare(model)
    assert operators(prepared) == expected
    for name, value in run(prepared, batch).items():
        np.testing.assert_allclose(value, before[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [1, 4])
def test_a_dense_layer_behind_a_flatten_becomes_a_convolution_over_all_of_it(size: int) -> None:
    net = Net(size=size)
    flat = net.graph.op("Flatten", [net.data], "flat", axis=1)
    weight = net.graph.constant(drawn(1, 5, 8 * size * size), "weight")
    dense = net.graph.op("Gemm", [flat, weight, net.graph.constant(drawn(2, 5), "bias")], "dense", transB=1)
    assert_same(net, ["Conv", "Flatten"], logits=dense)


def test_dense_layers_in_a_row_are_pointwise_convolutions() -> None:
    net = Net(size=2)
    value = net.graph.op("Flatten", [net.data], "flat", axis=1)
    for index, (units, inputs) in enumerate(((6, 32), (4, 6))):
        weight = net.graph.constant(drawn(index, units, inputs), f"weight{index}")
        value = net.graph.op("Gemm", [value, weight], f"dense{index}", transB=1)
    assert_same(net, ["Conv", "Conv", "Flatten"], logits=value)


@pytest.mark.parametrize("attributes", [{"transB": 0}, {"transB": 1, "alpha": 0.5}])
def test_other_forms_of_a_product_stay(attributes: dict[str, float]) -> None:
    net = Net(size=1)
    flat = net.graph.op("Flatten", [net.data], "flat", axis=1)
    weight = net.graph.constant(drawn(1, 8, 8), "weight")
    assert_same(net, ["Flatten", "Gemm"], logits=net.graph.op("Gemm", [flat, weight], "dense", **attributes))


@pytest.mark.parametrize("size", [15, 16])
def test_pointwise_layers_that_subsample_alike_share_one_pooling(size: int) -> None:
    net = Net(size=size)
    one, other = (net.conv(net.data, 4, 1, stride=2, name=name) for name in ("one", "other"))
    assert_same(net, ["MaxPool", "Conv", "Conv"], one=one, other=other)


def test_larger_kernels_keep_their_strides() -> None:
    net = Net()
    assert_same(net, ["Conv"], maps=net.conv(net.data, 4, 3, stride=2))
