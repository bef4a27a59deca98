"""The cheapest loss goes first, and widths are exchanged for those that lose less together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gcv_edge.prune.search.allocation import Change, allocate, descend, exchange
from gcv_edge.prune.search.cost import MacCost, count_macs
from gcv_edge.prune.search.sensitivity import Curves, Tradeoff
from tests.support.pruning_networks import ignore, in_given_order, rank
from tests.support.small_graphs import make


@dataclass(frozen=True)
class KnownLoss:
    """A loss that a function of the widths gives."""

    of: Callable[[Mapping[str, int]], float]

    def __call__(self, widths: Mapping[str, int], /) -> float:
        return self.of(widths)

    def measure(self, choices: Sequence[Mapping[str, int]], /) -> list[float]:
        return [self.of(widths) for widths in choices]

    def after_changes(self, widths: Mapping[str, int], changes: Sequence[Change], /) -> list[float]:
        return [self.of({**widths, name: width}) for name, width in changes]


def by_macs(curves: Curves) -> Tradeoff:
    """The residual network, its channels ranked by their numbers."""
    network = in_given_order(make("residual"))
    return Tradeoff(network, curves, MacCost(network.spaces))


def removable() -> list[str]:
    return [space.name for space in in_given_order(make("residual")).free if space.removable]


def test_what_loses_least_per_cost_goes_first() -> None:
    first, second = removable()
    tradeoff = by_macs({first: {16: 0.1, 8: 0.2}, second: {16: 0.01, 8: 0.02}})
    whole = tradeoff.price({})
    assert whole == count_macs(tradeoff.network.model)
    assert set(allocate(tradeoff, 0.9 * whole)) == {second}
    assert set(allocate(tradeoff, 0.6 * whole)) == {first, second}


def test_a_target_out_of_reach_gives_the_least() -> None:
    curves = {name: {8: 0.1} for name in removable()}
    assert allocate(by_macs(curves), 0.0) == dict.fromkeys(curves, 8)


def exchangeable() -> tuple[Tradeoff, list[str]]:
    """A network with curves on which all spaces but the first lose alike, and the spaces' names."""
    network = rank(make("residual"))
    names = [space.name for space in network.free]
    curves = {name: {16: 0.1, 8: 0.2} for name in names[1:]}
    return Tradeoff(network, curves, MacCost(network.spaces)), names


def test_the_space_that_loses_least_with_the_others_becomes_narrower_first() -> None:
    tradeoff, names = exchangeable()

    @KnownLoss
    def joint(widths: Mapping[str, int]) -> float:
        return 2.0 * (widths.get(names[1], 24) < 24) + 0.01 * (widths.get(names[2], 24) < 24)

    steps = list(descend(tradeoff, joint))
    assert set(steps[0]) == {names[2]}, "the curves say that both lose alike"
    assert steps[-1] == {names[1]: 8, names[2]: 8}, "as narrow as was measured"
    costs = [tradeoff.price(widths) for widths in ({}, *steps)]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(costs)


def test_widths_are_exchanged_for_those_that_lose_less_together() -> None:
    tradeoff, names = exchangeable()

    @KnownLoss
    def joint(widths: Mapping[str, int]) -> float:
        return 1.0 + (widths.get(names[1], 24) < 24) - 0.5 * (widths.get(names[2], 24) < 24)

    found = exchange(tradeoff, {names[1]: 8}, 1e12, joint, ignore)
    assert found == {names[2]: 16} or found == {names[2]: 8}
    same = exchange(tradeoff, {names[1]: 8}, 0.0, joint, ignore)
    assert same == {names[1]: 8}


def test_widths_that_cost_too_much_become_narrower_at_the_least_loss() -> None:
    tradeoff, names = exchangeable()

    @KnownLoss
    def joint(widths: Mapping[str, int]) -> float:
        return 1.0 + 2.0 * (widths.get(names[1], 24) < 24) + (widths.get(names[2], 24) < 24)

    limit = tradeoff.price({names[2]: 8})
    found = exchange(tradeoff, {}, limit, joint, ignore)
    assert found == {names[2]: 8}
