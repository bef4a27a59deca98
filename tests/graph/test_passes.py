"""Graph passes: what they change, what they must leave alone, and that the numbers stay the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.graph.cleaning import clean
from gcv_edge.graph.fold_batch_norm import FoldBatchNormPass
from gcv_edge.graph.merge_resize import MergeResizePass
from gcv_edge.graph.sigmoid_before_top_k import ReplaceSigmoidBeforeTopKPass

Array = NDArray[Any]
Change = Callable[[ir.Model], Any]
CHANNELS = 4

few = settings(max_examples=40, derandomize=True, deadline=None)


def run(model: ir.Model, data: Array) -> dict[str, Array]:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"data": data}), strict=True))


def operators(model: ir.Model) -> Counter[str]:
    return Counter(node.op_type for node in model.graph if node.op_type != "Identity")


def assert_same_numbers(graph: GraphBuilder, outputs: dict[str, ir.Value], change: Change) -> ir.Model:
    """Check that a change leaves names, shapes and numbers alone; return the changed model."""
    shape = [3 if dim == BATCH else int(dim) for dim in graph.shape(graph.inputs[0])]
    data = np.random.RandomState(7).normal(0, 1, shape).astype(np.float32)
    model = graph.model(outputs)
    before = run(model, data)
    change(model)
    after = run(model, data)
    assert list(after) == list(before)
    for name, expected in before.items():
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-5 * max(1, abs(expected).max()))
    return model


def drawn(seed: int, *shape: int) -> Array:
    return np.random.RandomState(seed).normal(0, 0.5, shape).astype(np.float32)


def new_graph(*, batch: int | str = 2) -> tuple[GraphBuilder, ir.Value]:
    graph = GraphBuilder("test")
    return graph, graph.input("data", (batch, CHANNELS, 6, 6))


def convolution(
    graph: GraphBuilder, data: ir.Value, seed: int, groups: int = 1, bias: bool = False
) -> ir.Value:
    weight = graph.constant(drawn(seed, CHANNELS, CHANNELS // groups, 3, 3))
    inputs = [data, weight, graph.constant(drawn(seed + 1, CHANNELS))] if bias else [data, weight]
    return graph.op("Conv", inputs, "conv", kernel_shape=(3, 3), pads=(1, 1, 1, 1), group=groups)


def deconvolution(graph: GraphBuilder, data: ir.Value, seed: int, groups: int = 1) -> ir.Value:
    weight = graph.constant(drawn(seed, CHANNELS, CHANNELS // groups, 3, 3))
    return graph.op(
        "ConvTranspose", [data, weight], "deconv", kernel_shape=(3, 3), pads=(1, 1, 1, 1), group=groups
    )


def normalization(graph: GraphBuilder, data: ir.Value, seed: int) -> ir.Value:
    gamma, beta, mean = (graph.constant(drawn(seed + i, CHANNELS)) for i in range(3))
    variance = graph.constant(np.abs(drawn(seed + 3, CHANNELS)) + 0.1)
    return graph.op("BatchNormalization", [data, gamma, beta, mean, variance], "norm", epsilon=1e-3)


def repeated(graph: GraphBuilder, data: ir.Value, *scales: float, **attributes: str) -> ir.Value:
    modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return graph.op(
        "Resize", [data, None, graph.constant(np.array(scales, np.float32))], "up", **(modes | attributes)
    )


def fold(model: ir.Model) -> Any:
    return FoldBatchNormPass()(model)


def merge(model: ir.Model) -> Any:
    return MergeResizePass()(model)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_fold_into_convolution(groups: int, bias: bool) -> None:
    graph, data = new_graph()
    result = normalization(graph, convolution(graph, data, 1, groups, bias), 5)
    model = assert_same_numbers(graph, {"out": result}, fold)
    assert operators(model) == {"Conv": 1}


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_fold_into_transposed_convolution(groups: int) -> None:
    graph, data = new_graph(batch=BATCH)
    result = normalization(graph, deconvolution(graph, data, 1, groups), 5)
    model = assert_same_numbers(graph, {"out": result}, fold)
    assert operators(model) == {"ConvTranspose": 1}


@pytest.mark.parametrize("bias", [False, True])
def test_fold_into_dense_layer(bias: bool) -> None:
    graph, data = new_graph()
    flat = graph.op("Flatten", [data])
    inputs = [flat, graph.constant(drawn(1, CHANNELS, CHANNELS * 36))]
    inputs += [graph.constant(drawn(2, CHANNELS))] if bias else []
    result = normalization(graph, graph.op("Gemm", inputs, transB=1), 5)
    assert operators(assert_same_numbers(graph, {"out": result}, fold)) == {"Flatten": 1, "Gemm": 1}


def test_fold_reports_whether_it_changed_anything() -> None:
    graph, data = new_graph()
    model = graph.model({"out": normalization(graph, convolution(graph, data, 1), 5)})
    assert fold(model).modified
    assert not fold(model).modified


def test_weights_shared_by_two_layers_stay_apart() -> None:
    graph, data = new_graph()
    weight = graph.constant(drawn(1, CHANNELS, CHANNELS, 1, 1))
    first, second = (graph.op("Conv", [value, weight], "conv") for value in (data, graph.op("Relu", [data])))
    outputs = {"a": normalization(graph, first, 5), "b": normalization(graph, second, 15), "c": weight}
    model = assert_same_numbers(graph, outputs, fold)
    assert operators(model) == {"Conv": 2, "Relu": 1}


def test_no_fold_where_the_layers_result_has_another_user() -> None:
    graph, data = new_graph()
    conv = convolution(graph, data, 1)
    result = graph.op("Add", [normalization(graph, conv, 5), conv])
    assert operators(assert_same_numbers(graph, {"out": result}, fold))["BatchNormalization"] == 1


def test_no_fold_where_two_normalizations_share_a_layer() -> None:
    graph, data = new_graph()
    conv = convolution(graph, data, 1)
    outputs = {"a": normalization(graph, conv, 5), "b": normalization(graph, conv, 15)}
    assert operators(assert_same_numbers(graph, outputs, fold))["BatchNormalization"] == 2


def test_no_fold_where_the_layers_result_is_an_output() -> None:
    graph, data = new_graph()
    conv = convolution(graph, data, 1)
    outputs = {"conv": conv, "out": normalization(graph, conv, 5)}
    model = assert_same_numbers(graph, outputs, clean)
    assert operators(model)["BatchNormalization"] == 1


def test_no_fold_of_computed_weights() -> None:
    graph, data = new_graph()
    weight = graph.op("Slice", [data, *(graph.constant([k]) for k in (0, 1, 0))])
    weight = graph.op("Tile", [weight, graph.constant([CHANNELS, 1, 1, 1])])
    result = normalization(graph, graph.op("Conv", [data, weight]), 5)
    assert operators(assert_same_numbers(graph, {"out": result}, fold))["BatchNormalization"] == 1


def test_no_fold_of_computed_statistics() -> None:
    graph, data = new_graph()
    ones = graph.constant(np.ones(CHANNELS, np.float32))
    mean = graph.op("ReduceMean", [data, graph.constant([0, 2, 3])], keepdims=0)
    norm = graph.op("BatchNormalization", [convolution(graph, data, 1), ones, ones, mean, ones])
    assert operators(assert_same_numbers(graph, {"out": norm}, fold))["BatchNormalization"] == 1


@pytest.mark.parametrize("attributes", [{"alpha": 0.5}, {"beta": 2.0}])
def test_no_fold_into_a_scaled_dense_layer(attributes: dict[str, float]) -> None:
    graph, data = new_graph()
    inputs = [graph.op("Flatten", [data]), graph.constant(drawn(1, CHANNELS, CHANNELS * 36))]
    dense = graph.op("Gemm", [*inputs, graph.constant(drawn(2, CHANNELS))], transB=1, **attributes)
    model = assert_same_numbers(graph, {"out": normalization(graph, dense, 5)}, fold)
    assert operators(model)["BatchNormalization"] == 1


def test_no_fold_behind_another_operator() -> None:
    graph, data = new_graph()
    result = normalization(graph, graph.op("Relu", [convolution(graph, data, 1)]), 5)
    assert operators(assert_same_numbers(graph, {"out": result}, fold))["BatchNormalization"] == 1


def test_merge_width_and_height() -> None:
    graph, data = new_graph(batch=BATCH)
    result = repeated(graph, repeated(graph, data, 1, 1, 1, 2), 1, 1, 2, 1)
    assert operators(assert_same_numbers(graph, {"out": result}, merge)) == {"Resize": 1}


def test_merge_three_in_a_row() -> None:
    graph, data = new_graph()
    result = data
    for scales in ((1, 1, 1, 2), (1, 1, 3, 1), (1, 1, 2, 2)):
        result = repeated(graph, result, *scales)
    assert operators(assert_same_numbers(graph, {"out": result}, merge)) == {"Resize": 1}


def test_no_merge_where_the_first_result_has_another_user() -> None:
    graph, data = new_graph()
    first = repeated(graph, data, 1, 1, 1, 2)
    outputs = {"a": repeated(graph, first, 1, 1, 2, 1), "b": graph.op("Relu", [first])}
    assert operators(assert_same_numbers(graph, outputs, merge))["Resize"] == 2


def test_no_merge_where_the_first_result_is_an_output() -> None:
    graph, data = new_graph()
    first = repeated(graph, data, 1, 1, 1, 2)
    outputs = {"a": repeated(graph, first, 1, 1, 2, 1), "b": first}
    assert operators(assert_same_numbers(graph, outputs, clean))["Resize"] == 2


@pytest.mark.parametrize(
    ("scales", "attributes"),
    [
        ((1, 1, 1.5, 1), {}),
        ((1, 1, 0.5, 1), {}),
        ((1, 1, 2, 1), {"mode": "linear"}),
        ((1, 1, 2, 1), {"coordinate_transformation_mode": "align_corners"}),
        ((1, 1, 2, 1), {"nearest_mode": "ceil"}),
    ],
    ids=str,
)
def test_no_merge_of_other_resizes(scales: tuple[float, ...], attributes: dict[str, str]) -> None:
    graph, data = new_graph()
    result = repeated(graph, repeated(graph, data, 1, 1, 1, 2), *scales, **attributes)
    assert operators(assert_same_numbers(graph, {"out": result}, merge))["Resize"] == 2


@st.composite
def recipes(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Draw steps of a graph: what to do, with which earlier value, and a seed."""
    kinds = st.sampled_from(["conv", "grouped", "deconv", "norm", "relu", "add", "identity", "output", "up"])
    steps = draw(st.lists(kinds, min_size=1, max_size=12))
    return [(kind, draw(st.integers(0, 30)), draw(st.integers(0, 1000))) for kind in steps]


