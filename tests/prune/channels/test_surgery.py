"""Channel spaces and surgery: the pruned graph computes what the whole one does without those channels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gcv_edge.errors import UsageError
from gcv_edge.prune import channel_spaces, count_macs, predict_macs, remove_channels
from gcv_edge.prune.channels.surgery import fold_biases
from gcv_edge.prune.fitting.activations import compute
from tests.support.pruning_networks import (
    PICTURES,
    describe_node,
    norm_first,
    number_nodes,
    rank,
    stem_and_branch,
)
from tests.support.pruning_oracle import is_possible, random_keep, run, with_zeros
from tests.support.small_graphs import KINDS, Graph, make

BATCH = np.random.default_rng(5).standard_normal((2, 3, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_output_must_stay(kind: str) -> None:
    spaces = channel_spaces(make(kind))
    assert [space.frozen for space in spaces if space.frozen] == ["is the output 'logits'"]


@pytest.mark.parametrize("kind", KINDS)
@settings(derandomize=True, max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_random_keeps_compute_what_zeroed_readers_compute(kind: str, seed: int) -> None:
    model = make(kind)
    spaces = channel_spaces(model)
    keep = random_keep(spaces, np.random.default_rng(seed))
    assume(is_possible(spaces, keep))
    pruned = remove_channels(model, spaces, keep)
    (found,), (expected,) = run(pruned, BATCH), run(with_zeros(model, spaces, keep), BATCH)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)
    assert count_macs(pruned) == predict_macs(spaces, keep)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_itself_is_not_changed(kind: str) -> None:
    model = make(kind)
    before = ir.to_proto(model).SerializeToString()
    spaces = channel_spaces(model)
    remove_channels(model, spaces, random_keep(spaces, np.random.default_rng(0)))
    assert ir.to_proto(model).SerializeToString() == before
    assert count_macs(model) == predict_macs(spaces, {})


@pytest.mark.parametrize(
    ("kind", "units"),
    [
        ("plain", [16, 24]),
        ("residual", [16, 24, 24]),
        ("concat", [8, 12, 6, 10]),
        ("depthwise", [16, 24]),
        ("grouped", [8, 16]),
        ("few_groups", [8, 12, 16]),
        ("gate", [16, 8, 12]),
        ("shuffled", [12, 12]),
        ("flattened", [16, 20]),
    ],
)
def test_units_by_kind(kind: str, units: list[int]) -> None:
    assert [space.units for space in channel_spaces(make(kind)) if not space.frozen] == units


def test_a_branch_may_go_as_a_whole() -> None:
    model = make("residual")
    spaces = channel_spaces(model)
    inner = [space for space in spaces if space.removable]
    assert [space.units for space in inner] == [24, 24]
    keep = {space.name: [] for space in inner}
    pruned = remove_channels(model, spaces, keep)
    assert [node.op_type for node in pruned.graph].count("Conv") == 1
    (found,), (expected,) = run(pruned, BATCH), run(with_zeros(model, spaces, keep), BATCH)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def through(kind: str, **attributes: object) -> ir.Model:
    graph = Graph()
    x = graph.block(graph.data, 16)
    return graph.end(graph.block(graph.op(kind, x, **attributes), 8))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: through("Softmax", axis=1), "related to each other by Softmax"),
        (lambda: through("LRN", size=3), "read by LRN"),
        (lambda: through("ReduceMean", keepdims=1), "summed up over its channels by ReduceMean"),
    ],
)
def test_frozen_spaces_say_why(model, reason: str) -> None:
    first = channel_spaces(model())[0]
    assert first.frozen.startswith(reason)


def test_a_sum_with_fixed_channels_is_frozen() -> None:
    graph = Graph()
    x = graph.conv(graph.data, 3)
    spaces = channel_spaces(graph.end(graph.block(graph.op("Add", x, graph.data), 8)))
    assert "meets 'data', whose channels are fixed" in spaces[0].frozen


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"nowhere": [0]}, "there is none of that name"),
        ({"conv": []}, "nothing is kept"),
        ({"conv": [99]}, "found unit 99, it has 16"),
        ({"conv": [0, -1]}, "found unit -1, it has 16"),
        ({"dense": [0]}, "must stay whole: is the output 'logits'"),
    ],
)
def test_wrong_keeps(keep: dict[str, list[int]], message: str) -> None:
    model = make("plain")
    with pytest.raises(UsageError, match=message):
        remove_channels(model, channel_spaces(model), keep)


def test_a_branch_beside_another_stays() -> None:
    graph = Graph()
    x = graph.block(graph.data, 16)
    both = [graph.conv(graph.block(x, 16), 16) for _ in range(2)]
    model = graph.end(graph.relu(graph.op("Add", *both)))
    assert not any(space.removable for space in channel_spaces(model))


def test_sums_that_linear_layers_read_need_no_biases() -> None:
    model = norm_first()
    number_nodes(model)
    network = rank(model)
    widths = {next(space.name for space in network.free if space.removable): 0}
    pruned = network.prune(widths)
    assert [len(node.inputs) for node in pruned.graph if node.op_type == "Conv"].count(3) > 2
    expected = compute(pruned, ["logits"], PICTURES.some(4))
    fold_biases(pruned)
    found = compute(pruned, ["logits"], PICTURES.some(4))
    np.testing.assert_allclose(found["logits"], expected["logits"], rtol=1e-4, atol=1e-4)
    assert [node.op_type for node in pruned.graph].count("Add") == 3, "the branch that went is gone"
    biased = [node for node in pruned.graph if node.op_type == "Conv" and len(node.inputs) == 3]
    assert len(biased) == 3, "those that a Relu reads"


@pytest.mark.parametrize("build", [stem_and_branch, lambda: make("residual")])
def test_other_biases_stay(build: Callable[[], ir.Model]) -> None:
    model = build()
    before = [describe_node(node) for node in model.graph]
    fold_biases(model)
    assert [describe_node(node) for node in model.graph] == before
