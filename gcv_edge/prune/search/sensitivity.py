"""What the outputs lose when spaces become narrower: each alone (sensitivity curves), or several together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.channels.spaces import ChannelSpace, width_step
from gcv_edge.prune.fitting.layers import LayerWeights
from gcv_edge.prune.fitting.network import PrunableNetwork, RankedNetwork
from gcv_edge.prune.fitting.sequential import QuickFit, Report
from gcv_edge.prune.search.cost import Cost

WidthsKey = tuple[tuple[str, int], ...]

Curves = dict[str, dict[int, float]]
"""Of each space, the divergence of the outputs by the number of units kept."""

CHOICES = 4
"""Widths of each space that are measured, about."""

REMEMBERED = 6
"""Widths whose fitted weights are remembered: those that were of use last."""

NEARBY = 4
"""Layers behind a narrower space that are fitted anew for its curve."""

AROUND, LAST = 8, 3
"""Layers behind the first that changes, and last layers, that are fitted anew for an estimate. With fewer,
what early layers lose is estimated too high, and they are left wide."""


def aligned_widths(space: ChannelSpace) -> list[int]:
    """Return the channels a space may keep: multiples of 16, or of 8 where it has no more than 32."""
    step = width_step(space.channels)
    return [width for width in range(step, space.channels, step) if width % space.step == 0]


def candidate_widths(space: ChannelSpace) -> list[int]:
    """Return the numbers of units at which a space is measured, the largest first.

    1. About ``CHOICES`` of ``aligned_widths``; all channels stay where that is none.
    2. A space that may go as a whole may also have none.
    """
    aligned = aligned_widths(space)
    wanted = [space.channels * (index + 1) / (CHOICES + 1) for index in range(CHOICES)]
    chosen = {min(aligned, key=lambda width: abs(width - goal)) for goal in wanted} if aligned else set()
    widths = sorted((width // space.step for width in chosen), reverse=True)
    return widths + ([0] if space.removable else [])


def measure_curves(
    network: RankedNetwork,
    divergence: Callable[[ir.Model], float],
    curves: Curves,
    report: Report,
    quick: QuickFit | None = None,
) -> None:
    """Prune one space at a time to each candidate width, and compare.

    Args:
        network: the network.
        divergence: what to compare by.
        curves: what an interrupted run found out; takes the rest.
        report: called with the number done and the number of all after each.
        quick: fits a few layers behind to what they really read: without that, branches look more important
            than they are, since it is the layers behind them that make up for them.
    """
    begin = first_places(network)
    wanted = [(space.name, width) for space in network.free for width in candidate_widths(space)]
    wanted.sort(key=lambda pair: begin[pair[0]])
    for number, (name, width) in enumerate(wanted):
        curve = curves.setdefault(name, {})
        if width not in curve:
            pruned = network.prune({name: width})
            if quick is not None:
                quick.fit_behind(pruned, {name: width}, begin[name], NEARBY)
            curve[width] = divergence(pruned)
        report(number + 1, len(wanted))


def first_places(network: PrunableNetwork) -> dict[str, int]:
    """Return the place of the first layer that changes when a space becomes narrower, by the space's name."""
    places = network.places()
    return {
        space.name: min(places[name] for name in changed_layers(network, space)) for space in network.free
    }


def changed_layers(network: PrunableNetwork, space: ChannelSpace) -> list[str]:
    """Return the layers that write a space, and the one that stands for the branch where it is gone."""
    names = [*space.writers]
    if space.name in network.substitutes:
        names.append(network.substitutes[space.name].layer)
    return names


@dataclass(frozen=True)
class Tradeoff:
    """What narrower spaces lose, each alone, and what they save.

    Attributes:
        network: the network.
        curves: divergence by width, of each space alone.
        cost: of the channels that are kept.
    """

    network: RankedNetwork
    curves: Curves
    cost: Cost

    @cached_property
    def whole(self) -> dict[str, int]:
        """Units of the spaces of which channels may go."""
        return {space.name: space.units for space in self.network.free}

    @cached_property
    def losses(self) -> Curves:
        """What each space loses alone, at every width that it may have."""
        measured = [(space, self.curves.get(space.name)) for space in self.network.free]
        return {
            space.name: interpolate(curve, space.units, widths_on_curve(space, curve))
            for space, curve in measured
            if curve
        }

    def price(self, widths: Mapping[str, int]) -> float:
        """Return the cost of widths."""
        return self.cost(self.network.mask(widths))

    def expected_loss(self, widths: Mapping[str, int]) -> dict[str, float]:
        """Read from the curves what each space loses alone at its width."""
        return {
            name: interpolate(self.curves[name], self.whole[name], [width])[width]
            for name, width in widths.items()
        }


def omit_unpruned_spaces(network: PrunableNetwork, widths: Mapping[str, int]) -> dict[str, int]:
    """Leave out spaces that are whole."""
    whole = {space.name: space.units for space in network.free}
    return {name: width for name, width in widths.items() if width < whole[name]}


