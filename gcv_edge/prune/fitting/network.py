"""The network that is pruned, and pruned copies of it at given widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.channels.edits import ChannelIds, Mask
from gcv_edge.prune.channels.spaces import ChannelSpace, Spaces, channel_spaces
from gcv_edge.prune.channels.surgery import (
    Substitute,
    find_substitutes,
    fold_biases,
    remove_channels,
    substitute_branches,
)
from gcv_edge.prune.channels.tracing import WeightedLayer
from gcv_edge.prune.fitting.layers import (
    FittableLayer,
    LayerWeights,
    add_biases,
    describe_fittable,
    read_weights,
    write_weights,
)
from gcv_edge.prune.fitting.least_squares import fit_layer, fit_substitute
from gcv_edge.prune.fitting.statistics import Moments

PATCH_LIMIT = 4608
"""Columns up to which a layer is treated by patch (512 channels under a kernel of 3 x 3)."""
COVARIANCE_NUMBERS = 250_000_000
"""Numbers of all layers' covariances together, at most; wider layers are treated channel by channel."""

Widths = Mapping[str, int]
"""Units kept, by space; spaces that are not named stay whole."""


@dataclass(frozen=True)
class PrunableNetwork:
    """A network before anything is known of the pictures.

    Attributes:
        model: the whole network.
        spaces: its channel spaces.
        layers: those that can be fitted and read channels which may go, by name.
        weights: theirs.
        substitutes: layers that stand for a branch when its space goes as a whole, by the space's name.
    """

    model: ir.Model
    spaces: Spaces
    layers: Mapping[str, FittableLayer]
    weights: Mapping[str, LayerWeights]
    substitutes: Mapping[str, Substitute]

    @property
    def free(self) -> list[ChannelSpace]:
        """Spaces of which channels may go."""
        return [space for space in self.spaces if not space.frozen]

    def places(self) -> dict[str, int]:
        """Return the place of each node of the graph, by its name."""
        return {node.name or "": place for place, node in enumerate(self.model.graph)}

    def ranked(self, statistics: Mapping[str, Moments], ranking: Mapping[str, ChannelIds]) -> RankedNetwork:
        """Add what the pictures told."""
        for moments in statistics.values():
            moments.flush()
        return RankedNetwork(
            self.model, self.spaces, self.layers, self.weights, self.substitutes, statistics, ranking
        )


