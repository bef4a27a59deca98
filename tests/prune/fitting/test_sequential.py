"""Layers fitted in order lose less than sliced ones, and what is timed is what is written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.prune.channels.edits import replace_constant
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import fit_in_order
from tests.support.pruning_networks import (
    PICTURES,
    describe_node,
    ignore,
    norm_first,
    number_nodes,
    rank,
    stem_and_branch,
)
from tests.support.pruning_oracle import run
from tests.support.small_graphs import KINDS, make

BATCH = next(PICTURES.batches(4))


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
    network = rank(model)
    first = network.free[0].name
    expected = run(model, BATCH)[0]
    pruned = network.prune({first: 8})
    fit_in_order(network, pruned, {first: 8}, PICTURES, 0, ignore)
    scale = float(np.abs(expected).max())
    assert np.abs(run(pruned, BATCH)[0] - expected).max() < 2e-2 * scale
    assert np.abs(run(network.slice({first: 8}), BATCH)[0] - expected).max() > 5e-2 * scale


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_loses_less_than_slicing(kind: str) -> None:
    model = make(kind)
    network = rank(model)
    widths = {space.name: max(1, space.units * 3 // 4) for space in network.free}
    expected = run(model, BATCH)[0]
    fitted = network.prune(widths)
    fit_in_order(network, fitted, widths, PICTURES, 0, ignore)
    sliced = run(network.slice(widths), BATCH)[0]
    assert np.square(run(fitted, BATCH)[0] - expected).mean() < np.square(sliced - expected).mean()


def test_a_stem_takes_over_for_a_branch_that_goes() -> None:
    model = stem_and_branch()
    number_nodes(model)
    network = rank(model)
    ((name, substitute),) = network.substitutes.items()
    widths = {name: 0}
    small = network.slice(widths)
    substitutes = network.substitute(small)
    assert substitutes == {substitute.layer: substitute}
    assert [node.op_type for node in small.graph].count("Conv") == 1
    divergence = Divergence(model, PICTURES)
    pruned = network.prune(widths)
    fit_in_order(network, pruned, widths, PICTURES, 0, ignore)
    assert divergence(pruned) < 0.5 * divergence(network.slice(widths))


@pytest.mark.parametrize("build", [stem_and_branch, norm_first])
@pytest.mark.parametrize("width", [8, 0])
def test_what_is_timed_has_all_that_is_written(build: Callable[[], ir.Model], width: int) -> None:
    model = build()
    number_nodes(model)
    network = rank(model)
    widths = {next(space.name for space in network.free if space.removable): width}
    pruned = network.prune(widths)
    fit_in_order(network, pruned, widths, PICTURES, 0, ignore)
    timed = network.prune_for_timing(widths)
    assert [describe_node(node) for node in timed.graph] == [describe_node(node) for node in pruned.graph]
