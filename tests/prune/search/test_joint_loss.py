"""What widths lose together does not depend on what was looked at before."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir
import pytest

from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit
from gcv_edge.prune.search.sensitivity import JointLoss
from tests.support.pruning_networks import PICTURES, norm_first, rank, stem_and_branch


@pytest.mark.parametrize("make", [norm_first, stem_and_branch])
def test_layers_that_are_as_before_are_not_fitted_again(make: Callable[[], ir.Model]) -> None:
    network = rank(make())
    divergence, quick = Divergence(network.model, PICTURES), QuickFit(network, PICTURES, seed=0)
    spaces = {space.name: space.units for space in network.free}
    tried = [{}, *({name: units // 2} for name, units in spaces.items())]
    tried += [
        {first: spaces[first] // 2, second: 8} for first in spaces for second in spaces if first != second
    ]
    remembering = JointLoss(network, divergence, quick)
    found = [remembering(widths) for widths in tried]
    anew = [JointLoss(network, divergence, quick)(widths) for widths in tried]
    assert found == pytest.approx(anew, rel=1e-3)
    assert found == [remembering(widths) for widths in tried]
