"""What widths lose together does not depend on what was looked at before."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.graph.values import constant_of
from gcv_edge.measure.result_cache import CachedResult, ResultCache
from gcv_edge.prune.fitting.network import RankedNetwork, analyse
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit
from gcv_edge.prune.fitting.statistics import Moments, gather_moments
from gcv_edge.prune.search.joint_loss import JointLoss
from gcv_edge.prune.search.side_by_side import side_by_side
from tests.support.pruning_networks import PICTURES, norm_first, rank, stem_and_branch


@pytest.fixture
def cached(tmp_path: Path) -> CachedResult:
    return ResultCache(tmp_path / "results").at("losses")


@pytest.mark.parametrize("make", [norm_first, stem_and_branch])
def test_layers_that_are_as_before_are_not_fitted_again(
    make: Callable[[], ir.Model], cached: CachedResult, tmp_path: Path
) -> None:
    network = rank(make())
    divergence, quick = Divergence(network.model, PICTURES), QuickFit(network, PICTURES, seed=0)
    spaces = {space.name: space.units for space in network.free}
    tried = [{}, *({name: units // 2} for name, units in spaces.items())]
    tried += [
        {first: spaces[first] // 2, second: 8} for first in spaces for second in spaces if first != second
    ]
    removable = [space.name for space in network.free if space.removable]
    tried += [dict.fromkeys(removable[:count], 0) for count in range(1, len(removable) + 1)]
    tried += [{one: 0, other: 0} for one in removable for other in removable if one < other]
    remembering = JointLoss(network, divergence, quick, cached)
    found = [remembering(widths) for widths in tried]
    empty = [ResultCache(tmp_path / str(number)).at("losses") for number in range(len(tried))]
    pairs = zip(tried, empty, strict=True)
    anew = [JointLoss(network, divergence, quick, nothing)(widths) for widths, nothing in pairs]
    assert found == pytest.approx(anew, rel=1e-3)
    assert found == [remembering(widths) for widths in tried]


@pytest.mark.parametrize("make", [norm_first, stem_and_branch])
def test_a_change_is_estimated_by_the_layers_around_it(
    make: Callable[[], ir.Model], cached: CachedResult
) -> None:
    network = rank(make())
    divergence, quick = Divergence(network.model, PICTURES), QuickFit(network, PICTURES, seed=0)
    joint = JointLoss(network, divergence, quick, cached)
    for base in ({}, {network.free[0].name: network.free[0].units // 2}):
        changes = [(space.name, base.get(space.name, space.units) // 2) for space in network.free]
        estimated = joint.after_changes(base, changes)
        assert estimated == joint.after_changes(base, changes)
        assert estimated == pytest.approx([joint({**base, n: w}) for n, w in changes], rel=0.5, abs=1e-3)
    assert joint.after_changes({}, [(network.free[0].name, network.free[0].units)]) == [joint({})]


def test_what_an_earlier_run_found_out_is_not_computed_again(
    cached: CachedResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = rank(norm_first())
    divergence, quick = Divergence(network.model, PICTURES), QuickFit(network, PICTURES, seed=0)
    first = JointLoss(network, divergence, quick, cached)
    widths = {network.free[0].name: network.free[0].units // 2}
    changes = [(space.name, space.units // 2) for space in network.free[1:]]
    found = first(widths), first.after_changes(widths, changes)
    first.keep()
    monkeypatch.setattr(QuickFit, "fit_some", None)
    later = JointLoss(network, divergence, quick, cached)
    assert (later(widths), later.after_changes(widths, changes)) == found
    assert later.widths_with_loss_below(found[0] * 2)[0] == widths


def test_estimates_do_not_depend_on_what_was_looked_at_before(tmp_path: Path) -> None:
    """A branch that goes after another one: the stem stands for both."""
    network = rank(norm_first())
    divergence, quick = Divergence(network.model, PICTURES), QuickFit(network, PICTURES, seed=0)
    branches = [space.name for space in network.free if space.removable]
    states = [{}, {branches[0]: 0}, {branches[0]: 0, branches[1]: 0}]
    changes = [(space.name, space.units // 2) for space in network.free] + [(name, 0) for name in branches]
    one_by_one = JointLoss(network, divergence, quick, ResultCache(tmp_path / "all").at("losses"))
    found = [one_by_one.after_changes(state, changes) for state in states]
    for number, state in enumerate(states):
        anew = JointLoss(network, divergence, quick, ResultCache(tmp_path / str(number)).at("losses"))
        assert anew.after_changes(state, changes) == pytest.approx(found[number], rel=1e-3)


def ranked_before(model: ir.Model) -> RankedNetwork:
    """A network whose ranking is known from an earlier run: nothing has read its statistics yet."""
    network = analyse(model)
    *_, statistics = gather_moments(model, network.layers, PICTURES, 0, network.substitutes)
    return network.ranked(statistics, {space.name: np.arange(space.units) for space in network.free})


def test_networks_are_pruned_side_by_side_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """They share statistics."""
    model = norm_first()
    widths = [{space.name: space.units // 2} for space in ranked_before(model).free for _ in range(2)]
    alone = [weights_of(ranked_before(model).prune(narrower)) for narrower in widths]
    monkeypatch.setattr(Moments, "covariance", slow_down(Moments.covariance))
    shared = ranked_before(model)
    with side_by_side() as pool:
        together = [weights_of(pruned) for pruned in pool.map(shared.prune, widths)]
    for one, other in zip(together, alone, strict=True):
        assert list(one) == list(other)
        for name, array in other.items():
            np.testing.assert_array_equal(one[name], array)


def slow_down(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let another thread run before a function begins and after its first steps."""

    def trace(*_arguments: Any) -> Callable[..., Any]:
        time.sleep(1e-4)
        return trace

    def slow(*arguments: Any, **options: Any) -> Any:
        sys.settrace(trace)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(None)

    return slow


def weights_of(model: ir.Model) -> dict[str, Any]:
    return {name: constant_of(value) for name, value in model.graph.initializers.items()}


def test_after_an_error_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def slow(number: int) -> int:
        begun.append(number)
        time.sleep(0.05)
        return number

    with contextlib.suppress(KeyError), side_by_side() as pool:
        for _ in pool.map(slow, range(100)):
            raise KeyError
    count = len(begun)
    assert count < 10
    time.sleep(0.2)
    assert len(begun) == count
