"""Selection and fitting against what is known beforehand, and against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.metadata import Preprocessing
from gcv_edge.prune.edits import replace_constant
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.refinement import refine
from gcv_edge.prune.selection import ORDERS, ObsState, Operand, order_units
from gcv_edge.prune.study import Study, candidate_widths
from tests.support.pruning_oracle import run
from tests.support.small_graphs import KINDS, make

PREPROCESSING = Preprocessing(mean=(127.0,) * 3, scale=(64.0,) * 3)
PICTURES = Pictures(
    np.random.default_rng(3).integers(0, 256, (48, 3, 8, 8)).astype(np.uint8), PREPROCESSING, 48
)
BATCH = next(PICTURES.batches(4))
DEAD = (
    "residual",
    "concat",
    "split_and_slice",
    "depthwise",
    "flattened",
    "shuffled",
    "upsampled",
    "plain",
)


def studied(model: ir.Model, kind: str = "obs") -> Study:
    study = Study.of(model)
    for _ in study.gather(PICTURES, 0):
        pass
    study.order(kind, lambda done, total: None)
    return study


def plant(model: ir.Model, study: Study, random: np.random.Generator) -> dict[str, int]:
    """Let no layer read a third of the units of each space, and return the widths without them."""
    nodes = list(model.graph)
    dead = np.zeros(len(study.spaces.units), bool)
    widths = {}
    for space, members in zip(study.spaces, study.spaces.members, strict=True):
        if not space.frozen:
            gone = random.choice(space.units, space.units // 3, replace=False)
            dead[members[gone]] = True
            widths[space.name] = space.units - len(gone)
    for reader in study.readers.values():
        node = nodes[reader.layer.node]
        weight = node.inputs[1].const_value.numpy().copy()
        columns = dead[study.spaces.units[reader.layer.inputs]]
        np.swapaxes(weight, 0, 1)[columns if not reader.transposed else slice(0, 0)] = 0
        weight[columns if reader.transposed else slice(0, 0)] = 0
        replace_constant(model.graph, node, 1, weight)
    return widths


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", DEAD)
def test_channels_that_nobody_reads_are_found(kind: str, order: str) -> None:
    model = make(kind)
    widths = plant(model, Study.of(model), np.random.default_rng(1))
    study = studied(model, order)
    expected = run(model, BATCH)[0]
    np.testing.assert_allclose(run(study.prune(widths), BATCH)[0], expected, atol=1e-5)


def repeat_channels(model: ir.Model, half: int) -> None:
    """Let the second half of the first layer's channels be multiples of the first half."""
    node = next(iter(model.graph))
    for place in (1, 2):
        values = node.inputs[place].const_value.numpy().copy()
        values[half:] = values[:half] * np.linspace(0.5, 2, half).reshape(-1, *[1] * (values.ndim - 1))
        replace_constant(model.graph, node, place, values.astype(np.float32))


@pytest.mark.parametrize("kind", ["plain", "depthwise", "flattened"])
def test_dependent_channels_cost_nothing_after_the_fit(kind: str) -> None:
    model = make(kind)
    if kind == "depthwise":
        second = [node for node in model.graph if node.op_type == "Conv"][1]
        for place in (1, 2):
            values = second.inputs[place].const_value.numpy().copy()
            values[8:] = values[:8] if place == 1 else values[:8] * np.linspace(0.5, 2, 8)
            replace_constant(model.graph, second, place, values.astype(np.float32))
    repeat_channels(model, 8)
    study = studied(model)
    first = study.free[0].name
    expected = run(model, BATCH)[0]
    pruned = study.prune({first: 8})
    refine(study, pruned, {first: 8}, PICTURES, 0, lambda done, total: None)
    scale = float(np.abs(expected).max())
    assert np.abs(run(pruned, BATCH)[0] - expected).max() < 2e-2 * scale
    assert np.abs(run(study.prune({first: 8}, fit=False), BATCH)[0] - expected).max() > 5e-2 * scale


def test_the_loss_of_a_unit_is_that_of_the_best_fit_without_it() -> None:
    random = np.random.default_rng(0)
    rows = random.standard_normal((400, 12)) @ random.standard_normal((12, 12))
    covariance, weight = rows.T @ rows / 400, random.standard_normal((5, 12))
    state = ObsState(Operand(weight, covariance, np.repeat(np.arange(4), 3)), 4)
    ridge = 0.01 * np.trace(covariance) / 12
    system = covariance + ridge * np.eye(12)
    for unit in range(4):
        kept = np.repeat(np.arange(4) != unit, 3)
        fitted = np.zeros_like(weight)
        fitted[:, kept] = np.linalg.solve(system[np.ix_(kept, kept)], (weight @ system)[:, kept].T).T
        difference = weight - fitted
        expected = np.trace(difference @ system @ difference.T) * state.scale
        assert state.losses(np.array([unit]))[0] == pytest.approx(expected, rel=1e-6)


def test_two_units_taken_in_turn_lose_what_both_lose_at_once() -> None:
    random = np.random.default_rng(1)
    rows = random.standard_normal((100, 6))
    covariance, weight = rows.T @ rows / 100, random.standard_normal((3, 6))
    for pair in itertools.combinations(range(6), 2):
        step, both = (ObsState(Operand(weight, covariance, np.arange(6)), 6) for _ in range(2))
        first = step.loss(np.array([pair[0]]))
        step.remove(np.array([pair[0]]))
        assert first + step.loss(np.array([pair[1]])) == pytest.approx(both.loss(np.array(pair)), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_loses_less_than_slicing(kind: str) -> None:
    model = make(kind)
    study = studied(model)
    widths = {space.name: max(1, space.units * 3 // 4) for space in study.free}
    expected = run(model, BATCH)[0]
    fitted = study.prune(widths)
    refine(study, fitted, widths, PICTURES, 0, lambda done, total: None)
    sliced = run(study.prune(widths, fit=False), BATCH)[0]
    assert np.square(run(fitted, BATCH)[0] - expected).mean() < np.square(sliced - expected).mean()


def test_orders_differ_by_what_they_look_at() -> None:
    weight = np.array([[3.0, 1.0, 2.0]])
    operand = Operand(weight, np.diag([0.01, 9.0, 1.0]), np.arange(3))
    assert order_units([operand], 3, "l1").tolist() == [0, 2, 1]
    assert order_units([operand], 3, "activation").tolist() == [1, 2, 0]


def test_narrow_spaces_keep_multiples_of_eight_or_nothing() -> None:
    study = Study.of(make("grouped"))
    assert [candidate_widths(space) for space in study.free] == [[6, 4, 2], [8]]
    inner = [space for space in Study.of(make("residual")).free if space.removable]
    assert [candidate_widths(space) for space in inner] == [[16, 8, 0], [16, 8, 0]]