def widths_on_curve(space: ChannelSpace, curve: Mapping[int, float]) -> list[int]:
    """Return the units a space may keep: from the narrowest measured on, and none where that was measured."""
    lowest = min((width for width in curve if width), default=space.units)
    aligned = [width // space.step for width in aligned_widths(space)]
    return [w for w in aligned if w >= lowest] + ([0] if 0 in curve else []) + [space.units]


def interpolate(curve: Mapping[int, float], units: int, widths: Sequence[int]) -> dict[int, float]:
    """Read a curve at more widths; it never falls towards narrower ones."""
    known = sorted({**curve, units: 0.0}.items())
    measured, losses = [width for width, _ in known], [loss for _, loss in known]
    raised = np.maximum.accumulate(np.array(losses)[::-1])[::-1]
    return {width: float(np.interp(width, measured, raised)) for width in widths}


class JointLoss:
    """Divergence at given widths of all spaces, all layers fitted quickly to what they really read.

    Args:
        network: the network.
        divergence: what to compare by, on other pictures than those that are fitted on.
        quick: fits.
    """

    def __init__(
        self, network: RankedNetwork, divergence: Callable[[ir.Model], float], quick: QuickFit
    ) -> None:
        self._network, self._divergence, self._quick = network, divergence, quick
        self._begin = first_places(network)
        self._known: dict[WidthsKey, float] = {}
        self._estimated: dict[tuple[WidthsKey, WidthsKey], float] = {}
        self._fits: list[tuple[Mapping[str, int], dict[str, LayerWeights]]] = []

    def __call__(self, widths: Mapping[str, int]) -> float:
        """Return the divergence at some widths."""
        narrower, key = self._name(widths)
        if key not in self._known:
            self._fit(narrower, key)
        return self._known[key]

    def after_change(self, widths: Mapping[str, int], name: str, width: int) -> float:
        """Estimate the divergence after one space changes: only few layers are fitted anew.

        They are those that read or write the space, the next ones behind it, and the last ones, which make up
        for much. All others are as at ``widths``.
        """
        before, before_key = self._name(widths)
        after, key = self._name({**widths, name: width})
        if key in self._known:
            return self._known[key]
        if (before_key, key) not in self._estimated:
            fitted, names = self._weights_at(before, before_key), self._layers_to_fit(before, after)
            known = {layer: weights for layer, weights in fitted.items() if layer not in names}
            pruned = self._network.prune(after, known)
            self._quick.fit_some(pruned, after, names)
            self._estimated[before_key, key] = self._divergence(pruned)
        return self._estimated[before_key, key]

    def _name(self, widths: Mapping[str, int]) -> tuple[dict[str, int], WidthsKey]:
        narrower = omit_unpruned_spaces(self._network, widths)
        return narrower, tuple(sorted(narrower.items()))

    def _layers_to_fit(self, before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
        """Return layers that change, the next ones behind the first, and the last ones."""
        changed, names = self._network.changed_layers(before, after), list(self._network.layers)
        first = names.index(changed[0]) if changed else 0
        return {*changed, *names[first : first + AROUND], *names[-LAST:]}

    def _fit(self, widths: dict[str, int], key: WidthsKey) -> dict[str, LayerWeights]:
        """Fit all layers at some widths, and remember their weights for a while."""
        place, before = self._fitted_before(widths)
        pruned = self._network.prune(widths, before)
        fitted = self._quick.fit_rest(pruned, widths, place, before)
        self._fits.append((widths, fitted))
        del self._fits[:-REMEMBERED]
        self._known[key] = self._divergence(pruned)
        return fitted

    def _weights_at(self, widths: dict[str, int], key: WidthsKey) -> dict[str, LayerWeights]:
        """Return the weights of all layers at some widths."""
        remembered = (fitted for known, fitted in self._fits if known == widths)
        return next(remembered, None) or self._fit(widths, key)

    def _fitted_before(self, widths: Mapping[str, int]) -> tuple[int, dict[str, LayerWeights]]:
        """Find layers that are as they were at other widths: return the first that is not, and their weights.

        Layers are fitted in the order of the graph, so those before the first one that differs are the same.
        """
        if not self._fits:
            return 0, {}
        places = [self._first_difference(widths, other) for other, _ in self._fits]
        closest, place = int(np.argmax(places)), max(places)
        self._fits.append(self._fits.pop(closest))
        layers, known = self._network.layers, self._fits[-1][1]
        return place, {name: each for name, each in known.items() if layers[name].layer.node < place}

    def _first_difference(self, widths: Mapping[str, int], other: Mapping[str, int]) -> int:
        return min((self._begin[name] for name, _ in widths.items() ^ other.items()), default=0)

    def widths_with_loss_below(self, loss: float) -> list[dict[str, int]]:
        """Return all widths looked at so far that lose less, the best first."""
        better = sorted((found, key) for key, found in self._known.items() if found < loss)
        return [dict(key) for _, key in better]
