"""Fitting a pruned network's layers one after the other, in the order of the graph, on what they really read.

Source: the reconstruction of He, Zhang and Sun, "Channel Pruning for Accelerating Very Deep Neural Networks"
(arXiv:1707.06168), here for all layers, with targets that make up for what a residual sum has lost so far.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import shape_of
from gcv_edge.prune.channels.edits import Mask
from gcv_edge.prune.channels.surgery import REST, Substitute, fold_biases, other_addend
from gcv_edge.prune.fitting.activations import ActivationCache
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.layers import FittableLayer, LayerWeights, read_weights, write_weights
from gcv_edge.prune.fitting.least_squares import (
    FitTarget,
    fit_to_target,
    gather_targets,
    names_to_read,
)
from gcv_edge.prune.fitting.network import RankedNetwork, Widths
from gcv_edge.prune.fitting.outputs import Divergence, fit_classifier
from gcv_edge.prune.fitting.statistics import ALL_ROWS, FEW_ROWS, Moments, RowCount

WORK = 3e13
"""Multiply-accumulates that all passes together may take: some minutes on one core."""

QUICK_BYTES = 2_000_000_000
"""Of the whole network's activations that are held for such fits, at most."""

Report = Callable[[int, int], None]
"""Called with how much of how much is done."""


@dataclass(frozen=True)
class SequentialFit:
    """A pruned network whose layers are being fitted, beside the whole one.

    Attributes:
        network: the whole network.
        kept: of each id, whether its channel stays.
        substitutes: layers that stand for branches, by name.
        whole, pruned: the activations of both networks.
        seed: of the positions that are looked at.
        rows: that are looked at.
    """

    network: RankedNetwork
    kept: Mask
    substitutes: Mapping[str, Substitute]
    whole: ActivationCache
    pruned: ActivationCache
    seed: int
    rows: RowCount

    @classmethod
    def begin(
        cls,
        network: RankedNetwork,
        widths: Widths,
        whole: ActivationCache,
        pruned: ActivationCache,
        seed: int,
        rows: RowCount = ALL_ROWS,
    ) -> SequentialFit:
        """Begin with a network that was pruned to some widths."""
        kept = network.spaces.mask(network.keep(widths))
        return cls(network, kept, network.substitutes_at(widths), whole, pruned, seed, rows)

    def names(self, place: int = 0) -> list[str]:
        """Return the layers from a place on that are left, or of which a constant took the place."""
        present = {node.name for node in self.pruned.model.graph} | set(self.pruned.model.graph.initializers)
        return [
            name
            for name, each in self.network.layers.items()
            if each.layer.node >= place
            and not present.isdisjoint((name, f"{name}{REST}"))
            and self.kept[each.layer.outputs].any()
        ]

    def advance(self, names: Sequence[str]) -> None:
        """Hold what layers need of what comes before them, where that is possible."""
        place = min(self.network.layers[name].layer.node for name in names)
        self.whole.advance(place, [self._wanted(name) for name in names])
        self.pruned.advance(place)

    def fit(self, names: Sequence[str]) -> dict[str, LayerWeights]:
        """Fit a few layers; of one that reads nothing any more, the mean result is left."""
        targets = [self._target(name) for name in names]
        wanted, read = names_to_read(targets)
        size = min(self.whole.batch_size(wanted), self.pruned.batch_size(read))
        sums = self._gather(targets, size, {})
        fitted = self._solve(targets, sums)
        if self.rows is ALL_ROWS:
            rectified = [target for target in targets if is_rectified(self.network, target)]
            again = [replace(target, guess=fitted[target.layer.name]) for target in rectified]
            known = {target.layer.name: sums[target.layer.name] for target in again}
            fitted |= self._solve(again, self._gather(again, size, known)) if again else {}
        return fitted

    def write(self, weights: Mapping[str, LayerWeights]) -> None:
        """Give layers of the pruned network new weights."""
        write_weights(self.pruned.model, self.network.layers, weights)

    def _target(self, name: str) -> FitTarget:
        """Describe what a layer should give."""
        layer = self.network.layers[name]
        addend = "" if name in self.substitutes else find_addend(self.network, name)
        return FitTarget(layer, self.kept[layer.layer.outputs], self._wanted(name), addend)

    def _wanted(self, name: str) -> str:
        """Name the whole network's tensor that a layer is fitted to."""
        return self.substitutes[name].target if name in self.substitutes else self.network.layers[name].result

    def _gather(
        self, targets: Sequence[FitTarget], size: int, known: Mapping[str, Moments]
    ) -> dict[str, Moments]:
        """Run both networks once, and sum up."""
        return gather_targets(self.whole, self.pruned, targets, self.seed, self.rows, size, known)

    def _solve(self, targets: Sequence[FitTarget], sums: Mapping[str, Moments]) -> dict[str, LayerWeights]:
        """Fit layers to their moments."""
        nodes = {node.name or "": node for node in self.pruned.model.graph}
        return {each.layer.name: self._fit_one(each, nodes, sums[each.layer.name]) for each in targets}

    def _fit_one(self, target: FitTarget, nodes: Mapping[str, ir.Node], moments: Moments) -> LayerWeights:
        """Fit a layer to its moments."""
        name = target.layer.name
        if name not in nodes:
            return self._fit_rest(target.layer, moments)
        whole = self.network.weights[name].crop(target.outputs)
        prior = read_weights(nodes[name], target.layer).matrix
        return fit_to_target(target.layer, whole, prior, moments)

    def _fit_rest(self, layer: FittableLayer, moments: Moments) -> LayerWeights:
        """Let a layer that reads nothing any more give its mean."""
        if not layer.by_patch:
            return self.network.fit(layer.name, self.kept)
        mean = moments.target_mean()
        return LayerWeights(np.zeros((len(mean), 0)), mean)