def build(recipe: list[tuple[str, int, int]]) -> tuple[GraphBuilder, dict[str, ir.Value]]:
    graph, data = new_graph()
    values, outputs = [data], {}
    for kind, choice, seed in recipe:
        # Mostly the newest value: chains are what passes look for.
        value = values[-1] if choice < 20 else values[choice % len(values)]
        if kind == "output":
            outputs[f"early_{len(outputs)}"] = value
        elif kind == "up":
            outputs[f"up_{len(outputs)}"] = repeated(graph, repeated(graph, value, 1, 1, 1, 2), 1, 1, 3, 1)
        else:
            values.append(STEPS[kind](graph, value, values[choice % len(values)], seed))
    return graph, {**outputs, "last": values[-1]}


STEPS: dict[str, Callable[[GraphBuilder, ir.Value, ir.Value, int], ir.Value]] = {
    "conv": lambda graph, value, _, seed: convolution(graph, value, seed, bias=seed % 2 == 0),
    "grouped": lambda graph, value, _, seed: convolution(graph, value, seed, groups=2),
    "deconv": lambda graph, value, _, seed: deconvolution(graph, value, seed, groups=1 + seed % 2),
    "norm": lambda graph, value, _, seed: normalization(graph, value, seed),
    "relu": lambda graph, value, _, __: graph.op("Relu", [value]),
    "add": lambda graph, value, other, _: graph.op("Add", [value, other]),
    "identity": lambda graph, value, _, __: graph.op("Identity", [value]),
}


