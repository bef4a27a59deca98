"""Quantised graphs: numbers, form by target, biases, shared weights, and both engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.calibration.bias_correction import fast_shifts, full_shifts
from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.qdq_nodes import quantize
from gcv_edge.calibration.qdq_placement import place
from gcv_edge.calibration.quantization_parameters import (
    TARGETS,
    choose_parameters,
    comparison_engine,
    find_target,
)
from gcv_edge.calibration.statistics import collect_statistics
from gcv_edge.cpus import is_x86
from gcv_edge.errors import UsageError
from gcv_edge.graph.writing import write_model
from gcv_edge.runtime.opening import open_session
from tests.support.calibration_graphs import Array, Net, find_ranges, pictures, run
from tests.support.processors import needs_vnni

few = settings(max_examples=15, derandomize=True, deadline=None)
BATCHES = pictures(3, 8, 16, 16)


def drawn_net(choices: list[int]) -> ir.Model:
    """A network of blocks chosen by numbers."""
    net = Net()
    value = net.relu(net.conv(net.data, 8, name="entry"))
    for choice in choices:
        if choice == 0:
            value = net.relu(net.add(net.conv(value, 8, name="branch"), value))
        elif choice == 1:
            value = net.concat(
                net.relu(net.conv(value, 4, 1)), net.graph.op("LeakyRelu", [net.conv(value, 4)], "leaky")
            )
        elif choice == 2:
            value = net.relu(net.conv(value, 8, group=8, name="depthwise"))
        else:
            value = net.add(net.conv(net.relu(value), 8, 1), value)
    return net.model(maps=net.conv(value, 4, 1, name="head"))


def ratio(found: Array, expected: Array) -> float:
    return float(np.sqrt(np.mean(np.square(found - expected))) / expected.std())


def quantized(model: ir.Model, target: str = "x86", **choices: object) -> ir.Model:
    prepared = prepare(model)
    _, ranges = find_ranges(prepared, BATCHES)
    quantize(prepared, ranges, TARGETS[target], **choices)  # type: ignore[arg-type]
    return prepared


@needs_vnni
@few
@given(st.lists(st.integers(0, 3), max_size=4), st.sampled_from(sorted(TARGETS)), st.booleans())
def test_a_quantised_network_is_valid_and_close_in_both_engines(
    tmp_path_factory: pytest.TempPathFactory, choices: list[int], target: str, asymmetric: bool
) -> None:
    expected = run(drawn_net(choices), BATCHES[0])["maps"]
    model = quantized(drawn_net(choices), target, asymmetric=asymmetric)
    path = tmp_path_factory.mktemp("net") / "net.onnx"
    write_model(model, path)
    found = run(model, BATCHES[0])["maps"]
    assert ratio(found, expected) < 0.08
    assert ratio(open_session(path).run(BATCHES[0])["maps"], found) < 0.05


def stored(model: ir.Model, kind: ir.DataType) -> list[Array]:
    return [
        v.const_value.numpy() for v in model.graph.initializers.values() if v.dtype == kind and v.const_value
    ]


@pytest.mark.parametrize(("target", "largest"), [("x86", 127), ("arm", 127), ("portable", 64)])
def test_weights_use_the_levels_of_the_target(target: str, largest: int) -> None:
    weights = [a for a in stored(quantized(drawn_net([0, 2]), target), ir.DataType.INT8) if a.ndim == 4]
    assert len(weights) == 4
    for weight in weights:
        np.testing.assert_array_equal(np.abs(weight).reshape(len(weight), -1).max(1), largest)


@pytest.mark.parametrize(("target", "zeros"), [("x86", {0, 128}), ("portable", {0, 128}), ("arm", {0})])
def test_zero_points_that_the_target_knows(target: str, zeros: set[int]) -> None:
    points = stored(quantized(drawn_net([1]), target), ir.DataType.UINT8)
    assert {int(point) for point in points} == zeros


@pytest.mark.parametrize(
    ("low", "high", "asymmetric", "kind", "zero"),
    [
        (0, 2.55, False, np.uint8, 0),
        (-1, 2.54, False, np.int8, 0),
        (-0.55, 2.0, True, np.uint8, 55),
        (0, 0, False, np.uint8, 0),
        (0.5, 1, False, np.uint8, 0),
    ],
)
def test_parameters_of_a_range(low: float, high: float, asymmetric: bool, kind: type, zero: int) -> None:
    parameters = choose_parameters(low, high, TARGETS["x86"], asymmetric)
    assert parameters.zero_point == zero
    assert type(parameters.zero_point) is kind
    assert parameters.scale > 0


@pytest.mark.parametrize(("target", "zero"), [("x86", 128), ("portable", 128), ("arm", 0)])
def test_joined_numbers_with_two_signs_are_unsigned_around_the_middle(target: str, zero: int) -> None:
    alone, joined = (
        choose_parameters(-1, 2.54, TARGETS[target], concatenated=joined) for joined in (False, True)
    )
    assert (alone.zero_point, joined.zero_point) == (0, zero)
    assert alone.scale == joined.scale


@pytest.mark.skipif(not is_x86(), reason="on ARM, OpenVINO runs them")
@pytest.mark.parametrize(("target", "engine"), [("x86", "openvino"), ("arm", "onnxruntime")])
def test_files_are_compared_in_an_engine_that_computes_them(target: str, engine: str) -> None:
    assert comparison_engine(TARGETS[target]) == engine


def test_an_unknown_target_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"'x68', expected one of x86, arm, portable \(did you mean 'x86'"):
        find_target("x68")


def test_layers_that_share_weights_share_what_is_stored() -> None:
    net = Net()
    weight = net.graph.constant(
        np.random.RandomState(1).normal(0, 0.2, (8, 8, 1, 1)).astype(np.float32), "weight"
    )
    once = net.relu(net.graph.op("Conv", [net.data, weight], "once"))
    twice = net.graph.op("Conv", [once, weight], "twice")
    weights = [a for a in stored(quantized(net.model(maps=twice)), ir.DataType.INT8) if a.ndim == 4]
    assert len(weights) == 1


def test_a_bias_too_large_for_its_steps_widens_the_weights_scale() -> None:
    net = Net()
    weight = net.graph.constant(np.full((1, 8, 1, 1), 1e-9, np.float32), "weight")
    layer = net.graph.op("Conv", [net.data, weight, net.graph.constant(np.float32([500]), "bias")], "layer")
    found = run(quantized(net.model(maps=layer)), BATCHES[0])["maps"]
    np.testing.assert_allclose(found, 500, rtol=1e-4)


def channel_error(model: ir.Model, name: str) -> float:
    expected = [run(drawn_net([0, 2, 0]), batch)["maps"].mean(axis=(0, 2, 3)) for batch in BATCHES]
    found = [run(model, batch)["maps"].mean(axis=(0, 2, 3)) for batch in BATCHES]
    return float(np.abs(np.mean(found, axis=0) - np.mean(expected, axis=0)).max())


def test_full_bias_correction_takes_the_error_of_the_means_away() -> None:
    model = prepare(drawn_net([0, 2, 0]))
    statistics = collect_statistics(model, place(model.graph), BATCHES)
    target, ranges = TARGETS["portable"], statistics.ranges("minmax")
    plain = quantized(drawn_net([0, 2, 0]), "portable")
    shifts = fast_shifts(place(model.graph), statistics.means, target)
    layers = [layer.name or "" for layer in place(model.graph).layers]
    start = quantized(drawn_net([0, 2, 0]), "portable", bias_shifts=shifts)
    rest = full_shifts(model, start, layers, BATCHES)
    whole = {layer: shifts[layer] + rest[layer] for layer in layers}
    corrected = prepare(drawn_net([0, 2, 0]))
    quantize(corrected, ranges, target, bias_shifts=whole)
    assert channel_error(corrected, "maps") < 0.25 * channel_error(plain, "maps")


def test_errors_that_an_activation_swallows_are_not_corrected() -> None:
    """The second weight is rounded by 0.003, which shows only in pixels that the ReLU makes zero."""
    net = Net(channels=2)
    weight = net.graph.constant(np.float32([1, -0.373]).reshape(1, 2, 1, 1), "weight")
    layer = net.graph.op("Conv", [net.data, weight], "layer")
    model = net.model(maps=net.relu(layer))
    picture = np.zeros((1, 2, 16, 16), np.float32)
    picture[0, 0, :8], picture[0, 1, 8:] = 100, 100
    batches = [{"data": picture}]
    prepared = prepare(ir.from_proto(ir.to_proto(model)))
    statistics = collect_statistics(prepared, place(prepared.graph), batches)
    start = prepare(model)
    quantize(start, statistics.ranges("minmax"), TARGETS["x86"])
    (fast,) = fast_shifts(place(prepared.graph), statistics.means, TARGETS["x86"]).values()
    (full,) = full_shifts(prepared, start, ["layer"], batches).values()
    assert abs(fast[0]) > 0.1
    assert abs(full[0]) < 0.01


def test_the_file_is_small(tmp_path: Path) -> None:
    net = Net()
    model = net.model(maps=net.conv(net.relu(net.conv(net.data, 256, name="wide")), 256, name="wider"))
    write_model(model, tmp_path / "float.onnx")
    write_model(quantized(model), tmp_path / "int8.onnx")
    assert (tmp_path / "int8.onnx").stat().st_size < 0.3 * (tmp_path / "float.onnx").stat().st_size
