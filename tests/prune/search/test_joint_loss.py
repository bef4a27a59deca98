"""What widths lose together does not depend on what was looked at before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx_ir as ir
import pytest

from gcv_edge.measure.result_cache import CachedResult, ResultCache
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit
from gcv_edge.prune.search.joint_loss import JointLoss
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
    monkeypatch.setattr(QuickFit, "fit_some", None)
    later = JointLoss(network, divergence, quick, cached)
    assert (later(widths), later.after_changes(widths, changes)) == found
    assert later.widths_with_loss_below(found[0] * 2)[0] == widths