@few
@given(recipes())
def test_clean_leaves_the_numbers_of_random_graphs_alone(recipe: list[tuple[str, int, int]]) -> None:
    graph, outputs = build(recipe)
    model = assert_same_numbers(graph, outputs, clean)
    assert len(list(model.graph)) <= len(graph.nodes)


@few
@given(recipes())
def test_clean_twice_is_clean_once(recipe: list[tuple[str, int, int]]) -> None:
    graph, outputs = build(recipe)
    model = clean(graph.model(outputs))
    once = operators(model)
    assert operators(clean(model)) == once


def test_clean_removes_what_nobody_needs() -> None:
    graph, data = new_graph()
    graph.op("Relu", [convolution(graph, data, 1)])
    twins = [graph.op("Sigmoid", [graph.op("Identity", [data])]) for _ in range(2)]
    model = assert_same_numbers(graph, {"out": graph.op("Add", twins)}, clean)
    assert operators(model) == {"Sigmoid": 1, "Add": 1}
    assert not model.graph.initializers


def test_input_that_is_also_an_output() -> None:
    graph, data = new_graph()
    assert_same_numbers(graph, {"out": data}, clean)


def scores_of(graph: GraphBuilder, data: ir.Value) -> ir.Value:
    """Scores, as detectors compute them, with steps between the sigmoid and the choice."""
    scores = graph.op("Sigmoid", [data], "scores")
    return graph.op("Reshape", [scores, graph.constant([2, -1])], "rows")


