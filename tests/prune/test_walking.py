"""Going through graphs from what is held, layers that take over, and widths that are exchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.metadata import Preprocessing
from gcv_edge.prune.absorbing import absorb_biases
from gcv_edge.prune.allocation import mask_of
from gcv_edge.prune.costs import MacCost
from gcv_edge.prune.descent import descend
from gcv_edge.prune.exchange import exchange
from gcv_edge.prune.forward import Forward
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.refinement import refine
from gcv_edge.prune.sensitivity import Curves, Divergence
from gcv_edge.prune.spaces import channel_spaces
from gcv_edge.prune.study import Study
from gcv_edge.prune.walking import Walk
from tests.support.small_graphs import KINDS, Graph, make

PICTURES = Pictures(
    np.random.default_rng(3).integers(0, 256, (40, 3, 8, 8)).astype(np.uint8),
    Preprocessing(mean=(127.0,) * 3, scale=(64.0,) * 3),
    40,
)


def places_of(model: ir.Model) -> dict[str, int]:
    for number, node in enumerate(model.graph):
        node.name = f"{node.name}_{number}"
    return {node.name or "": place for place, node in enumerate(model.graph)}


@pytest.mark.parametrize("limit", [10**9, 0], ids=["held", "nothing fits"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_computes_what_the_graph_computes(kind: str, limit: int) -> None:
    model = make(kind)
    walk = Walk(model, PICTURES, places_of(model), limit)
    names = [node.outputs[0].name or "" for node in model.graph if node.op_type in ("Conv", "Gemm")]
    expected = {name: [] for name in names}
    for tensors in Forward(model, names).stream(PICTURES):
        for name in names:
            expected[name].append(tensors[name])
    for place, node in enumerate(model.graph):
        walk.advance(place)
        name = node.outputs[0].name or ""
        if name in names:
            found = np.concatenate([tensors[name] for tensors in walk.stream([name], 7)])
            np.testing.assert_allclose(found, np.concatenate(expected[name]), atol=1e-4)
    assert bool(walk.held) == bool(limit)


def test_a_fixed_batch_is_filled_up_alike_from_what_is_held_and_from_the_input() -> None:
    model = make("residual")
    model.graph.inputs[0].shape = ir.Shape([3, 3, 8, 8])
    for node in model.graph:
        for value in node.outputs:
            value.shape = ir.Shape([3, *list(value.shape or ())[1:]])
    name = next(node.outputs[0].name or "" for node in reversed(list(model.graph)) if node.op_type == "Conv")
    places = places_of(model)
    begin, later = Walk(model, PICTURES, places), Walk(model, PICTURES, places)
    later.advance(3)
    found, expected = (list(walk.stream([name], 3)) for walk in (later, begin))
    assert [len(part[name]) for part in found] == [3] * 14
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[name], other[name], atol=1e-4)


def stem_and_branch() -> ir.Model:
    """A branch that is added to the stem's own result; it is so faint that the stem can do without."""
    graph = Graph()
    stem = graph.conv(graph.data, 16)
    inner = graph.relu(graph.conv(graph.relu(stem), 16))
    faint = graph.builder.constant((0.02 * graph.random.standard_normal((16, 16, 3, 3))).astype(np.float32))
    branch = graph.builder.op("Conv", [inner, faint], "conv", pads=[1] * 4)
    return graph.end(graph.relu(graph.op("Add", stem, branch)))


def study_of(model: ir.Model) -> Study:
    study = Study.of(model)
    for _ in study.gather(PICTURES, 0):
        pass
    study.order("obs", lambda done, total: None)
    return study


def test_a_stem_takes_over_for_a_branch_that_goes() -> None:
    model = stem_and_branch()
    places_of(model)
    study = study_of(model)
    ((name, heir),) = study.heirs.items()
    widths = {name: 0}
    small, heirs = study.shape(widths)
    assert heirs == {heir.layer: heir}
    assert [node.op_type for node in small.graph].count("Conv") == 1
    divergence = Divergence(model, PICTURES)
    pruned = study.prune(widths)
    refine(study, pruned, widths, PICTURES, 0, lambda done, total: None)
    assert divergence(pruned) < 0.5 * divergence(study.prune(widths, fit=False))


def norm_first() -> ir.Model:
    """Two stages of blocks that normalise before they convolve; their last convolutions have no bias."""
    graph = Graph()

    def norm(x: ir.Value) -> ir.Value:
        count = int(graph.builder.shape(x)[1])
        constants = [
            graph.builder.constant(graph.random.uniform(0.5, 1.5, count).astype(np.float32)) for _ in range(4)
        ]
        return graph.relu(graph.op("BatchNormalization", x, *constants))

    x = graph.op("Conv", graph.data, graph.numbers(16, 3, 1, 1))
    for _ in range(3):
        inner = graph.block(norm(x), 24)
        x = graph.op("Add", graph.op("Conv", inner, graph.numbers(16, 24, 1, 1)), x)
    inner = graph.op("Conv", graph.block(norm(x), 24), graph.numbers(24, 24, 1, 1), strides=[2, 2])
    shortcut = graph.op("Conv", x, graph.numbers(24, 16, 1, 1), strides=[2, 2])
    return graph.end(norm(graph.op("Add", inner, shortcut)))


