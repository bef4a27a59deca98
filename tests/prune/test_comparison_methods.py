"""What pruning is compared with does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pruning_methods import match_statistics, order_units
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.search.importance import Operand
from tests.support.pruning_networks import PICTURES, rank
from tests.support.small_graphs import make


def test_orders_differ_by_what_they_look_at() -> None:
    weight = np.array([[3.0, 1.0, 2.0]])
    operand = Operand(weight, np.diag([0.01, 9.0, 1.0]), np.arange(3))
    assert order_units([operand], 3, "l1").tolist() == [0, 2, 1]
    assert order_units([operand], 3, "activation").tolist() == [1, 2, 0]


@pytest.mark.parametrize("kind", ["plain", "residual", "concat", "depthwise"])
def test_results_have_the_mean_and_deviation_that_they_had(kind: str) -> None:
    network = rank(make(kind))
    widths = {space.name: max(1, space.units * 3 // 4) for space in network.free}
    pruned = network.slice(widths)
    match_statistics(network, pruned, widths, PICTURES)
    kept = network.spaces.mask(network.keep(widths))
    for layer in network.layers.values():
        found, wanted = (compute(model, [layer.result], PICTURES) for model in (pruned, network.model))
        axes = (0, *range(2, found[layer.result].ndim))
        expected = wanted[layer.result][:, kept[layer.layer.outputs]]
        for moment in (np.mean, np.std):
            np.testing.assert_allclose(
                moment(found[layer.result], axis=axes), moment(expected, axis=axes), rtol=2e-2, atol=2e-2
            )