def test_ranked_scores_are_exact() -> None:
    graph, data = new_graph()
    best, _ = graph.multi("TopK", [scores_of(graph, data), graph.constant([9])], 2, "best")
    model = assert_same_numbers(graph, {"best": best}, ReplaceSigmoidBeforeTopKPass())
    assert operators(model)["Sigmoid"] == 0
    assert operators(model)["Exp"] == 1


def test_ranks_follow_the_inputs() -> None:
    """Inputs so close that an approximation exchanges their order."""
    graph = GraphBuilder("test")
    data = graph.input("data", (1, 4096))
    scores = graph.op("Sigmoid", [data], "scores")
    _, places = graph.multi("TopK", [scores, graph.constant([4096])], 2, "order")
    model = graph.model({"places": places})
    ReplaceSigmoidBeforeTopKPass()(model)
    logits = np.linspace(-6, -2, 4096, dtype=np.float32)
    np.testing.assert_array_equal(run(model, logits[None])["places"][0], np.arange(4096)[::-1])


def test_scores_that_nothing_chooses_by_stay() -> None:
    graph, data = new_graph()
    gate = graph.op("Sigmoid", [data], "gate")
    best, _ = graph.multi(
        "TopK",
        [convolution(graph, graph.op("Mul", [data, gate], "gated"), 1), graph.constant([3])],
        2,
        "best",
    )
    model = graph.model({"best": best, "scores": scores_of(graph, data)})
    assert not ReplaceSigmoidBeforeTopKPass()(model).modified
    assert operators(model)["Sigmoid"] == 2