@pytest.mark.parametrize("build", [stem_and_branch, norm_first])
@pytest.mark.parametrize("width", [8, 0])
def test_what_is_timed_has_all_that_is_written(build: Callable[[], ir.Model], width: int) -> None:
    model = build()
    places_of(model)
    study = study_of(model)
    widths = {next(space.name for space in study.free if space.removable): width}
    pruned = study.prune(widths)
    refine(study, pruned, widths, PICTURES, 0, lambda done, total: None)
    timed = study.shape(widths)[0]
    assert [forms_of(node) for node in timed.graph] == [forms_of(node) for node in pruned.graph]


def test_sums_that_linear_layers_read_need_no_biases() -> None:
    model = norm_first()
    places_of(model)
    study = study_of(model)
    widths = {next(space.name for space in study.free if space.removable): 0}
    pruned = study.prune(widths)
    assert [len(node.inputs) for node in pruned.graph if node.op_type == "Conv"].count(3) > 2
    (expected,) = Forward(pruned, ["logits"]).stream(PICTURES.some(4))
    absorb_biases(pruned)
    (found,) = Forward(pruned, ["logits"]).stream(PICTURES.some(4))
    np.testing.assert_allclose(found["logits"], expected["logits"], rtol=1e-4, atol=1e-4)
    assert [node.op_type for node in pruned.graph].count("Add") == 3, "the branch that went is gone"
    biased = [node for node in pruned.graph if node.op_type == "Conv" and len(node.inputs) == 3]
    assert len(biased) == 3, "those that a Relu reads"


@pytest.mark.parametrize("build", [stem_and_branch, lambda: make("residual")])
def test_other_biases_stay(build: Callable[[], ir.Model]) -> None:
    model = build()
    before = [forms_of(node) for node in model.graph]
    absorb_biases(model)
    assert [forms_of(node) for node in model.graph] == before


def forms_of(node: ir.Node) -> tuple[str, list[tuple[int, ...]]]:
    constants = (value.const_value for value in node.inputs if value is not None)
    return node.op_type, [tuple(array.numpy().shape) for array in constants if array is not None]


def test_a_branch_beside_another_stays() -> None:
    graph = Graph()
    x = graph.block(graph.data, 16)
    both = [graph.conv(graph.block(x, 16), 16) for _ in range(2)]
    model = graph.end(graph.relu(graph.op("Add", *both)))
    assert not any(space.removable for space in channel_spaces(model))


def exchangeable() -> tuple[Study, list[str], MacCost, Curves]:
    """A network, its spaces, what they cost, and curves on which all but the first lose alike."""
    study = study_of(make("residual"))
    names = [space.name for space in study.free]
    return study, names, MacCost(study.spaces), {name: {16: 0.1, 8: 0.2} for name in names[1:]}


def test_the_space_that_loses_least_with_the_others_becomes_narrower_first() -> None:
    study, names, cost, curves = exchangeable()

    def joint(widths: Mapping[str, int]) -> float:
        return 2.0 * (widths.get(names[1], 24) < 24) + 0.01 * (widths.get(names[2], 24) < 24)

    steps = list(descend(study, curves, cost, joint))
    assert set(steps[0]) == {names[2]}, "the curves say that both lose alike"
    assert steps[-1] == {names[1]: 8, names[2]: 8}, "as narrow as was measured"
    costs = [cost(mask_of(study, widths)) for widths in ({}, *steps)]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(costs)


def test_widths_are_exchanged_for_those_that_lose_less_together() -> None:
    study, names, cost, curves = exchangeable()

    def joint(widths: Mapping[str, int]) -> float:
        return 1.0 + (widths.get(names[1], 24) < 24) - 0.5 * (widths.get(names[2], 24) < 24)

    found = exchange(study, curves, cost, {names[1]: 8}, 1e12, joint, lambda done, total: None)
    assert found == {names[2]: 16} or found == {names[2]: 8}
    same = exchange(study, curves, cost, {names[1]: 8}, 0.0, joint, lambda done, total: None)
    assert same == {names[1]: 8}


def test_widths_that_cost_too_much_become_narrower_at_the_least_loss() -> None:
    study, names, cost, curves = exchangeable()

    def joint(widths: Mapping[str, int]) -> float:
        return 1.0 + 2.0 * (widths.get(names[1], 24) < 24) + (widths.get(names[2], 24) < 24)

    limit = cost(mask_of(study, {names[2]: 8}))
    found = exchange(study, curves, cost, {}, limit, joint, lambda done, total: None)
    assert found == {names[2]: 8}
