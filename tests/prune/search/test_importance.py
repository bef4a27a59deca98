"""Ranking against what is known beforehand, and against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import onnx_ir as ir
import pytest

from benchmarks.pruning_methods import ORDERS, rank_by
from gcv_edge.prune.channels.edits import replace_constant
from gcv_edge.prune.fitting.network import PrunableNetwork, analyse
from gcv_edge.prune.search.importance import Operand, OptimalBrainSurgeonState
from gcv_edge.prune.search.sensitivity import candidate_widths
from tests.support.pruning_networks import PICTURES, rank
from tests.support.pruning_oracle import run
from tests.support.small_graphs import make

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


def plant(model: ir.Model, network: PrunableNetwork, random: np.random.Generator) -> dict[str, int]:
    """Let no layer read a third of the units of each space, and return the widths without them."""
    nodes = list(model.graph)
    dead = np.zeros(len(network.spaces.units), bool)
    widths = {}
    for space, members in zip(network.spaces, network.spaces.members, strict=True):
        if not space.frozen:
            gone = random.choice(space.units, space.units // 3, replace=False)
            dead[members[gone]] = True
            widths[space.name] = space.units - len(gone)
    for layer in network.layers.values():
        node = nodes[layer.layer.node]
        weight = node.inputs[1].const_value.numpy().copy()
        columns = dead[network.spaces.units[layer.layer.inputs]]
        np.swapaxes(weight, 0, 1)[columns if not layer.transposed else slice(0, 0)] = 0
        weight[columns if layer.transposed else slice(0, 0)] = 0
        replace_constant(model.graph, node, 1, weight)
    return widths


@pytest.mark.parametrize("order", ["obs", *ORDERS])
@pytest.mark.parametrize("kind", DEAD)
def test_channels_that_nobody_reads_are_found(kind: str, order: str) -> None:
    model = make(kind)
    widths = plant(model, analyse(model), np.random.default_rng(1))
    network = rank(model)
    network = network if order == "obs" else rank_by(network, order)
    expected = run(model, BATCH)[0]
    tolerance = 1e-5 * max(1.0, float(np.abs(expected).max()))  # processors add up in different orders
    np.testing.assert_allclose(run(network.prune(widths), BATCH)[0], expected, atol=tolerance)


def test_the_loss_of_a_unit_is_that_of_the_best_fit_without_it() -> None:
    random = np.random.default_rng(0)
    rows = random.standard_normal((400, 12)) @ random.standard_normal((12, 12))
    covariance, weight = rows.T @ rows / 400, random.standard_normal((5, 12))
    state = OptimalBrainSurgeonState(Operand(weight, covariance, np.repeat(np.arange(4), 3)), 4)
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
        operand = Operand(weight, covariance, np.arange(6))
        step, both = (OptimalBrainSurgeonState(operand, 6) for _ in range(2))
        first = step.loss(np.array([pair[0]]))
        step.remove(np.array([pair[0]]))
        assert first + step.loss(np.array([pair[1]])) == pytest.approx(both.loss(np.array(pair)), rel=1e-6)


def test_narrow_spaces_keep_multiples_of_eight_or_nothing() -> None:
    network = analyse(make("grouped"))
    assert [candidate_widths(space) for space in network.free] == [[6, 4, 2], [8]]
    inner = [space for space in analyse(make("residual")).free if space.removable]
    assert [candidate_widths(space) for space in inner] == [[16, 8, 0], [16, 8, 0]]