def fit_in_order(
    network: RankedNetwork,
    pruned: ir.Model,
    widths: Widths,
    pictures: CalibrationSet,
    seed: int,
    report: Report,
    done: Mapping[str, LayerWeights] | None = None,
    save: Callable[[Mapping[str, LayerWeights]], None] | None = None,
    check: Divergence | None = None,
) -> None:
    """Fit the layers of a pruned network in the order of the graph, in place.

    Each round looks at a layer, or where that would take too long at a few that follow each other; what comes
    before them has been fitted already, and is not computed again where it can be held. Layers of which only
    what is positive matters are fitted twice: the second time, what is negative in both networks counts as
    equal.

    Args:
        network: the whole network.
        pruned: the pruned one.
        widths: with which it was pruned.
        pictures: what to fit on.
        seed: of the positions that are looked at.
        report: called with the number of rounds done and of all.
        done: weights of an interrupted run.
        save: called with all weights after each round.
        check: compares on other pictures. With it, a classifier's last layer is fitted to probabilities in
            the end (``fit_classifier``).
    """
    whole = ActivationCache(network.model, pictures, network.places())
    fit = SequentialFit.begin(network, widths, whole, whole.restart(pruned), seed)
    rounds = plan_rounds(fit)
    left = fit.names()
    fitted = {name: weights for name, weights in (done or {}).items() if name in left}
    fit.write(fitted)
    for number, names in enumerate(rounds):
        fit.advance(names)
        if not all(name in fitted for name in names):
            found = fit.fit(names)
            fitted |= found
            fit.write(found)
            if save is not None:
                save(fitted)
        report(number + 1, len(rounds))
    if check is not None:
        fit_classifier(fit.whole, fit.pruned, network.layers, check)
    fold_biases(pruned)


def plan_rounds(fit: SequentialFit) -> list[list[str]]:
    """Divide the layers into rounds of neighbours, as many as the work allows."""
    names, size = fit.names(), 1
    while size < len(names) and count_work(fit, cut_up(names, size)) > WORK:
        size *= 2
    return cut_up(names, size)


def cut_up(names: Sequence[str], size: int) -> list[list[str]]:
    """Cut a list into pieces."""
    return [list(names[start : start + size]) for start in range(0, len(names), size)]


