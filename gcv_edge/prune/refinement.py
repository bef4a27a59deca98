"""Fitting a pruned network's layers one after the other, on what they really read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import shape_of
from gcv_edge.prune.absorbing import absorb_biases
from gcv_edge.prune.counting import layer_macs
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.fitting import Fit, fit_pair, read_weights, rescale_pair, write_all
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import Heir, Reader
from gcv_edge.prune.moments import Moments
from gcv_edge.prune.pairs import Pair, gather_pairs
from gcv_edge.prune.study import Study, Widths, crop
from gcv_edge.prune.walking import Walk

WORK = 3e13
"""Multiply-accumulates that all passes together may take: some minutes on one core."""

QUICK_SHARE = 0.15
"""Of the rows that are looked at where a fit is made only to compare."""

QUICK_BYTES = 2_000_000_000
"""Of the whole network's tensors that are held for such fits, at most."""

METHODS = ("least_squares", "statistics")


def refine(
    study: Study,
    pruned: ir.Model,
    widths: Widths,
    pictures: Pictures,
    seed: int,
    report: Callable[[int, int], None],
    method: str = "least_squares",
    done: Mapping[str, Fit] | None = None,
    save: Callable[[Mapping[str, Fit]], None] | None = None,
) -> None:
    """Fit the layers of a pruned network in the order of the graph, in place.

    Each round looks at a layer, or where that would take too long at a few that follow each other; what comes
    before them has been fitted already, and is not computed again where it can be held. Layers of which only
    what is positive matters are fitted twice: the second time, what is negative in both networks counts as
    equal.

    Args:
        study: the whole network.
        pruned: the pruned one.
        widths: with which it was pruned.
        pictures: what to fit on.
        seed: of the positions that are looked at.
        report: called with the number of rounds done and of all.
        method: ``least_squares``, or ``statistics``: mean and deviation alone.
        done: fits of an interrupted run.
        save: called with all fits after each round.
    """
    kept = study.spaces.mask(study.keep(widths))
    heirs = study.shape(widths)[1] if method == "least_squares" else {}
    todo = [name for name in study.readers if is_there(study, pruned, name, kept)]
    places = {node.name or "": place for place, node in enumerate(study.model.graph)}
    walks = Walk(study.model, pictures, places), Walk(pruned, pictures, places)
    rounds = plan_rounds(study, todo, walks)
    fits: dict[str, Fit] = {name: fit for name, fit in (done or {}).items() if name in todo}
    write_all(pruned, study.readers, fits)
    for number, names in enumerate(rounds):
        for walk in walks:
            walk.advance(min(places[name] for name in names))
        if not all(name in fits for name in names):
            fits |= fit_round(study, walks, names, seed, method, kept, heirs)
            write_all(pruned, study.readers, {name: fits[name] for name in names})
            if save is not None:
                save(fits)
        report(number + 1, len(rounds))
    absorb_biases(pruned)


class QuickFit:
    """Fits layers only to compare: once each, and on few rows.

    Args:
        study: the whole network.
        pictures: what to fit on.
        seed: of the positions that are looked at.
    """

    def __init__(self, study: Study, pictures: Pictures, seed: int) -> None:
        self._study, self._seed = study, seed
        places = {node.name or "": place for place, node in enumerate(study.model.graph)}
        self._whole = Walk(study.model, pictures, places, QUICK_BYTES)
        names = [name for reader in study.readers.values() for name in (reader.result, reader.source)]
        names += [find_addend(study, name) for name in study.readers]
        names += [heir.target for heir in study.heirs.values()]
        self._is_held = self._whole.hold([name for name in names if name])

    def behind(self, pruned: ir.Model, widths: Widths, place: int, count: int) -> None:
        """Fit the first few layers from a place on; what is before it is the same in both networks."""
        kept = self._study.spaces.mask(self._study.keep(widths))
        heirs = self._study.shape(widths)[1]
        walks = self._start(pruned, place)
        readers = self._study.readers
        later = [name for name, reader in readers.items() if reader.layer.node >= place]
        for name in [name for name in later if is_there(self._study, pruned, name, kept)][:count]:
            for walk in walks:
                walk.advance(readers[name].layer.node)
            fits = fit_round(
                self._study, walks, [name], self._seed, "least_squares", kept, heirs, is_quick=True
            )
            write_all(pruned, readers, fits)

    def _start(self, pruned: ir.Model, place: int) -> tuple[Walk, Walk]:
        """Return both networks' ways, from a place on where that is held."""
        if not self._is_held:
            return self._whole.begin(self._study.model), self._whole.begin(pruned)
        small = self._whole.take(pruned, place)
        return self._whole, small if small is not None else self._whole.begin(pruned)


def is_there(study: Study, pruned: ir.Model, name: str, kept: Mask) -> bool:
    """Tell whether a layer is left, or the constant that took its place."""
    present = any(node.name == name for node in pruned.graph) or f"{name}_rest" in pruned.graph.initializers
    return present and bool(kept[study.readers[name].layer.outputs].any())


