"""What the outputs lose when several spaces become narrower together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple

import numpy as np
import onnx_ir as ir

from gcv_edge.measure.result_cache import CachedResult
from gcv_edge.prune.channels.tracing import WeightedLayer
from gcv_edge.prune.fitting.activations import ActivationCache
from gcv_edge.prune.fitting.layers import LayerWeights
from gcv_edge.prune.fitting.network import RankedNetwork, Widths
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import QuickFit
from gcv_edge.prune.search.sensitivity import first_places, omit_unpruned_spaces
from gcv_edge.prune.search.side_by_side import side_by_side

WidthsKey = tuple[tuple[str, int], ...]

REMEMBERED = 6
"""Widths whose fitted weights are remembered: those that were of use last."""

KEPT_EVERY = 30.0
"""Seconds after which what was found out is kept again: all of it is written each time."""

AROUND, LAST = 8, 3
"""Layers behind the first that changes, and last layers, that are fitted anew for an estimate. With fewer,
what early layers lose is estimated too high, and they are left wide."""


def widths_key(widths: Widths) -> WidthsKey:
    """Return widths as a key, whatever their order."""
    return tuple(sorted(widths.items()))


class FittedNetwork(NamedTuple):
    """A network that is fitted at some widths.

    Attributes:
        widths: its widths.
        weights: of its layers.
    """

    widths: Widths
    weights: Mapping[str, LayerWeights]


class HeldNetwork(NamedTuple):
    """A fitted network whose activations are held here and there: networks that differ late begin with them.

    Attributes:
        widths: its widths.
        fitted_on: activations on the pictures that are fitted on.
        compared_on: on those that are compared on.
    """

    widths: Widths
    fitted_on: ActivationCache
    compared_on: ActivationCache


class JointLoss:
    """Divergence at given widths of all spaces, all layers fitted quickly to what they really read.

    Args:
        network: the network.
        divergence: what to compare by, on other pictures than those that are fitted on.
        quick: fits.
        cached: what an earlier run found out; takes the rest.
    """

    def __init__(
        self, network: RankedNetwork, divergence: Divergence, quick: QuickFit, cached: CachedResult
    ) -> None:
        self._network, self._divergence, self._quick = network, divergence, quick
        self._begin = first_places(network)
        self._cached, before = cached, cached.value or {"known": [], "estimated": []}
        self._known: dict[WidthsKey, float] = {widths_key(widths): loss for widths, loss in before["known"]}
        self._estimated = {
            (widths_key(one), widths_key(other)): loss for one, other, loss in before["estimated"]
        }
        self._fits: list[FittedNetwork] = []
        self._held: HeldNetwork | None = None
        self._kept = monotonic()

    def __call__(self, widths: Widths) -> float:
        """Return the divergence at some widths."""
        return self.measure([widths])[0]

    def measure(self, choices: Sequence[Widths]) -> list[float]:
        """Return the divergence at each of some widths."""
        named = [self._name(widths) for widths in choices]
        self._fit_all({key: widths for widths, key in named if key not in self._known})
        return [self._known[key] for _, key in named]

    def after_changes(self, widths: Widths, changes: Sequence[tuple[str, int]]) -> list[float]:
        """Estimate the divergence after each of some changes of one space: only few layers are fitted anew.

        They are those that read or write the space, the next ones behind it, and the last ones, which make up
        for much. All others are as at ``widths``.

        Args:
            widths: before.
            changes: space and new width.
        """
        before, before_key = self._name(widths)
        named = [self._name({**widths, name: width}) for name, width in changes]
        known = {key: self._known.get(key, self._estimated.get((before_key, key))) for _, key in named}
        unknown = {key: after for after, key in named if known[key] is None}
        if unknown:
            fitted = self._fitted_at(before, before_key)
            held = self._hold(fitted)
            with side_by_side() as pool:
                found = pool.map(lambda after: self._estimate(fitted, held, after), unknown.values())
                for key, divergence in zip(unknown, found, strict=True):
                    self._estimated[before_key, key] = known[key] = divergence
            self._keep_now_and_then()
        return [known[key] or 0.0 for _, key in named]

    def widths_with_loss_below(self, loss: float) -> list[dict[str, int]]:
        """Return all widths looked at so far that lose less, the best first."""
        better = sorted((found, key) for key, found in self._known.items() if found < loss)
        return [dict(key) for _, key in better]

    def keep(self) -> None:
        """Keep what was found out."""
        self._kept = monotonic()
        known = [[dict(key), loss] for key, loss in self._known.items()]
        estimated = [[dict(one), dict(other), loss] for (one, other), loss in self._estimated.items()]
        self._cached.keep({"known": known, "estimated": estimated})

    def _keep_now_and_then(self) -> None:
        if monotonic() - self._kept > KEPT_EVERY:
            self.keep()

    def _name(self, widths: Widths) -> tuple[Widths, WidthsKey]:
        narrower = omit_unpruned_spaces(self._network, widths)
        return narrower, widths_key(narrower)

    def _fit_all(self, choices: Mapping[WidthsKey, Widths]) -> None:
        """Fit networks, and remember them and what they lose; what is known of that already stays."""
        begun = [(widths, *self._fitted_before(widths)) for widths in choices.values()]
        with side_by_side() as pool:
            fitted = pool.map(lambda arguments: self._fit(*arguments), begun)
            for (key, widths), (weights, divergence) in zip(choices.items(), fitted, strict=True):
                self._known.setdefault(key, divergence)
                self._fits.append(FittedNetwork(widths, weights))
                del self._fits[:-REMEMBERED]
        self._keep_now_and_then()

    def _fit(
        self, widths: Widths, place: int, before: Mapping[str, LayerWeights]
    ) -> tuple[Mapping[str, LayerWeights], float]:
        """Fit the layers from a place on; return the weights of all, and the divergence."""
        pruned = self._network.prune(widths, before)
        fitted_on, compared_on = self._caches(pruned, widths, place)
        names = [name for name, each in self._network.layers.items() if each.layer.node >= place]
        fitted = self._quick.fit_some(fitted_on, widths, names)
        return {**before, **fitted}, self._divergence.measure_from(compared_on).divergence

    def _estimate(self, fitted: FittedNetwork, held: HeldNetwork, after: Widths) -> float:
        """Fit some layers of a network that differs in one space."""
        network = self._network
        changed = network.changed_layers(fitted.widths, after)
        names = self._layers_to_fit(changed)
        place = min(layer.node for layer in (*changed, *(network.layers[name].layer for name in names)))
        known = {name: weights for name, weights in fitted.weights.items() if name not in names}
        pruned = network.prune(after, known)
        self._quick.fit_some(held.fitted_on.cache_for_pruned(pruned, place), after, names)
        return self._divergence.measure_from(held.compared_on.cache_for_pruned(pruned, place)).divergence

    def _layers_to_fit(self, changed: Sequence[WeightedLayer]) -> set[str]:
        """Return layers that change, the next ones behind the first, and the last ones."""
        names = list(self._network.layers)
        able = [layer.name for layer in changed if layer.name in self._network.layers]
        first = names.index(able[0]) if able else 0
        return {*able, *names[first : first + AROUND], *names[-LAST:]}

    def _hold(self, fitted: FittedNetwork) -> HeldNetwork:
        """Hold activations of a fitted network, of one at a time."""
        if self._held is None or self._held.widths != fitted.widths:
            network = self._network
            pruned = network.prune(fitted.widths, fitted.weights)
            caches = self._caches(pruned, fitted.widths, len(network.places()))
            last = [network.layers[name].layer.node for name in list(network.layers)[-LAST:]]
            self._held = None  # what is not held on goes now
            for cache in caches:
                cache.hold_before([*self._begin.values(), *last])
            self._held = HeldNetwork(fitted.widths, *caches)
        return self._held

    def _caches(
        self, pruned: ir.Model, widths: Widths, fitted: int
    ) -> tuple[ActivationCache, ActivationCache]:
        """Return caches of a network's activations, to fit on and to compare on.

        They begin with what is held of the network that was held last: up to the first layer that differs,
        all is the same, but for rounding.

        Args:
            pruned: the network.
            widths: with which it was pruned.
            fitted: place up to which it is fitted.
        """
        if self._held is None:
            return self._quick.cache(pruned), self._divergence.cache(pruned, self._network.places())
        place = min(fitted, self._first_difference(widths, self._held.widths))
        first, second = self._held.fitted_on, self._held.compared_on
        return first.cache_for_pruned(pruned, place), second.cache_for_pruned(pruned, place)

    def _fitted_at(self, widths: Widths, key: WidthsKey) -> FittedNetwork:
        """Return the network that is fitted at some widths."""
        found = next((fitted for fitted in self._fits if fitted.widths == widths), None)
        if found is None:
            self._fit_all({key: widths})
            found = self._fits[-1]
        return found

    def _fitted_before(self, widths: Widths) -> tuple[int, dict[str, LayerWeights]]:
        """Find layers that are as they were at other widths: return the first that is not, and their weights.

        Layers are fitted in the order of the graph, so those before the first one that differs are the same.
        """
        if not self._fits:
            return 0, {}
        places = [self._first_difference(widths, fitted.widths) for fitted in self._fits]
        closest, place = int(np.argmax(places)), max(places)
        self._fits.append(self._fits.pop(closest))
        layers, known = self._network.layers, self._fits[-1].weights
        return place, {name: each for name, each in known.items() if layers[name].layer.node < place}

    def _first_difference(self, widths: Widths, other: Widths) -> int:
        return min((layer.node for layer in self._network.changed_layers(widths, other)), default=0)