def count_work(fit: SequentialFit, rounds: Sequence[Sequence[str]]) -> float:
    """Return the multiply-accumulates of both networks, as if both were whole, from what is held on."""
    layers = {layer.name: layer for layer in fit.network.spaces.layers}
    macs = np.zeros(len(fit.network.places()) + 1)
    for layer in layers.values():
        macs[layer.node + 1] = layer.macs(len(layer.inputs), len(layer.outputs))
    before = np.cumsum(macs)
    work, held = 0.0, 0
    for names in rounds:
        first, last = (layers[name].node for name in (names[0], names[-1]))
        if fit.whole.can_hold(first) and fit.pruned.can_hold(first):
            work += before[first] - before[held]
            held = first
        work += 2 * (before[last + 1] - before[held])
    return 2 * work * fit.whole.count


class QuickFit:
    """Fits layers only to compare widths: once each, and on few rows.

    Args:
        network: the whole network.
        pictures: what to fit on.
        seed: of the positions that are looked at.
    """

    def __init__(self, network: RankedNetwork, pictures: CalibrationSet, seed: int) -> None:
        self._network, self._pictures, self._seed = network, pictures, seed
        self._whole = ActivationCache(network.model, pictures, network.places(), QUICK_BYTES)
        names = [name for each in network.layers.values() for name in (each.result, each.source)]
        names += [find_addend(network, name) for name in network.layers]
        names += [each.target for each in network.substitutes.values()]
        self._is_held = self._whole.hold([name for name in names if name])

    def fit_behind(self, pruned: ir.Model, widths: Widths, place: int, count: int) -> None:
        """Fit the first few layers from a place on; what is before it is the same in both networks."""
        fit = self._begin(widths, self._whole.cache_for_pruned(pruned, place))
        self._fit(fit, fit.names(place)[:count])

    def fit_some(
        self, pruned: ActivationCache, widths: Widths, names: Collection[str]
    ) -> dict[str, LayerWeights]:
        """Fit some layers of a pruned network, in place; it has the weights of the others.

        Args:
            pruned: its activations on the same pictures, as far as they are held (``cache``).
            widths: with which it was pruned.
            names: of the layers; those that are gone are left out.

        Returns:
            The weights found, by layer.
        """
        fit = self._begin(widths, pruned)
        return self._fit(fit, [name for name in fit.names() if name in names])

    def cache(self, pruned: ir.Model) -> ActivationCache:
        """Return an empty cache of a pruned network's activations on the pictures."""
        return ActivationCache(pruned, self._pictures, self._network.places())

    def _begin(self, widths: Widths, pruned: ActivationCache) -> SequentialFit:
        whole = self._whole if self._is_held else self._whole.restart(self._network.model)
        return SequentialFit.begin(self._network, widths, whole, pruned, self._seed, FEW_ROWS)

    def _fit(self, fit: SequentialFit, names: Sequence[str]) -> dict[str, LayerWeights]:
        fitted: dict[str, LayerWeights] = {}
        for name in names:
            fit.advance([name])
            found = fit.fit([name])
            fit.write(found)
            fitted |= found
        return fitted


def is_rectified(network: RankedNetwork, target: FitTarget) -> bool:
    """Tell whether only what is positive of a layer's result, or of the sum it goes into, matters."""
    if not target.layer.by_patch:
        return False
    values = {value.name: value for node in network.model.graph for value in node.outputs}
    users = [user for user, _ in values[target.wanted].uses()]
    if target.addend:
        users = [user for user, _ in users[0].outputs[0].uses()]
    return len(users) == 1 and users[0].op_type == "Relu"


def find_addend(network: RankedNetwork, name: str) -> str:
    """Return the name of what a layer's result is added to, where that is computed before the layer is."""
    nodes, place = list(network.model.graph), network.layers[name].layer.node
    result = nodes[place].outputs[0]
    other = other_addend(result)
    producer = other.producer() if other is not None else None
    if other is None or producer is None or shape_of(other) != shape_of(result):
        return ""
    return other.name or "" if nodes.index(producer) < place else ""