def plan_rounds(study: Study, names: Sequence[str], walks: tuple[Walk, Walk]) -> list[list[str]]:
    """Divide the layers into rounds of neighbours, as many as the work allows."""
    size = 1
    while size < len(names) and round_work(study, cut_up(names, size), walks) > WORK:
        size *= 2
    return cut_up(names, size)


def cut_up(names: Sequence[str], size: int) -> list[list[str]]:
    """Cut a list into pieces."""
    return [list(names[start : start + size]) for start in range(0, len(names), size)]


def round_work(study: Study, rounds: Sequence[Sequence[str]], walks: tuple[Walk, Walk]) -> float:
    """Return the multiply-accumulates of both networks, as if both were whole, from what is held on."""
    layers = {layer.name: layer for layer in study.spaces.layers}
    macs = np.zeros(len(list(study.model.graph)) + 1)
    for layer in layers.values():
        macs[layer.node + 1] = layer_macs(layer, len(layer.inputs), len(layer.outputs))
    before = np.cumsum(macs)
    work, held = 0.0, 0
    for names in rounds:
        first, last = (layers[name].node for name in (names[0], names[-1]))
        if all(walk.can_hold(first) for walk in walks):
            work += before[first] - before[held]
            held = first
        work += 2 * (before[last + 1] - before[held])
    return 2 * work * walks[0].count


def fit_round(
    study: Study,
    walks: tuple[Walk, Walk],
    names: Sequence[str],
    seed: int,
    method: str,
    kept: Mask,
    heirs: Mapping[str, Heir],
    is_quick: bool = False,
) -> dict[str, Fit]:
    """Fit a few layers; of one that reads nothing any more, the mean result is left."""
    nodes = {node.name or "": node for node in walks[1].model.graph}
    pairs = [describe_pair(study, name, kept, heirs) for name in names]
    if method == "statistics":
        pairs = [replace(pair, addend="") for pair in pairs]
    sums = gather_pairs(*walks, pairs, seed, QUICK_SHARE if is_quick else 1.0)
    fits = {pair.reader.layer.name: fit_one(study, pair, nodes, sums, kept, method) for pair in pairs}
    rectified = [pair for pair in pairs if is_rectified(study, pair)]
    again = [replace(pair, guess=fits[pair.reader.layer.name]) for pair in rectified]
    if again and method == "least_squares" and not is_quick:
        sums = gather_pairs(*walks, again, seed)
        fits |= {pair.reader.layer.name: fit_one(study, pair, nodes, sums, kept, method) for pair in again}
    return fits


def describe_pair(study: Study, name: str, kept: Mask, heirs: Mapping[str, Heir]) -> Pair:
    """Describe a layer in both networks."""
    reader, heir = study.readers[name], heirs.get(name)
    if heir is not None:
        return Pair(reader, kept[reader.layer.outputs], target=heir.target)
    return Pair(reader, kept[reader.layer.outputs], find_addend(study, name))


def fit_one(
    study: Study,
    pair: Pair,
    nodes: Mapping[str, ir.Node],
    sums: Mapping[str, Moments],
    kept: Mask,
    method: str,
) -> Fit:
    """Fit a layer to its sums."""
    name = pair.reader.layer.name
    if name not in nodes:
        return fit_rest(study, pair.reader, sums[name], kept)
    prior, bias = read_weights(nodes[name], pair.reader)
    if method == "statistics":
        return rescale_pair(pair.reader, bias, prior, sums[name])
    whole = crop(Fit(*study.weights[name]), pair.outputs)
    return fit_pair(pair.reader, whole.matrix, whole.bias, prior, sums[name])


def is_rectified(study: Study, pair: Pair) -> bool:
    """Tell whether only what is positive of a layer's result, or of the sum it goes into, matters."""
    if not pair.reader.by_patch:
        return False
    values = {value.name: value for node in study.model.graph for value in node.outputs}
    users = [user for user, _ in values[pair.wanted].uses()]
    if pair.addend:
        users = [user for user, _ in users[0].outputs[0].uses()]
    return len(users) == 1 and users[0].op_type == "Relu"


def fit_rest(study: Study, reader: Reader, moments: Moments, kept: Mask) -> Fit:
    """Let a layer that reads nothing any more give its mean."""
    if not reader.by_patch:
        return study.fit(reader.layer.name, kept)
    mean = moments.t / max(1, moments.rows)
    return Fit(np.zeros((len(mean), 0)), mean)


def find_addend(study: Study, name: str) -> str:
    """Return the name of what a layer's result is added to, where that is computed before the layer is."""
    nodes = list(study.model.graph)
    node = nodes[study.readers[name].layer.node]
    users = [user for user, _ in node.outputs[0].uses()]
    if len(users) != 1 or users[0].op_type != "Add":
        return ""
    (other,) = [value for value in users[0].inputs if value is not node.outputs[0]] or [None]
    producer = other.producer() if other is not None else None
    if other is None or producer is None or shape_of(other) != shape_of(node.outputs[0]):
        return ""
    return other.name or "" if nodes.index(producer) < nodes.index(node) else ""