@dataclass(frozen=True)
class RankedNetwork(PrunableNetwork):
    """A network whose channels are ranked, so that widths alone say what stays.

    Attributes:
        statistics: moments of what the layers read, by name.
        ranking: units of each space, the most important first.
    """

    statistics: Mapping[str, Moments]
    ranking: Mapping[str, ChannelIds]

    def mask(self, widths: Widths) -> Mask:
        """Tell of each id whether it stays, even where that leaves nothing of a tensor."""
        return self._units_left(widths)[self.spaces.units]

    def keep(self, widths: Widths) -> dict[str, ChannelIds]:
        """Return the most important units of each space; of a part of one that is cut out, at least one."""
        kept = self._units_left(widths)
        while empty := self.spaces.empty_tensors(kept[self.spaces.units]):
            part = set(self.spaces.units[next(iter(empty.values()))].tolist())
            ranked = {name: self.spaces.units_of(name)[self.ranking[name]].tolist() for name in widths}
            name = next(name for name in widths if not part.isdisjoint(ranked[name]))
            kept[next(unit for unit in ranked[name] if unit in part)] = True
        return {name: np.flatnonzero(kept[self.spaces.units_of(name)]) for name in widths}

    def _units_left(self, widths: Widths) -> Mask:
        """Tell of each unit whether it is important enough."""
        kept = np.ones(len(self.spaces.units), bool)
        for name, width in widths.items():
            kept[self.spaces.units_of(name)[self.ranking[name][width:]]] = False
        return kept

    def slice(self, widths: Widths) -> ir.Model:
        """Return a pruned copy whose layers keep their weights."""
        return remove_channels(self.model, self.spaces, self.keep(widths))

    def prune(self, widths: Widths, known: Mapping[str, LayerWeights] | None = None) -> ir.Model:
        """Return a pruned copy, its layers fitted on the whole network's numbers.

        Args:
            widths: of its spaces.
            known: weights that layers get instead.
        """
        pruned, kept, known = self.slice(widths), self.spaces.mask(self.keep(widths)), known or {}
        substitutes = self.substitute(pruned)
        read_less = [name for name, layer in self.layers.items() if not kept[layer.columns].all()]
        weights = {name: self.fit(name, kept) for name in read_less if name not in known}
        weights |= {name: self._fit_substitute(name, kept) for name in substitutes if name not in known}
        write_weights(pruned, self.layers, {**weights, **known})
        return pruned

    def substitutes_at(self, widths: Widths) -> dict[str, Substitute]:
        """Return the layers that stand for branches which are gone, by name."""
        return self.substitute(self.slice(widths)) if 0 in widths.values() else {}

    def changed_layers(self, before: Widths, after: Widths) -> list[WeightedLayer]:
        """Return the layers that read, write or stand for something else at other widths, in order."""
        first, second = (self.spaces.mask(self.keep(widths)) for widths in (before, after))
        differs = first != second
        stand, stood = self.substitutes_at(after), self.substitutes_at(before)
        return [
            layer
            for layer in self.spaces.layers
            if stand.get(layer.name) != stood.get(layer.name)
            or differs[layer.inputs].any()
            or differs[layer.outputs].any()
        ]

    def prune_for_timing(self, widths: Widths) -> ir.Model:
        """Return a pruned copy that is as fast as a fitted one."""
        pruned = self.slice(widths)
        self.substitute(pruned)
        add_biases(pruned, self.layers)
        fold_biases(pruned)
        return pruned

    def fit(self, name: str, kept: Mask) -> LayerWeights:
        """Fit a layer to what is left of its columns, on the whole network's numbers."""
        layer = self.layers[name]
        found = fit_layer(layer, self.weights[name], self.statistics[name], kept[layer.columns])
        return found.crop(kept[layer.layer.outputs])

    def _fit_substitute(self, name: str, kept: Mask) -> LayerWeights:
        """Fit a layer that stands for a branch, too."""
        layer = self.layers[name]
        found = fit_substitute(self.weights[name], self.statistics[name], kept[layer.columns])
        return found.crop(kept[layer.layer.outputs])

    def substitute(self, pruned: ir.Model) -> dict[str, Substitute]:
        """Let layers of a sliced copy stand for branches that are gone, in place; return them by name."""
        return substitute_branches(pruned, {name for name, each in self.layers.items() if each.by_patch})


def analyse(model: ir.Model) -> PrunableNetwork:
    """Find the channels of a network that may go, and the layers that can be fitted.

    Raises:
        UnsupportedError: the graph has nested graphs.
    """
    spaces = channel_spaces(model)
    substitutes = find_substitutes(model, spaces)
    nodes = list(model.graph)
    chosen = choose_layers(spaces, {each.layer for each in substitutes.values()})
    limit = choose_patch_limit(chosen)
    layers = {layer.name: describe_fittable(nodes[layer.node], layer, limit) for layer in chosen}
    weights = {name: read_weights(nodes[each.layer.node], each) for name, each in layers.items()}
    return PrunableNetwork(model, spaces, layers, weights, substitutes)


def choose_layers(spaces: Spaces, substitutes: set[str]) -> list[WeightedLayer]:
    """Return the layers that are fitted.

    They read channels which may go (grouped ones pass them on), or stand for a branch.
    """
    free = np.zeros(len(spaces.units), bool)
    for space, members in zip(spaces, spaces.members, strict=True):
        free[members] = not space.frozen
    return [
        layer
        for layer in spaces.layers
        if layer.group == 1 and (free[spaces.units[layer.inputs]].any() or layer.name in substitutes)
    ]


def choose_patch_limit(layers: Sequence[WeightedLayer]) -> int:
    """Lower the limit of columns until all covariances together fit into memory."""
    limit = PATCH_LIMIT
    while limit > 64:
        widths = (layer.kernel * len(layer.inputs) for layer in layers)
        if sum(width**2 for width in widths if width <= limit) <= COVARIANCE_NUMBERS:
            break
        limit //= 2
    return limit
